/* Locks for many readers or one writer. */
#include "rt.h"

static acort_rwlock_t rwlock;
static long first, second, readers;

static void *writes(void *rounds) {
    for (long i = 0; i < NUMBER(rounds); i++) {
        CHECK_EQUAL(acort_rwlock_wrlock(&rwlock, ACORT_NEVER), 0);
        CHECK_EQUAL(__atomic_load_n(&readers, __ATOMIC_RELAXED), 0);
        first++;
        if (i % 3 == 0 && acort_self() != NULL) acort_yield();
        second++;
        CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    }
    return NULL;
}

static void *reads(void *rounds) {
    for (long i = 0; i < NUMBER(rounds); i++) {
        CHECK_EQUAL(acort_rwlock_rdlock(&rwlock, ACORT_NEVER), 0);
        __atomic_add_fetch(&readers, 1, __ATOMIC_SEQ_CST);
        CHECK_EQUAL(first, second);
        if (i % 2 == 0 && acort_self() != NULL) acort_yield();
        CHECK_EQUAL(first, second);
        __atomic_sub_fetch(&readers, 1, __ATOMIC_SEQ_CST);
        CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    }
    return NULL;
}

/* Waits that end before their turn delay no other wait. */
static void *is_impatient(void *rounds) {
    for (long i = 0; i < NUMBER(rounds); i++) {
        int64_t deadline = acort_after(i % 5 * 10000);
        int result = i % 2 ? acort_rwlock_wrlock(&rwlock, deadline) : acort_rwlock_rdlock(&rwlock, deadline);
        CHECK(result == 0 || errno == ETIMEDOUT);
        if (result == 0) CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    }
    return NULL;
}

static void *all_use_it(void *argument) {
    enum { TASKS = 9 };
    acort_task_t *tasks[TASKS];
    pthread_t threads[3];
    void *(*bodies[])(void *) = {reads, writes, is_impatient};
    first = second = 0;
    for (int i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], NULL, bodies[i], POINTER(300)) == 0);
    for (int i = 0; i < TASKS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, bodies[i % 3], POINTER(300));
    for (int i = 0; i < TASKS; i++) join(tasks[i]);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    CHECK(first == second && first == 300 * 4 && readers == 0);
    CHECK_EQUAL(acort_rwlock_wrlock(&rwlock, 0), 0);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    return argument;
}

static int order[8], place;

static void *writes_once(void *number) {
    CHECK_EQUAL(acort_rwlock_wrlock(&rwlock, ACORT_NEVER), 0);
    order[place++] = (int)NUMBER(number);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    return NULL;
}

static void *reads_once(void *number) {
    CHECK_EQUAL(acort_rwlock_rdlock(&rwlock, ACORT_NEVER), 0);
    order[place++] = (int)NUMBER(number);
    acort_yield();
    acort_yield();
    order[place++] = (int)NUMBER(number) + 10;
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    return NULL;
}

/* A reader that comes after a writer waits behind it, and readers next to each other go together. */
static void *is_fair(void *argument) {
    acort_task_t *tasks[3];
    place = 0;
    CHECK_EQUAL(acort_rwlock_rdlock(&rwlock, 0), 0);
    CHECK_EQUAL(acort_rwlock_rdlock(&rwlock, 0), 0);
    tasks[0] = acort_go(writes_once, POINTER(1));
    acort_sleep(MILLISECONDS);
    CHECK_FAILS(acort_rwlock_rdlock(&rwlock, 0), ETIMEDOUT);
    tasks[1] = acort_go(reads_once, POINTER(2));
    tasks[2] = acort_go(reads_once, POINTER(2));
    acort_sleep(MILLISECONDS);
    CHECK_EQUAL(place, 0);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    for (int i = 0; i < 3; i++) join(tasks[i]);
    static const int wanted[] = {1, 2, 2, 12, 12};
    CHECK_EQUAL(place, 5);
    for (int i = 0; i < 5; i++) CHECK_EQUAL(order[i], wanted[i]);
    return argument;
}

static void *gives_up(void *argument) {
    CHECK_FAILS(acort_rwlock_wrlock(&rwlock, ACORT_NEVER), ECANCELED);
    CHECK_FAILS(acort_rwlock_unlock(&rwlock), EPERM);
    return argument;
}

static void *cannot_write(void *argument) {
    int64_t deadline = argument == NULL ? acort_after(3 * MILLISECONDS) : ACORT_NEVER;
    CHECK_FAILS(acort_rwlock_wrlock(&rwlock, deadline), argument == NULL ? ETIMEDOUT : ECANCELED);
    return NULL;
}

/* A writer that gives up lets the readers in that stand behind it. */
static void *the_way_is_free(void *argument) {
    for (long is_cancelled = 0; is_cancelled < 2; is_cancelled++) {
        place = 0;
        CHECK_EQUAL(acort_rwlock_rdlock(&rwlock, 0), 0);
        acort_task_t *writer = acort_go(cannot_write, POINTER(is_cancelled));
        acort_sleep(MILLISECONDS);
        acort_task_t *reader = acort_go(reads_once, POINTER(5));
        acort_sleep(MILLISECONDS);
        if (is_cancelled) acort_cancel(writer);
        join(reader);
        join(writer);
        CHECK_EQUAL(place, 2);
        CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    }
    return argument;
}

static void *misuses(void *argument) {
    CHECK_FAILS(acort_rwlock_unlock(&rwlock), EPERM);
    CHECK_EQUAL(acort_rwlock_wrlock(&rwlock, 0), 0);
    CHECK_FAILS(acort_rwlock_wrlock(&rwlock, ACORT_NEVER), EDEADLK);
    CHECK_FAILS(acort_rwlock_rdlock(&rwlock, ACORT_NEVER), EDEADLK);
    acort_task_t *task = acort_go(gives_up, NULL);
    acort_sleep(MILLISECONDS);
    acort_cancel(task);
    join(task);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    CHECK_FAILS(acort_rwlock_unlock(&rwlock), EPERM);
    CHECK_FAILS(acort_rwlock_unlock(NULL), EINVAL);
    CHECK_FAILS(acort_rwlock_rdlock(NULL, 0), EINVAL);
    CHECK_FAILS(acort_rwlock_wrlock(NULL, 0), EINVAL);
    return argument;
}

int main(void) {
    run(all_use_it, NULL);
    run_with(3, all_use_it, NULL);
    if (IN_ORDER) run(is_fair, NULL);
    run(the_way_is_free, NULL);
    run(misuses, NULL);
    return 0;
}
