/* Groups that tasks of groups open: who cancels, fails or closes a group reaches them, at any depth. */
#include "rt.h"

static uint32_t flags; /* of all tasks: 0 or ACORT_SHARED */

static long waiting, cancelled;

static void one_more(long *count) {
    __atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
}

static long count_of(long *count) {
    return __atomic_load_n(count, __ATOMIC_SEQ_CST);
}

static void until(long *count, long wanted) {
    while (count_of(count) != wanted) acort_sleep(MILLISECONDS / 20);
}

static void *is_cancelled(void *unused) {
    one_more(&waiting);
    CHECK_FAILS(acort_sleep(60000 * MILLISECONDS), ECANCELED);
    one_more(&cancelled);
    return unused;
}

static void *is_not_cancelled(void *unused) {
    CHECK_EQUAL(acort_sleep(2 * MILLISECONDS), 0);
    return unused;
}

static acort_group_t *open_group(void) {
    acort_group_t *group = acort_group_open();
    CHECK(group != NULL);
    return group;
}

static void close_group(acort_group_t *group) {
    int was = acort_cancel_mask(1);
    CHECK_EQUAL(acort_group_close(group), 0);
    acort_cancel_mask(was);
}

static long depth, heard; /* of the tasks below: how many open a group, and have heard that they are cancelled */

/* The innermost task: ends when all tasks around it have heard, so that they do not find their groups empty. */
static void *is_innermost(void *unused) {
    is_cancelled(NULL);
    int was = acort_cancel_mask(1);
    until(&heard, depth);
    acort_cancel_mask(was);
    return unused;
}

/* A task that opens a group for the next one, and so on. */
static void *goes_deeper(void *levels) {
    if (NUMBER(levels) == 0) return is_innermost(NULL);
    acort_group_t *inner = open_group();
    go_in(inner, flags, goes_deeper, POINTER(NUMBER(levels) - 1));
    CHECK_FAILS(acort_group_wait(inner, ACORT_NEVER), ECANCELED);
    one_more(&heard);
    int was = acort_cancel_mask(1);
    CHECK_EQUAL(acort_group_wait(inner, ACORT_NEVER), 0); /* it has not failed */
    acort_cancel_mask(was);
    close_group(inner);
    one_more(&cancelled);
    return NULL;
}

static void go_deep(acort_group_t *group, long levels) {
    depth = levels, heard = 0;
    go_in(group, flags, goes_deeper, POINTER(levels));
}

static void goes_and_ends(long levels, int how) {
    waiting = cancelled = 0;
    acort_group_t *outer = open_group();
    go_deep(outer, levels);
    until(&waiting, 1);
    if (how == 1) CHECK_EQUAL(acort_group_cancel(outer), 0);
    if (how == 2) CHECK_EQUAL(acort_group_fail(outer, EIO), 0);
    if (how == 2) CHECK_FAILS(acort_group_wait(outer, ACORT_NEVER), EIO);
    if (how == 1) CHECK_EQUAL(acort_group_wait(outer, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_group_close(outer), 0);
    CHECK_EQUAL(cancelled, levels + 1);
}

static void *reached(void *unused) {
    for (int how = 0; how < 3; how++) {
        goes_and_ends(1, how);
        goes_and_ends(2, how);
        goes_and_ends(20, how);
    }
    return unused;
}

static void *reached_deep(void *unused) {
    goes_and_ends(IS_WATCHED ? 300 : flags ? 10000 : 1000, 0);
    return unused;
}

/* The caller's own group: what is inside it, but neither the caller nor what is around it. */
static void *cancels_its_own(void *unused) {
    acort_group_t *inner = open_group();
    go_in(NULL, flags, is_cancelled, NULL);
    go_deep(inner, 3);
    until(&waiting, 3);
    CHECK_EQUAL(acort_group_cancel(NULL), 0);
    CHECK_EQUAL(acort_group_wait(inner, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_group_close(inner), 0);
    inner = open_group(); /* inside a cancelled one */
    go_in(inner, flags, is_cancelled, NULL);
    CHECK_EQUAL(acort_group_wait(inner, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_group_close(inner), 0);
    return unused;
}

static void *own_group(void *unused) {
    waiting = cancelled = 0;
    acort_group_t *outer = open_group(), *beside = open_group();
    go_in(beside, flags, is_cancelled, NULL);
    go_in(outer, flags, cancels_its_own, NULL);
    CHECK_EQUAL(acort_group_wait(outer, ACORT_NEVER), 0);
    CHECK_EQUAL(cancelled, 1 + 4 + 1);
    CHECK_EQUAL(acort_group_close(outer), 0);
    CHECK_EQUAL(acort_group_close(beside), 0);
    CHECK_EQUAL(cancelled, 7);
    return unused;
}

/* A main task's: tasks that are started later are not cancelled, nor are groups that are opened later. */
static void *cancels_main(void *unused) {
    waiting = cancelled = 0;
    acort_group_t *inner = open_group();
    go_deep(inner, 2);
    go_in(NULL, flags, is_cancelled, NULL);
    until(&waiting, 2);
    CHECK_EQUAL(acort_group_cancel(NULL), 0);
    CHECK_EQUAL(acort_group_wait(inner, ACORT_NEVER), 0);
    until(&cancelled, 4);
    go_in(inner, flags, is_cancelled, NULL); /* for good */
    CHECK_EQUAL(acort_group_close(inner), 0);
    inner = open_group();
    join(go_in(NULL, flags, is_not_cancelled, NULL));
    go_in(inner, flags, is_not_cancelled, NULL);
    CHECK_EQUAL(acort_group_wait(inner, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_group_close(inner), 0);
    return unused;
}

/* A group is cancelled from the beginning in a cancelled one, unless its opener does not hear that. */
static void *opens_in_a_cancelled_one(void *unused) {
    while (acort_cancelled() == 0) acort_yield();
    acort_group_t *inner = open_group();
    go_in(inner, flags, is_cancelled, NULL);
    close_group(inner);
    acort_cancel_mask(1);
    inner = open_group();
    go_in(inner, flags, is_not_cancelled, NULL);
    CHECK_EQUAL(acort_group_wait(inner, ACORT_NEVER), 0);
    go_deep(inner, 1); /* it is reached later all the same */
    until(&waiting, 2);
    CHECK_EQUAL(acort_group_cancel(NULL), 0);
    CHECK_EQUAL(acort_group_wait(inner, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_group_close(inner), 0);
    return unused;
}

static void *born(void *unused) {
    waiting = cancelled = 0;
    acort_group_t *outer = open_group();
    go_in(outer, flags, opens_in_a_cancelled_one, NULL);
    CHECK_EQUAL(acort_group_cancel(outer), 0);
    CHECK_EQUAL(acort_group_wait(outer, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_group_close(outer), 0);
    CHECK_EQUAL(cancelled, 3);
    return unused;
}

/* A task that is cancelled by itself has groups that are not. */
static void *opens_cancelled(void *unused) {
    while (acort_cancelled() == 0) acort_yield();
    acort_group_t *inner = open_group();
    acort_cancel_mask(1);
    go_in(inner, flags, is_not_cancelled, NULL);
    CHECK_EQUAL(acort_group_wait(inner, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_group_close(inner), 0);
    return unused;
}

static void *cancelled_alone(void *unused) {
    acort_group_t *outer = open_group();
    acort_cancel(go_in(outer, flags, opens_cancelled, NULL));
    CHECK_EQUAL(acort_group_wait(outer, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_group_close(outer), 0);
    return unused;
}

/* A group that is freed leaves its groups to the one around it. */
static acort_group_t *left;

static void *leaves_a_group(void *unused) {
    acort_cancel_mask(1);
    one_more(&waiting);
    while (acort_cancel_mask(0), acort_cancelled() == 0) acort_yield();
    acort_cancel_mask(1);
    left = open_group(); /* not cancelled */
    go_in(left, flags, is_cancelled, NULL);
    until(&waiting, 2);
    return unused;
}

static void *has_a_group(void *unused) {
    acort_group_t *inner = open_group();
    go_in(inner, flags, leaves_a_group, NULL);
    until(&waiting, 1);
    CHECK_EQUAL(acort_group_close(inner), 0);
    CHECK_EQUAL(count_of(&cancelled), 0);
    one_more(&waiting);
    return unused;
}

static void *left_behind(void *argument) {
    waiting = cancelled = 0;
    acort_group_t *outer = open_group();
    go_in(outer, flags, has_a_group, NULL);
    until(&waiting, 3);
    if (argument == NULL) {
        CHECK_EQUAL(acort_group_cancel(outer), 0);
        CHECK_EQUAL(acort_group_wait(left, ACORT_NEVER), 0);
    }
    CHECK_EQUAL(acort_group_close(outer), 0);
    CHECK_EQUAL(acort_group_close(left), 0); /* its outer one is gone */
    CHECK_EQUAL(cancelled, 1);
    return NULL;
}

/* A task opens groups while its own is cancelled. */
static void *opens_meanwhile(void *unused) {
    one_more(&waiting);
    acort_group_t *groups[3];
    for (int i = 0; i < 3; i++) {
        groups[i] = open_group();
        for (int j = 0; j < 2; j++) go_in(groups[i], flags, is_cancelled, NULL);
    }
    int was = acort_cancel_mask(1);
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(acort_group_wait(groups[i], ACORT_NEVER), 0);
        CHECK_EQUAL(acort_group_close(groups[i]), 0);
    }
    acort_cancel_mask(was);
    return unused;
}

static void *races(void *unused) {
    uint64_t random = 1;
    for (int round = 0; round < (IS_WATCHED ? 50 : 300); round++) {
        waiting = cancelled = 0;
        acort_group_t *outer = open_group();
        for (int i = 0; i < 2; i++) go_in(outer, flags, opens_meanwhile, NULL);
        while (count_of(&waiting) == 0) acort_yield();
        for (volatile int i = (int)(random_next(&random) % 3000); i > 0; i--) continue;
        CHECK_EQUAL(acort_group_cancel(outer), 0);
        CHECK_EQUAL(acort_group_wait(outer, ACORT_NEVER), 0);
        CHECK_EQUAL(acort_group_close(outer), 0);
        CHECK_EQUAL(cancelled, 12);
    }
    return unused;
}

/* Many beside each other come and go, in any order. */
static void *many(void *unused) {
    enum { MANY = 100000 };
    static acort_group_t *groups[MANY];
    for (int order = 0; order < 3; order++) {
        for (int i = 0; i < MANY; i++) groups[i] = open_group();
        for (int i = 0; i < MANY; i++) {
            int at = order == 0 ? i : order == 1 ? MANY - 1 - i : (int)(i * 7919LL % MANY);
            CHECK_EQUAL(acort_group_close(groups[at]), 0);
        }
    }
    return unused;
}

/* In one runtime the groups of another main task, and in another runtime all, are not meant. */
static void *waits_inside(void *stop) {
    acort_group_t *inner = open_group();
    go_in(inner, flags, is_cancelled, NULL);
    until(&waiting, 1);
    until(stop, 1);
    CHECK_EQUAL(count_of(&cancelled), 0);
    CHECK_EQUAL(acort_group_close(inner), 0);
    CHECK_EQUAL(count_of(&cancelled), 1);
    return NULL;
}

static long stop;

static void *enters(void *runtime) {
    CHECK_EQUAL(acort_enter(runtime, waits_inside, &stop, NULL), 0);
    return NULL;
}

static void *only_cancels(void *unused) {
    join(go_in(NULL, flags, is_not_cancelled, NULL));
    CHECK_EQUAL(acort_group_cancel(NULL), 0);
    return unused;
}

static void others(void) {
    pthread_t thread;
    acort_t *runtime = runtime_with(2), *another = runtime_with(1);
    waiting = cancelled = stop = 0;
    CHECK(pthread_create(&thread, NULL, enters, runtime) == 0);
    while (count_of(&waiting) != 1) usleep(1000);
    CHECK_EQUAL(acort_enter(runtime, only_cancels, NULL, NULL), 0);
    CHECK_EQUAL(acort_enter(another, only_cancels, NULL, NULL), 0);
    one_more(&stop);
    pthread_join(thread, NULL);
    CHECK_EQUAL(acort_free(runtime), 0);
    CHECK_EQUAL(acort_free(another), 0);
}

/* A group is cancelled from outside of its runtime. */
static acort_group_t *handed_out;

static void *hands_out(void *unused) {
    acort_group_t *group = open_group();
    waiting = cancelled = 0;
    go_deep(group, 4);
    until(&waiting, 1);
    __atomic_store_n(&handed_out, group, __ATOMIC_SEQ_CST);
    CHECK_EQUAL(acort_group_wait(group, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_group_close(group), 0);
    CHECK_EQUAL(cancelled, 5);
    return unused;
}

static void *cancels_from_outside(void *unused) {
    acort_group_t *group;
    while ((group = __atomic_load_n(&handed_out, __ATOMIC_SEQ_CST)) == NULL) usleep(1000);
    CHECK_EQUAL(acort_group_cancel(group), 0);
    return unused;
}

static void *in_a_thread(void *unused) {
    pthread_t thread;
    handed_out = NULL;
    CHECK(pthread_create(&thread, NULL, cancels_from_outside, NULL) == 0);
    hands_out(NULL);
    pthread_join(thread, NULL);
    return unused;
}

/* A group that is not closed is freed with the runtime. */
static void *forgets(void *unused) {
    acort_group_t *group = open_group();
    go_in(group, flags, is_not_cancelled, NULL);
    CHECK_EQUAL(acort_group_wait(group, ACORT_NEVER), 0);
    return unused;
}

/* Where another loop runs the tasks. */
static void *cancels_the_loop(void *unused) {
    until(&waiting, 1);
    CHECK_EQUAL(acort_group_cancel(NULL), 0);
    return unused;
}

static void in_a_loop(void) {
    acort_opts_t options;
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    options.flags = ACORT_LOOP;
    acort_t *runtime = acort_new(&options);
    CHECK(runtime != NULL);
    waiting = cancelled = 0;
    depth = 2, heard = 0;
    CHECK(acort_loop_go(runtime, goes_deeper, POINTER(2)) != NULL);
    CHECK(acort_loop_go(runtime, cancels_the_loop, NULL) != NULL);
    while (acort_loop_step(runtime, ACORT_NEVER) == 1) continue;
    CHECK_EQUAL(cancelled, 3);
    CHECK_EQUAL(acort_free(runtime), 0);
}

int main(void) {
    void *(*tests[])(void *) = {reached,     own_group, cancels_main, born,        cancelled_alone,
                                left_behind, races,     forgets,      in_a_thread, reached_deep};
    CHECK_REFUSES(acort_group_open(), EPERM);
    for (int shared = 0; shared < 2; shared++) {
        flags = shared ? ACORT_SHARED : 0;
        for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
            run(tests[i], NULL);
            run_with(3, tests[i], NULL);
        }
        run_with(3, left_behind, &flags);
        others();
        in_a_loop();
    }
    run(many, NULL);
    return 0;
}
