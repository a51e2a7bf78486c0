/* A task whose calls never have to wait gives way from time to time: its neighbours run, deadlines are seen, and
 * cancellation. It does not where it must not: with deadline 0, in coroutines that it has resumed, on the stack of
 * its worker, in hooks, while it has a mutex, and where it was told not to. */
#include "rt.h"

#include <aco_ext.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2], file;
static acort_chan_t *channel;
static acort_mutex_t mutex;
static acort_rwlock_t rwlock;
static acort_sem_t sem;
static acort_event_t event;
static acort_future_t *future;
static acort_waitgroup_t waitgroup;
static acort_once_t once;
static char block[1 << 16];

static void *nothing(void *argument) { return argument; }
static void no_effect(void *argument) { (void)argument; }

/* What needs no waiting, each several times over. 0: there is no such kind. */
static int one_of(int kind, int64_t until) {
    char bytes[64] = {0};
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    acort_case_t cases[2];
    acort_chan_t *local;
    switch (kind) {
    case 0:
        CHECK_EQUAL(acort_write(ends[0], bytes, 1, until), 1);
        CHECK_EQUAL(acort_read(ends[1], bytes, 1, until), 1);
        return 1;
    case 1:
        CHECK_EQUAL(acort_sendto(ends[0], bytes, 1, 0, NULL, 0, until), 1);
        CHECK_EQUAL(acort_recvfrom(ends[1], bytes, 64, 0, (struct sockaddr *)&from, &length, until), 1);
        return 1;
    case 2:
        CHECK_EQUAL(acort_chan_send(channel, bytes, until), 0);
        CHECK_EQUAL(acort_chan_recv(channel, bytes, until), 0);
        return 1;
    case 3:
        local = acort_chan_new(4, 4, ACORT_LOCAL); /* of this worker */
        CHECK_EQUAL(acort_chan_send(local, bytes, until), 0);
        CHECK_EQUAL(acort_chan_recv(local, bytes, until), 0);
        acort_chan_unref(local);
        return 1;
    case 4:
        CHECK_EQUAL(acort_mutex_lock(&mutex, until), 0);
        CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
        return 1;
    case 5:
        CHECK_EQUAL(acort_rwlock_rdlock(&rwlock, until), 0);
        CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
        return 1;
    case 6:
        CHECK_EQUAL(acort_rwlock_wrlock(&rwlock, until), 0);
        CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
        return 1;
    case 7:
        CHECK_EQUAL(acort_sem_post(&sem), 0);
        CHECK_EQUAL(acort_sem_wait(&sem, until), 0);
        return 1;
    case 8: CHECK_EQUAL(acort_event_wait(&event, until), 0); return 1;
    case 9: CHECK_EQUAL(acort_future_wait(future, NULL, until), 0); return 1;
    case 10: CHECK_EQUAL(acort_waitgroup_wait(&waitgroup, until), 0); return 1;
    case 11: CHECK_EQUAL(acort_once(&once, no_effect, NULL, until), 0); return 1;
    case 12:
        memset(cases, 0, sizeof cases);
        cases[0].op = ACORT_EVENT, cases[0].object = &event;
        cases[1].op = ACORT_FD_WRITE, cases[1].fd = ends[0];
        CHECK(acort_select(cases, 2, until) >= 0);
        return 1;
    case 13: CHECK_EQUAL(acort_fdwait(ends[0], POLLOUT, until), POLLOUT); return 1;
    case 14:
        acort_unpark(acort_self());
        CHECK_EQUAL(acort_park(until), 0);
        return 1;
    case 15: CHECK_EQUAL(acort_pread(file, bytes, 8, 0, until), 8); return 1;
    case 16:
        CHECK_EQUAL(acort_write_all(ends[0], block, sizeof block, until), sizeof block);
        CHECK_EQUAL(acort_read_full(ends[1], block, sizeof block, until), sizeof block);
        return 1;
    case 17: CHECK_EQUAL(acort_sleep_until(1), 0); return 1;
    case 18: join(acort_go(nothing, NULL)); return 1;
    default: return 0;
    }
}

static void make_all(void) {
    int big = 1 << 20;
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
    setsockopt(ends[1], SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
    CHECK((file = open("/proc/self/exe", O_RDONLY)) >= 0);
    channel = acort_chan_new(4, 4, 0);
    acort_event_set(&event);
    future = acort_future_new();
    acort_future_set(future, NULL);
}

static void free_all(void) {
    acort_close(ends[0]), acort_close(ends[1]), acort_close(file);
    acort_chan_unref(channel);
    acort_future_unref(future);
    memset(&once, 0, sizeof once);
}

/* ---- neighbours ---------------------------------------------------------------------------- */

static atomic_long ticks;
static atomic_int is_over;

static void *ticker(void *argument) {
    while (!is_over) {
        acort_sleep(MILLISECONDS);
        ticks++;
    }
    return argument;
}

static atomic_int hogged;

/* Until the neighbour has had its time, or far too much has gone by without. */
static void *hogs(void *kind) {
    int64_t limit = acort_after(20000 * MILLISECONDS);
    long before = ticks;
    while (ticks < before + 5) {
        for (int i = 0; i < 100; i++) CHECK(one_of((int)NUMBER(kind), ACORT_NEVER));
        CHECK(acort_now() < limit);
    }
    hogged++;
    return NULL;
}

static void *neighbours_run(void *flags) {
    make_all();
    is_over = 0;
    acort_task_t *neighbour = acort_go(ticker, NULL);
    int kinds = 0;
    for (int kind = 0; kind <= 18; kind++, kinds++) {
        join(go_with((uint32_t)NUMBER(flags), hogs, POINTER(kind)));
    }
    CHECK_EQUAL(kinds, 19);
    is_over = 1;
    join(neighbour);
    free_all();
    return NULL;
}

/* Many hogs at once. */
static void *in_a_crowd(void *argument) {
    make_all();
    is_over = 0;
    acort_task_t *neighbour = acort_go(ticker, NULL), *crowd[200];
    for (int i = 0; i < 200; i++) crowd[i] = acort_go(hogs, POINTER(i % 2 ? 8 : 4));
    for (int i = 0; i < 200; i++) join(crowd[i]);
    is_over = 1;
    join(neighbour);
    free_all();
    return argument;
}

/* Each starts the next one before the others. */
static void *starts_the_next(void *argument) {
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    attributes.flags = ACORT_NEXT | ACORT_DETACHED;
    if (!is_over) CHECK(acort_go_ex(&attributes, starts_the_next, argument) != NULL);
    return argument;
}

static void *the_next_ones(void *argument) {
    is_over = 0;
    ticks = 0;
    acort_task_t *neighbour = acort_go(ticker, NULL);
    acort_detach(acort_go(starts_the_next, NULL));
    for (int i = 0; ticks < 5; i++) acort_yield();
    is_over = 1;
    join(neighbour);
    return argument;
}

/* One call that moves much, by a peer in another thread that is always ready. */
static void *feeds(void *fd) {
    static char more[1 << 16];
    while (write((int)NUMBER(fd), more, sizeof more) > 0) {
    }
    return NULL;
}

static void *in_one_call(void *argument) {
    pthread_t peer;
    int pair[2];
    enum { MUCH = 64 << 20 };
    char *place = malloc(1 << 20);
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    CHECK(pthread_create(&peer, NULL, feeds, POINTER(pair[0])) == 0);
    is_over = 0;
    acort_task_t *neighbour = acort_go(ticker, NULL);
    acort_sleep(5 * MILLISECONDS);
    ticks = 0;
    acort_stats_t before, after;
    acort_stats(&before, sizeof before);
    /* While the peer has no processor, the call waits for it, and is not forced to yield: then once more. */
    int rounds = 0;
    do {
        for (long done = 0; done < MUCH; done += 1 << 20) {
            CHECK_EQUAL(acort_read_full(pair[1], place, 1 << 20, ACORT_NEVER), 1 << 20);
        }
        acort_stats(&after, sizeof after);
        CHECK(ticks > 0 && ++rounds < 100);
    } while (after.forced == before.forced);
    is_over = 1;
    join(neighbour);
    acort_close(pair[1]);
    pthread_join(peer, NULL);
    close(pair[0]);
    free(place);
    return argument;
}

static void *is_cancelled(void *argument) {
    while (acort_event_wait(&event, ACORT_NEVER) == 0) {
    }
    CHECK_EQUAL(errno, ECANCELED);
    return argument;
}

static void *cancels(void *argument) {
    make_all();
    acort_task_t *task = acort_go(is_cancelled, NULL);
    acort_sleep(MILLISECONDS);
    acort_cancel(task);
    join(task);
    free_all();
    return argument;
}

/* ---- where it does not --------------------------------------------------------------------- */

static uint64_t forced(void) {
    acort_stats_t stats;
    CHECK_EQUAL(acort_stats(&stats, sizeof stats), 0);
    return stats.forced;
}

enum { MANY = 5000 };

static void *many(void *deadline) {
    for (int i = 0; i < MANY; i++) one_of(8, NUMBER(deadline));
    return NULL;
}

static void many_in_a_coroutine(void) {
    many(POINTER(ACORT_NEVER));
    aco_exit();
}

static uint64_t before_hook, after_hook;

static void in_a_hook(void *user, acort_task_t *task) {
    (void)user, (void)task;
    before_hook = forced();
    many(POINTER(ACORT_NEVER));
    after_hook = forced();
}

static void *parks(void *argument) {
    CHECK_EQUAL(acort_park(ACORT_NEVER), 0);
    return argument;
}

static void *stays(void *argument) {
    make_all();
    uint64_t before = forced();
    many(0); /* which is no call that may wait */
    CHECK_EQUAL(forced(), before);
    one_of(8, ACORT_NEVER); /* it pays now */
    CHECK_EQUAL(forced(), before + 1);

    acort_mutex_lock(&mutex, ACORT_NEVER);
    acort_rwlock_rdlock(&rwlock, ACORT_NEVER);
    before = forced();
    many(POINTER(ACORT_NEVER));
    acort_mutex_unlock(&mutex);
    many(POINTER(ACORT_NEVER));
    CHECK_EQUAL(forced(), before);
    acort_rwlock_unlock(&rwlock);
    one_of(8, ACORT_NEVER);
    CHECK_EQUAL(forced(), before + 1);
    /* More than are counted: once all are free the task gives way again. */
    static acort_mutex_t mutexes[140];
    for (int count = 120; count <= 140; count++) {
        for (int i = 0; i < count; i++) CHECK_EQUAL(acort_mutex_lock(&mutexes[i], ACORT_NEVER), 0);
        CHECK_EQUAL(acort_rwlock_rdlock(&rwlock, ACORT_NEVER), 0);
        CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
        for (int i = 0; i < count; i++) CHECK_EQUAL(acort_mutex_unlock(&mutexes[i]), 0);
    }
    many(POINTER(ACORT_NEVER));
    CHECK(forced() > before + MANY / 100);

    static const acort_hooks_t hooks = {.wake = in_a_hook};
    acort_task_t *parked = acort_go(parks, NULL);
    acort_yield();
    acort_set_hooks(&hooks);
    acort_unpark(parked); /* the hook runs in this task */
    acort_set_hooks(NULL);
    CHECK(before_hook == after_hook && before_hook > 0);
    join(parked);

    before = forced();
    join(go_with(ACORT_UNCONSTRAINED, many, POINTER(ACORT_NEVER)));
    CHECK_EQUAL(forced(), before);
    free_all();
    return argument;
}

/* A coroutine of the task's own: it would have to be left in the middle. */
static void *in_a_coroutine(void *argument) {
    make_all();
    acort_yield();
    uint64_t before = forced();
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(aco_co(), stack, 0, many_in_a_coroutine, NULL);
    aco_resume(co);
    CHECK(co->is_end);
    CHECK_EQUAL(forced(), before);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    free_all();
    return argument;
}

/* On the stack of the worker: the task must not switch there. The debt is paid on its own stack. */
static void *on_the_resumer(void *argument) {
    make_all();
    acort_yield();
    uint64_t before = forced();
    CHECK(aco_on_resumer(many, POINTER(ACORT_NEVER)) == NULL);
    CHECK_EQUAL(forced(), before);
    one_of(8, ACORT_NEVER);
    CHECK_EQUAL(forced(), before + 1);
    free_all();
    return argument;
}
static void *on_the_resumer_from_both(void *argument) {
    join(go_with(0, on_the_resumer, NULL));
    join(go_with(ACORT_SHARED, on_the_resumer, NULL));
    return argument;
}

/* ---- another loop -------------------------------------------------------------------------- */

static long calls;

static void *calls_for_ever(void *argument) {
    while (acort_event_wait(&event, ACORT_NEVER) == 0) calls++;
    return argument;
}

static void steps_end(void) {
    acort_opts_t options;
    acort_opts_init(&options, sizeof options);
    options.flags = ACORT_LOOP;
    acort_t *runtime = acort_new(&options);
    acort_event_set(&event);
    acort_task_t *task = acort_loop_go(runtime, calls_for_ever, NULL);
    for (int i = 0; i < 10; i++) {
        long before = calls;
        CHECK_EQUAL(acort_loop_step(runtime, 0), 1);
        CHECK(calls - before < 20000);
    }
    CHECK(calls > 0);
    acort_cancel(task);
    while (acort_loop_step(runtime, ACORT_NEVER) == 1) {
    }
    acort_detach(task);
    CHECK_EQUAL(acort_free(runtime), 0);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    run(neighbours_run, NULL);
    run(neighbours_run, POINTER(ACORT_SHARED));
    run_with(3, neighbours_run, NULL);
    run(in_a_crowd, NULL);
    run(the_next_ones, NULL);
    run(in_one_call, NULL);
    run(cancels, NULL);
    if (IN_ORDER) {
        run(stays, NULL);
        run(in_a_coroutine, NULL);
        run(on_the_resumer_from_both, NULL);
    }
    steps_end();
    return 0;
}
