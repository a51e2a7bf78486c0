/* acort_select() with no cases, disabled ones, timers, semaphores, waitgroups, groups and mutexes: each does what the
 * call for that object does, once, whatever else comes at the same time. */
#include "rt.h"

#include <stdatomic.h>
#include <sched.h>

#define CASE_OF(...) ((acort_case_t){__VA_ARGS__})
#define HOUR (3600 * 1000 * MILLISECONDS)

/* Memory for cases and times: on the caller's stack, or elsewhere. */
static int with_memory(int on_stack, int (*body)(acort_case_t *cases, int64_t *times)) {
    if (on_stack) return body(ON_STACK(8 * sizeof(acort_case_t)), ON_STACK(8 * sizeof(int64_t)));
    acort_case_t *cases = calloc(8, sizeof *cases);
    int64_t *times = calloc(8, sizeof *times);
    int result = body(cases, times);
    free(cases), free(times);
    return result;
}

/* ---- no cases, disabled cases --------------------------------------------------------------------- */

static int no_case(acort_case_t *cases, int64_t *times) {
    int value = 0;
    (void)times;
    CHECK_FAILS(acort_select(NULL, 0, 0), ETIMEDOUT);
    CHECK_FAILS(acort_select(NULL, 0, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_FAILS(acort_select_ordered(cases, 0, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_FAILS(acort_select(NULL, 1, 0), EINVAL);
    CHECK_FAILS(acort_select(cases, -1, 0), EINVAL);
    CHECK_FAILS(acort_select(NULL, 0, -2), EINVAL);
    CHECK_FAILS(acort_select(cases, 1025, 0), EINVAL);
    acort_chan_t *channel = acort_chan_new(sizeof value, 1, 0);
    cases[0] = CASE_OF(.op = 0, .object = channel, .data = &value, .fd = -1);
    cases[1] = CASE_OF(.op = ACORT_RECV, .data = &value);
    cases[2] = CASE_OF(.op = ACORT_SEND);
    cases[3] = CASE_OF(.op = 0);
    CHECK_FAILS(acort_select(cases, 4, 0), ETIMEDOUT);
    CHECK_FAILS(acort_select(cases, 4, acort_after(MILLISECONDS)), ETIMEDOUT);
    cases[4] = CASE_OF(.op = ACORT_SEND, .object = channel, .data = &value);
    for (int i = 0; i < 50; i++) {
        CHECK_EQUAL(acort_select(cases, 5, ACORT_NEVER), 4);
        CHECK_EQUAL(acort_chan_recv(channel, &value, 0), 0);
    }
    cases[4].data = NULL;
    CHECK_FAILS(acort_select(cases, 5, 0), EINVAL);
    acort_chan_unref(channel);
    static const int with_object[] = {ACORT_TASK, ACORT_EVENT, ACORT_FUTURE, ACORT_SEM, ACORT_WAITGROUP,
                                      ACORT_GROUP, ACORT_MUTEX, 99, -1};
    for (size_t i = 0; i < sizeof with_object / sizeof *with_object; i++) {
        cases[0] = CASE_OF(.op = with_object[i]);
        CHECK_FAILS(acort_select(cases, 1, 0), EINVAL);
    }
    return 0;
}

static void *no_cases(void *unused) {
    for (int on_stack = 0; on_stack < 2; on_stack++) with_memory(on_stack, no_case);
    return unused;
}

static void *waits_for_nothing(void *disabled) {
    acort_case_t cases[2] = {{.op = 0}, {.op = ACORT_RECV}};
    CHECK_FAILS(acort_select(cases, disabled != NULL ? 2 : 0, ACORT_NEVER), ECANCELED);
    return NULL;
}

static void *are_cancelled(void *unused) {
    for (int i = 0; i < 4; i++) {
        acort_task_t *task = go_with(i & 1 ? ACORT_SHARED : 0, waits_for_nothing, POINTER(i & 2));
        for (int k = 0; k < 2; k++) acort_yield();
        CHECK_EQUAL(acort_cancel(task), 0);
        join(task);
    }
    return unused;
}

/* No task can ever run again: the report, and cancellation. */
static void deadlock(void) {
    CHECK_FAILS(acort_run(waits_for_nothing, NULL, NULL), EDEADLK);
}

static void is_reported(void) {
    char text[4096];
    if (HAS_FOREIGN_THREADS) return;
    CHECK_EQUAL(run_in_child(deadlock, text, sizeof text), 0);
    CHECK(strstr(text, "deadlock: nothing can wake any task") != NULL);
    CHECK(strstr(text, "waits for one of several") != NULL);
}

/* ---- timers --------------------------------------------------------------------------------------- */

static int time_comes(acort_case_t *cases, int64_t *times) {
    int value = 0;
    acort_chan_t *channel = acort_chan_new(sizeof value, 1, 0);
    for (int i = 0; i < 4; i++) cases[i] = CASE_OF(.op = ACORT_TIMER, .data = &times[i]);
    /* the nearest one, wherever it is */
    for (int nearest = 0; nearest < 4; nearest++) {
        for (int i = 0; i < 4; i++) times[i] = acort_after(HOUR);
        times[(nearest + 1) % 4] = ACORT_NEVER;
        times[nearest] = acort_after(2 * MILLISECONDS);
        CHECK_EQUAL(acort_select(cases, 4, ACORT_NEVER), nearest);
        CHECK(acort_now() >= times[nearest]);
        CHECK_EQUAL(acort_select_ordered(cases, 4, 0), nearest);
        CHECK_EQUAL(acort_select(cases, 4, 1), nearest);
        /* the same time: the timer */
        int64_t deadline = times[nearest] = acort_after(2 * MILLISECONDS);
        CHECK_EQUAL(acort_select(cases, 4, deadline), nearest);
        /* the deadline is before the timer */
        times[nearest] = acort_after(HOUR);
        CHECK_FAILS(acort_select(cases, 4, acort_after(MILLISECONDS)), ETIMEDOUT);
        CHECK_FAILS(acort_select(cases, 4, 0), ETIMEDOUT);
    }
    /* beside a channel: not while the time is to come */
    times[0] = acort_after(HOUR);
    cases[1] = CASE_OF(.op = ACORT_SEND, .object = channel, .data = &value);
    CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 1);
    times[0] = 0;
    CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 0);
    times[0] = ACORT_NEVER;
    CHECK_FAILS(acort_select(cases, 2, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_FAILS(acort_select(cases, 1, acort_after(MILLISECONDS)), ETIMEDOUT);
    times[0] = -2;
    CHECK_FAILS(acort_select(cases, 2, 0), EINVAL);
    times[0] = INT64_MIN;
    CHECK_FAILS(acort_select(cases, 2, 0), EINVAL);
    cases[0].data = NULL;
    CHECK_FAILS(acort_select(cases, 2, 0), EINVAL);
    cases[0].object = channel;
    CHECK_FAILS(acort_select(cases, 2, 0), EINVAL);
    acort_chan_unref(channel);
    return 0;
}

static void *timers(void *unused) {
    for (int on_stack = 0; on_stack < 2; on_stack++) with_memory(on_stack, time_comes);
    return unused;
}

/* A tick every so often, until a value comes: the timer is set again, the case is not. */
static acort_chan_t *values;

static void *ticks(void *unused) {
    int value = 0, count = 0, chosen;
    int64_t tick = acort_after(MILLISECONDS / 2);
    acort_case_t cases[2] = {{.op = ACORT_TIMER, .data = &tick}, {.op = ACORT_RECV, .object = values, .data = &value}};
    while ((chosen = acort_select(cases, 2, ACORT_NEVER)) == 0) {
        tick = acort_after(MILLISECONDS / 2);
        count++;
        if (count == 3) acort_unpark(unused);
    }
    CHECK_EQUAL(chosen, 1);
    CHECK_EQUAL(value, 7);
    CHECK(count >= 3);
    return NULL;
}

static void *ticks_until(void *unused) {
    int value = 7;
    values = acort_chan_new(sizeof value, 0, 0);
    for (int i = 0; i < 2; i++) {
        acort_task_t *task = go_with(i ? ACORT_SHARED : 0, ticks, acort_self());
        CHECK_EQUAL(acort_park(ACORT_NEVER), 0);
        CHECK_EQUAL(acort_chan_send(values, &value, ACORT_NEVER), 0);
        join(task);
    }
    acort_chan_unref(values);
    return unused;
}

/* ---- semaphores, waitgroups ------------------------------------------------------------------------ */

enum { TAKERS = 4, ROUNDS = 400 };
static acort_sem_t sems[2];
static atomic_int taken[2], ends_soon;

static int64_t soon(uint64_t *random) { return acort_after((int64_t)(random_next(random) % 30) * 1000); }

/* Takes units of both, by selects and by calls, with deadlines that pass at any moment. */
static void *takes(void *seed) {
    uint64_t random = (uint64_t)NUMBER(seed) + 1;
    acort_case_t cases[2] = {{.op = ACORT_SEM, .object = &sems[0]}, {.op = ACORT_SEM, .object = &sems[1]}};
    for (;;) {
        int is_last = ends_soon;
        int at = random_next(&random) % 4 == 0 && !is_last ? acort_sem_wait(&sems[0], soon(&random))
                                                           : acort_select(cases, 2, soon(&random));
        if (at >= 0) atomic_fetch_add(&taken[at], 1);
        else CHECK_EQUAL(errno, ETIMEDOUT);
        if (at < 0 && is_last) return NULL;
    }
}

static void *posts(void *unused) {
    acort_task_t *tasks[TAKERS];
    pthread_t thread;
    ends_soon = taken[0] = taken[1] = 0;
    for (int i = 0; i < TAKERS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, takes, POINTER(i));
    CHECK(pthread_create(&thread, NULL, takes, POINTER(TAKERS)) == 0);
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQUAL(acort_sem_post(&sems[i % 2]), 0);
        if (i % 8 == 0) acort_yield();
    }
    ends_soon = 1;
    for (int i = 0; i < TAKERS; i++) join(tasks[i]);
    CHECK(pthread_join(thread, NULL) == 0);
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(taken[i], ROUNDS / 2);
        CHECK_FAILS(acort_sem_wait(&sems[i], 0), ETIMEDOUT);
    }
    return unused;
}

static int some_are_ready(acort_case_t *cases, int64_t *times) {
    (void)times;
    acort_waitgroup_t *none = calloc(1, sizeof *none);
    acort_sem_t *sem = calloc(1, sizeof *sem);
    CHECK_EQUAL(acort_waitgroup_add(none, 1), 0);
    cases[0] = CASE_OF(.op = ACORT_WAITGROUP, .object = none);
    cases[1] = CASE_OF(.op = ACORT_SEM, .object = sem);
    CHECK_FAILS(acort_select(cases, 2, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_EQUAL(acort_sem_post(sem), 0);
    CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 1);
    CHECK_FAILS(acort_select(cases, 2, 0), ETIMEDOUT);
    CHECK_EQUAL(acort_waitgroup_done(none), 0);
    for (int i = 0; i < 3; i++) CHECK_EQUAL(acort_select(cases, 2, 0), 0);
    free(none), free(sem);
    return 0;
}

static void *sems_and_waitgroups(void *unused) {
    for (int on_stack = 0; on_stack < 2; on_stack++) with_memory(on_stack, some_are_ready);
    return unused;
}

static void *is_done(void *waitgroup) {
    acort_yield();
    CHECK_EQUAL(acort_waitgroup_done(waitgroup), 0);
    return NULL;
}

/* The one that waits frees it. */
static void *waitgroup_is_freed(void *unused) {
    for (int i = 0; i < 50; i++) {
        acort_waitgroup_t *waitgroup = calloc(1, sizeof *waitgroup);
        acort_event_t *event = calloc(1, sizeof *event);
        CHECK_EQUAL(acort_waitgroup_add(waitgroup, 2), 0);
        acort_task_t *one = acort_go(is_done, waitgroup), *other = go_with(ACORT_SHARED, is_done, waitgroup);
        acort_case_t cases[2] = {{.op = ACORT_EVENT, .object = event}, {.op = ACORT_WAITGROUP, .object = waitgroup}};
        CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 1);
        free(waitgroup), free(event);
        join(one), join(other);
    }
    return unused;
}

/* An object on a shared stack is refused, and its timer is not. */
static void *is_on_a_shared_stack(void *unused) {
    static const int kinds[] = {ACORT_SEM, ACORT_WAITGROUP, ACORT_MUTEX, ACORT_EVENT};
    void *object = memset(ON_STACK(64), 0, 64);
    for (int i = 0; i < 4; i++) {
        acort_case_t one = CASE_OF(.op = kinds[i], .object = object);
        CHECK_FAILS(acort_select(&one, 1, 0), EFAULT);
    }
    return unused;
}

/* ---- groups --------------------------------------------------------------------------------------- */

static acort_group_t *outer;

static void *yields(void *times) {
    for (long i = 0; i < NUMBER(times); i++) acort_yield();
    return NULL;
}

static void *is_member(void *unused) {
    acort_case_t one = CASE_OF(.op = ACORT_GROUP, .object = outer);
    CHECK_FAILS(acort_select(&one, 1, ACORT_NEVER), EDEADLK);
    CHECK_EQUAL(acort_group_fail(NULL, EPROTO), 0);
    return unused;
}

static void *groups(void *unused) {
    acort_event_t *never = calloc(1, sizeof *never);
    acort_case_t *cases = calloc(2, sizeof *cases);
    cases[0] = CASE_OF(.op = ACORT_EVENT, .object = never);
    for (int i = 0; i < 100; i++) {
        outer = acort_group_open();
        cases[1] = CASE_OF(.op = ACORT_GROUP, .object = outer);
        CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 1);
        for (int k = 0; k < 3; k++) go_in(outer, k % 2 ? ACORT_SHARED : 0, yields, POINTER(k + i % 3));
        CHECK(acort_select(cases, 2, 0) == 1 || errno == ETIMEDOUT); /* other workers may run them */
        CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 1);
        CHECK_EQUAL(acort_group_wait(outer, 0), 0);
        go_in(outer, ACORT_DETACHED, is_member, NULL);
        CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 1);
        CHECK_EQUAL(cases[1].error, 0);
        CHECK_FAILS(acort_group_wait(outer, 0), EPROTO);
        CHECK_EQUAL(acort_group_close(outer), 0);
    }
    free(cases), free(never);
    return unused;
}

/* The end of a task, the end of its group, and calls on channels that take memory under a lock: all at once. */
static void *ends_of_both(void *unused) {
    enum { SEVERAL = 4 };
    int *value = calloc(1, sizeof *value);
    acort_case_t *cases = calloc(2 * SEVERAL, sizeof *cases);
    for (int i = 0; i < 200; i++) {
        acort_group_t *all[SEVERAL];
        acort_task_t *tasks[SEVERAL];
        for (int k = 0; k < SEVERAL; k++) {
            all[k] = acort_group_open();
            tasks[k] = go_in(all[k], k % 2 ? ACORT_SHARED : 0, yields, POINTER(k % 3));
            cases[k] = CASE_OF(.op = ACORT_GROUP, .object = all[k]);
            cases[2 * SEVERAL - 1 - k] = CASE_OF(.op = ACORT_TASK, .object = tasks[k]);
        }
        CHECK(acort_select(cases, 2 * SEVERAL, ACORT_NEVER) >= 0);
        for (int k = 0; k < SEVERAL; k++) join(tasks[k]);
        for (int k = 0; k < SEVERAL; k++) CHECK_EQUAL(acort_group_close(all[k]), 0);
    }
    free(cases), free(value);
    return unused;
}

/* ---- mutexes -------------------------------------------------------------------------------------- */

static acort_mutex_t mutexes[2];
static long counts[2], total;

/* Locks one of both, by selects and by calls, with deadlines that pass at any moment. */
static void *locks_one(void *seed) {
    uint64_t random = (uint64_t)NUMBER(seed) + 1;
    acort_case_t cases[2] = {{.op = ACORT_MUTEX, .object = &mutexes[0]}, {.op = ACORT_MUTEX, .object = &mutexes[1]}};
    long mine = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t deadline = random_next(&random) % 4 == 0 ? soon(&random) : ACORT_NEVER;
        int at = random_next(&random) % 4 == 0 ? acort_mutex_lock(&mutexes[0], deadline)
                                               : acort_select(cases, 2, deadline);
        if (at < 0) {
            CHECK_EQUAL(errno, ETIMEDOUT);
            continue;
        }
        CHECK_FAILS(acort_select(cases, 2, 0), EDEADLK);
        CHECK_FAILS(acort_mutex_lock(&mutexes[at], 0), EDEADLK);
        long before = counts[at];
        if (acort_self() != NULL && random_next(&random) % 4 == 0) acort_yield();
        if (acort_self() == NULL && random_next(&random) % 16 == 0) sched_yield();
        counts[at] = before + 1;
        mine++;
        CHECK_EQUAL(acort_mutex_unlock(&mutexes[at]), 0);
        CHECK_FAILS(acort_mutex_unlock(&mutexes[at]), EPERM);
    }
    __atomic_fetch_add(&total, mine, __ATOMIC_RELAXED);
    return NULL;
}

static void *one_at_a_time(void *unused) {
    acort_task_t *tasks[TAKERS];
    pthread_t thread;
    counts[0] = counts[1] = total = 0;
    for (int i = 0; i < TAKERS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, locks_one, POINTER(i));
    CHECK(pthread_create(&thread, NULL, locks_one, POINTER(TAKERS)) == 0);
    for (int i = 0; i < TAKERS; i++) join(tasks[i]);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_EQUAL(counts[0] + counts[1], total);
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(acort_mutex_lock(&mutexes[i], 0), 0);
        CHECK_EQUAL(acort_mutex_unlock(&mutexes[i]), 0);
    }
    return unused;
}

/* A select that waits is cancelled, or finds something else: the mutex is not lost. */
static void *waits_for_mutex(void *event) {
    acort_case_t cases[2] = {{.op = ACORT_MUTEX, .object = &mutexes[0]}, {.op = ACORT_EVENT, .object = event}};
    int at = acort_select(cases, 2, ACORT_NEVER);
    CHECK(at >= 0 || errno == ECANCELED);
    if (at == 0) CHECK_EQUAL(acort_mutex_unlock(&mutexes[0]), 0);
    return NULL;
}

static void *mutex_is_passed_on(void *unused) {
    for (int i = 0; i < 150; i++) {
        acort_event_t *event = calloc(1, sizeof *event);
        acort_task_t *tasks[3];
        CHECK_EQUAL(acort_mutex_lock(&mutexes[0], ACORT_NEVER), 0);
        for (int k = 0; k < 3; k++) tasks[k] = go_with(k % 2 ? ACORT_SHARED : 0, waits_for_mutex, event);
        for (int k = 0; k < i % 4; k++) acort_yield();
        if (i % 2) acort_cancel(tasks[i % 3]);
        CHECK_EQUAL(acort_mutex_unlock(&mutexes[0]), 0);
        if (i % 2 == 0) acort_cancel(tasks[i % 3]);
        if (i % 5 == 0) CHECK_EQUAL(acort_event_set(event), 0);
        for (int k = 0; k < 3; k++) join(tasks[k]);
        CHECK_EQUAL(acort_mutex_lock(&mutexes[0], 0), 0);
        CHECK_EQUAL(acort_mutex_unlock(&mutexes[0]), 0);
        free(event);
    }
    return unused;
}

/* A busy owner that locks again at once does not keep out a select for long. */
static void *is_busy(void *unused) {
    while (!ends_soon) {
        CHECK_EQUAL(acort_mutex_lock(&mutexes[0], ACORT_NEVER), 0);
        acort_yield();
        CHECK_EQUAL(acort_mutex_unlock(&mutexes[0]), 0);
    }
    return unused;
}

static void *is_not_starved(void *unused) {
    acort_event_t *never = calloc(1, sizeof *never);
    acort_case_t *cases = calloc(2, sizeof *cases);
    cases[0] = CASE_OF(.op = ACORT_EVENT, .object = never);
    cases[1] = CASE_OF(.op = ACORT_MUTEX, .object = &mutexes[0]);
    ends_soon = 0;
    acort_task_t *one = acort_go(is_busy, NULL), *other = acort_go(is_busy, NULL);
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 1);
        CHECK_EQUAL(acort_mutex_unlock(&mutexes[0]), 0);
    }
    ends_soon = 1;
    join(one), join(other);
    free(cases), free(never);
    return unused;
}

/* ---- where ---------------------------------------------------------------------------------------- */

static void *in_shared_task(void *body) {
    join(go_with(ACORT_SHARED, (void *(*)(void *))body, NULL));
    return NULL;
}

static void everywhere(void *(*body)(void *), int in_threads) {
    run(body, NULL);
    run(in_shared_task, (void *)body);
    run_with(3, body, NULL);
    if (in_threads) body(NULL);
}

int main(void) {
    everywhere(no_cases, 1);
    everywhere(timers, 1);
    everywhere(sems_and_waitgroups, 1);
    void *(*in_tasks[])(void *) = {are_cancelled, ticks_until, posts, waitgroup_is_freed, groups, ends_of_both,
                                   one_at_a_time, mutex_is_passed_on, is_not_starved};
    for (size_t i = 0; i < sizeof in_tasks / sizeof *in_tasks; i++) {
        run(in_tasks[i], NULL);
        run_with(3, in_tasks[i], NULL);
    }
    run(in_shared_task, (void *)is_on_a_shared_stack);
    is_reported();
    return 0;
}
