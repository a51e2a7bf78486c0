/* Several workers: new tasks are spread, begun ones stay, waits cross from one to another. */
#include "rt.h"

#include <sched.h>

static __thread int here;

static void *stays(void *argument) {
    int *place = &here;
    pthread_t thread = pthread_self();
    for (int i = 0; i < 50; i++) {
        if (i % 10 == 9) acort_sleep(MILLISECONDS / 10);
        else acort_yield();
        CHECK(place == &here && pthread_equal(thread, pthread_self()));
    }
    __atomic_fetch_add((int *)argument, 1, __ATOMIC_RELAXED);
    return argument;
}

static void *all_stay(void *argument) {
    enum { COUNT = 200 };
    acort_task_t *tasks[COUNT];
    int ended = 0;
    for (int i = 0; i < COUNT; i++) {
        tasks[i] = go_with(i % 3 == 0 ? ACORT_SHARED : 0, stays, &ended);
    }
    for (int i = 0; i < COUNT; i++) CHECK(join(tasks[i]) == &ended);
    CHECK_EQUAL(ended, COUNT);
    return argument;
}

static int present;

static void *meets(void *count) {
    __atomic_fetch_add(&present, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&present, __ATOMIC_SEQ_CST) < NUMBER(count)) usleep(100);
    return NULL;
}

/* Each blocks its thread until all are there: each has a worker for itself. */
static void *are_spread(void *argument) {
    acort_task_t *tasks[3];
    present = 0;
    for (int i = 0; i < 3; i++) tasks[i] = acort_go(meets, POINTER(3));
    for (int i = 0; i < 3; i++) join(tasks[i]);
    return argument;
}

static void *says_where(void *place) {
    *(pthread_t *)place = pthread_self();
    return NULL;
}

static void *are_placed(void *argument) {
    pthread_t places[4], again[4];
    acort_task_t *tasks[8];
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    for (int i = 0; i < 4; i++) {
        attributes.worker = i;
        tasks[i] = acort_go_ex(&attributes, says_where, &places[i]);
        tasks[i + 4] = acort_go_ex(&attributes, says_where, &again[i]);
    }
    for (int i = 0; i < 8; i++) join(tasks[i]);
    for (int i = 0; i < 4; i++) {
        CHECK(pthread_equal(places[i], again[i]));
        for (int j = 0; j < i; j++) CHECK(!pthread_equal(places[i], places[j]));
    }
    attributes.worker = 4;
    CHECK_REFUSES(acort_go_ex(&attributes, says_where, places), EINVAL);
    attributes.worker = -2;
    CHECK_REFUSES(acort_go_ex(&attributes, says_where, places), EINVAL);
    return argument;
}

static int was_received;

static void *receives_one(void *channel) {
    int value = 0;
    CHECK_EQUAL(acort_chan_recv((acort_chan_t *)channel, &value, ACORT_NEVER), 0);
    __atomic_store_n(&was_received, 1, __ATOMIC_RELEASE);
    return NULL;
}

/* Who is woken on another worker runs, though the one that has woken it does not leave. On worker 0. */
static void *stays_awake(void *argument) {
    acort_chan_t *channel = acort_chan_new(sizeof(int), 0, 0);
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    for (int i = 0; i < 300; i++) {
        was_received = 0;
        attributes.worker = 1;
        acort_task_t *task = acort_go_ex(&attributes, receives_one, channel);
        if (i % 3 == 0) acort_sleep(MILLISECONDS / 10);
        CHECK_EQUAL(acort_chan_send(channel, &i, ACORT_NEVER), 0);
        while (!__atomic_load_n(&was_received, __ATOMIC_ACQUIRE)) sched_yield();
        join(task);
    }
    acort_chan_unref(channel);
    return argument;
}

static void *wakes_and_stays(void *argument) {
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    attributes.worker = 0;
    join(acort_go_ex(&attributes, stays_awake, NULL));
    return argument;
}

static acort_chan_t *calls, *answers;

static void *answers_calls(void *unused) {
    int value = 0;
    while (acort_chan_recv(calls, &value, ACORT_NEVER) == 0) {
        CHECK_EQUAL(acort_chan_send(answers, &value, ACORT_NEVER), 0);
    }
    return unused;
}

/* Answers come at once, or late: the workers wait awake and asleep, and timers come in between. */
static void *call_each_other(void *argument) {
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    attributes.worker = 1;
    calls = acort_chan_new(sizeof(int), 0, 0), answers = acort_chan_new(sizeof(int), 0, 0);
    acort_task_t *task = acort_go_ex(&attributes, answers_calls, NULL);
    for (int i = 0, value = -1; i < 3000; i++) {
        CHECK_EQUAL(acort_chan_send(calls, &i, ACORT_NEVER), 0);
        CHECK_EQUAL(acort_chan_recv(answers, &value, acort_now() + 60000 * MILLISECONDS), 0);
        CHECK_EQUAL(value, i);
        if (i % 500 == 0) acort_sleep(MILLISECONDS);
    }
    acort_chan_close(calls);
    join(task);
    acort_chan_unref(calls), acort_chan_unref(answers);
    return argument;
}

/* A ring of tasks hands a word on, from worker to worker. */
enum { RING = 6, LAPS = 300 };
static acort_task_t *ring[RING];
static int laps;

static void *hands_on(void *number) {
    for (int i = 0; i < LAPS; i++) {
        CHECK_EQUAL(acort_park(ACORT_NEVER), 0);
        if (number == NULL) laps++;
        if (i == LAPS - 1 && NUMBER(number) == RING - 1) break;
        acort_unpark(__atomic_load_n(&ring[(NUMBER(number) + 1) % RING], __ATOMIC_ACQUIRE));
    }
    return NULL;
}

static void *hand_on(void *argument) {
    laps = 0;
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    for (int i = 0; i < RING; i++) {
        attributes.worker = i % 4;
        acort_task_t *task = acort_go_ex(&attributes, hands_on, POINTER(i));
        __atomic_store_n(&ring[i], task, __ATOMIC_RELEASE);
    }
    acort_unpark(ring[0]);
    for (int i = 0; i < RING; i++) join(ring[i]);
    CHECK_EQUAL(laps, LAPS);
    return argument;
}

static void *naps(void *argument) {
    acort_sleep(MILLISECONDS / 5);
    return argument;
}

static void *spawns(void *depth) {
    if (NUMBER(depth) == 0) return naps(NULL);
    acort_task_t *tasks[3];
    for (int i = 0; i < 3; i++) tasks[i] = acort_go(spawns, POINTER(NUMBER(depth) - 1));
    for (int i = 0; i < 3; i++) join(tasks[i]);
    return NULL;
}

static void *enters(void *runtime) {
    for (int i = 0; i < 20; i++) {
        void *result = NULL;
        CHECK_EQUAL(acort_enter((acort_t *)runtime, spawns, POINTER(3), &result), 0);
    }
    return NULL;
}

static void many_enter(void) {
    acort_t *runtime = runtime_with(3);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, enters, runtime) == 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(acort_free(runtime), 0);
}

static void *frees(void *runtime) {
    CHECK_FAILS(acort_free((acort_t *)runtime), EBUSY);
    CHECK_FAILS(acort_enter((acort_t *)runtime, naps, NULL, NULL), EBUSY);
    return NULL;
}

/* Runtimes of one thread each, side by side, one after another. */
static void *runs_alone(void *argument) {
    for (int i = 0; i < 10; i++) run(spawns, POINTER(3));
    return argument;
}

static void options(void) {
    acort_opts_t options;
    CHECK_FAILS(acort_opts_init(NULL, sizeof options), EINVAL);
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    options.flags = 0x80;
    CHECK_REFUSES(acort_new(&options), EINVAL);
    acort_opts_init(&options, sizeof options);
    options.workers = 1000000;
    CHECK_REFUSES(acort_new(&options), EINVAL);
    acort_opts_init(&options, sizeof options);
    options.size = 4;
    CHECK_REFUSES(acort_new(&options), EINVAL);
    acort_opts_init(&options, sizeof options);
    options.workers = 2;
    options.flags = ACORT_PIN_CPUS;
    options.stack_size = 256 * 1024;
    acort_t *runtime = acort_new(&options);
    CHECK_EQUAL(acort_enter(runtime, naps, NULL, NULL), 0);
    CHECK_EQUAL(acort_free(runtime), 0);
    runtime = acort_new(NULL);
    CHECK_EQUAL(acort_free(runtime), 0);
}

int main(void) {
    run_with(4, all_stay, NULL);
    run_with(4, are_spread, NULL);
    run_with(4, are_placed, NULL);
    run_with(4, hand_on, NULL);
    run_with(2, wakes_and_stays, NULL);
    run_with(2, call_each_other, NULL);
    many_enter();
    acort_t *runtime = runtime_with(1);
    CHECK_EQUAL(acort_enter(runtime, frees, runtime, NULL), 0);
    CHECK_EQUAL(acort_free(runtime), 0);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], NULL, runs_alone, NULL) == 0);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    options();
    return 0;
}
