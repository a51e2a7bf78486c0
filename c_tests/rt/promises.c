/* Promises: a future whose setters are gone fails with EPIPE, for tasks, threads and select. */
#include "rt.h"

enum { WAITERS = 6, SETTERS = 3 };

static long got;

/* Has a reference of the future. */
static void *finds_it_broken(void *future) {
    void *value = &got;
    CHECK_FAILS(acort_future_wait(future, &value, ACORT_NEVER), EPIPE);
    CHECK(value == &got); /* not touched */
    acort_future_unref(future);
    __atomic_fetch_add(&got, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void *finds_its_value(void *future) {
    void *value = NULL;
    CHECK_EQUAL(acort_future_wait(future, &value, ACORT_NEVER), 0);
    CHECK(value == &got);
    acort_future_unref(future);
    __atomic_fetch_add(&got, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void *selects(void *future) {
    acort_case_t one = {ACORT_FUTURE, 0, future, NULL, 0, 0};
    CHECK_EQUAL(acort_select(&one, 1, ACORT_NEVER), 0);
    __atomic_fetch_add(&got, 1, __ATOMIC_RELAXED);
    acort_future_unref(future);
    return NULL;
}

/* A setter that has nothing to give. */
static void *goes(void *promise) {
    acort_yield();
    acort_promise_unref(promise);
    return NULL;
}

static void *gives(void *promise) {
    acort_yield();
    CHECK_EQUAL(acort_promise_set(promise, &got), 0);
    CHECK_FAILS(acort_promise_set(promise, NULL), EALREADY);
    CHECK_FAILS(acort_promise_fail(promise, EIO), EALREADY);
    acort_promise_unref(promise);
    return NULL;
}

/* All kinds of waiters, and setters the last of which may give a value. */
static void tell_all(void *(*first)(void *), void *(*waits)(void *)) {
    acort_task_t *tasks[WAITERS], *setters[SETTERS];
    pthread_t threads[2];
    got = 0;
    acort_promise_t *promise = acort_promise_new();
    acort_future_t *future = acort_promise_future(promise);
    CHECK(promise != NULL && future != NULL);
    for (int i = 0; i < WAITERS; i++) {
        tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, i < 4 ? waits : selects, acort_promise_future(promise));
    }
    CHECK(pthread_create(&threads[0], NULL, waits, acort_promise_future(promise)) == 0);
    CHECK(pthread_create(&threads[1], NULL, selects, acort_promise_future(promise)) == 0);
    for (int i = 0; i < SETTERS; i++) {
        CHECK(acort_promise_ref(promise) == promise);
        setters[i] = go_with(i % 2 ? ACORT_SHARED : 0, i == 0 ? first : goes, promise);
    }
    for (int i = 0; i < SETTERS; i++) join(setters[i]);
    if (first == goes) CHECK_FAILS(acort_future_wait(future, NULL, 0), ETIMEDOUT); /* a setter is there still */
    acort_promise_unref(promise);
    for (int i = 0; i < WAITERS; i++) join(tasks[i]);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(got, WAITERS + 2);
    waits(acort_future_ref(future)); /* for good */
    CHECK_FAILS(acort_future_set(future, NULL), EALREADY);
    acort_future_unref(future);
}

static void *broken(void *unused) {
    tell_all(goes, finds_it_broken);
    return unused;
}

static void *kept(void *unused) {
    tell_all(gives, finds_its_value);
    return unused;
}

static void *failed(void *unused) {
    acort_promise_t *promise = acort_promise_new();
    acort_future_t *future = acort_promise_future(promise);
    CHECK_FAILS(acort_promise_fail(promise, 0), EINVAL);
    CHECK_FAILS(acort_promise_fail(promise, -EIO), EINVAL);
    CHECK_EQUAL(acort_promise_fail(promise, EHOSTDOWN), 0);
    acort_promise_unref(promise);
    CHECK_FAILS(acort_future_wait(future, NULL, ACORT_NEVER), EHOSTDOWN); /* not EPIPE */
    acort_future_unref(future);
    return unused;
}

/* Either side may go first; what is made without a promise is as it was. */
static void *in_any_order(void *unused) {
    acort_promise_t *promise = acort_promise_new();
    acort_future_unref(acort_promise_future(promise));
    CHECK_EQUAL(acort_promise_set(promise, &got), 0); /* no waiter */
    acort_future_t *future = acort_promise_future(promise);
    acort_promise_unref(promise);
    finds_its_value(future);

    acort_promise_unref(acort_promise_new()); /* without a future */

    promise = acort_promise_new();
    future = acort_promise_future(promise);
    acort_future_ref(future);
    acort_future_unref(future);
    CHECK_FAILS(acort_future_wait(future, NULL, 0), ETIMEDOUT); /* users are no setters */
    acort_promise_unref(promise);
    CHECK_FAILS(acort_future_wait(future, NULL, 0), EPIPE);
    acort_future_unref(future);

    future = acort_future_new();
    acort_future_ref(future);
    acort_future_unref(future);
    CHECK_FAILS(acort_future_wait(future, NULL, acort_after(MILLISECONDS)), ETIMEDOUT);
    acort_future_unref(future);
    return unused;
}

/* A setter that is cancelled goes, as do those that end together; the waiter frees the future at once. */
static void *is_cancelled(void *promise) {
    CHECK_FAILS(acort_sleep(60000 * MILLISECONDS), ECANCELED);
    acort_promise_unref(promise);
    return NULL;
}

static void *race(void *unused) {
    for (int round = 0; round < 200; round++) {
        acort_task_t *tasks[SETTERS];
        acort_promise_t *promise = acort_promise_new();
        acort_future_t *future = acort_promise_future(promise);
        int is_given = round % 4 == 0;
        for (int i = 0; i < SETTERS; i++) {
            void *(*body)(void *) = is_given && i == 0 ? gives : round % 4 == 1 ? is_cancelled : goes;
            tasks[i] = acort_go(body, acort_promise_ref(promise));
        }
        acort_promise_unref(promise);
        if (round % 4 == 1) {
            for (int i = 0; i < SETTERS; i++) acort_cancel(tasks[i]);
        }
        got = 0;
        is_given ? finds_its_value(future) : finds_it_broken(future);
        for (int i = 0; i < SETTERS; i++) join(tasks[i]);
    }
    return unused;
}

/* Of several futures the broken one is ready. */
static void *selected(void *unused) {
    acort_promise_t *promises[2] = {acort_promise_new(), acort_promise_new()};
    acort_case_t cases[2];
    memset(cases, 0, sizeof cases);
    for (int i = 0; i < 2; i++) {
        cases[i].op = ACORT_FUTURE;
        cases[i].object = acort_promise_future(promises[i]);
    }
    CHECK_FAILS(acort_select(cases, 2, 0), ETIMEDOUT);
    acort_task_t *task = acort_go(goes, promises[1]);
    CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 1);
    CHECK_FAILS(acort_future_wait(cases[1].object, NULL, 0), EPIPE);
    join(task);
    acort_promise_unref(promises[0]);
    for (int i = 0; i < 2; i++) acort_future_unref(cases[i].object);
    return unused;
}

/* From a hook: the task has ended without a word. */
static void has_ended(void *promise, acort_task_t *task) {
    (void)task;
    acort_promise_unref(promise);
}

static void *ends(void *unused) {
    return unused;
}

static void *hooks(void *unused) {
    acort_promise_t *promise = acort_promise_new();
    acort_future_t *future = acort_promise_future(promise);
    acort_hooks_t told;
    memset(&told, 0, sizeof told);
    told.user = promise;
    told.finish = has_ended;
    acort_set_hooks(&told);
    join(acort_go(ends, NULL));
    acort_set_hooks(NULL);
    got = 0;
    finds_it_broken(future);
    return unused;
}

static void refused(void) {
    CHECK_REFUSES(acort_promise_future(NULL), EINVAL);
    CHECK_REFUSES(acort_promise_ref(NULL), EINVAL);
    CHECK_FAILS(acort_promise_set(NULL, NULL), EINVAL);
    CHECK_FAILS(acort_promise_fail(NULL, EIO), EINVAL);
    acort_promise_unref(NULL);
}

int main(void) {
    void *(*tests[])(void *) = {broken, kept, failed, in_any_order, race, selected};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        run(tests[i], NULL);
        run_with(3, tests[i], NULL);
    }
    failed(NULL); /* in a plain thread */
    in_any_order(NULL);
    run(hooks, NULL);
    refused();
    return 0;
}
