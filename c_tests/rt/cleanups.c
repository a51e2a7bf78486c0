/* acort_cleanup_push() and pop: in reverse, once, in the task, however it ends; with waits; in order with the other
 * destructors; not for tasks that are given up. */
#include "rt.h"

#include <aco_ext.h>

static char order[64];
static acort_task_t *ending;

static void notes(void *text) { strcat(order, (const char *)text); }

static void notes_and_waits(void *text) {
    CHECK(acort_self() == ending);
    notes(text);
    CHECK_EQUAL(acort_yield(), 0);
    CHECK_EQUAL(acort_sleep(MILLISECONDS / 100), 0);
    strcat(order, ".");
}

static void pushes(const char *names) {
    static const char *const one[] = {"a", "b", "c", "d"};
    for (; *names; names++) CHECK_EQUAL(acort_cleanup_push(notes_and_waits, (void *)one[*names - 'a']), 0);
}

static void *returns(void *result) {
    ending = acort_self();
    pushes("ab");
    CHECK_EQUAL(acort_cleanup_pop(0), 0);
    pushes("cd");
    CHECK_EQUAL(acort_cleanup_pop(1), 0);
    strcat(order, "|");
    return result;
}

static void *exits(void *result) { acort_exit(returns(result)); }

static void *leaves(void *unused) {
    returns(unused);
    aco_exit();
    return unused;
}

/* Functions that end the task again: the rest runs next. */
static void exits_again(void *result) {
    strcat(order, "x");
    acort_exit(result);
}

static void leaves_again(void *unused) {
    (void)unused;
    strcat(order, "y");
    aco_exit();
}

static void pushes_more(void *unused) {
    (void)unused;
    strcat(order, "m");
    pushes("b");
}

static void *ends_several_times(void *result) {
    ending = acort_self();
    pushes("a");
    CHECK(acort_cleanup_push(exits_again, &order) == 0 && acort_cleanup_push(leaves_again, NULL) == 0);
    CHECK_EQUAL(acort_cleanup_push(pushes_more, NULL), 0);
    return result;
}

static void check(uint32_t flags, acort_body_t body, void *result, const char *wanted) {
    order[0] = 0;
    CHECK(join(go_with(flags, body, body == leaves ? NULL : &ending)) == result);
    if (strcmp(order, wanted) != 0) fprintf(stderr, "%s and not %s\n", order, wanted), exit(1);
}

static void *in_each_way(void *flags) {
    uint32_t with = (uint32_t)NUMBER(flags);
    check(with, returns, &ending, "d.|c.a.");
    check(with, exits, &ending, "d.|c.a.");
    check(with, leaves, NULL, "d.|c.a.");
    check(with, ends_several_times, &order, "mb.yxa.");
    return NULL;
}

/* Its frames are still there. */
static void reads_local(void *local) {
    acort_yield();
    CHECK_EQUAL(*(int *)local, 5);
    notes((void *)"l");
}

static void *has_a_local(void *unused) {
    int *local = ON_STACK(sizeof *local);
    *local = 5;
    CHECK_EQUAL(acort_cleanup_push(reads_local, local), 0);
    acort_exit(unused);
}

/* Cleanup, keys, argument. A destructor pushes nothing. */
static acort_key_t key;

static void notes_value(void *text) {
    notes(text);
    CHECK_FAILS(acort_cleanup_push(notes, NULL), EPERM);
    CHECK_FAILS(acort_cleanup_pop(1), EPERM);
}

static void sets_a_value(void *text) { CHECK_EQUAL(acort_key_set(key, text), 0); }

static void *has_all(void *unused) {
    CHECK_EQUAL(acort_cleanup_push(notes, (void *)"1"), 0);
    CHECK_EQUAL(acort_cleanup_push(sets_a_value, (void *)"2"), 0);
    return unused;
}

/* A cancelled task is so in its functions; they mask what they must. */
static void is_cancelled(void *unused) {
    (void)unused;
    CHECK_FAILS(acort_sleep(1), ECANCELED);
    CHECK_EQUAL(acort_cancel_mask(1), 0);
    CHECK_EQUAL(acort_sleep(1), 0);
    CHECK_EQUAL(acort_cancel_mask(0), 1);
    notes((void *)"c");
}

static void *waits(void *unused) {
    CHECK_EQUAL(acort_cleanup_push(is_cancelled, NULL), 0);
    CHECK_FAILS(acort_park(ACORT_NEVER), ECANCELED);
    return unused;
}

static void *others(void *unused) {
    order[0] = 0;
    join(acort_go(has_a_local, NULL));
    join(acort_go_flags(ACORT_SHARED, has_a_local, NULL));
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.arg_destroy = notes;
    CHECK_EQUAL(acort_key_create(&key, notes_value), 0);
    join(acort_go_ex(&attributes, has_all, (void *)"3"));
    CHECK_EQUAL(acort_key_delete(key), 0);
    acort_task_t *task = acort_go(waits, NULL);
    acort_yield();
    CHECK_EQUAL(acort_cancel(task), 0);
    join(task);
    CHECK(strcmp(order, "ll123c") == 0);
    CHECK_FAILS(acort_cleanup_push(NULL, NULL), EINVAL);
    CHECK_FAILS(acort_cleanup_pop(0), EINVAL);
    CHECK_FAILS(acort_cleanup_pop(1), EINVAL);
    return unused;
}

/* Many, in a detached task and a main task; also its stack is measured. */
static long count;

static void counts(void *unused) {
    (void)unused;
    if (++count % 100 == 0) acort_yield();
}

static void *many(void *result) {
    for (int i = 0; i < 1000; i++) CHECK_EQUAL(acort_cleanup_push(counts, NULL), 0);
    return result;
}

static void *detached(void *unused) {
    CHECK_EQUAL(acort_go_detached(many, NULL), 0);
    CHECK(acort_go_flags(ACORT_SHARED | ACORT_DETACHED, many, NULL) != NULL);
    join(acort_go_flags(ACORT_MEASURE, many, NULL));
    return unused;
}

/* Given up: not called, and freed. */
static void is_not_called(void *unused) {
    (void)unused;
    abort();
}

static void *never_ends(void *unused) {
    CHECK_EQUAL(acort_cleanup_push(is_not_called, NULL), 0);
    acort_cancel_mask(1);
    acort_park(ACORT_NEVER);
    return unused;
}

static void deadlocks(void) { CHECK_FAILS(acort_run(never_ends, NULL, NULL), EDEADLK); }

static aco_key_t local;
static int destroyed, seen;

static void notes_destruction(void *value) { destroyed += value != NULL; }

static void sees_local(void *value) { seen += aco_get_local(local) == value; }

static void *has_local(void *how) {
    aco_set_local(local, how);
    CHECK_EQUAL(acort_cleanup_push(sees_local, how), 0);
    if (how == POINTER(1)) acort_exit(NULL);
    if (how == POINTER(2)) aco_exit();
    return NULL;
}

/* Values of the task and of its coroutine are there until the last cleanup has run. */
static void *locals_stay(void *argument) {
    for (intptr_t how = 1; how <= 3; how++) join(acort_go(has_local, POINTER(how)));
    CHECK_EQUAL(seen, 3);
    return argument;
}

int main(void) {
    CHECK_EQUAL(aco_key_create(&local, notes_destruction), 0);
    run(locals_stay, NULL);
    CHECK_EQUAL(destroyed, 3);
    run(in_each_way, NULL);
    run(in_each_way, POINTER(ACORT_SHARED));
    run(in_each_way, POINTER(ACORT_MEASURE));
    run_with(2, in_each_way, NULL);
    run(others, NULL);
    CHECK_FAILS(acort_cleanup_push(notes, NULL), EPERM);
    CHECK_FAILS(acort_cleanup_pop(0), EPERM);
    run(many, NULL);
    run(detached, NULL);
    run_with(2, many, NULL);
    CHECK_EQUAL(count, 5000);
    if (!HAS_FOREIGN_THREADS) {
        char text[4096];
        CHECK(run_in_child(deadlocks, text, sizeof text) == 0);
    }
    return 0;
}
