/* Workers without work use no processor: not at once, not after a burst of tasks, whose stacks are given back meanwhile,
 * and not beside a task that sleeps. */
#include "rt.h"

#include <time.h>

enum { WORKERS = 4, BURST = 600 };

/* Much for the few steps of a wait, under a tool, too. */
#define MOST 0.05

static double processor_time(void) {
    struct timespec time;
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *sleeps(void *unused) {
    CHECK(acort_sleep(ACORT_MS(5)) == 0);
    return unused;
}

static void rests(void) {
    double before = processor_time();
    CHECK(acort_sleep(ACORT_MS(500)) == 0);
    double used = processor_time() - before;
    if (used > MOST) fprintf(stderr, "%f seconds of processor time\n", used);
    CHECK(used <= MOST);
}

static void *waits(void *unused) {
    rests();
    acort_group_t *group = acort_group_open();
    CHECK(group != NULL);
    for (int i = 0; i < BURST; i++) {
        acort_attr_t attributes = ACORT_ATTR_INIT;
        attributes.group = group;
        attributes.flags = ACORT_DETACHED;
        CHECK(acort_go_ex(&attributes, sleeps, NULL) != NULL);
    }
    CHECK(acort_group_wait(group, ACORT_NEVER) == 0 && acort_group_close(group) == 0);
    rests();
    return unused;
}

int main(void) {
    acort_opts_t options = ACORT_OPTS_INIT;
    options.workers = WORKERS;
    acort_t *runtime = acort_new(&options);
    CHECK(runtime != NULL && acort_enter(runtime, waits, NULL, NULL) == 0 && acort_free(runtime) == 0);
    return 0;
}
