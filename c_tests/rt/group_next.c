/* The end of one more task of a group: each is taken once, in the order of their ends, by tasks on own and shared stacks
 * and by plain threads. Groups with deadlines fail then, and what is inside them is cancelled. */
#include "rt.h"

static acort_group_t *group;
static acort_event_t go_on[4];

static acort_group_t *new_group(void) {
    acort_group_t *new = acort_group_open();
    CHECK(new != NULL);
    return new;
}

static void *ends_when_told(void *number) {
    CHECK_EQUAL(acort_event_wait(&go_on[NUMBER(number)], ACORT_NEVER), 0);
    return number;
}

static void *returns(void *argument) { return argument; }

static void *is_cancelled(void *argument) {
    CHECK_FAILS(acort_sleep_until(ACORT_NEVER), ECANCELED);
    return argument;
}

/* In the order of their ends, not of their starts. */
static void *in_order(void *argument) {
    acort_group_t *of = new_group();
    acort_task_t *tasks[4];
    void *result = NULL;
    memset(go_on, 0, sizeof go_on);
    CHECK_REFUSES(acort_group_next(of, &result, ACORT_NEVER), ESRCH);
    CHECK_REFUSES(acort_group_next(NULL, &result, ACORT_NEVER), EINVAL);
    CHECK_REFUSES(acort_group_next(of, &result, -2), EINVAL);
    for (long i = 0; i < 4; i++) tasks[i] = go_in(of, i % 2 ? ACORT_SHARED : 0, ends_when_told, POINTER(i));
    CHECK_REFUSES(acort_group_next(of, &result, 0), ETIMEDOUT);
    CHECK_REFUSES(acort_group_next(of, &result, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK(result == NULL);
    static const int order[] = {2, 0, 3, 1};
    for (int i = 0; i < 4; i++) {
        CHECK_EQUAL(acort_event_set(&go_on[order[i]]), 0);
        CHECK(acort_group_next(of, &result, ACORT_NEVER) == tasks[order[i]]);
        CHECK_EQUAL(NUMBER(result), order[i]);
    }
    CHECK_REFUSES(acort_group_next(of, &result, ACORT_NEVER), ESRCH);
    CHECK_EQUAL(acort_group_wait(of, 0), 0);
    CHECK_EQUAL(acort_group_close(of), 0);
    return argument;
}

/* What has ended before the call; what is joined or detached is not its. */
static void *some_are_left_out(void *argument) {
    acort_group_t *of = new_group();
    void *result = NULL;
    memset(go_on, 0, sizeof go_on);
    acort_task_t *joined = go_in(of, 0, returns, POINTER(1)), *detached = go_in(of, 0, returns, POINTER(2));
    acort_task_t *kept = go_in(of, 0, returns, POINTER(3));
    go_in(of, ACORT_DETACHED, ends_when_told, POINTER(0));
    acort_task_t *asleep = go_in(of, 0, ends_when_told, POINTER(0));
    CHECK_EQUAL(acort_detach(asleep), 0);
    while (acort_join(joined, &result, 0) != 0) acort_sleep(MILLISECONDS / 10);
    CHECK_EQUAL(NUMBER(result), 1);
    CHECK_EQUAL(acort_detach(detached), 0);
    CHECK(acort_group_next(of, NULL, ACORT_NEVER) == kept);
    CHECK_REFUSES(acort_group_next(of, &result, acort_after(MILLISECONDS)), ETIMEDOUT); /* two are detached, and live */
    CHECK_EQUAL(acort_event_set(&go_on[0]), 0);
    CHECK_REFUSES(acort_group_next(of, &result, ACORT_NEVER), ESRCH);
    kept = go_in(of, 0, returns, POINTER(7)); /* a group goes on */
    CHECK(acort_group_next(of, &result, ACORT_NEVER) == kept && NUMBER(result) == 7);
    go_in(of, 0, returns, NULL); /* the close frees it */
    CHECK_EQUAL(acort_group_wait(of, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_group_close(of), 0);
    return argument;
}

static void *asks_its_own(void *argument) {
    CHECK_REFUSES(acort_group_next(group, NULL, ACORT_NEVER), EDEADLK);
    return argument;
}

static void *waits_for_next(void *of) {
    CHECK_REFUSES(acort_group_next(of, NULL, ACORT_NEVER), ECANCELED);
    return NULL;
}

static void *is_refused(void *argument) {
    group = new_group();
    go_in(group, 0, asks_its_own, NULL);
    CHECK(acort_group_next(group, NULL, ACORT_NEVER) != NULL);
    acort_task_t *sleeper = go_in(group, 0, is_cancelled, NULL);
    for (uint32_t flags = 0; flags <= ACORT_SHARED; flags++) {
        acort_task_t *waiter = go_with(flags, waits_for_next, group);
        acort_yield();
        CHECK_EQUAL(acort_cancel(waiter), 0);
        join(waiter);
    }
    CHECK_EQUAL(acort_cancel(sleeper), 0);
    CHECK(acort_group_next(group, NULL, ACORT_NEVER) == sleeper); /* not lost with the one that was cancelled */
    CHECK_EQUAL(acort_group_close(group), 0);
    return argument;
}

/* Many take, on any worker and in threads: each end once, and all of them learn that there is no more. */
enum { TAKERS = 6, TASKS = 300 };
static long taken, sum;

static void *takes(void *of) {
    void *result = NULL;
    while (acort_group_next(of, &result, ACORT_NEVER) != NULL) {
        __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
        __atomic_fetch_add(&sum, NUMBER(result), __ATOMIC_RELAXED);
    }
    CHECK_EQUAL(errno, ESRCH);
    return NULL;
}

static void *is_quick_or_not(void *number) {
    if (NUMBER(number) % 3 == 0) CHECK_EQUAL(acort_sleep(NUMBER(number) * 1000), 0);
    return number;
}

static void *all_are_taken(void *argument) {
    acort_group_t *of = new_group();
    acort_task_t *takers[TAKERS];
    pthread_t threads[2];
    long all = 0;
    taken = sum = 0;
    memset(go_on, 0, sizeof go_on);
    acort_task_t *first = go_in(of, 0, ends_when_told, POINTER(0)); /* so that none finds the group empty */
    (void)first;
    for (int i = 0; i < TAKERS; i++) takers[i] = go_with(i % 2 ? ACORT_SHARED : 0, takes, of);
    for (int i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], NULL, takes, of) == 0);
    for (long i = 1; i <= TASKS; i++) {
        go_in(of, i % 2 ? ACORT_SHARED : 0, is_quick_or_not, POINTER(i));
        all += i;
        if (i % 16 == 0) CHECK_EQUAL(acort_yield(), 0);
    }
    CHECK_EQUAL(acort_event_set(&go_on[0]), 0);
    for (int i = 0; i < TAKERS; i++) join(takers[i]);
    for (int i = 0; i < 2; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_EQUAL(taken, TASKS + 1);
    CHECK_EQUAL(sum, all);
    CHECK_EQUAL(acort_group_close(of), 0);
    return argument;
}

/* The first success ends the others. */
static void *answers(void *number) {
    if (NUMBER(number) == 2) return number; /* the others do not */
    if (NUMBER(number) == 0) return NULL;
    return is_cancelled(NULL);
}

static void *first_success(void *argument) {
    acort_group_t *of = new_group();
    void *result = NULL;
    for (long i = 0; i < 4; i++) go_in(of, i % 2 ? ACORT_SHARED : 0, answers, POINTER(i));
    while (acort_group_next(of, &result, ACORT_NEVER) != NULL && result == NULL) continue;
    CHECK_EQUAL(NUMBER(result), 2);
    CHECK_EQUAL(acort_group_close(of), 0);
    return argument;
}

/* A group with a deadline. */
static void *opens_another(void *argument) {
    acort_group_t *inside = new_group();
    go_in(inside, ACORT_SHARED, is_cancelled, NULL);
    CHECK_FAILS(acort_group_wait(inside, ACORT_NEVER), ECANCELED);
    CHECK_EQUAL(acort_group_close(inside), 0);
    return argument;
}

static void *fails_in_time(void *argument) {
    acort_group_t *of = new_group(), *empty = new_group();
    int64_t until = acort_after(2 * MILLISECONDS);
    go_in(of, 0, is_cancelled, NULL);
    go_in(of, ACORT_SHARED, opens_another, NULL);
    CHECK_EQUAL(acort_group_deadline(of, until), 0);
    CHECK_FAILS(acort_group_wait(of, ACORT_NEVER), ETIMEDOUT);
    CHECK(acort_now() >= until);
    go_in(of, 0, is_cancelled, NULL); /* from the start */
    CHECK_FAILS(acort_group_wait(of, ACORT_NEVER), ETIMEDOUT);
    CHECK_EQUAL(acort_group_close(of), 0);

    /* Its own wait goes on, if it is the caller's; another time takes the place of the one before. */
    CHECK_EQUAL(acort_group_deadline(empty, 1), 0);
    CHECK_EQUAL(acort_group_deadline(empty, acort_after(3600000 * MILLISECONDS)), 0);
    for (int i = 0; i < 3; i++) CHECK_EQUAL(acort_sleep(1), 0);
    CHECK_EQUAL(acort_group_wait(empty, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_group_deadline(empty, 0), 0);
    CHECK_EQUAL(acort_group_deadline(empty, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_sleep(MILLISECONDS), 0);
    CHECK_EQUAL(acort_group_wait(empty, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_group_deadline(empty, 1), 0);
    CHECK_EQUAL(acort_sleep(MILLISECONDS), 0);
    CHECK_FAILS(acort_group_wait(empty, ACORT_NEVER), ETIMEDOUT);
    CHECK_EQUAL(acort_group_close(empty), 0);

    /* The first error stays. */
    of = new_group();
    CHECK_EQUAL(acort_group_fail(of, EIO), 0);
    CHECK_EQUAL(acort_group_deadline(of, 1), 0);
    CHECK_EQUAL(acort_sleep(MILLISECONDS), 0);
    CHECK_FAILS(acort_group_wait(of, ACORT_NEVER), EIO);
    CHECK_FAILS(acort_group_deadline(of, -2), EINVAL);
    CHECK_FAILS(acort_group_deadline(of, INT64_MIN), EINVAL);
    CHECK_EQUAL(acort_group_close(of), 0);
    return argument;
}

/* Closed before, on its worker and on another one: nothing is left. */
static void *closes(void *of) {
    CHECK_EQUAL(acort_group_close(of), 0);
    return NULL;
}

static void *is_closed_before(void *argument) {
    for (int i = 0; i < 20; i++) {
        acort_group_t *of = new_group();
        go_in(of, 0, is_cancelled, NULL);
        int64_t until = i % 4 == 3 ? acort_after(3600000 * MILLISECONDS) : acort_after(i * MILLISECONDS / 20);
        CHECK_EQUAL(acort_group_deadline(of, until), 0);
        if (i % 2) {
            closes(of);
        } else {
            join(go_with(0, closes, of));
        }
    }
    return argument;
}

static void *fails_outside(void *argument) {
    CHECK_FAILS(acort_group_deadline(argument, 1), EPERM);
    CHECK_FAILS(acort_group_deadline(NULL, 1), EPERM);
    return NULL;
}

static void *not_outside(void *argument) {
    pthread_t thread;
    acort_group_t *of = new_group();
    CHECK(pthread_create(&thread, NULL, fails_outside, of) == 0 && pthread_join(thread, NULL) == 0);
    CHECK_EQUAL(acort_group_close(of), 0);
    return argument;
}

/* The program's own group. */
static void *has_a_limit(void *argument) {
    go_with(ACORT_SHARED, is_cancelled, NULL);
    CHECK_EQUAL(acort_group_deadline(NULL, acort_after(MILLISECONDS)), 0);
    CHECK_FAILS(acort_sleep_until(ACORT_NEVER), ECANCELED); /* the caller, too */
    return argument;
}

static void *leaves_it_open(void *argument) {
    acort_group_t *of = new_group();
    CHECK_EQUAL(acort_group_deadline(of, acort_after(3600000 * MILLISECONDS)), 0);
    CHECK_EQUAL(acort_group_deadline(NULL, acort_after(3600000 * MILLISECONDS)), 0);
    return argument;
}

int main(void) {
    static void *(*const bodies[])(void *) = {in_order, some_are_left_out, is_refused, all_are_taken, first_success,
                                              fails_in_time, is_closed_before, not_outside, leaves_it_open};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        run(bodies[i], NULL);
        run_with(3, bodies[i], NULL);
    }
    CHECK_FAILS(acort_run(has_a_limit, NULL, NULL), ETIMEDOUT);
    acort_t *runtime = runtime_with(2);
    CHECK_FAILS(acort_enter(runtime, has_a_limit, NULL, NULL), ETIMEDOUT);
    CHECK_EQUAL(acort_enter(runtime, all_are_taken, NULL, NULL), 0);
    CHECK_EQUAL(acort_free(runtime), 0);
    return 0;
}
