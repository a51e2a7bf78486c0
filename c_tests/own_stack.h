/* What the tests of aco_new share: functions of coroutines, and lives. */
#ifndef OWN_STACK_H
#define OWN_STACK_H

#include "check.h"

#include <aco_ext.h>

#define VALUE(number) ((void *)(uintptr_t)(number))
#define NUMBER(value) ((uintptr_t)(value))

enum { SMALL = 16 * 1024 };

static inline void *gives_back(void *arg) { return arg; }

static inline void *counts(void *arg) {
    for (uintptr_t i = 1; i <= NUMBER(arg); i++) aco_yield_value(VALUE(i));
    return VALUE(100 + NUMBER(arg));
}

static inline void exits_plainly(void) { aco_exit(); }

/* Again and again: the first life is from new memory, the others are from the cache. */
static inline void check_lives(size_t size) {
    for (uintptr_t i = 0; i < 50; i++) {
        aco_t *co = aco_new(gives_back, VALUE(i), size);
        CHECK(co != NULL && co->is_end == 0 && co->share_stack->sz >= size);
        CHECK(aco_result(co) == NULL && co->arg == VALUE(i));
        aco_resume(co);
        CHECK(co->is_end == 1 && aco_result(co) == VALUE(i) && co->arg == VALUE(i));
        CHECK(aco_get_co() == co->main_co && aco_is_main_co(aco_get_co()));
        aco_free(co);
    }
}

static inline aco_t *run_to_end(aco_fn_t fn, void *arg) {
    aco_t *co = aco_new(fn, arg, 0);
    aco_resume(co);
    CHECK_EQUAL(co->is_end, 1);
    return co;
}

#endif
