/* acort_blocking_until(): what no thread has begun by the deadline is not called; what has begun is waited for. By tasks
 * on own and shared stacks, and by plain threads. */
#include "rt.h"

static int gate[2], calls, begun, timed_out;

static void *counts(void *argument) {
    __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    errno = ERANGE;
    return argument;
}

/* Keeps its thread until the gate opens. */
static void *hangs(void *argument) {
    char byte;
    __atomic_store_n(&begun, 1, __ATOMIC_SEQ_CST);
    CHECK_EQUAL(read(gate[0], &byte, 1), 1);
    return argument;
}

static void *outlasts(void *deadline) {
    __atomic_store_n(&begun, 1, __ATOMIC_SEQ_CST);
    while (acort_now() < *(int64_t *)deadline + MILLISECONDS) usleep(100);
    return deadline;
}

static void await(const int *flag) {
    while (!__atomic_load_n(flag, __ATOMIC_SEQ_CST)) acort_sleep(MILLISECONDS / 10);
}

static void *basics(void *argument) {
    static int place;
    void *result = &gate;
    calls = 0;
    const int64_t past[] = {0, 1, acort_now()};
    for (int i = 0; i < 3; i++) CHECK_FAILS(acort_blocking_until(counts, &place, &result, past[i]), ETIMEDOUT);
    CHECK_FAILS(acort_blocking_until(NULL, &place, &result, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_blocking_until(counts, &place, &result, -2), EINVAL);
    CHECK(calls == 0 && result == &gate);
    CHECK_EQUAL(acort_blocking_until(counts, &place, &result, ACORT_NEVER), 0);
    CHECK(errno == ERANGE && calls == 1 && result == &place);
    CHECK_EQUAL(acort_blocking_until(counts, NULL, NULL, acort_after(60000 * MILLISECONDS)), 0);
    CHECK_EQUAL(calls, 2);
    return argument;
}

static void *on_a_shared_stack(void *argument) {
    char *place = ON_STACK(1);
    calls = 0;
    CHECK_FAILS(acort_blocking_until(counts, place, NULL, ACORT_NEVER), EFAULT);
    CHECK_EQUAL(calls, 0);
    return argument;
}

/* The one thread has a call: the next ones do not begin. */
static void *hog(void *argument) {
    CHECK_EQUAL(acort_blocking_until(hangs, NULL, NULL, ACORT_NEVER), 0);
    return argument;
}

static void *is_given_up(void *argument) {
    void *result = &gate;
    CHECK_FAILS(acort_blocking_until(counts, NULL, &result, acort_after(2 * MILLISECONDS)), ETIMEDOUT);
    __atomic_add_fetch(&timed_out, 1, __ATOMIC_SEQ_CST);
    CHECK_FAILS(acort_blocking_until(counts, NULL, &result, ACORT_NEVER), ECANCELED);
    CHECK(result == &gate);
    return argument;
}

static void *only_thread(void *argument) {
    calls = begun = 0;
    acort_task_t *first = acort_go(hog, NULL);
    await(&begun);
    acort_task_t *tasks[] = {acort_go(is_given_up, NULL), go_with(ACORT_SHARED, is_given_up, NULL)};
    while (__atomic_load_n(&timed_out, __ATOMIC_SEQ_CST) < 2) acort_sleep(MILLISECONDS);
    acort_sleep(MILLISECONDS);
    for (int i = 0; i < 2; i++) CHECK_EQUAL(acort_cancel(tasks[i]), 0);
    for (int i = 0; i < 2; i++) join(tasks[i]);
    CHECK(write(gate[1], "x", 1) == 1);
    join(first);
    CHECK_EQUAL(acort_blocking(counts, NULL, NULL), 0); /* after all that was pushed before */
    CHECK_EQUAL(calls, 1);
    return argument;
}

/* A call that has begun ends with its result, although its deadline has passed, or its task is cancelled. */
static void *is_waited_for(void *argument) {
    static int64_t deadline;
    void *result = NULL;
    for (int64_t time = 10 * MILLISECONDS; result == NULL; time *= 2) {
        begun = 0;
        deadline = acort_after(time);
        if (acort_blocking_until(outlasts, &deadline, &result, deadline) == 0) continue;
        CHECK(errno == ETIMEDOUT && !begun); /* this machine has been too slow */
    }
    CHECK(result == &deadline && acort_now() > deadline);
    return argument;
}

static void *begins(void *argument) {
    CHECK_EQUAL(acort_blocking_until(hangs, &gate, &argument, ACORT_NEVER), 0);
    CHECK(argument == &gate && acort_cancelled());
    return NULL;
}

static void *begun_calls(void *argument) {
    for (uint32_t flags = 0; flags <= ACORT_SHARED; flags += ACORT_SHARED) {
        join(go_with(flags, is_waited_for, NULL));
        begun = 0;
        acort_task_t *task = go_with(flags, begins, NULL);
        await(&begun);
        CHECK_EQUAL(acort_cancel(task), 0);
        acort_sleep(MILLISECONDS);
        CHECK(write(gate[1], "x", 1) == 1);
        join(task);
    }
    return argument;
}

static void *all(void *argument) {
    basics(NULL);
    join(go_with(ACORT_SHARED, basics, NULL));
    join(go_with(ACORT_SHARED, on_a_shared_stack, NULL));
    return begun_calls(argument);
}

int main(void) {
    CHECK(pipe(gate) == 0);
    acort_opts_t options;
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    options.workers = options.blocking_threads = 1;
    acort_t *runtime = acort_new(&options);
    CHECK(runtime != NULL);
    CHECK_EQUAL(acort_enter(runtime, only_thread, NULL, NULL), 0);
    CHECK_EQUAL(acort_free(runtime), 0);
    run(all, NULL);
    run_with(2, all, NULL);
    basics(NULL);
    is_waited_for(NULL);
    return 0;
}
