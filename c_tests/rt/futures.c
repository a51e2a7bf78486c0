/* Futures: set once, from tasks, threads and hooks; waited for by tasks, threads and select. */
#include "rt.h"

enum { WAITERS = 8 };
static acort_future_t *future;
static long got;

static void *waits(void *expected) {
    void *value = NULL;
    acort_future_ref(future);
    CHECK_EQUAL(acort_future_wait(future, &value, ACORT_NEVER), 0);
    CHECK(value == expected);
    acort_future_unref(future);
    __atomic_fetch_add(&got, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void *sets_later(void *value) {
    struct timespec pause = {0, 3 * MILLISECONDS};
    nanosleep(&pause, NULL);
    CHECK_EQUAL(acort_future_set(future, value), 0);
    CHECK_FAILS(acort_future_set(future, NULL), EALREADY);
    CHECK_FAILS(acort_future_fail(future, EIO), EALREADY);
    return NULL;
}

static void *all_get_it(void *argument) {
    acort_task_t *tasks[WAITERS];
    pthread_t threads[2];
    got = 0;
    future = acort_future_new();
    CHECK(future != NULL);
    CHECK_FAILS(acort_future_wait(future, NULL, 0), ETIMEDOUT);
    CHECK_FAILS(acort_future_wait(future, NULL, acort_after(MILLISECONDS)), ETIMEDOUT);
    for (int i = 0; i < WAITERS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, waits, &got);
    CHECK(pthread_create(&threads[0], NULL, waits, &got) == 0);
    CHECK(pthread_create(&threads[1], NULL, sets_later, &got) == 0);
    for (int i = 0; i < WAITERS; i++) join(tasks[i]);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(got, WAITERS + 1);
    void *value = NULL;
    CHECK_EQUAL(acort_future_wait(future, &value, 0), 0);
    CHECK(value == &got);
    CHECK_EQUAL(acort_future_wait(future, NULL, ACORT_NEVER), 0);
    acort_future_unref(future);
    return argument;
}

static void *waits_for_failure(void *expected) {
    void *value = &got;
    CHECK_FAILS(acort_future_wait(future, &value, ACORT_NEVER), (int)NUMBER(expected));
    CHECK(value == &got); /* not touched */
    return NULL;
}

static void *fails(void *argument) {
    future = acort_future_new();
    CHECK_FAILS(acort_future_fail(future, 0), EINVAL);
    CHECK_FAILS(acort_future_fail(future, -3), EINVAL);
    acort_task_t *task = acort_go(waits_for_failure, POINTER(EHOSTDOWN));
    acort_yield();
    CHECK_EQUAL(acort_future_fail(future, EHOSTDOWN), 0);
    join(task);
    waits_for_failure(POINTER(EHOSTDOWN));
    CHECK_FAILS(acort_future_set(future, NULL), EALREADY);
    acort_future_unref(future);

    future = acort_future_new();
    task = acort_go(waits_for_failure, POINTER(ECANCELED));
    acort_yield();
    acort_cancel(task);
    join(task);
    CHECK_EQUAL(acort_future_set(future, NULL), 0);
    acort_future_unref(future);
    return argument;
}

/* One of several sets it; the waiter may free it at once. */
static void *races(void *shared) {
    int result = acort_future_set(shared, &got);
    CHECK(result == 0 || errno == EALREADY);
    if (result == 0) __atomic_fetch_add(&got, 1, __ATOMIC_RELAXED);
    acort_future_unref(shared);
    return NULL;
}

static void *one_wins(void *argument) {
    for (int round = 0; round < 200; round++) {
        got = 0;
        acort_future_t *shared = acort_future_new();
        acort_task_t *tasks[3];
        for (int i = 0; i < 3; i++) tasks[i] = acort_go(races, acort_future_ref(shared));
        CHECK_EQUAL(acort_future_wait(shared, NULL, ACORT_NEVER), 0);
        acort_future_unref(shared);
        for (int i = 0; i < 3; i++) join(tasks[i]);
        CHECK_EQUAL(got, 1);
    }
    return argument;
}

static void *sets(void *shared) {
    acort_yield();
    CHECK_EQUAL(acort_future_set(shared, NULL), 0);
    return NULL;
}

static void *fails_it(void *shared) {
    CHECK_EQUAL(acort_future_fail(shared, ENOENT), 0);
    return NULL;
}

static void *selected(void *argument) {
    acort_future_t *futures[2] = {acort_future_new(), acort_future_new()};
    acort_case_t cases[2];
    memset(cases, 0, sizeof cases);
    cases[0].op = cases[1].op = ACORT_FUTURE;
    CHECK_FAILS(acort_select(cases, 2, 0), EINVAL);
    for (int i = 0; i < 2; i++) cases[i].object = futures[i];
    CHECK_FAILS(acort_select(cases, 2, 0), ETIMEDOUT);
    CHECK_FAILS(acort_select(cases, 2, acort_after(MILLISECONDS)), ETIMEDOUT);
    acort_task_t *task = acort_go(sets, futures[1]);
    CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 1);
    CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 1);
    join(task);
    task = acort_go(fails_it, futures[0]);
    CHECK_EQUAL(acort_select(cases, 1, ACORT_NEVER), 0);
    CHECK_FAILS(acort_future_wait(futures[0], NULL, 0), ENOENT);
    join(task);
    for (int i = 0; i < 2; i++) acort_future_unref(futures[i]);
    return argument;
}

/* A thread waits in a select. */
static void *selects_in_thread(void *shared) {
    acort_case_t one = {ACORT_FUTURE, 0, shared, NULL, 0, 0};
    CHECK_EQUAL(acort_select(&one, 1, ACORT_NEVER), 0);
    return NULL;
}

/* A callback sets it. */
static void is_created(void *shared, acort_task_t *task) {
    (void)task;
    acort_future_set(shared, NULL);
}

static void *does_nothing(void *argument) {
    return argument;
}

static void *hooks(void *argument) {
    pthread_t thread;
    acort_future_t *shared = acort_future_new();
    acort_hooks_t told;
    memset(&told, 0, sizeof told);
    told.user = shared;
    told.create = is_created;
    CHECK(pthread_create(&thread, NULL, selects_in_thread, shared) == 0);
    acort_set_hooks(&told);
    join(acort_go(does_nothing, NULL));
    acort_set_hooks(NULL);
    CHECK_EQUAL(acort_future_wait(shared, NULL, ACORT_NEVER), 0);
    pthread_join(thread, NULL);
    acort_future_unref(shared);
    return argument;
}

static void *waits_without_reference(void *shared) {
    acort_future_wait(shared, NULL, ACORT_NEVER);
    return NULL;
}

static void *goes_too_early(void *argument) {
    acort_future_t *shared = acort_future_new();
    acort_go(waits_without_reference, shared);
    while (acort_yield() == 0) {
        static int times;
        if (++times == 100) acort_future_unref(shared);
    }
    return argument;
}

static void dies(void) {
    acort_run(goes_too_early, NULL, NULL);
}

static void refused(void) {
    CHECK_REFUSES(acort_future_ref(NULL), EINVAL);
    CHECK_FAILS(acort_future_set(NULL, NULL), EINVAL);
    CHECK_FAILS(acort_future_fail(NULL, EIO), EINVAL);
    CHECK_FAILS(acort_future_wait(NULL, NULL, 0), EINVAL);
    acort_future_unref(NULL);
}

int main(void) {
    void *(*tests[])(void *) = {all_get_it, one_wins, selected};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        run(tests[i], NULL);
        run_with(3, tests[i], NULL);
    }
    run(fails, NULL);
    run(hooks, NULL);
    refused();
    CHECK_DIES(dies, "aco: fatal: acort_future_unref(@): the last reference is released while a caller waits (each user needs a reference)\n");
    return 0;
}
