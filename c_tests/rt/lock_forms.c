/* Recursive mutexes, a condition with an rwlock, calls that never wait, the count of a semaphore: in tasks on own and
 * shared stacks, of one worker and of several, and in plain threads. */
#include "rt.h"

#include <sched.h>
#include <stdatomic.h>

enum { WORKERS = 4, ROUNDS = 400, DEPTH = 5 };

static acort_mutex_t mutex, plain;
static acort_rwlock_t rwlock;
static acort_cond_t cond;
static acort_sem_t sem;

/* ---- a recursive mutex ------------------------------------------------------------------------------ */

static int expected;

/* In a thread, so that it is another owner wherever it is called. */
static void *tries(void *unused) {
    errno = 0;
    int result = acort_mutex_trylock(&mutex);
    CHECK_EQUAL(result == 0 ? 0 : errno, expected);
    if (result == 0) CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    else CHECK_FAILS(acort_mutex_unlock(&mutex), EPERM);
    if (result != 0) CHECK_FAILS(acort_mutex_lock(&mutex, 0), ETIMEDOUT);
    return unused;
}

static void others_find(int error) {
    pthread_t thread;
    expected = error;
    CHECK(pthread_create(&thread, NULL, tries, NULL) == 0 && pthread_join(thread, NULL) == 0);
}

static void *recursion(void *unused) {
    acort_case_t one = {.op = ACORT_MUTEX, .object = &mutex};
    CHECK_EQUAL(acort_mutex_init(&mutex, ACORT_RECURSIVE), 0);
    for (int depth = 1; depth <= DEPTH; depth++) {
        for (int i = 0; i < depth; i++) {
            if (i % 3 == 0) CHECK_EQUAL(acort_mutex_lock(&mutex, i ? 0 : ACORT_NEVER), 0);
            else if (i % 3 == 1) CHECK_EQUAL(acort_mutex_trylock(&mutex), 0);
            else CHECK_EQUAL(acort_select(&one, 1, ACORT_NEVER), 0);
            if (i < 2) others_find(EBUSY);
            CHECK_FAILS(acort_mutex_init(&mutex, 0), EBUSY);
        }
        if (depth > 1) CHECK_FAILS(acort_cond_wait(&cond, &mutex, 0), EDEADLK);
        for (int i = 0; i < depth; i++) {
            if (i < 2) others_find(EBUSY);
            CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
        }
        CHECK_FAILS(acort_mutex_unlock(&mutex), EPERM);
        CHECK_FAILS(acort_cond_wait(&cond, &mutex, 0), EPERM);
        others_find(0);
    }
    CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
    CHECK_FAILS(acort_cond_wait(&cond, &mutex, 0), ETIMEDOUT);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    /* not recursive, by zeros or by a call */
    CHECK_EQUAL(acort_mutex_init(&mutex, 0), 0);
    acort_mutex_t *both[2] = {&mutex, &plain};
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(acort_mutex_trylock(both[i]), 0);
        CHECK_FAILS(acort_mutex_trylock(both[i]), EBUSY);
        CHECK_FAILS(acort_mutex_lock(both[i], ACORT_NEVER), EDEADLK);
        CHECK_EQUAL(acort_mutex_unlock(both[i]), 0);
        CHECK_FAILS(acort_mutex_unlock(both[i]), EPERM);
    }
    return unused;
}

/* Deep and shallow turns: one owner at a time, and none is left out. */
static long count;
static int depth_now;

static void turn(int depth, uint64_t *random) {
    CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
    CHECK(depth_now >= 0);
    depth_now++;
    long before = count;
    if (acort_self() == NULL && random_next(random) % 16 == 0) sched_yield();
    if (acort_self() != NULL && random_next(random) % 8 == 0) acort_yield();
    if (depth > 1) turn(depth - 1, random);
    else count = before + 1;
    depth_now--;
    CHECK(depth > 1 || count == before + 1);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
}

static void *takes_turns(void *seed) {
    uint64_t random = (uint64_t)NUMBER(seed) + 1;
    for (int i = 0; i < ROUNDS; i++) {
        int depth = 1 + (int)(random_next(&random) % DEPTH);
        if (random_next(&random) % 4 == 0) {
            int result = acort_mutex_lock(&mutex, acort_after((int64_t)(random_next(&random) % 20) * 1000));
            CHECK(result == 0 || errno == ETIMEDOUT);
            turn(depth, &random);
            if (result == 0) CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
        } else {
            turn(depth, &random);
        }
    }
    return NULL;
}

static void *one_at_a_time(void *unused) {
    acort_task_t *tasks[WORKERS];
    pthread_t thread;
    CHECK_EQUAL(acort_mutex_init(&mutex, ACORT_RECURSIVE), 0);
    count = depth_now = 0;
    for (int i = 0; i < WORKERS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, takes_turns, POINTER(i));
    CHECK(pthread_create(&thread, NULL, takes_turns, POINTER(WORKERS)) == 0);
    for (int i = 0; i < WORKERS; i++) join(tasks[i]);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_EQUAL(count, (WORKERS + 1) * ROUNDS);
    CHECK_EQUAL(acort_mutex_init(&mutex, 0), 0);
    return unused;
}

/* ---- a condition with an rwlock ----------------------------------------------------------------------- */

static int value, readers, waiting;

static void *waits_as_reader(void *wanted) {
    CHECK_EQUAL(acort_rwlock_rdlock(&rwlock, ACORT_NEVER), 0);
    __atomic_fetch_add(&waiting, 1, __ATOMIC_RELAXED);
    while (value < NUMBER(wanted)) CHECK_EQUAL(acort_cond_wait_rwlock(&cond, &rwlock, ACORT_NEVER), 0);
    CHECK_FAILS(acort_rwlock_trywrlock(&rwlock), EBUSY); /* it is locked for reading */
    __atomic_fetch_add(&readers, 1, __ATOMIC_RELAXED);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    return NULL;
}

static void *waits_as_writer(void *wanted) {
    CHECK_EQUAL(acort_rwlock_wrlock(&rwlock, ACORT_NEVER), 0);
    __atomic_fetch_add(&waiting, 1, __ATOMIC_RELAXED);
    while (value < NUMBER(wanted)) CHECK_EQUAL(acort_cond_wait_rwlock(&cond, &rwlock, ACORT_NEVER), 0);
    CHECK_FAILS(acort_rwlock_tryrdlock(&rwlock), EBUSY); /* it is locked for writing */
    int before = readers;
    if (acort_self() != NULL) acort_yield();
    CHECK_EQUAL(before, readers);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    return NULL;
}

static void *value_changes(void *unused) {
    enum { WAITERS = 6, STEPS = 20 };
    value = readers = waiting = 0;
    acort_task_t *tasks[WAITERS];
    pthread_t thread;
    for (int i = 0; i < WAITERS; i++) {
        tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, i % 3 ? waits_as_reader : waits_as_writer, POINTER(STEPS - i));
    }
    CHECK(pthread_create(&thread, NULL, waits_as_reader, POINTER(STEPS)) == 0);
    while (__atomic_load_n(&waiting, __ATOMIC_RELAXED) < WAITERS + 1) acort_sleep(100000);
    for (int i = 0; i < STEPS; i++) {
        CHECK_EQUAL(acort_rwlock_wrlock(&rwlock, ACORT_NEVER), 0);
        value++;
        CHECK_EQUAL(acort_cond_broadcast(&cond), 0);
        CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    }
    for (int i = 0; i < WAITERS; i++) join(tasks[i]);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_EQUAL(readers, WAITERS - 2 + 1);
    CHECK_EQUAL(acort_rwlock_trywrlock(&rwlock), 0);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    return unused;
}

/* The deadline and a cancellation end the wait for the signal only: the lock is held in its mode. */
static void *ends_early(void *unused) {
    for (int writes = 0; writes < 2; writes++) {
        CHECK_EQUAL(writes ? acort_rwlock_wrlock(&rwlock, ACORT_NEVER) : acort_rwlock_rdlock(&rwlock, ACORT_NEVER), 0);
        CHECK_FAILS(acort_cond_wait_rwlock(&cond, &rwlock, 0), ETIMEDOUT);
        CHECK_FAILS(acort_cond_wait_rwlock(&cond, &rwlock, acort_after(MILLISECONDS)), ETIMEDOUT);
        CHECK_FAILS(acort_cond_wait_rwlock(&cond, &rwlock, -2), EINVAL);
        CHECK_EQUAL(acort_rwlock_tryrdlock(&rwlock) == 0 ? 0 : errno, writes ? EBUSY : 0);
        if (!writes) CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
        CHECK_FAILS(acort_rwlock_trywrlock(&rwlock), EBUSY);
        CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
        CHECK_FAILS(acort_cond_wait_rwlock(&cond, &rwlock, 0), EPERM);
    }
    return unused;
}

static void *is_cancelled(void *unused) {
    CHECK_EQUAL(acort_rwlock_trywrlock(&rwlock), 0);
    CHECK_FAILS(acort_cond_wait_rwlock(&cond, &rwlock, ACORT_NEVER), ECANCELED);
    CHECK_FAILS(acort_rwlock_tryrdlock(&rwlock), EBUSY);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    return unused;
}

static void *cancellation(void *unused) {
    for (int i = 0; i < 4; i++) {
        acort_task_t *task = go_with(i % 2 ? ACORT_SHARED : 0, is_cancelled, NULL);
        if (i / 2) acort_yield();
        CHECK_EQUAL(acort_cancel(task), 0);
        join(task);
        CHECK_EQUAL(acort_rwlock_trywrlock(&rwlock), 0);
        CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    }
    return unused;
}

static void *has_the_lock(void *unused) {
    CHECK_EQUAL(acort_rwlock_wrlock(&rwlock, ACORT_NEVER), 0);
    CHECK_FAILS(acort_park(ACORT_NEVER), ECANCELED);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    return unused;
}

/* A writer that waits keeps out readers that come after it. */
static void *wants_to_write(void *unused) {
    CHECK_EQUAL(acort_rwlock_wrlock(&rwlock, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    return unused;
}

static void *other_owners(void *unused) {
    acort_task_t *task = acort_go(has_the_lock, NULL);
    while (acort_rwlock_tryrdlock(&rwlock) == 0) {
        CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
        acort_yield();
    }
    CHECK_EQUAL(errno, EBUSY);
    CHECK_FAILS(acort_rwlock_trywrlock(&rwlock), EBUSY);
    CHECK_FAILS(acort_cond_wait_rwlock(&cond, &rwlock, ACORT_NEVER), EPERM);
    CHECK_EQUAL(acort_cancel(task), 0);
    join(task);
    CHECK_EQUAL(acort_rwlock_tryrdlock(&rwlock), 0);
    CHECK_EQUAL(acort_rwlock_tryrdlock(&rwlock), 0);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    task = acort_go(wants_to_write, NULL);
    while (acort_rwlock_tryrdlock(&rwlock) == 0) {
        CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
        acort_yield();
    }
    CHECK_EQUAL(errno, EBUSY);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    join(task);
    return unused;
}

/* ---- semaphores, and what is refused -------------------------------------------------------------------- */

static void *units(void *unused) {
    unsigned number = 9;
    CHECK_FAILS(acort_sem_trywait(&sem), EAGAIN);
    CHECK(acort_sem_getvalue(&sem, &number) == 0 && number == 0);
    CHECK_EQUAL(acort_sem_init(&sem, UINT32_MAX), 0);
    CHECK(acort_sem_getvalue(&sem, &number) == 0 && number == UINT32_MAX);
    CHECK_EQUAL(acort_sem_init(&sem, 2), 0);
    for (unsigned left = 2; left-- > 0;) {
        CHECK_EQUAL(acort_sem_trywait(&sem), 0);
        CHECK(acort_sem_getvalue(&sem, &number) == 0 && number == left);
    }
    CHECK_FAILS(acort_sem_trywait(&sem), EAGAIN);
    CHECK_FAILS(acort_sem_getvalue(&sem, NULL), EINVAL);
    CHECK_FAILS(acort_sem_getvalue(NULL, &number), EINVAL);
    CHECK_FAILS(acort_sem_trywait(NULL), EINVAL);
    CHECK_FAILS(acort_mutex_trylock(NULL), EINVAL);
    CHECK_FAILS(acort_mutex_init(NULL, 0), EINVAL);
    CHECK_FAILS(acort_mutex_init(&mutex, 2), EINVAL);
    CHECK_FAILS(acort_mutex_init(&mutex, 3), EINVAL);
    CHECK_FAILS(acort_rwlock_tryrdlock(NULL), EINVAL);
    CHECK_FAILS(acort_rwlock_trywrlock(NULL), EINVAL);
    CHECK_FAILS(acort_cond_wait_rwlock(NULL, &rwlock, 0), EINVAL);
    CHECK_FAILS(acort_cond_wait_rwlock(&cond, NULL, 0), EINVAL);
    return unused;
}

static void *none_on_a_shared_stack(void *unused) {
    void *object = memset(ON_STACK(64), 0, 64);
    unsigned number;
    CHECK_FAILS(acort_mutex_init(object, ACORT_RECURSIVE), EFAULT);
    CHECK_FAILS(acort_mutex_trylock(object), EFAULT);
    CHECK_FAILS(acort_rwlock_tryrdlock(object), EFAULT);
    CHECK_FAILS(acort_rwlock_trywrlock(object), EFAULT);
    CHECK_FAILS(acort_cond_wait_rwlock(object, &rwlock, 0), EFAULT);
    CHECK_FAILS(acort_cond_wait_rwlock(&cond, object, 0), EFAULT);
    CHECK_FAILS(acort_sem_trywait(object), EFAULT);
    CHECK_FAILS(acort_sem_getvalue(object, &number), EFAULT);
    return unused;
}

/* A cancelled task tries all the same: such calls are no cancellation points. */
static void *tries_when_cancelled(void *unused) {
    CHECK_EQUAL(acort_cancel(acort_self()), 0);
    CHECK_EQUAL(acort_mutex_trylock(&mutex), 0);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    CHECK_EQUAL(acort_rwlock_tryrdlock(&rwlock), 0);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    CHECK_FAILS(acort_sem_trywait(&sem), EAGAIN);
    return unused;
}

static void *in_shared_task(void *body) {
    join(go_with(ACORT_SHARED, (void *(*)(void *))body, NULL));
    return NULL;
}

int main(void) {
    void *(*anywhere[])(void *) = {recursion, ends_early, units};
    for (int i = 0; i < 3; i++) {
        run(anywhere[i], NULL);
        run(in_shared_task, (void *)anywhere[i]);
        anywhere[i](NULL);
    }
    void *(*in_tasks[])(void *) = {one_at_a_time, value_changes, cancellation, other_owners};
    for (int i = 0; i < 4; i++) {
        run(in_tasks[i], NULL);
        run_with(3, in_tasks[i], NULL);
    }
    run(in_shared_task, (void *)none_on_a_shared_stack);
    run(in_shared_task, (void *)tries_when_cancelled);
    return 0;
}
