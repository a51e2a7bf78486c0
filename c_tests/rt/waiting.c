/* Sleeping, parking, cancellation, groups, and what happens when nothing can wake anybody. */
#include "rt.h"

static int ended, is_parked;

static void *sleeps(void *milliseconds) {
    int64_t start = acort_now();
    CHECK_EQUAL(acort_sleep(NUMBER(milliseconds) * MILLISECONDS), 0);
    CHECK(acort_now() - start >= NUMBER(milliseconds) * MILLISECONDS);
    ended++;
    return POINTER(ended);
}

static int64_t base;

static void *sleeps_until(void *milliseconds) {
    int64_t deadline = base + NUMBER(milliseconds) * MILLISECONDS;
    CHECK_EQUAL(acort_sleep_until(deadline), 0);
    CHECK(acort_now() >= deadline);
    ended++;
    return POINTER(ended);
}

static void *sleeps_in_order(void *argument) {
    static const int times[] = {30, 10, 20, 0, 40, 5};
    static const int places[] = {5, 3, 4, 1, 6, 2};
    acort_task_t *tasks[6];
    ended = 0;
    base = acort_now();
    for (int i = 0; i < 6; i++) tasks[i] = acort_go(sleeps_until, POINTER(times[i]));
    for (int i = 0; i < 6; i++) CHECK_EQUAL(NUMBER(join(tasks[i])), places[i]);
    CHECK_EQUAL(acort_sleep(-5), 0);
    CHECK_EQUAL(acort_sleep_until(0), 0);
    CHECK_EQUAL(acort_sleep_until(1), 0);
    CHECK_EQUAL(acort_after(INT64_MAX), ACORT_NEVER);
    CHECK(acort_after(INT64_MIN) > 0);
    return argument;
}

/* Of equal deadlines the one that was waited for first passes first, whatever is waited for, and whichever waits
 * are over before. Deadlines that pass while the worker is busy pass in their order, too. */
enum { EQUALS = 60, DEADLINES = 3 };
static int64_t equals[DEADLINES];
static long passed[EQUALS], passes;
static acort_event_t never;

static void *waits_for_one_of(void *number) {
    int64_t deadline = equals[NUMBER(number) % DEADLINES];
    int result = NUMBER(number) % 4 == 0   ? acort_park(deadline)
                 : NUMBER(number) % 4 == 1 ? acort_event_wait(&never, deadline)
                                           : acort_sleep_until(deadline);
    if (result == -1 && errno == ECANCELED) return NULL;
    CHECK(NUMBER(number) % 4 > 1 ? result == 0 : result == -1 && errno == ETIMEDOUT);
    CHECK(passes < EQUALS);
    passed[passes++] = NUMBER(number);
    return NULL;
}

static void *equal_deadlines(void *is_busy) {
    static const int order[DEADLINES] = {1, 2, 0}; /* that of the deadlines */
    acort_task_t *tasks[EQUALS];
    passes = 0;
    for (int i = 0; i < DEADLINES; i++) equals[order[i]] = acort_after((50 + i) * MILLISECONDS);
    for (long i = 0; i < EQUALS; i++) tasks[i] = acort_go(waits_for_one_of, POINTER(i));
    acort_yield();
    for (int i = 5; i < EQUALS; i += 11) acort_cancel(tasks[i]);
    while (is_busy != NULL && acort_now() <= equals[order[DEADLINES - 1]]) continue;
    for (int i = 0; i < EQUALS; i++) join(tasks[i]);
    long next = 0;
    for (int i = 0; i < DEADLINES; i++)
        for (long k = order[i]; k < EQUALS; k += DEADLINES)
            if (k % 11 != 5) CHECK_EQUAL(passed[next++], k);
    CHECK_EQUAL(next, passes);
    return NULL;
}

/* Each sleeps for a random time, many at once, some are cancelled: the heap is right. */
static void *sleeps_at_random(void *seed) {
    uint64_t random = (uint64_t)NUMBER(seed) + 1;
    for (int i = 0; i < 5; i++) {
        int64_t deadline = acort_after((int64_t)(random_next(&random) % 20) * MILLISECONDS / 10);
        int result = acort_sleep_until(deadline);
        CHECK(result == -1 ? errno == ECANCELED : acort_now() >= deadline);
    }
    return NULL;
}

static void *many_sleep(void *argument) {
    enum { COUNT = 500 };
    acort_task_t *tasks[COUNT];
    for (int i = 0; i < COUNT; i++) tasks[i] = acort_go(sleeps_at_random, POINTER(i * 77));
    for (int i = 0; i < COUNT; i += 7) {
        acort_cancel(tasks[i]);
        acort_yield();
    }
    for (int i = 0; i < COUNT; i++) join(tasks[i]);
    return argument;
}

static void *parks(void *argument) {
    CHECK_FAILS(acort_park(0), ETIMEDOUT);
    CHECK_FAILS(acort_park(acort_after(2 * MILLISECONDS)), ETIMEDOUT);
    is_parked = 1;
    CHECK_EQUAL(acort_park(ACORT_NEVER), 0);
    ended++;
    CHECK_EQUAL(acort_park(ACORT_NEVER), 0);
    ended++;
    return argument;
}

static void *unparks(void *argument) {
    ended = 0;
    acort_unpark(acort_self());
    acort_unpark(acort_self());
    CHECK_EQUAL(acort_park(ACORT_NEVER), 0); /* one word is saved, not two */
    CHECK_FAILS(acort_park(0), ETIMEDOUT);
    acort_unpark(acort_self());
    CHECK_EQUAL(acort_park(0), 0);
    is_parked = 0;
    acort_task_t *task = acort_go(parks, NULL);
    while (!is_parked) acort_sleep(MILLISECONDS);
    acort_unpark(task);
    acort_yield();
    CHECK_EQUAL(ended, 1);
    acort_unpark(task);
    join(task);
    CHECK_EQUAL(ended, 2);
    return argument;
}

/* A word does not end another wait. */
static void *is_asleep(void *argument) {
    CHECK_EQUAL(acort_sleep(20 * MILLISECONDS), 0);
    CHECK_EQUAL(acort_park(0), 0);
    return argument;
}

static void *a_word_is_for_park(void *argument) {
    acort_task_t *task = acort_go(is_asleep, NULL);
    acort_yield();
    acort_unpark(task);
    join(task);
    return argument;
}

static acort_task_t *flooded;
static int stop_flood;

static void *floods(void *argument) {
    while (!__atomic_load_n(&stop_flood, __ATOMIC_ACQUIRE)) acort_unpark(flooded);
    return argument;
}

static void *is_flooded(void *argument) {
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    flooded = acort_self();
    stop_flood = 0;
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, floods, NULL) == 0);
    for (int i = 0; i < 3000; i++) CHECK_EQUAL(acort_park(ACORT_NEVER), 0);
    __atomic_store_n(&stop_flood, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    return argument;
}

static void *is_cancelled(void *argument) {
    CHECK_EQUAL(acort_cancelled(), 0);
    CHECK_FAILS(acort_park(ACORT_NEVER), ECANCELED);
    CHECK_EQUAL(acort_cancelled(), 1);
    CHECK_FAILS(acort_park(ACORT_NEVER), ECANCELED);
    CHECK_FAILS(acort_sleep(MILLISECONDS), ECANCELED);
    CHECK_FAILS(acort_yield(), ECANCELED);
    CHECK_EQUAL(acort_cancel_mask(1), 0);
    CHECK_EQUAL(acort_cancelled(), 0);
    CHECK_EQUAL(acort_yield(), 0);
    CHECK_EQUAL(acort_sleep(MILLISECONDS), 0);
    CHECK_EQUAL(acort_cancel_mask(0), 1);
    CHECK_FAILS(acort_sleep(MILLISECONDS), ECANCELED);
    return argument;
}

static void *cancels(void *argument) {
    acort_task_t *task = acort_go(is_cancelled, NULL);
    acort_yield();
    acort_cancel(task);
    acort_cancel(task);
    join(task);
    acort_task_t *sleeper = acort_go(is_asleep, NULL);
    acort_cancel_mask(1);
    acort_cancel(acort_self());
    join(sleeper == NULL ? task : (acort_unpark(sleeper), sleeper));
    return argument;
}

static void *ends_when_cancelled(void *argument) {
    while (acort_sleep(1000 * MILLISECONDS) == 0) {
    }
    CHECK_EQUAL(errno, ECANCELED);
    ended++;
    return argument;
}

static void *starts_more(void *argument) {
    acort_go(ends_when_cancelled, NULL); /* of the same group */
    return ends_when_cancelled(argument);
}

static acort_group_t *open_group;

static void *closes_its_own(void *argument) {
    CHECK_FAILS(acort_group_close(open_group), EDEADLK);
    CHECK_FAILS(acort_group_wait(open_group, ACORT_NEVER), ECANCELED); /* born cancelled */
    CHECK_EQUAL(acort_cancel_mask(1), 0);
    CHECK_FAILS(acort_group_wait(open_group, ACORT_NEVER), EDEADLK);
    return argument;
}

static void *groups(void *argument) {
    ended = 0;
    CHECK_FAILS(acort_group_close(NULL), EINVAL);
    CHECK_FAILS(acort_group_wait(NULL, ACORT_NEVER), EINVAL);
    acort_group_t *group = acort_group_open();
    CHECK_EQUAL(acort_group_wait(group, ACORT_NEVER), 0);
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    attributes.group = group;
    for (int i = 0; i < 5; i++) acort_go_ex(&attributes, i % 2 ? starts_more : ends_when_cancelled, NULL);
    acort_yield();
    attributes.flags = ACORT_DETACHED | ACORT_SHARED;
    acort_go_ex(&attributes, ends_when_cancelled, NULL);
    CHECK_FAILS(acort_group_wait(group, 0), ETIMEDOUT);
    CHECK_FAILS(acort_group_wait(group, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_EQUAL(ended, 0);
    CHECK_EQUAL(acort_group_close(group), 0);
    CHECK_EQUAL(ended, 8);

    group = acort_group_open();
    attributes.group = group;
    attributes.flags = 0;
    acort_task_t *joined = acort_go_ex(&attributes, ends_when_cancelled, NULL);
    CHECK_EQUAL(acort_group_cancel(group), 0);
    join(joined);
    acort_go_ex(&attributes, ends_when_cancelled, NULL); /* born cancelled */
    CHECK_EQUAL(acort_group_wait(group, ACORT_NEVER), 0);
    CHECK_EQUAL(ended, 10);
    open_group = group;
    acort_go_ex(&attributes, closes_its_own, NULL);
    CHECK_EQUAL(acort_group_close(group), 0);

    for (int i = 0; i < 3; i++) acort_go(ends_when_cancelled, NULL);
    CHECK_EQUAL(acort_group_cancel(NULL), 0); /* not the caller */
    CHECK_EQUAL(acort_sleep(MILLISECONDS), 0);
    CHECK_EQUAL(ended, 13);
    return argument;
}

static void *leaves_a_group_open(void *argument) {
    acort_group_t *group = acort_group_open();
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    attributes.group = group;
    acort_go_ex(&attributes, sleeps, POINTER(1));
    return argument;
}

static void *waits_for_ever(void *argument) {
    acort_park(ACORT_NEVER);
    ended++;
    return argument;
}

static void *never_listens(void *argument) {
    acort_cancel_mask(1);
    acort_park(ACORT_NEVER);
    return argument;
}

static void *is_stuck(void *argument) {
    acort_set_name(acort_self(), "main");
    acort_task_t *task = go_with(ACORT_SHARED, waits_for_ever, NULL);
    acort_set_name(task, "one");
    if (argument != NULL) acort_go(never_listens, NULL);
    int joined = acort_join(task, NULL, ACORT_NEVER);
    CHECK(joined == 0 || errno == ECANCELED); /* it may have ended before this one goes on */
    CHECK_EQUAL(acort_cancelled(), 1);
    return POINTER(7);
}

static void gets_stuck(void) {
    void *result = NULL;
    ended = 0;
    CHECK_FAILS(acort_run(is_stuck, NULL, &result), EDEADLK);
    CHECK(NUMBER(result) == 7 && ended == 1);
    _exit(0);
}

static void gets_stuck_twice(void) {
    CHECK_FAILS(acort_run(is_stuck, POINTER(1), NULL), EDEADLK);
    run(sleeps_in_order, NULL); /* and all is well */
    _exit(0);
}

static void gets_stuck_with_workers(void) {
    acort_t *runtime = runtime_with(3);
    for (int i = 0; i < 3; i++) {
        CHECK_FAILS(acort_enter(runtime, is_stuck, POINTER(i % 2), NULL), EDEADLK);
        CHECK_EQUAL(acort_enter(runtime, sleeps, POINTER(1), NULL), 0);
    }
    CHECK_EQUAL(acort_free(runtime), 0);
    _exit(0);
}

/* A task that is given up while another one joins it is freed with its group. */
static acort_task_t *joined_in_vain;

static void *joins_in_vain(void *argument) {
    acort_cancel_mask(1);
    joined_in_vain = acort_go(never_listens, NULL);
    acort_join(joined_in_vain, NULL, ACORT_NEVER);
    return argument;
}

static void gets_stuck_in_a_join(void) {
    CHECK_FAILS(acort_run(joins_in_vain, NULL, NULL), EDEADLK);
    errno = 0;
    CHECK_EQUAL(acort_id(joined_in_vain), 0);
    CHECK_EQUAL(errno, ESRCH);
    _exit(0);
}

static void check_stuck(void (*body)(void), const char *pattern) {
    char text[4096];
    int status = run_in_child(body, text, sizeof text);
    if (status != 0 || (pattern != NULL && !text_matches(text, pattern))) {
        fprintf(stderr, "status %#x: %s", status, text);
        exit(1);
    }
}

static void nothing_can_wake(void) {
    check_stuck(gets_stuck,
                "acort: deadlock: nothing can wake any task\n"
                "acort: task # one of worker #: waits for unpark\n"
                "acort: task # main of worker #: waits for the end of a task at @\n");
    check_stuck(gets_stuck_twice, NULL);
    check_stuck(gets_stuck_with_workers, NULL);
    check_stuck(gets_stuck_in_a_join, NULL);
}

/* A thread that the runtime does not know is a reason to go on waiting. */
static void *wakes_late(void *task) {
    usleep(50000);
    acort_unpark((acort_task_t *)task);
    return NULL;
}

static void *waits_for_a_thread(void *argument) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, wakes_late, acort_self()) == 0);
    CHECK_EQUAL(acort_park(ACORT_NEVER), 0);
    pthread_join(thread, NULL);
    return argument;
}

/* A cancelled task's calls that may wait have no effect: the word that was saved is there still. */
static void *takes_its_word(void *argument) {
    acort_unpark(acort_self());
    acort_cancel(acort_self());
    CHECK_FAILS(acort_park(ACORT_NEVER), ECANCELED);
    CHECK_EQUAL(acort_park(0), 0);
    CHECK_FAILS(acort_park(0), ETIMEDOUT);
    acort_unpark(acort_self());
    CHECK_EQUAL(acort_cancel_mask(1), 0);
    CHECK_EQUAL(acort_park(ACORT_NEVER), 0);
    return argument;
}

int main(void) {
    run(takes_its_word, NULL);
    run(sleeps_in_order, NULL);
    run(many_sleep, NULL);
    for (int i = 0; i < 6; i++) run(equal_deadlines, POINTER(i % 2));
    run(unparks, NULL);
    run(a_word_is_for_park, NULL);
    run(is_flooded, NULL);
    run(cancels, NULL);
    run(groups, NULL);
    run(leaves_a_group_open, NULL);
    run(waits_for_a_thread, NULL);
    acort_sleep(MILLISECONDS); /* a plain thread */
    if (!HAS_FOREIGN_THREADS) nothing_can_wake();
    return 0;
}
