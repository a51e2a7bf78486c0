/* Mutexes, conditions, events, semaphores, waitgroups, barriers: between tasks, workers, plain threads. */
#include "rt.h"

#include <stdatomic.h>
#include <unistd.h>

static acort_mutex_t mutex;
static acort_cond_t cond;
static acort_event_t event;
static acort_sem_t sem;
static acort_waitgroup_t waitgroup;
static acort_barrier_t barrier;
static long counter, inside;

static void *counts_up(void *rounds) {
    for (long i = 0; i < NUMBER(rounds); i++) {
        CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
        CHECK_EQUAL(++inside, 1);
        long seen = counter;
        if (i % 3 == 0 && acort_self() != NULL) acort_yield();
        counter = seen + 1;
        inside--;
        CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    }
    return NULL;
}

static void *all_count(void *argument) {
    enum { TASKS = 10, THREADS = 2 };
    acort_task_t *tasks[TASKS];
    pthread_t threads[THREADS];
    counter = 0;
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, counts_up, POINTER(500)) == 0);
    for (int i = 0; i < TASKS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, counts_up, POINTER(500));
    for (int i = 0; i < TASKS; i++) join(tasks[i]);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(counter, (TASKS + THREADS) * 500);
    return argument;
}

static void *cannot_have_it(void *argument) {
    CHECK_FAILS(acort_mutex_lock(&mutex, 0), ETIMEDOUT);
    CHECK_FAILS(acort_mutex_lock(&mutex, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_FAILS(acort_mutex_unlock(&mutex), EPERM);
    CHECK_FAILS(acort_cond_wait(&cond, &mutex, ACORT_NEVER), EPERM);
    __atomic_store_n(&inside, -1, __ATOMIC_RELEASE);
    CHECK_FAILS(acort_mutex_lock(&mutex, ACORT_NEVER), ECANCELED);
    return argument;
}

static void *tries_mutexes(void *argument) {
    inside = 0;
    CHECK_EQUAL(acort_mutex_lock(&mutex, 0), 0);
    CHECK_FAILS(acort_mutex_lock(&mutex, ACORT_NEVER), EDEADLK);
    acort_task_t *task = acort_go(cannot_have_it, NULL);
    while (__atomic_load_n(&inside, __ATOMIC_ACQUIRE) == 0) acort_sleep(MILLISECONDS);
    inside = 0;
    acort_cancel(task);
    join(task);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    CHECK_FAILS(acort_mutex_unlock(&mutex), EPERM);
    CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    return argument;
}

/* A mutex that is unlocked is free, for any call; those that wait have it in their order. */
static int turns[4], turn;

static void *takes_its_turn(void *number) {
    CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
    turns[turn++] = (int)NUMBER(number);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    return NULL;
}

static void *is_fair(void *argument) {
    acort_task_t *tasks[4];
    turn = 0;
    acort_mutex_lock(&mutex, ACORT_NEVER);
    for (int i = 0; i < 4; i++) tasks[i] = acort_go(takes_its_turn, POINTER(i));
    acort_yield();
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
        CHECK_EQUAL(acort_mutex_lock(&mutex, i % 2 ? 0 : ACORT_NEVER), 0);
    }
    acort_mutex_unlock(&mutex);
    for (int i = 0; i < 4; i++) join(tasks[i]);
    for (int i = 0; i < 4; i++) CHECK_EQUAL(turns[i], i);
    return argument;
}

/* A task that takes the mutex again as soon as it has given it up does not keep the others out: one that has been woken
 * without result a few times has it next, and until then no call takes it, with or without a deadline. */
enum { HOGS = 3, WAITERS = 6, BOUND = 40 };
static int had, hog_turns, most_turns;

static void *hogs_the_mutex(void *argument) {
    while (had < WAITERS) {
        CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
        hog_turns++;
        acort_yield(); /* what it has woken finds the mutex taken */
        CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    }
    return argument;
}

static void *waits_its_time(void *deadline) {
    acort_yield();
    int before = hog_turns;
    CHECK_EQUAL(acort_mutex_lock(&mutex, deadline ? acort_after(10000 * MILLISECONDS) : ACORT_NEVER), 0);
    int waited = hog_turns - before;
    if (waited > most_turns) most_turns = waited;
    had++;
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    return NULL;
}

static void *waits_are_bounded(void *argument) {
    acort_task_t *tasks[HOGS + WAITERS];
    for (int hogs = 1; hogs <= HOGS; hogs++) {
        had = hog_turns = most_turns = 0;
        for (int i = 0; i < hogs; i++) tasks[i] = acort_go(hogs_the_mutex, NULL);
        for (int i = 0; i < WAITERS; i++) {
            tasks[hogs + i] = go_with(i % 3 == 2 ? ACORT_SHARED : 0, waits_its_time, POINTER(i % 2));
        }
        for (int i = 0; i < hogs + WAITERS; i++) join(tasks[i]);
        CHECK(most_turns <= BOUND * hogs && (most_turns > 0 || !IN_ORDER)); /* under chaos it may be free each time */
    }
    return argument;
}

/* The woken waiter does not run for long: others that wait have the mutex meanwhile, also beside one that takes it again
 * and again. */
static atomic_int stage, has_had_it;

static void *waits_in_a_thread(void *unused) {
    while (stage < 1) usleep(1000);
    CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
    has_had_it = 1;
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    return unused;
}

static void *takes_it_again(void *unused) {
    while (stage < 2) usleep(1000);
    while (stage < 3) {
        CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
        CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    }
    return unused;
}

static void *computes_meanwhile(void *argument) {
    pthread_t threads[2];
    stage = has_had_it = 0;
    CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
    acort_task_t *task = acort_go(takes_its_turn, NULL);
    turn = 0;
    CHECK(pthread_create(&threads[0], NULL, waits_in_a_thread, NULL) == 0);
    CHECK(pthread_create(&threads[1], NULL, takes_it_again, NULL) == 0);
    acort_sleep(5 * MILLISECONDS); /* the task waits first */
    stage = 1;
    acort_sleep(20 * MILLISECONDS);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    stage = 2;
    int64_t limit = acort_after(20000 * MILLISECONDS);
    while (!has_had_it) CHECK(acort_now() < limit);
    stage = 3;
    join(task);
    for (int i = 0; i < 2; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    return argument;
}

/* A task that was woken for the mutex leaves without it, cancelled or too late: the next one is woken in its place. */
static int64_t passes;

static void *leaves_in_time(void *is_late) {
    CHECK_FAILS(acort_mutex_lock(&mutex, is_late ? passes : ACORT_NEVER), is_late ? ETIMEDOUT : ECANCELED);
    return NULL;
}

static void *next_is_woken(void *argument) {
    for (int late = 0; late <= 1; late++) {
        acort_mutex_lock(&mutex, ACORT_NEVER);
        acort_task_t *leaver = acort_go(leaves_in_time, POINTER(late)), *waiter = acort_go(takes_its_turn, NULL);
        turn = 0;
        passes = acort_after(2 * MILLISECONDS);
        acort_yield();
        acort_mutex_unlock(&mutex); /* the first one is woken */
        CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
        if (!late) acort_cancel(leaver);
        while (acort_now() < passes) continue;
        acort_sleep(MILLISECONDS); /* and finds the mutex taken */
        acort_mutex_unlock(&mutex);
        join(leaver);
        join(waiter);
        CHECK_EQUAL(turn, 1);
        CHECK_EQUAL(acort_mutex_lock(&mutex, 0), 0);
        acort_mutex_unlock(&mutex);
    }
    return argument;
}

/* A queue with a condition. */
static int items, taken;

static void *takes_items(void *count) {
    for (long i = 0; i < NUMBER(count); i++) {
        CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
        while (items == 0) CHECK_EQUAL(acort_cond_wait(&cond, &mutex, ACORT_NEVER), 0);
        items--;
        taken++;
        CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    }
    return NULL;
}

static void *gives_items(void *count) {
    for (long i = 0; i < NUMBER(count); i++) {
        CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
        items++;
        CHECK_EQUAL(i % 5 == 0 ? acort_cond_broadcast(&cond) : acort_cond_signal(&cond), 0);
        CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
        if (i % 10 == 0 && acort_self() != NULL) acort_yield();
    }
    return NULL;
}

static void *conditions(void *argument) {
    enum { TASKS = 4 };
    acort_task_t *givers[TASKS], *takers[TASKS];
    pthread_t threads[2];
    items = taken = 0;
    for (int i = 0; i < TASKS; i++) {
        takers[i] = go_with(i % 2 ? ACORT_SHARED : 0, takes_items, POINTER(200));
        givers[i] = acort_go(gives_items, POINTER(200));
    }
    CHECK(pthread_create(&threads[0], NULL, gives_items, POINTER(200)) == 0);
    CHECK(pthread_create(&threads[1], NULL, takes_items, POINTER(200)) == 0);
    for (int i = 0; i < TASKS; i++) join(givers[i]), join(takers[i]);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    CHECK(items == 0 && taken == (TASKS + 1) * 200);
    acort_mutex_lock(&mutex, ACORT_NEVER);
    CHECK_FAILS(acort_cond_wait(&cond, &mutex, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0); /* it has it again */
    return argument;
}

static void *is_cancelled_in_a_condition(void *argument) {
    acort_mutex_lock(&mutex, ACORT_NEVER);
    CHECK_FAILS(acort_cond_wait(&cond, &mutex, ACORT_NEVER), ECANCELED);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    return argument;
}

static void *cancelled_conditions(void *argument) {
    acort_task_t *task = acort_go(is_cancelled_in_a_condition, NULL);
    acort_yield();
    acort_mutex_lock(&mutex, ACORT_NEVER);
    acort_cancel(task);
    acort_sleep(MILLISECONDS); /* it waits for the mutex now, cancelled or not */
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    join(task);
    return argument;
}

/* A hook may signal the condition whose waiter hands the mutex over: no lock is held when it is called. */
static acort_task_t *next_owner;

static void signals_back(void *data, acort_task_t *task) {
    (void)data;
    if (task == __atomic_load_n(&next_owner, __ATOMIC_ACQUIRE))
        CHECK_EQUAL(acort_cond_signal(&cond), 0);
}

static void *has_the_mutex_next(void *argument) {
    __atomic_store_n(&next_owner, acort_self(), __ATOMIC_RELEASE);
    CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
    counter++;
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    return argument;
}

/* The caller has the mutex: a task that waits for it. */
static acort_task_t *go_next_owner(void) {
    __atomic_store_n(&next_owner, NULL, __ATOMIC_RELEASE);
    acort_task_t *task = acort_go(has_the_mutex_next, NULL);
    while (__atomic_load_n(&next_owner, __ATOMIC_ACQUIRE) == NULL) acort_sleep(MILLISECONDS);
    acort_sleep(5 * MILLISECONDS);
    return task;
}

/* Another one has had the mutex meanwhile, whatever the wait has come to. */
static void had_it(acort_task_t *task, long before) {
    CHECK_EQUAL(counter, before + 1);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0); /* the caller has it again */
    join(task);
}

static void *hands_over_in_vain(void *moving) {
    acort_cond_t *own = (acort_cond_t *)ON_STACK(sizeof *own);
    memset(own, 0, sizeof *own);
    acort_mutex_lock(&mutex, ACORT_NEVER);
    long before = counter;
    acort_task_t *task = go_next_owner();
    /* Before any effect: the caller has the mutex still. */
    if (moving != NULL) {
        CHECK_FAILS(acort_cond_wait(own, &mutex, ACORT_NEVER), EFAULT);
    } else {
        acort_cancel(acort_self());
        CHECK_FAILS(acort_cond_wait(&cond, &mutex, ACORT_NEVER), ECANCELED);
    }
    CHECK_EQUAL(counter, before);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    acort_cancel_mask(1);
    join(task);
    return NULL;
}

/* In a plain thread. */
static void *hands_over_outside(void *argument) {
    CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
    __atomic_store_n(&inside, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&next_owner, __ATOMIC_ACQUIRE) == NULL) usleep(1000);
    usleep(5000);
    long before = counter;
    CHECK_EQUAL(acort_cond_wait(&cond, &mutex, ACORT_NEVER), 0);
    CHECK_FAILS(acort_cond_wait(&cond, &mutex, 0), ETIMEDOUT);
    CHECK_EQUAL(counter, before + 1);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    return argument;
}

static void *hooks_signal(void *argument) {
    static acort_hooks_t hooks = {.wake = signals_back};
    acort_set_hooks(&hooks);
    acort_mutex_lock(&mutex, ACORT_NEVER);
    long before = counter;
    acort_task_t *task = go_next_owner();
    CHECK_EQUAL(acort_cond_wait(&cond, &mutex, ACORT_NEVER), 0);
    had_it(task, before);
    acort_mutex_lock(&mutex, ACORT_NEVER);
    before = counter;
    task = go_next_owner();
    CHECK_FAILS(acort_cond_wait(&cond, &mutex, 0), ETIMEDOUT);
    had_it(task, before);
    join(acort_go(hands_over_in_vain, NULL));
    join(go_with(ACORT_SHARED, hands_over_in_vain, POINTER(1)));
    pthread_t thread;
    __atomic_store_n(&inside, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&next_owner, NULL, __ATOMIC_RELEASE);
    CHECK(pthread_create(&thread, NULL, hands_over_outside, NULL) == 0);
    while (!__atomic_load_n(&inside, __ATOMIC_ACQUIRE)) acort_sleep(MILLISECONDS);
    __atomic_store_n(&inside, 0, __ATOMIC_RELEASE);
    join(go_next_owner());
    pthread_join(thread, NULL);
    acort_set_hooks(NULL);
    return argument;
}

static void *waits_for_event(void *argument) {
    CHECK_EQUAL(acort_event_wait(&event, ACORT_NEVER), 0);
    __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
    return argument;
}

static void *events(void *argument) {
    enum { TASKS = 6 };
    acort_task_t *tasks[TASKS];
    pthread_t thread;
    counter = 0;
    CHECK_EQUAL(acort_event_reset(&event), 0);
    CHECK_FAILS(acort_event_wait(&event, 0), ETIMEDOUT);
    for (int i = 0; i < TASKS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, waits_for_event, NULL);
    CHECK(pthread_create(&thread, NULL, waits_for_event, NULL) == 0);
    acort_sleep(2 * MILLISECONDS);
    CHECK_EQUAL(counter, 0);
    CHECK_EQUAL(acort_event_set(&event), 0);
    for (int i = 0; i < TASKS; i++) join(tasks[i]);
    pthread_join(thread, NULL);
    CHECK_EQUAL(counter, TASKS + 1);
    CHECK_EQUAL(acort_event_wait(&event, 0), 0);
    return argument;
}

static void *passes_the_gate(void *argument) {
    for (int i = 0; i < 50; i++) {
        CHECK_EQUAL(acort_sem_wait(&sem, ACORT_NEVER), 0);
        CHECK(__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST) <= 3);
        if (acort_self() != NULL) acort_yield();
        __atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
        CHECK_EQUAL(acort_sem_post(&sem), 0);
    }
    return argument;
}

static void *semaphores(void *argument) {
    enum { TASKS = 8 };
    acort_task_t *tasks[TASKS];
    pthread_t thread;
    inside = 0;
    CHECK_EQUAL(acort_sem_init(&sem, 3), 0);
    for (int i = 0; i < TASKS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, passes_the_gate, NULL);
    CHECK(pthread_create(&thread, NULL, passes_the_gate, NULL) == 0);
    for (int i = 0; i < TASKS; i++) join(tasks[i]);
    pthread_join(thread, NULL);
    for (int i = 0; i < 3; i++) CHECK_EQUAL(acort_sem_wait(&sem, 0), 0);
    CHECK_FAILS(acort_sem_wait(&sem, 0), ETIMEDOUT);
    CHECK_FAILS(acort_sem_wait(&sem, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_EQUAL(acort_sem_init(&sem, UINT32_MAX), 0);
    CHECK_FAILS(acort_sem_post(&sem), EOVERFLOW);
    return argument;
}

static void *is_done(void *argument) {
    acort_yield();
    __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
    CHECK_EQUAL(acort_waitgroup_done(&waitgroup), 0);
    return argument;
}

static void *waitgroups(void *argument) {
    counter = 0;
    CHECK_EQUAL(acort_waitgroup_wait(&waitgroup, 0), 0);
    CHECK_EQUAL(acort_waitgroup_add(&waitgroup, 21), 0);
    for (int i = 0; i < 20; i++) go_with(ACORT_DETACHED, is_done, NULL);
    CHECK_FAILS(acort_waitgroup_wait(&waitgroup, 0), ETIMEDOUT);
    CHECK_EQUAL(acort_waitgroup_done(&waitgroup), 0);
    CHECK_EQUAL(acort_waitgroup_wait(&waitgroup, ACORT_NEVER), 0);
    CHECK_EQUAL(counter, 20);
    CHECK_FAILS(acort_waitgroup_done(&waitgroup), EINVAL);
    return argument;
}

static long last_ones;

static void *meets(void *rounds) {
    for (long i = 0; i < NUMBER(rounds); i++) {
        __atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
        int result = acort_barrier_wait(&barrier, ACORT_NEVER);
        CHECK(result == 0 || result == 1);
        __atomic_fetch_add(&last_ones, result, __ATOMIC_SEQ_CST);
        CHECK(__atomic_load_n(&counter, __ATOMIC_SEQ_CST) >= (i + 1) * 5);
    }
    return NULL;
}

static void *barriers(void *argument) {
    acort_task_t *tasks[4];
    pthread_t thread;
    counter = last_ones = 0;
    CHECK_FAILS(acort_barrier_init(&barrier, 0), EINVAL);
    CHECK_EQUAL(acort_barrier_init(&barrier, 5), 0);
    for (int i = 0; i < 4; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, meets, POINTER(100));
    CHECK(pthread_create(&thread, NULL, meets, POINTER(100)) == 0);
    for (int i = 0; i < 4; i++) join(tasks[i]);
    pthread_join(thread, NULL);
    CHECK(counter == 500 && last_ones == 100);
    for (int i = 0; i < 6; i++) CHECK_FAILS(acort_barrier_wait(&barrier, acort_after(1000)), ETIMEDOUT);
    CHECK_EQUAL(acort_barrier_init(&barrier, 1), 0);
    CHECK_EQUAL(acort_barrier_wait(&barrier, 0), 1);
    return argument;
}

/* An object on a stack that moves is refused at once. */
static void *has_objects(void *argument) {
    acort_mutex_t *own = (acort_mutex_t *)ON_STACK(sizeof *own);
    acort_event_t *never = (acort_event_t *)ON_STACK(sizeof *never);
    memset(own, 0, sizeof *own);
    memset(never, 0, sizeof *never);
    CHECK_FAILS(acort_mutex_lock(own, ACORT_NEVER), EFAULT);
    CHECK_FAILS(acort_mutex_unlock(own), EFAULT);
    CHECK_FAILS(acort_event_wait(never, ACORT_NEVER), EFAULT);
    return argument;
}

static acort_event_t *another_ones;

static void *has_an_object(void *argument) {
    another_ones = (acort_event_t *)ON_STACK(sizeof *another_ones);
    memset(another_ones, 0, sizeof *another_ones);
    acort_sleep(20 * MILLISECONDS);
    return argument;
}

static void *objects_do_not_move(void *argument) {
    join(go_with(ACORT_SHARED, has_objects, NULL));
    acort_task_t *task = go_with(ACORT_SHARED, has_an_object, NULL);
    while (another_ones == NULL) acort_yield();
    CHECK_FAILS(acort_event_wait(another_ones, acort_after(MILLISECONDS)), EFAULT);
    join(task);
    return argument;
}

static void refused(void) {
    CHECK_FAILS(acort_mutex_lock(NULL, 0), EINVAL);
    CHECK_FAILS(acort_mutex_unlock(NULL), EINVAL);
    CHECK_FAILS(acort_cond_wait(NULL, &mutex, 0), EINVAL);
    CHECK_FAILS(acort_cond_wait(&cond, NULL, 0), EINVAL);
    CHECK_FAILS(acort_cond_signal(NULL), EINVAL);
    CHECK_FAILS(acort_cond_broadcast(NULL), EINVAL);
    CHECK_FAILS(acort_event_set(NULL), EINVAL);
    CHECK_FAILS(acort_event_reset(NULL), EINVAL);
    CHECK_FAILS(acort_event_wait(NULL, 0), EINVAL);
    CHECK_FAILS(acort_sem_init(NULL, 0), EINVAL);
    CHECK_FAILS(acort_sem_post(NULL), EINVAL);
    CHECK_FAILS(acort_sem_wait(NULL, 0), EINVAL);
    CHECK_FAILS(acort_waitgroup_add(NULL, 1), EINVAL);
    CHECK_FAILS(acort_waitgroup_done(NULL), EINVAL);
    CHECK_FAILS(acort_waitgroup_wait(NULL, 0), EINVAL);
    CHECK_FAILS(acort_barrier_init(NULL, 1), EINVAL);
    CHECK_FAILS(acort_barrier_wait(NULL, 0), EINVAL);
    acort_barrier_t nobodys;
    memset(&nobodys, 0, sizeof nobodys);
    CHECK_FAILS(acort_barrier_wait(&nobodys, ACORT_NEVER), EINVAL);
}

int main(void) {
    alarm(300);
    void *(*tests[])(void *) = {all_count,  conditions, events,        semaphores,
                                waitgroups, barriers,   tries_mutexes, hooks_signal};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        run(tests[i], NULL);
        run_with(3, tests[i], NULL);
    }
    if (IN_ORDER) run(is_fair, NULL);
    if (IN_ORDER) run(cancelled_conditions, NULL);
    run(waits_are_bounded, NULL);
    run(computes_meanwhile, NULL);
    if (IN_ORDER) run(next_is_woken, NULL);
    run(objects_do_not_move, NULL);
    refused();
    return 0;
}
