/* Workers without work use no processor: not at once, not after a burst of tasks, whose stacks are given back
 * meanwhile, not beside a task that sleeps, and not after tasks of all workers have talked and fought for a mutex:
 * workers that have spun sleep again. Nor do they spin if a message of another worker comes every 50 ms. */
#include "rt.h"

#include <time.h>

enum { WORKERS = 4, BURST = 600, MESSAGES = 500, RARE = 10 };

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

static acort_chan_t *ring[WORKERS];
static acort_mutex_t wanted;

/* Passes what it gets on to the next worker, round and round. */
static void *passes(void *number) {
    intptr_t own = (intptr_t)number;
    for (int64_t i = 0, value = 0; i < MESSAGES; i++) {
        if (own != 0 || i != 0) CHECK(acort_chan_recv(ring[own], &value, ACORT_NEVER) == 0);
        CHECK(own != 0 || i == 0 || value == i - 1);
        value = i;
        CHECK(acort_mutex_lock(&wanted, ACORT_NEVER) == 0 && acort_mutex_unlock(&wanted) == 0);
        CHECK(acort_chan_send(ring[(own + 1) % WORKERS], &value, ACORT_NEVER) == 0);
    }
    int64_t last = 0;
    if (own == 0) CHECK(acort_chan_recv(ring[own], &last, ACORT_NEVER) == 0 && last == MESSAGES - 1);
    return NULL;
}

static void *receives_rarely(void *unused) {
    for (int64_t i = 0, value = 0; i < RARE; i++) CHECK(acort_chan_recv(ring[0], &value, ACORT_NEVER) == 0);
    return unused;
}

static acort_task_t *go_on(int worker, void *(*body)(void *), intptr_t argument) {
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.worker = worker;
    acort_task_t *task = acort_go_ex(&attributes, body, (void *)argument);
    CHECK(task != NULL);
    return task;
}

static void talk(void) {
    acort_task_t *tasks[WORKERS];
    for (int i = 0; i < WORKERS; i++) CHECK((ring[i] = acort_chan_new(sizeof(int64_t), 0, 0)) != NULL);
    for (int i = 0; i < WORKERS; i++) tasks[i] = go_on(i, passes, i);
    for (int i = 0; i < WORKERS; i++) CHECK(acort_join(tasks[i], NULL, ACORT_NEVER) == 0);
    rests();
    acort_task_t *receiver = go_on(WORKERS - 1, receives_rarely, 0);
    double before = processor_time();
    for (int64_t i = 0; i < RARE; i++) {
        CHECK(acort_sleep(ACORT_MS(50)) == 0 && acort_chan_send(ring[0], &i, ACORT_NEVER) == 0);
    }
    CHECK(acort_join(receiver, NULL, ACORT_NEVER) == 0 && processor_time() - before <= MOST);
    for (int i = 0; i < WORKERS; i++) acort_chan_unref(ring[i]);
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
    talk();
    return unused;
}

int main(void) {
    acort_opts_t options = ACORT_OPTS_INIT;
    options.workers = WORKERS;
    acort_t *runtime = acort_new(&options);
    CHECK(runtime != NULL && acort_enter(runtime, waits, NULL, NULL) == 0 && acort_free(runtime) == 0);
    return 0;
}
