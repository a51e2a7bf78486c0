/* What is done once: by one of many, on any worker and in threads; the others wait for its end. */
#include "rt.h"

enum { TASKS = 40, THREADS = 3 };
static acort_once_t once, slow, again;
static int done, seen;

static void does_it(void *argument) {
    CHECK(argument == &done);
    acort_sleep(5 * MILLISECONDS);
    done++; /* alone */
}

static void *wants_it(void *argument) {
    CHECK_EQUAL(acort_once(&once, does_it, &done, ACORT_NEVER), 0);
    CHECK_EQUAL(done, 1);
    __atomic_fetch_add(&seen, 1, __ATOMIC_RELAXED);
    return argument;
}

static void *all_want_it(void *argument) {
    acort_task_t *tasks[TASKS];
    pthread_t threads[THREADS];
    memset(&once, 0, sizeof once);
    done = seen = 0;
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, wants_it, NULL) == 0);
    for (int i = 0; i < TASKS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, wants_it, NULL);
    for (int i = 0; i < TASKS; i++) join(tasks[i]);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(seen, TASKS + THREADS);
    return argument;
}

static void takes_long(void *event) {
    CHECK_EQUAL(acort_event_wait((acort_event_t *)event, ACORT_NEVER), 0);
}

static void *begins(void *event) {
    CHECK_EQUAL(acort_once(&slow, takes_long, event, 0), 0); /* who does it does not wait for it */
    return NULL;
}

static void *is_cancelled(void *argument) {
    CHECK_FAILS(acort_once(&slow, takes_long, NULL, ACORT_NEVER), ECANCELED);
    return argument;
}

static void *waits_in_vain(void *argument) {
    static acort_event_t event;
    memset(&slow, 0, sizeof slow);
    memset(&event, 0, sizeof event);
    acort_task_t *task = acort_go(begins, &event);
    acort_sleep(MILLISECONDS);
    CHECK_FAILS(acort_once(&slow, takes_long, NULL, 0), ETIMEDOUT);
    CHECK_FAILS(acort_once(&slow, takes_long, NULL, acort_after(MILLISECONDS)), ETIMEDOUT);
    acort_task_t *other = acort_go(is_cancelled, NULL);
    acort_yield();
    acort_cancel(other);
    join(other);
    acort_event_set(&event);
    join(task);
    CHECK_EQUAL(acort_once(&slow, takes_long, NULL, 0), 0);
    acort_cancel(acort_self());
    CHECK_EQUAL(acort_once(&slow, takes_long, NULL, 0), 0);
    return argument;
}

static void comes_again(void *argument) {
    CHECK_FAILS(acort_once(&again, comes_again, argument, ACORT_NEVER), EDEADLK);
}

static void *has_it_on_its_stack(void *argument) {
    acort_once_t *local = ON_STACK(sizeof *local);
    memset(local, 0, sizeof *local);
    CHECK_FAILS(acort_once(local, comes_again, NULL, ACORT_NEVER), EFAULT);
    return argument;
}

static void *misuse(void *argument) {
    CHECK_FAILS(acort_once(NULL, does_it, NULL, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_once(&again, NULL, NULL, ACORT_NEVER), EINVAL);
    memset(&again, 0, sizeof again);
    CHECK_EQUAL(acort_once(&again, comes_again, NULL, ACORT_NEVER), 0);
    join(go_with(ACORT_SHARED, has_it_on_its_stack, NULL));
    return argument;
}

int main(void) {
    for (int i = 0; i < 10; i++) {
        run(all_want_it, NULL);
        run_with(3, all_want_it, NULL);
    }
    run(waits_in_vain, NULL);
    run(misuse, NULL);
    memset(&again, 0, sizeof again); /* in a plain thread */
    CHECK_EQUAL(acort_once(&again, comes_again, NULL, ACORT_NEVER), 0);
    return 0;
}
