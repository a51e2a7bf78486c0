/* What comes after the deadline of a wait, but before the one that waits has run, is given all the same: to tasks on own
 * and shared stacks, and to plain threads; once, and none of it is lost. */
#include "rt.h"

static acort_chan_t *channel;
static acort_group_t *group;
static acort_future_t *future;
static acort_mutex_t mutex;
static acort_event_t event;
static acort_sem_t sem;
static acort_waitgroup_t waitgroup;
static acort_barrier_t barrier;
static acort_rwlock_t rwlock;
static acort_once_t once;

static int64_t early, late;
static acort_task_t *waiter, *sleeper;
static int has_value;

/* Something that is waited for. */
typedef struct {
    void (*prepare)(void);
    int (*waits)(int64_t deadline); /* 0, or the errno */
    void (*gives)(void);            /* sleeps until it is early, and makes it be there */
    void (*tidies)(void);           /* nothing is left of it */
    int expected;                   /* what a wait gives then */
} thing_t;

static int outcome(int result) { return result == 0 ? 0 : errno; }

static void sleeps(void) { CHECK_EQUAL(acort_sleep_until(early), 0); }

static void channel_of(size_t room) { channel = acort_chan_new(sizeof(long), room, 0); }
static void has_room(void) { channel_of(1); }
static void has_no_room(void) { channel_of(0); }
static void is_full(void) {
    long first = 1;
    channel_of(1);
    CHECK_EQUAL(acort_chan_send(channel, &first, 0), 0);
}
static int receives(int64_t deadline) {
    long value = 0;
    int result = outcome(acort_chan_recv(channel, &value, deadline));
    CHECK_EQUAL(value, result == 0 ? 7 : 0);
    return result;
}
static int sends(int64_t deadline) {
    long value = 7;
    int result = outcome(acort_chan_send(channel, &value, deadline));
    value = 0;
    return result;
}
static void is_sent(void) {
    sleeps();
    CHECK_EQUAL(sends(ACORT_NEVER), 0);
}
static void is_received(void) {
    long value = 0;
    sleeps();
    CHECK_EQUAL(acort_chan_recv(channel, &value, ACORT_NEVER), 0);
    has_value = value == 7;
}
static void is_closed(void) {
    sleeps();
    CHECK_EQUAL(acort_chan_close(channel), 0);
}
static void is_empty(void) {
    CHECK_EQUAL(acort_chan_len(channel), 0);
    acort_chan_unref(channel);
}
static void is_dropped(void) { acort_chan_unref(channel); }
static void has_come(void) {
    long value = 0;
    if (!has_value) CHECK_EQUAL(acort_chan_recv(channel, &value, 0), 0);
    CHECK_EQUAL(has_value ? 7 : value, 7);
    is_empty();
}

static int locks(int64_t deadline) {
    int result = outcome(acort_mutex_lock(&mutex, deadline));
    return result != 0 ? result : outcome(acort_mutex_unlock(&mutex));
}
static void is_unlocked(void) {
    CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
    sleeps();
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
}
static void is_free(void) { CHECK(locks(0) == 0); }

static int reads(int64_t deadline) {
    int result = outcome(acort_rwlock_rdlock(&rwlock, deadline));
    return result != 0 ? result : outcome(acort_rwlock_unlock(&rwlock));
}
static int writes(int64_t deadline) {
    int result = outcome(acort_rwlock_wrlock(&rwlock, deadline));
    return result != 0 ? result : outcome(acort_rwlock_unlock(&rwlock));
}
static void was_read(void) {
    CHECK_EQUAL(acort_rwlock_rdlock(&rwlock, ACORT_NEVER), 0);
    sleeps();
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
}
static void was_written(void) {
    CHECK_EQUAL(acort_rwlock_wrlock(&rwlock, ACORT_NEVER), 0);
    sleeps();
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
}
static void can_be_written(void) { CHECK(writes(0) == 0); }

static int counts_down(int64_t deadline) { return outcome(acort_sem_wait(&sem, deadline)); }
static void counts_none(void) { CHECK_EQUAL(acort_sem_init(&sem, 0), 0); }
static void is_posted(void) {
    sleeps();
    CHECK_EQUAL(acort_sem_post(&sem), 0);
}
static void is_used_up(void) { CHECK_EQUAL(counts_down(0), ETIMEDOUT); }

static void is_not_set(void) { CHECK_EQUAL(acort_event_reset(&event), 0); }
static int waits_for_event(int64_t deadline) { return outcome(acort_event_wait(&event, deadline)); }
static void is_set(void) {
    sleeps();
    CHECK_EQUAL(acort_event_set(&event), 0);
}

static int waits_for_all(int64_t deadline) { return outcome(acort_waitgroup_wait(&waitgroup, deadline)); }
static void one_is_left(void) { CHECK_EQUAL(acort_waitgroup_add(&waitgroup, 1), 0); }
static void is_done(void) {
    sleeps();
    CHECK_EQUAL(acort_waitgroup_done(&waitgroup), 0);
}

static void is_promised(void) { CHECK((future = acort_future_new()) != NULL); }
static int waits_for_value(int64_t deadline) {
    void *value = NULL;
    int result = outcome(acort_future_wait(future, &value, deadline));
    CHECK(value == (result == 0 ? &future : NULL));
    return result;
}
static void has_a_value(void) {
    sleeps();
    CHECK_EQUAL(acort_future_set(future, &future), 0);
}
static void has_failed(void) {
    sleeps();
    CHECK_EQUAL(acort_future_fail(future, EPROTO), 0);
}
static void is_forgotten(void) { acort_future_unref(future); }

static void sleeps_once(void *unused) {
    (void)unused;
    sleeps();
}
static void is_new(void) { memset(&once, 0, sizeof once); }
static int comes_second(int64_t deadline) { return outcome(acort_once(&once, sleeps_once, NULL, deadline)); }
static void comes_first(void) { CHECK_EQUAL(acort_once(&once, sleeps_once, NULL, ACORT_NEVER), 0); }

static void *ends_early(void *unused) {
    sleeps();
    return unused;
}
static void has_a_task(void) {
    acort_attr_t attributes;
    CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
    CHECK((group = attributes.group = acort_group_open()) != NULL);
    CHECK(acort_go_ex(&attributes, ends_early, NULL) != NULL);
}
static int waits_for_group(int64_t deadline) { return outcome(acort_group_wait(group, deadline)); }
static void is_over(void) { CHECK_EQUAL(acort_group_close(group), 0); }

static int takes_next(int64_t deadline) {
    return acort_group_next(group, NULL, deadline) != NULL ? 0 : errno;
}

static void a_task_sleeps(void) { CHECK((sleeper = acort_go(ends_early, NULL)) != NULL); }
static int joins(int64_t deadline) { return outcome(acort_join(sleeper, NULL, deadline)); }

static int parks(int64_t deadline) { return outcome(acort_park(deadline)); }
static void is_unparked(void) {
    sleeps();
    CHECK_EQUAL(acort_unpark(waiter), 0);
}

static void is_for_two(void) { CHECK_EQUAL(acort_barrier_init(&barrier, 2), 0); }
static int meets(int64_t deadline) {
    int result = acort_barrier_wait(&barrier, deadline);
    return result < 0 ? errno : 0;
}
static void is_met(void) {
    sleeps();
    CHECK_EQUAL(meets(ACORT_NEVER), 0);
}

static void nothing(void) {}

static const thing_t things[] = {
    {has_room, receives, is_sent, is_empty, 0},
    {has_no_room, receives, is_sent, is_empty, 0},
    {has_room, receives, is_closed, is_empty, EPIPE},
    {is_full, sends, is_received, has_come, 0},
    {has_no_room, sends, is_received, has_come, 0},
    {is_full, sends, is_closed, is_dropped, EPIPE},
    {nothing, locks, is_unlocked, is_free, 0},
    {nothing, reads, was_written, can_be_written, 0},
    {nothing, writes, was_written, can_be_written, 0},
    {nothing, writes, was_read, can_be_written, 0},
    {counts_none, counts_down, is_posted, is_used_up, 0},
    {is_not_set, waits_for_event, is_set, nothing, 0},
    {one_is_left, waits_for_all, is_done, nothing, 0},
    {is_promised, waits_for_value, has_a_value, is_forgotten, 0},
    {is_promised, waits_for_value, has_failed, is_forgotten, EPROTO},
    {is_new, comes_second, comes_first, nothing, 0},
    {has_a_task, waits_for_group, nothing, is_over, 0},
    {has_a_task, takes_next, nothing, is_over, 0},
    {a_task_sleeps, joins, nothing, nothing, 0},
    {nothing, parks, is_unparked, nothing, 0},
    {is_for_two, meets, is_met, nothing, 0},
};
enum { THINGS = sizeof things / sizeof *things };

/* Both are made ready in one turn of the worker, the one that gives first. Under chaos either may run first. */
static void *waits_too_long(void *number) {
    const thing_t *thing = &things[NUMBER(number)];
    int result = thing->waits(late);
    if (result == ETIMEDOUT && !IN_ORDER) result = thing->waits(ACORT_NEVER);
    if (result != thing->expected) fprintf(stderr, "thing %ld: %d\n", NUMBER(number), result);
    CHECK_EQUAL(result, thing->expected);
    return NULL;
}

static void *gives_it(void *number) {
    things[NUMBER(number)].gives();
    return NULL;
}

static void spin_until(int64_t time) {
    while (acort_now() < time) continue;
}

static void *are_given(void *flags) {
    for (long i = 0; i < THINGS; i++) {
        early = acort_after(4 * MILLISECONDS);
        late = early + 3 * MILLISECONDS;
        has_value = 0;
        things[i].prepare();
        acort_task_t *giver = go_with((uint32_t)NUMBER(flags), gives_it, POINTER(i));
        waiter = go_with((uint32_t)NUMBER(flags), waits_too_long, POINTER(i));
        acort_yield();
        spin_until(late + MILLISECONDS);
        join(waiter);
        join(giver);
        things[i].tidies();
    }
    return NULL;
}

/* A writer whose deadline has passed keeps no reader out, although it has not run yet. */
static void *tries_to_read(void *argument) {
    CHECK_EQUAL(acort_rwlock_rdlock(&rwlock, ACORT_NEVER), 0);
    sleeps();
    int result = reads(0);
    CHECK(result == 0 || (result == ETIMEDOUT && !IN_ORDER));
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    return argument;
}

static void *is_too_late(void *argument) {
    int result = writes(late);
    CHECK(result == 0 || result == ETIMEDOUT);
    return argument;
}

static void *writer_is_too_late(void *argument) {
    early = acort_after(4 * MILLISECONDS);
    late = early + 3 * MILLISECONDS;
    acort_task_t *reader = acort_go(tries_to_read, NULL), *writer = acort_go(is_too_late, NULL);
    acort_yield();
    spin_until(late + MILLISECONDS);
    join(reader);
    join(writer);
    return argument;
}

/* A thread that has slept looks once more, too. What comes between its last sleep and that look cannot be timed from
 * here: so it is put there behind the object's back, without a wake. The second word of both says what they have. */
static void put(void *object) { __atomic_store_n((uint32_t *)object + 1, 1, __ATOMIC_RELEASE); }

typedef struct {
    int (*waits)(int64_t deadline);
    int64_t deadline;
    int result;
} try_t;

static void *thread_waits(void *argument) {
    try_t *one = argument;
    one->deadline = acort_after(50 * MILLISECONDS);
    one->result = one->waits(one->deadline);
    return NULL;
}

static void threads_look_once_more(void) {
    try_t tries[] = {{waits_for_event, 0, 0}, {counts_down, 0, 0}};
    pthread_t threads[2];
    is_not_set();
    counts_none();
    for (int i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], NULL, thread_waits, &tries[i]) == 0);
    usleep(10000);
    put(&event);
    put(&sem);
    int64_t put_at = acort_now();
    for (int i = 0; i < 2; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        /* this machine may have been too slow */
        CHECK(tries[i].result == 0 || (tries[i].result == ETIMEDOUT && put_at >= tries[i].deadline));
    }
    if (tries[1].result == 0) is_used_up();
}

/* A time that has passed is as good as 0. */
static void *is_over_already(void *argument) {
    const int64_t past[] = {0, 1, acort_now()};
    has_room();
    is_not_set();
    counts_none();
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(counts_down(past[i]), ETIMEDOUT);
        CHECK_EQUAL(waits_for_event(past[i]), ETIMEDOUT);
        CHECK_EQUAL(receives(past[i]), ETIMEDOUT);
        CHECK_EQUAL(acort_sem_post(&sem), 0);
        CHECK_EQUAL(acort_event_set(&event), 0);
        CHECK_EQUAL(sends(past[i]), 0);
        CHECK_EQUAL(sends(past[i]), ETIMEDOUT);
        CHECK_EQUAL(counts_down(past[i]), 0);
        CHECK_EQUAL(waits_for_event(past[i]), 0);
        CHECK_EQUAL(receives(past[i]), 0);
        is_not_set();
    }
    is_empty();
    return argument;
}

static void *times_that_have_passed(void *argument) {
    join(acort_go(is_over_already, NULL));
    join(go_with(ACORT_SHARED, is_over_already, NULL));
    return is_over_already(argument);
}

/* Many send and receive with deadlines that pass at any moment: what was sent is received, once. */
enum { VALUES = 3000 };
static long sent, received, senders;

static int64_t soon(uint64_t *random) { return acort_after((int64_t)(random_next(random) % 30) * 1000); }

static void *sends_numbers(void *seed) {
    uint64_t random = (uint64_t)NUMBER(seed) + 1;
    for (long value = 1; value <= VALUES; value++) {
        int result = acort_chan_send(channel, &value, soon(&random));
        CHECK(result == 0 || errno == ETIMEDOUT);
        if (result == 0) __atomic_fetch_add(&sent, value, __ATOMIC_RELAXED);
    }
    __atomic_fetch_sub(&senders, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void *receives_numbers(void *seed) {
    uint64_t random = (uint64_t)NUMBER(seed) + 1;
    for (int are_left = 1; are_left;) {
        long value = 0;
        are_left = __atomic_load_n(&senders, __ATOMIC_ACQUIRE) != 0;
        while (acort_chan_recv(channel, &value, soon(&random)) == 0) {
            __atomic_fetch_add(&received, value, __ATOMIC_RELAXED);
        }
        CHECK_EQUAL(errno, ETIMEDOUT);
    }
    return NULL;
}

static void *none_is_lost(void *room) {
    enum { TASKS = 4 };
    acort_task_t *tasks[2 * TASKS];
    pthread_t threads[2];
    sent = received = 0;
    senders = TASKS + 1;
    channel_of((size_t)NUMBER(room));
    for (int i = 0; i < TASKS; i++) {
        tasks[2 * i] = go_with(i % 2 ? ACORT_SHARED : 0, sends_numbers, POINTER(i));
        tasks[2 * i + 1] = go_with(i % 2 ? ACORT_SHARED : 0, receives_numbers, POINTER(100 + i));
    }
    CHECK(pthread_create(&threads[0], NULL, sends_numbers, POINTER(TASKS)) == 0);
    CHECK(pthread_create(&threads[1], NULL, receives_numbers, POINTER(100 + TASKS)) == 0);
    for (int i = 0; i < 2 * TASKS; i++) join(tasks[i]);
    for (int i = 0; i < 2; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_EQUAL(sent, received);
    CHECK(received > 0);
    is_empty();
    return NULL;
}

int main(void) {
    run(are_given, POINTER(0));
    run(are_given, POINTER(ACORT_SHARED));
    run(writer_is_too_late, NULL);
    run(times_that_have_passed, NULL);
    is_over_already(NULL);
    threads_look_once_more();
    for (long room = 0; room < 2; room++) {
        run(none_is_lost, POINTER(room));
        run_with(2, none_is_lost, POINTER(room));
    }
    return 0;
}
