/* Included before a test (-include): the whole of it then runs with hooks set in its first thread, so
 * that each switch of inline code is one of the library's, and each must be the same. */
#ifndef HOOKED_H
#define HOOKED_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <aco_ext.h>

static __thread volatile long hooked_events;

static void hooked_event(aco_t *co, void *data) {
    if (co == NULL || data != NULL) abort();
    hooked_events = hooked_events + 1;
}

static const aco_hooks_t hooked_all = {hooked_event, hooked_event, hooked_event,
                                       hooked_event, hooked_event, NULL};

__attribute__((constructor)) static void hooked_begin(void) { aco_set_hooks(&hooked_all); }

#endif
