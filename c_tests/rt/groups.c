/* Groups that fail: the first errno counts, and all others of the group are cancelled. What is refused does
 * nothing. */
#include "rt.h"

static acort_group_t *group;

static acort_event_t has_failed[4];

/* One after the other, whichever runs first. */
static void *fails_after(void *number) {
    acort_cancel_mask(1);
    CHECK_EQUAL(acort_event_wait(&has_failed[NUMBER(number) - 1], ACORT_NEVER), 0);
    acort_cancel_mask(0);
    CHECK_EQUAL(acort_group_fail(NULL, 100 + (int)NUMBER(number)), 0);
    acort_event_set(&has_failed[NUMBER(number)]);
    return NULL;
}

static void *is_cancelled(void *argument) {
    CHECK_FAILS(acort_sleep(60000 * MILLISECONDS), ECANCELED);
    return argument;
}

static void *fails(void *argument) {
    memset(has_failed, 0, sizeof has_failed);
    group = acort_group_open();
    for (int i = 0; i < 5; i++) go_in(group, 0, is_cancelled, NULL);
    for (long i = 3; i >= 1; i--) go_in(group, 0, fails_after, POINTER(i));
    CHECK_FAILS(acort_group_wait(group, acort_after(MILLISECONDS / 10)), ETIMEDOUT);
    CHECK_EQUAL(acort_event_set(&has_failed[0]), 0);
    CHECK_FAILS(acort_group_wait(group, ACORT_NEVER), 101);
    CHECK_FAILS(acort_group_wait(group, 0), 101); /* it has failed for good */
    go_in(group, 0, is_cancelled, NULL);
    CHECK_FAILS(acort_group_wait(group, ACORT_NEVER), 101);
    CHECK_EQUAL(acort_group_close(group), 0);
    return argument;
}

static void *fails_from_outside(void *argument) {
    group = acort_group_open();
    CHECK_FAILS(acort_group_fail(group, 0), EINVAL);
    CHECK_FAILS(acort_group_fail(group, -EIO), EINVAL);
    CHECK_EQUAL(acort_group_wait(group, ACORT_NEVER), 0);
    go_in(group, 0, is_cancelled, NULL);
    CHECK_EQUAL(acort_group_fail(group, EIO), 0);
    CHECK_EQUAL(acort_group_fail(group, EPERM), 0);
    CHECK_FAILS(acort_group_wait(group, ACORT_NEVER), EIO);
    CHECK_EQUAL(acort_group_close(group), 0);
    return argument;
}

/* No task waits for its own end, and what is refused cancels none, neither now nor in future. */
static int may_end;

static void *is_not_cancelled(void *argument) {
    while (!__atomic_load_n(&may_end, __ATOMIC_ACQUIRE)) CHECK_EQUAL(acort_sleep(MILLISECONDS / 10), 0);
    return argument;
}

static void *closes_its_own(void *argument) {
    CHECK_FAILS(acort_group_close(group), EDEADLK);
    CHECK_FAILS(acort_group_wait(group, ACORT_NEVER), EDEADLK);
    CHECK_EQUAL(acort_sleep(2 * MILLISECONDS), 0);
    go_in(group, 0, is_not_cancelled, NULL);
    CHECK_EQUAL(acort_sleep(2 * MILLISECONDS), 0);
    __atomic_store_n(&may_end, 1, __ATOMIC_RELEASE);
    return argument;
}

static void *is_closed_inside(void *argument) {
    group = acort_group_open();
    may_end = 0;
    for (int i = 0; i < 3; i++) go_in(group, 0, is_not_cancelled, NULL);
    go_in(group, 0, closes_its_own, NULL);
    CHECK_EQUAL(acort_group_wait(group, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_group_close(group), 0);
    return argument;
}

static void *main_fails(void *argument) {
    acort_go(is_cancelled, NULL);
    CHECK_EQUAL(acort_group_fail(NULL, ENOENT), 0);
    CHECK_EQUAL(acort_sleep(MILLISECONDS), 0); /* not the caller */
    return argument;
}

int main(void) {
    CHECK_FAILS(acort_group_fail(NULL, EIO), EPERM);
    for (int i = 0; i < 3; i++) {
        run(fails, NULL);
        run_with(3, fails, NULL);
        run(fails_from_outside, NULL);
        run_with(3, fails_from_outside, NULL);
        run(is_closed_inside, NULL);
        run_with(3, is_closed_inside, NULL);
    }
    int result = 0;
    CHECK_FAILS(acort_run(main_fails, &result, NULL), ENOENT);
    acort_t *runtime = runtime_with(2);
    void *given = NULL;
    CHECK_FAILS(acort_enter(runtime, main_fails, &result, &given), ENOENT);
    CHECK(given == &result);
    CHECK_EQUAL(acort_enter(runtime, fails, NULL, &given), 0); /* a group of its own */
    CHECK_EQUAL(acort_free(runtime), 0);
    return 0;
}
