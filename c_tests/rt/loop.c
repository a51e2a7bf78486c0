/* A runtime that another event loop runs: a plain loop over poll(2) that has a file descriptor of its own. */
#include "rt.h"

#include <poll.h>

static acort_t *loop_runtime(void) {
    acort_opts_t options;
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    options.flags = ACORT_LOOP;
    acort_t *runtime = acort_new(&options);
    CHECK(runtime != NULL);
    return runtime;
}

static int foreign[2];
static long foreign_bytes;

/* Until no task lives: nothing but poll() waits. */
static void loop(acort_t *runtime) {
    struct pollfd fds[2] = {{acort_loop_fd(runtime), POLLIN, 0}, {foreign[0], POLLIN, 0}};
    CHECK(fds[0].fd >= 0);
    for (;;) {
        int ready = poll(fds, 2, 10000);
        CHECK(ready > 0);
        if (fds[1].revents != 0) {
            char byte;
            CHECK_EQUAL(read(foreign[0], &byte, 1), 1);
            foreign_bytes++;
        }
        if (fds[0].revents == 0) continue;
        int result = acort_loop_step(runtime, 0);
        CHECK(result == 0 || result == 1);
        CHECK(acort_self() == NULL);
        if (result == 0) return;
    }
}

static long ended;
static int ends[2];

static void *sleeps(void *milliseconds) {
    int64_t start = acort_now();
    CHECK_EQUAL(acort_sleep(NUMBER(milliseconds) * MILLISECONDS), 0);
    CHECK(acort_now() - start >= NUMBER(milliseconds) * MILLISECONDS);
    ended++;
    return NULL;
}

static void *reads(void *argument) {
    char block[5];
    CHECK_EQUAL(acort_read_full(ends[0], block, sizeof block, ACORT_NEVER), sizeof block);
    CHECK(memcmp(block, "hello", 5) == 0);
    ended++;
    return argument;
}

static void *writes(void *argument) {
    for (int i = 0; i < 5; i++) {
        acort_sleep(MILLISECONDS);
        CHECK_EQUAL(acort_write(ends[1], &"hello"[i], 1, ACORT_NEVER), 1);
    }
    ended++;
    return argument;
}

static void *yields(void *argument) {
    for (int i = 0; i < 5000; i++) CHECK_EQUAL(acort_yield(), 0);
    CHECK_EQUAL(write(foreign[1], "x", 1), 1);
    ended++;
    return argument;
}

static void *sleeps_elsewhere(void *argument) {
    usleep(3000);
    return argument;
}

static void *blocks(void *argument) {
    void *result;
    CHECK_EQUAL(acort_blocking(sleeps_elsewhere, &ended, &result), 0);
    CHECK(result == &ended);
    acort_task_t *shared = go_with(ACORT_SHARED, sleeps, POINTER(2));
    join(shared);
    ended++;
    return argument;
}

static void tasks_of_all_sorts(void) {
    acort_t *runtime = loop_runtime();
    CHECK_EQUAL(acort_loop_step(runtime, 0), 0);
    CHECK_EQUAL(acort_loop_step(runtime, ACORT_NEVER), 0);
    CHECK(pipe(ends) == 0);
    ended = foreign_bytes = 0;
    void *(*bodies[])(void *) = {sleeps, reads, writes, yields, blocks, sleeps};
    acort_task_t *tasks[6];
    for (int i = 0; i < 6; i++) {
        tasks[i] = acort_loop_go(runtime, bodies[i], POINTER(i * 3));
        CHECK(tasks[i] != NULL);
    }
    CHECK_EQUAL(acort_detach(tasks[5]), 0);
    CHECK_FAILS(acort_free(runtime), EBUSY);
    loop(runtime);
    CHECK_EQUAL(ended, 7);
    if (foreign_bytes == 0) { /* it came with the last step */
        char byte;
        CHECK_EQUAL(read(foreign[0], &byte, 1), 1);
    }
    CHECK_EQUAL(acort_join(tasks[0], NULL, 0), 0);
    CHECK_EQUAL(acort_close(ends[0]), 0);
    CHECK_EQUAL(acort_close(ends[1]), 0);
    CHECK_EQUAL(acort_free(runtime), 0);
}

/* A deadline that passes during a step, after that has looked for deadlines and before it asks the system, wakes its
 * task at the next one. */
enum { NAPS = 8000 };

static void *naps(void *number) {
    unsigned state = (unsigned)NUMBER(number);
    for (int i = 0; i < NAPS; i++) {
        state = state * 1103515245 + 12345;
        CHECK_EQUAL(acort_sleep(1000 + state / 65536 % 20000), 0);
    }
    ended++;
    return NULL;
}

static void deadlines_within_steps(void) {
    acort_t *runtime = loop_runtime();
    CHECK(pipe(ends) == 0);
    ended = 0;
    CHECK(acort_loop_go(runtime, reads, NULL) != NULL); /* the system is asked at each step */
    for (int i = 1; i <= 3; i++) CHECK(acort_loop_go(runtime, naps, POINTER(i)) != NULL);
    struct pollfd fd = {acort_loop_fd(runtime), POLLIN, 0};
    for (unsigned turn = 0; ended < 3; turn++) {
        CHECK_EQUAL(poll(&fd, 1, 10000), 1);
        /* More steps than there are reasons for: the last one is at any distance from the next deadline. */
        for (unsigned i = 0; i <= turn % 16; i++) CHECK_EQUAL(acort_loop_step(runtime, 0), 1);
    }
    CHECK_EQUAL(write(ends[1], "hello", 5), 5);
    loop(runtime);
    CHECK_EQUAL(acort_close(ends[0]), 0);
    CHECK_EQUAL(acort_close(ends[1]), 0);
    CHECK_EQUAL(acort_free(runtime), 0);
}

/* Other threads start tasks and wake them; so does the loop itself, between its steps. */
static acort_event_t event;

static void *waits_for_event(void *argument) {
    CHECK_EQUAL(acort_event_wait(&event, ACORT_NEVER), 0);
    __atomic_fetch_add(&ended, 1, __ATOMIC_RELAXED);
    return argument;
}

static void *starts(void *runtime) {
    for (int i = 0; i < 20; i++) {
        acort_task_t *task = acort_loop_go(runtime, waits_for_event, NULL);
        CHECK(task != NULL);
        if (i % 2) usleep(100);
        if (i == 19) CHECK_EQUAL(acort_event_set(&event), 0);
        CHECK_EQUAL(acort_detach(task), 0);
    }
    void *result = POINTER(-1);
    CHECK_EQUAL(acort_enter(runtime, waits_for_event, NULL, &result), 0);
    CHECK(result == NULL);
    CHECK_FAILS(acort_loop_step(runtime, 0), EPERM);
    return NULL;
}

static void *parks(void *argument) {
    CHECK_EQUAL(acort_park(ACORT_NEVER), 0);
    return argument;
}

static void other_threads(void) {
    acort_t *runtime = loop_runtime();
    pthread_t thread;
    ended = 0;
    acort_task_t *task = acort_loop_go(runtime, parks, NULL);
    CHECK_EQUAL(acort_loop_step(runtime, 0), 1);
    CHECK_EQUAL(acort_loop_step(runtime, acort_after(2 * MILLISECONDS)), 1);
    struct pollfd fd = {acort_loop_fd(runtime), POLLIN, 0};
    CHECK_EQUAL(poll(&fd, 1, 0), 0);
    CHECK(pthread_create(&thread, NULL, starts, runtime) == 0);
    while (__atomic_load_n(&ended, __ATOMIC_RELAXED) < 21) {
        CHECK(poll(&fd, 1, 10000) == 1);
        CHECK_EQUAL(acort_loop_step(runtime, 0), 1);
    }
    pthread_join(thread, NULL);
    CHECK_EQUAL(acort_loop_step(runtime, 0), 1);
    CHECK_EQUAL(acort_unpark(task), 0);
    CHECK(poll(&fd, 1, 10000) == 1);
    CHECK_EQUAL(acort_loop_step(runtime, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_free(runtime), 0);
}

static void *steps_inside(void *runtime) {
    CHECK_FAILS(acort_loop_step(runtime, 0), EBUSY);
    CHECK_FAILS(acort_free(runtime), EBUSY);
    acort_opts_t options;
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    options.flags = ACORT_LOOP;
    CHECK_REFUSES(acort_new(&options), EBUSY);
    CHECK_FAILS(acort_run(sleeps, NULL, NULL), EBUSY);
    return NULL;
}

static void *runs_inside(void *runtime) {
    return acort_loop_go(runtime, steps_inside, runtime);
}

static void refused(void) {
    acort_opts_t options;
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    options.flags = ACORT_LOOP;
    options.workers = 2;
    CHECK_REFUSES(acort_new(&options), EINVAL);
    acort_t *threads = runtime_with(1);
    CHECK_FAILS(acort_loop_fd(threads), EINVAL);
    CHECK_FAILS(acort_loop_step(threads, 0), EINVAL);
    CHECK_REFUSES(acort_loop_go(threads, sleeps, NULL), EINVAL);
    CHECK_EQUAL(acort_free(threads), 0);
    CHECK_FAILS(acort_loop_fd(NULL), EINVAL);
    CHECK_FAILS(acort_loop_step(NULL, 0), EINVAL);
    CHECK_REFUSES(acort_loop_go(NULL, sleeps, NULL), EINVAL);

    acort_t *one = loop_runtime(), *other = loop_runtime();
    CHECK_REFUSES(acort_loop_go(one, NULL, NULL), EINVAL);
    CHECK_FAILS(acort_enter(one, sleeps, NULL, NULL), EDEADLK);
    CHECK(acort_loop_go(one, steps_inside, one) != NULL);
    CHECK_EQUAL(acort_loop_step(one, 0), 0);
    CHECK_EQUAL(acort_run(runs_inside, other, NULL), 0); /* two more on this thread */
    CHECK_EQUAL(acort_loop_step(other, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_free(one), 0);
    CHECK_EQUAL(acort_free(other), 0);
}

int main(void) {
    CHECK(pipe(foreign) == 0);
    for (int i = 0; i < 3; i++) tasks_of_all_sorts();
    deadlines_within_steps();
    other_threads();
    refused();
    return 0;
}
