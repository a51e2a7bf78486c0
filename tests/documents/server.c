/* Three tasks that wait, two of them on the shared stack of their worker: README.md shows them in gdb. */
#include <acort.h>
#include <stdio.h>
#include <sys/socket.h>

static acort_chan_t *entries;

static void next_entry(void) {
    long entry;
    acort_chan_recv(entries, &entry, ACORT_NEVER);
}

static void *logger(void *unused) {
    next_entry();
    return unused;
}

static void *ticker(void *unused) {
    acort_sleep(acort_now());
    return unused;
}

void stop_here(void) { puts("all wait"); }

static void *begin(void *unused) {
    acort_attr_t shared = ACORT_ATTR_INIT;
    shared.flags = ACORT_SHARED;
    entries = acort_chan_new(sizeof(long), 0, 0);
    acort_go_ex(&shared, logger, NULL);
    acort_go_ex(&shared, ticker, NULL);
    acort_sleep(ACORT_MS(50));
    stop_here();
    acort_group_cancel(NULL);
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }
