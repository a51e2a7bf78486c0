/* Values of tasks: their own, whatever their number; destroyed when the task ends, however that comes. */
#include "rt.h"

enum { KEYS = 20 };
static acort_key_t keys[KEYS], plain, again;
static long destroyed, rounds;

static void is_destroyed(void *value) {
    CHECK(value != NULL && acort_self() != NULL);
    __atomic_fetch_add(&destroyed, *(long *)value, __ATOMIC_RELAXED);
    free(value);
}

static void sets_again(void *value) {
    __atomic_fetch_add(&rounds, 1, __ATOMIC_RELAXED);
    CHECK_EQUAL(acort_key_set(again, value), 0);
}

static long *one(void) {
    long *value = malloc(sizeof *value);
    CHECK(value != NULL);
    *value = 1;
    return value;
}

static void *has_values(void *number) {
    int mine[KEYS];
    for (int i = 0; i < KEYS; i++) CHECK(acort_key_get(keys[i]) == NULL);
    CHECK(acort_key_get(plain) == NULL);
    CHECK_EQUAL(acort_key_set(plain, mine), 0);
    for (int i = NUMBER(number) % 3; i < KEYS; i++) {
        CHECK_EQUAL(acort_key_set(keys[i], one()), 0);
        acort_yield();
        CHECK(acort_key_get(plain) == mine);
    }
    if (NUMBER(number) % 4 == 1) acort_exit(NULL);
    if (NUMBER(number) % 4 == 2) aco_exit();
    return NULL;
}

static void *all_have_values(void *argument) {
    enum { TASKS = 24 };
    acort_task_t *tasks[TASKS];
    long wanted = 0;
    destroyed = 0;
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = go_with((i & 4 ? ACORT_SHARED : 0) | (i >= 20 ? ACORT_DETACHED : 0), has_values, POINTER(i));
        wanted += KEYS - i % 3;
    }
    for (int i = 0; i < 20; i++) join(tasks[i]);
    while (__atomic_load_n(&destroyed, __ATOMIC_RELAXED) != wanted) acort_yield();
    return argument;
}

static void *sets_for_ever(void *argument) {
    CHECK_EQUAL(acort_key_set(again, &rounds), 0);
    return argument;
}

static void *ends_all_the_same(void *argument) {
    rounds = 0;
    join(acort_go(sets_for_ever, NULL));
    CHECK_EQUAL(rounds, 4);
    return argument;
}

/* A task that nothing can wake: its values are destroyed when it is given up. */
static void *is_given_up(void *argument) {
    CHECK_EQUAL(acort_key_set(keys[0], one()), 0);
    acort_cancel_mask(1);
    for (;;) acort_park(ACORT_NEVER);
    return argument;
}

static void *is_stuck(void *argument) {
    acort_go(is_given_up, NULL);
    return argument;
}

static void given_up(void) {
    destroyed = 0;
    CHECK_FAILS(acort_run(is_stuck, NULL, NULL), EDEADLK);
    CHECK_EQUAL(destroyed, 1);
}

static void waits_in_destructor(void *value) {
    (void)value;
    acort_sleep(MILLISECONDS);
}

static void *has_bad_destructor(void *argument) {
    acort_key_t key;
    CHECK_EQUAL(acort_key_create(&key, waits_in_destructor), 0);
    CHECK_EQUAL(acort_key_set(key, &destroyed), 0);
    return argument;
}

static void dies(void) {
    acort_run(has_bad_destructor, NULL, NULL);
}

int main(void) {
    CHECK_FAILS(acort_key_create(NULL, NULL), EINVAL);
    CHECK_FAILS(acort_key_set(0, NULL), EPERM);
    CHECK(acort_key_get(0) == NULL);
    for (int i = 0; i < KEYS; i++) CHECK_EQUAL(acort_key_create(&keys[i], is_destroyed), 0);
    CHECK_EQUAL(acort_key_create(&plain, NULL), 0);
    CHECK_EQUAL(acort_key_create(&again, sets_again), 0);
    CHECK(acort_key_get(plain) == NULL);
    run(all_have_values, NULL);
    run_with(3, all_have_values, NULL);
    run(ends_all_the_same, NULL);
    if (!HAS_STRANGERS) given_up();
    CHECK_DIES(dies, "aco: fatal: acort(@, task #): a coroutine that the task resumed would have to wait (wait in the task itself, or call with deadline 0)\n");
    int made = KEYS + 2;
    for (acort_key_t key; acort_key_create(&key, NULL) == 0; made++) CHECK(acort_key_get(key) == NULL);
    CHECK(errno == EAGAIN && made == 256);
    return 0;
}
