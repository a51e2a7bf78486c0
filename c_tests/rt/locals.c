/* Values of tasks: their own, whatever their number; destroyed when the task ends, however that comes. */
#include "rt.h"

#include <aco_ext.h>
#include <poll.h>
#include <sys/wait.h>

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

/* The value of a task that is given up starts another task, which waits for a file, and is given up after that. */
static int ends[2];

static void *waits_for_a_file(void *argument) {
    CHECK_EQUAL(acort_fdwait(ends[0], POLLIN, ACORT_NEVER), POLLIN);
    destroyed++;
    return is_given_up(argument);
}

static void starts_another(void *value) {
    (void)value;
    CHECK(acort_go(waits_for_a_file, NULL) != NULL);
}

static void *leaves_another(void *key) {
    CHECK_EQUAL(acort_key_set(*(acort_key_t *)key, key), 0);
    acort_cancel_mask(1);
    acort_park(ACORT_NEVER);
    return NULL;
}

static void another_is_given_up(void) {
    acort_key_t key;
    CHECK_EQUAL(acort_key_create(&key, starts_another), 0);
    CHECK_EQUAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(50000);
        _exit(write(ends[1], "", 1) != 1);
    }
    destroyed = 0;
    alarm(60);
    CHECK_FAILS(acort_run(leaves_another, &key, NULL), EDEADLK);
    alarm(0);
    CHECK_EQUAL(destroyed, 2);
    waitpid(child, NULL, 0);
    close(ends[0]), close(ends[1]);
    CHECK_EQUAL(acort_key_delete(key), 0);
}

/* A key that is deleted has no values any more, and neither has the next one of its place. */
static void *outlives_its_key(void *key) {
    CHECK_EQUAL(acort_key_set(*(acort_key_t *)key, key), 0);
    acort_park(ACORT_NEVER);
    CHECK(acort_key_get(*(acort_key_t *)key) == NULL);
    return NULL;
}

static void *keys_end(void *argument) {
    acort_key_t old, key, first;
    CHECK_EQUAL(acort_key_create(&old, is_destroyed), 0);
    CHECK_EQUAL(acort_key_create(&first, is_destroyed), 0);
    acort_task_t *task = acort_go(outlives_its_key, &old), *other = acort_go(outlives_its_key, &first);
    CHECK_EQUAL(acort_key_set(first, &first), 0);
    acort_sleep(5 * MILLISECONDS);
    acort_key_t copy = first;
    CHECK_EQUAL(acort_key_delete(old), 0);
    CHECK_EQUAL(acort_key_delete(first), 0);
    CHECK_FAILS(acort_key_delete(first), EINVAL);
    CHECK_FAILS(acort_key_set(old, &key), EINVAL);
    for (int i = 0; i < 300; i++) { /* more than there can be at once */
        CHECK_EQUAL(acort_key_create(&key, is_destroyed), 0);
        CHECK(key != 0 && key != copy && acort_key_get(key) == NULL);
        CHECK_EQUAL(acort_key_delete(key), 0);
    }
    CHECK(acort_key_get(first) == NULL);
    acort_unpark(task);
    acort_unpark(other);
    join(task); /* nothing is destroyed: those are no values of malloc's */
    join(other);
    return argument;
}

/* The keys of coroutines are those of tasks; the values are not. */
static void *keys_of_both(void *argument) {
    aco_key_t key;
    CHECK_EQUAL(aco_key_create(&key, NULL), 0);
    CHECK_EQUAL(acort_key_set(key, &key), 0);
    CHECK(aco_get_local(key) == NULL && acort_key_get(key) == &key);
    CHECK_EQUAL(aco_set_local(key, argument), 0);
    CHECK(acort_key_get(key) == &key);
    CHECK_EQUAL(acort_key_delete(key), 0);
    CHECK_FAILS(aco_key_delete(key), EINVAL);
    return argument;
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
    CHECK_FAILS(acort_key_delete(0), EINVAL);
    CHECK(acort_key_get(0) == NULL);
    for (int i = 0; i < KEYS; i++) CHECK_EQUAL(acort_key_create(&keys[i], is_destroyed), 0);
    CHECK_EQUAL(acort_key_create(&plain, NULL), 0);
    CHECK_EQUAL(acort_key_create(&again, sets_again), 0);
    CHECK(acort_key_get(plain) == NULL);
    run(all_have_values, NULL);
    run_with(3, all_have_values, NULL);
    run(ends_all_the_same, NULL);
    run(keys_end, NULL);
    run_with(3, keys_end, NULL);
    run(keys_of_both, NULL);
    if (!HAS_FOREIGN_THREADS) given_up(), another_is_given_up();
    CHECK_DIES(dies, "aco: fatal: acort(@, task #): a coroutine that the task resumed would have to wait (wait in the task itself, or call with deadline 0)\n");
    int made = KEYS + 2;
    for (acort_key_t key; acort_key_create(&key, NULL) == 0; made++) CHECK(acort_key_get(key) == NULL);
    CHECK(errno == EAGAIN && made == 256);
    return 0;
}
