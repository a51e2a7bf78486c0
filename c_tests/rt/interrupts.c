/* acort_interrupt(): ends one wait of each kind; is pending, masked, taken back; loses to a cancellation; is not lost where
 * the wait has succeeded. */
#include "rt.h"

#include <poll.h>
#include <sys/socket.h>

static acort_chan_t *channel;
static acort_mutex_t mutex;
static acort_cond_t cond;
static acort_event_t event;
static acort_sem_t sem;
static acort_waitgroup_t waitgroup;
static acort_rwlock_t rwlock;
static acort_future_t *future;
static acort_group_t *group;
static acort_task_t *sleeper;
static int pair[2];
static sigset_t signals;

enum { KINDS = 22 };

/* A wait of this kind: nothing ends it. */
static long waits(long kind) {
    char byte = 0;
    acort_case_t cases[] = {{.op = ACORT_RECV, .object = channel, .data = &byte},
                            {.op = ACORT_FD_READ, .fd = pair[0]}};
    struct pollfd polled = {pair[0], POLLIN, 0};
    switch (kind) {
    case 0: return acort_park(ACORT_NEVER);
    case 1: return acort_sleep(3600 * 1000 * MILLISECONDS);
    case 2: return acort_sleep_until(ACORT_NEVER);
    case 3: return acort_chan_recv(channel, &byte, ACORT_NEVER);
    case 4: return acort_mutex_lock(&mutex, ACORT_NEVER);
    case 5: return acort_event_wait(&event, acort_after(3600 * 1000 * MILLISECONDS));
    case 6: return acort_sem_wait(&sem, ACORT_NEVER);
    case 7: return acort_waitgroup_wait(&waitgroup, ACORT_NEVER);
    case 8: return acort_rwlock_wrlock(&rwlock, ACORT_NEVER);
    case 9: return acort_future_wait(future, NULL, ACORT_NEVER);
    case 10: return acort_group_wait(group, ACORT_NEVER);
    case 11: return acort_join(sleeper, NULL, ACORT_NEVER);
    case 12: return acort_select(cases, 1, ACORT_NEVER);
    case 13: return acort_select(cases, 2, ACORT_NEVER);
    case 14: return acort_read(pair[0], &byte, 1, ACORT_NEVER);
    case 15: return acort_read_full(pair[0], &byte, 1, acort_after(3600 * 1000 * MILLISECONDS));
    case 16: return acort_fdwait(pair[0], POLLIN, ACORT_NEVER);
    case 17: return acort_signal_wait(&signals, NULL, ACORT_NEVER);
    case 18: return acort_chan_send(channel, &byte, ACORT_NEVER);
    case 19: return acort_poll(&polled, 1, ACORT_NEVER);
    case 20: return acort_rwlock_rdlock(&rwlock, ACORT_NEVER);
    default: return acort_group_next(group, NULL, ACORT_NEVER) == NULL ? -1 : 0;
    }
}

static const int wait_errors[] = {EINTR, ETIMEDOUT, ECANCELED, EPIPE, EAGAIN, 4095};
static int waiting;

static void *hears(void *kind) {
    for (unsigned i = 0; i < sizeof wait_errors / sizeof *wait_errors; i++) {
        __atomic_store_n(&waiting, 1, __ATOMIC_SEQ_CST);
        CHECK_FAILS(waits(NUMBER(kind)), wait_errors[i]);
        CHECK_EQUAL(acort_cancelled(), 0);
    }
    return NULL;
}

static void *interrupts(void *flags) {
    for (long kind = 0; kind < KINDS; kind++) {
        acort_task_t *task = go_with((uint32_t)NUMBER(flags), hears, POINTER(kind));
        for (unsigned i = 0; i < sizeof wait_errors / sizeof *wait_errors; i++) {
            /* Before the wait or in it: the one wait ends. */
            while (!__atomic_exchange_n(&waiting, 0, __ATOMIC_SEQ_CST)) acort_yield();
            CHECK_EQUAL(acort_interrupt(task, wait_errors[i]), 0);
        }
        join(task);
    }
    return NULL;
}

static void *sleeps_long(void *argument) {
    acort_sleep(3600 * 1000 * MILLISECONDS);
    return argument;
}

static void *waits_for_condition(void *unused) {
    CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
    __atomic_store_n(&waiting, 1, __ATOMIC_SEQ_CST);
    CHECK_FAILS(acort_cond_wait(&cond, &mutex, ACORT_NEVER), EINTR);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0); /* it is locked again */
    return unused;
}

static void *each_kind(void *unused) {
    channel = acort_chan_new(1, 0, 0);
    future = acort_future_new();
    group = acort_group_open();
    CHECK(channel != NULL && future != NULL && group != NULL);
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.group = group;
    CHECK(acort_go_ex(&attributes, sleeps_long, NULL) != NULL);
    sleeper = acort_go(sleeps_long, NULL);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(acort_mutex_lock(&mutex, ACORT_NEVER) == 0 && acort_rwlock_wrlock(&rwlock, ACORT_NEVER) == 0);
    CHECK_EQUAL(acort_waitgroup_add(&waitgroup, 1), 0);
    interrupts(POINTER(0));
    interrupts(POINTER(ACORT_SHARED));
    CHECK(acort_mutex_unlock(&mutex) == 0 && acort_rwlock_unlock(&rwlock) == 0);
    CHECK_EQUAL(acort_waitgroup_done(&waitgroup), 0);
    acort_task_t *task = acort_go(waits_for_condition, NULL);
    while (!__atomic_exchange_n(&waiting, 0, __ATOMIC_SEQ_CST)) acort_yield();
    CHECK_EQUAL(acort_interrupt(task, EINTR), 0);
    join(task);
    acort_cancel(sleeper);
    join(sleeper);
    CHECK_EQUAL(acort_group_close(group), 0);
    acort_future_unref(future);
    acort_chan_unref(channel);
    CHECK(acort_close(pair[0]) == 0 && acort_close(pair[1]) == 0);
    return unused;
}

/* What one task does to itself. */
static void *pending(void *unused) {
    acort_task_t *me = acort_self();
    acort_event_t set = {{0}}, unset = {{0}};
    char byte = 0;
    CHECK_EQUAL(acort_event_set(&set), 0);
    /* It is heard once, on entry, although the call could succeed. */
    CHECK_EQUAL(acort_interrupt(me, EINTR), 0);
    CHECK_FAILS(acort_event_wait(&set, ACORT_NEVER), EINTR);
    CHECK_EQUAL(acort_event_wait(&set, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_interrupt(me, EINTR), 0);
    CHECK_FAILS(acort_yield(), EINTR);
    CHECK_EQUAL(acort_yield(), 0);
    CHECK_EQUAL(acort_interrupt(me, ETIMEDOUT), 0);
    CHECK_FAILS(acort_sleep(1), ETIMEDOUT);
    CHECK_EQUAL(acort_sleep(1), 0);
    /* The last one counts. Calls with deadline 0, and those that never wait, do not hear it. */
    CHECK(acort_interrupt(me, EINTR) == 0 && acort_interrupt(me, EBUSY) == 0);
    CHECK_EQUAL(acort_event_wait(&set, 0), 0);
    CHECK_FAILS(acort_event_wait(&unset, 0), ETIMEDOUT);
    CHECK_EQUAL(acort_event_reset(&set), 0);
    CHECK_FAILS(acort_event_wait(&set, ACORT_NEVER), EBUSY);
    /* Taken back. */
    CHECK_EQUAL(acort_interrupt(me, 0), 0);
    CHECK_EQUAL(acort_interrupt(me, EINTR), 0);
    CHECK_EQUAL(acort_interrupt(me, 0), 1);
    CHECK_EQUAL(acort_interrupt(me, 0), 0);
    CHECK_EQUAL(acort_sleep(1), 0);
    /* Masked: pending until it is unmasked. */
    CHECK_EQUAL(acort_cancel_mask(1), 0);
    CHECK_EQUAL(acort_interrupt(me, EINTR), 0);
    CHECK(acort_sleep(1) == 0 && acort_yield() == 0);
    CHECK_EQUAL(acort_cancel_mask(0), 1);
    CHECK_FAILS(acort_read(-1, &byte, 1, ACORT_NEVER), EINTR);
    CHECK_FAILS(acort_read(-1, &byte, 1, ACORT_NEVER), EBADF);
    /* A token comes before it. */
    CHECK(acort_unpark(me) == 0 && acort_interrupt(me, EINTR) == 0);
    CHECK_FAILS(acort_park(ACORT_NEVER), EINTR);
    CHECK_EQUAL(acort_park(ACORT_NEVER), 0);
    return unused;
}

/* A cancellation wins, whichever comes first. */
static void *cancelled_first(void *is_first) {
    acort_task_t *me = acort_self();
    if (is_first != NULL) CHECK_EQUAL(acort_cancel(me), 0);
    CHECK_EQUAL(acort_interrupt(me, EINTR), 0);
    if (is_first == NULL) CHECK_EQUAL(acort_cancel(me), 0);
    CHECK_EQUAL(acort_interrupt(me, 0), 0);
    CHECK_FAILS(acort_sleep(1), ECANCELED);
    CHECK_FAILS(acort_sleep(1), ECANCELED);
    return NULL;
}

/* The wait has succeeded before the interruption: the value is there, and the next wait ends. */
static void *receives_then_hears(void *unused) {
    long value = 0;
    CHECK_EQUAL(acort_chan_recv(channel, &value, ACORT_NEVER), 0);
    CHECK_EQUAL(value, 42);
    CHECK_FAILS(acort_chan_recv(channel, &value, ACORT_NEVER), EINTR);
    CHECK_EQUAL(acort_chan_recv(channel, &value, ACORT_NEVER), 0);
    return unused;
}

static void *succeeds_first(void *flags) {
    long value = 42;
    channel = acort_chan_new(sizeof value, 0, 0);
    acort_task_t *task = go_with((uint32_t)NUMBER(flags), receives_then_hears, NULL);
    CHECK_EQUAL(acort_chan_send(channel, &value, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_interrupt(task, EINTR), 0);
    CHECK_EQUAL(acort_chan_send(channel, &value, ACORT_NEVER), 0);
    join(task);
    acort_chan_unref(channel);
    return NULL;
}

/* A join that an interruption ends together with its task is a join; the interruption is not lost. */
static acort_task_t *ending;
static int heard, ended;

static void *ends_at_once(void *unused) { return unused; }

static void *joins_and_hears(void *unused) {
    int failed = acort_join(ending, NULL, ACORT_NEVER);
    if (failed != 0) {
        CHECK_EQUAL(errno, EINTR);
        heard++;
        CHECK_EQUAL(acort_join(ending, NULL, ACORT_NEVER), 0);
    }
    __atomic_store_n(&ended, 1, __ATOMIC_SEQ_CST);
    while (acort_sleep_until(ACORT_NEVER) != 0 && errno == EINTR) heard++;
    CHECK_EQUAL(errno, ECANCELED);
    return unused;
}

static void *race(void *rounds) {
    for (long i = 0; i < NUMBER(rounds); i++) {
        acort_attr_t attributes = ACORT_ATTR_INIT;
        heard = ended = 0;
        attributes.worker = 1;
        ending = acort_go_ex(&attributes, ends_at_once, NULL);
        attributes.worker = 0;
        acort_task_t *joiner = acort_go_ex(&attributes, joins_and_hears, NULL);
        acort_yield();
        CHECK_EQUAL(acort_interrupt(joiner, EINTR), 0);
        while (!__atomic_load_n(&ended, __ATOMIC_SEQ_CST)) acort_yield();
        for (int turn = 0; turn < 3; turn++) acort_yield();
        int left = acort_interrupt(joiner, 0);
        CHECK_EQUAL(acort_cancel(joiner), 0);
        join(joiner);
        CHECK_EQUAL(heard + left, 1);
    }
    return NULL;
}

/* From other threads; of tasks that have not begun, or have ended. */
static void *from_a_thread(void *task) {
    CHECK_EQUAL(acort_interrupt(task, ENODATA), 0);
    return NULL;
}

static void *hears_the_thread(void *unused) {
    CHECK_FAILS(acort_park(ACORT_NEVER), ENODATA);
    return unused;
}

static void *states(void *unused) {
    pthread_t thread;
    acort_task_t *task = acort_go(hears_the_thread, NULL);
    CHECK_EQUAL(pthread_create(&thread, NULL, from_a_thread, task), 0);
    join(task);
    pthread_join(thread, NULL);
    task = acort_go(hears_the_thread, NULL);
    CHECK_EQUAL(acort_interrupt(task, ENODATA), 0);
    join(task);
    task = acort_go(ends_at_once, NULL);
    CHECK_FAILS(acort_interrupt(NULL, EINTR), EINVAL);
    CHECK_FAILS(acort_interrupt(acort_self(), -1), EINVAL);
    CHECK_FAILS(acort_interrupt(acort_self(), 4096), EINVAL);
    CHECK_EQUAL(acort_interrupt(task, EINTR), 0);
    CHECK_EQUAL(acort_join(task, NULL, ACORT_NEVER), 0);
    CHECK_FAILS(acort_interrupt(task, EINTR), ESRCH);
    CHECK_FAILS(acort_interrupt(task, 0), ESRCH);
    return unused;
}

/* Interrupted, and made ready before the task runs again: the call fails, whatever its errno means elsewhere, and the next
 * one finds what has come. */
static int late_error;

static void *hears_late(void *kind) {
    __atomic_store_n(&waiting, 1, __ATOMIC_SEQ_CST);
    CHECK_FAILS(waits(NUMBER(kind)), late_error);
    CHECK_EQUAL(acort_interrupt(acort_self(), 0), 0);
    CHECK(waits(NUMBER(kind)) >= 0);
    if (NUMBER(kind) == 4) CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    if (NUMBER(kind) == 8 || NUMBER(kind) == 20) CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    return NULL;
}

static void make_ready(long kind, acort_task_t *task) {
    char byte = 0;
    switch (kind) {
    case 0: CHECK_EQUAL(acort_unpark(task), 0); break;
    case 4: CHECK_EQUAL(acort_mutex_unlock(&mutex), 0); break;
    case 5: CHECK_EQUAL(acort_event_set(&event), 0); break;
    case 6: CHECK_EQUAL(acort_sem_post(&sem), 0); break;
    case 7: CHECK_EQUAL(acort_waitgroup_done(&waitgroup), 0); break;
    case 8:
    case 20: CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0); break;
    case 9: CHECK_EQUAL(acort_future_set(future, NULL), 0); break;
    case 10:
    case 21: CHECK_EQUAL(acort_unpark(sleeper), 0); break;
    case 3:
    case 12: CHECK_EQUAL(acort_chan_send(channel, &byte, 0), 0); break;
    case 17: CHECK_EQUAL(kill(getpid(), SIGUSR1), 0); break;
    case 18: CHECK_EQUAL(acort_chan_recv(channel, &byte, 0), 0); break;
    default: CHECK_EQUAL(write(pair[1], &byte, 1), 1);
    }
}

static void *parks(void *unused) {
    CHECK_EQUAL(acort_park(ACORT_NEVER), 0);
    return unused;
}

static void late_round(long kind, uint32_t flags) {
    char byte = 0;
    acort_attr_t attributes = ACORT_ATTR_INIT;
    channel = acort_chan_new(1, 1, 0);
    future = acort_future_new();
    group = acort_group_open();
    CHECK(channel != NULL && future != NULL && group != NULL);
    attributes.group = group;
    CHECK((sleeper = acort_go_ex(&attributes, parks, NULL)) != NULL);
    if (kind == 18) CHECK_EQUAL(acort_chan_send(channel, &byte, 0), 0);
    if (kind == 4) CHECK_EQUAL(acort_mutex_lock(&mutex, 0), 0);
    if (kind == 8 || kind == 20) CHECK_EQUAL(acort_rwlock_wrlock(&rwlock, 0), 0);
    if (kind == 7) CHECK_EQUAL(acort_waitgroup_add(&waitgroup, 1), 0);
    acort_task_t *task = go_with(flags, hears_late, POINTER(kind));
    while (!__atomic_exchange_n(&waiting, 0, __ATOMIC_SEQ_CST)) acort_yield();
    CHECK_EQUAL(acort_interrupt(task, late_error), 0);
    make_ready(kind, task);
    join(task);
    if (kind != 10 && kind != 21) CHECK_EQUAL(acort_unpark(sleeper), 0);
    CHECK_EQUAL(acort_event_reset(&event), 0);
    while (recv(pair[0], &byte, 1, MSG_DONTWAIT) == 1) {
    }
    CHECK_EQUAL(acort_group_wait(group, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_group_close(group), 0);
    acort_future_unref(future);
    acort_chan_unref(channel);
}

static void *made_ready(void *flags) {
    static const int errors[] = {ETIMEDOUT, EAGAIN, EPIPE, ECANCELED};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++) {
        late_error = errors[i];
        for (long kind = 0; kind < KINDS; kind++) {
            int is_sleep = kind == 1 || kind == 2, is_join = kind == 11;
            if (!is_sleep && !is_join) late_round(kind, (uint32_t)NUMBER(flags));
        }
    }
    CHECK(acort_close(pair[0]) == 0 && acort_close(pair[1]) == 0);
    return NULL;
}

/* The joined task ends before the joiner runs again: the join succeeds, and the interruption stays pending. */
static void *joins_late(void *unused) {
    __atomic_store_n(&waiting, 1, __ATOMIC_SEQ_CST);
    CHECK_EQUAL(acort_join(sleeper, NULL, ACORT_NEVER), 0);
    CHECK_FAILS(acort_sleep(1), late_error);
    return unused;
}

static void *ended_first(void *unused) {
    static const int errors[] = {ETIMEDOUT, EAGAIN, EPIPE, ECANCELED};
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++) {
        late_error = errors[i];
        sleeper = acort_go(parks, NULL);
        acort_task_t *task = acort_go(joins_late, NULL);
        while (!__atomic_exchange_n(&waiting, 0, __ATOMIC_SEQ_CST)) acort_yield();
        CHECK_EQUAL(acort_unpark(sleeper), 0);
        CHECK_EQUAL(acort_interrupt(task, late_error), 0);
        join(task);
    }
    return unused;
}

int main(void) {
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &signals, NULL), 0);
    run(each_kind, NULL);
    run_with(2, each_kind, NULL);
    run(pending, NULL);
    run(made_ready, POINTER(0));
    run(made_ready, POINTER(ACORT_SHARED));
    run(cancelled_first, NULL);
    run(cancelled_first, &mutex);
    run(states, NULL);
    run_with(2, states, NULL);
    if (IN_ORDER) {
        run(succeeds_first, NULL);
        run(succeeds_first, POINTER(ACORT_SHARED));
        run(ended_first, NULL);
    }
    run_with(2, race, POINTER(300));
    return 0;
}
