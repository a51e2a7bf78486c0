/* Channels of one worker: as the others are, on own and shared stacks, beside deadlines, cancellation and
 * select; references from any thread; a line where another thread uses one. */
#include "rt.h"

enum { COUNT = 1000 };
static acort_chan_t *chan;
static int64_t sum;

static void *sends(void *argument) {
    for (int64_t i = 1; i <= COUNT; i++) CHECK_EQUAL(acort_chan_send(chan, &i, ACORT_NEVER), 0);
    return argument;
}

static void *receives(void *argument) {
    int64_t *value = ON_STACK(sizeof *value);
    while (acort_chan_recv(chan, value, ACORT_NEVER) == 0) sum += *value;
    CHECK_EQUAL(errno, EPIPE);
    return argument;
}

static void *selects(void *argument) {
    int64_t *value = ON_STACK(sizeof *value);
    acort_case_t one;
    memset(&one, 0, sizeof one);
    one.op = ACORT_RECV;
    one.object = chan;
    one.data = value;
    for (;;) {
        CHECK_EQUAL(acort_select(&one, 1, ACORT_NEVER), 0);
        if (one.error == EPIPE) return argument;
        sum += *value;
    }
}

static int has_timed_out;

static void *gives_up(void *argument) {
    int64_t value;
    CHECK_FAILS(acort_chan_recv(chan, &value, acort_after(MILLISECONDS)), ETIMEDOUT);
    __atomic_store_n(&has_timed_out, 1, __ATOMIC_RELEASE);
    CHECK_FAILS(acort_chan_recv(chan, &value, ACORT_NEVER), ECANCELED);
    return argument;
}

static void *cancels(void *task) {
    while (!__atomic_exchange_n(&has_timed_out, 0, __ATOMIC_ACQUIRE)) usleep(500);
    CHECK_EQUAL(acort_cancel(task), 0);
    acort_chan_unref(acort_chan_ref(chan));
    return NULL;
}

static void *uses_them(void *argument) {
    for (size_t capacity = 0; capacity < 3; capacity++) {
        for (uint32_t kind = 0; kind < 4; kind++) {
            acort_task_t *tasks[4];
            sum = 0;
            chan = acort_chan_new(sizeof(int64_t), capacity, ACORT_LOCAL);
            CHECK(chan != NULL);
            tasks[0] = go_on_worker(0, kind & 1 ? ACORT_SHARED : 0, receives, NULL);
            tasks[1] = go_on_worker(0, kind & 2 ? ACORT_SHARED : 0, selects, NULL);
            tasks[2] = go_on_worker(0, kind & 2 ? 0 : ACORT_SHARED, sends, NULL);
            tasks[3] = go_on_worker(0, kind & 1 ? 0 : ACORT_SHARED, sends, NULL);
            join(tasks[2]);
            join(tasks[3]);
            CHECK_EQUAL(acort_chan_close(chan), 0);
            CHECK_FAILS(acort_chan_close(chan), EPIPE);
            join(tasks[0]);
            join(tasks[1]);
            CHECK_EQUAL(acort_chan_len(chan), 0);
            CHECK_EQUAL(sum, (int64_t)COUNT * (COUNT + 1));
            acort_chan_unref(chan);
        }
    }
    return argument;
}

static void *is_ended_from_outside(void *argument) {
    chan = acort_chan_new(sizeof(int64_t), 0, ACORT_LOCAL);
    for (int i = 0; i < 5; i++) {
        pthread_t thread;
        acort_task_t *task = go_on_worker(0, i % 2 ? ACORT_SHARED : 0, gives_up, NULL);
        CHECK(pthread_create(&thread, NULL, cancels, task) == 0);
        join(task);
        pthread_join(thread, NULL);
    }
    acort_chan_unref(chan);
    return argument;
}

static int64_t number;

static void *sends_once(void *argument) {
    acort_chan_send(chan, &number, 0);
    return argument;
}
static void *receives_once(void *argument) {
    acort_chan_recv(chan, &number, 0);
    return argument;
}
static void *closes(void *argument) {
    acort_chan_close(chan);
    return argument;
}
static void *asks_for_length(void *argument) {
    acort_chan_len(chan);
    return argument;
}
static void *selects_once(void *argument) {
    acort_case_t one;
    memset(&one, 0, sizeof one);
    one.op = ACORT_SEND;
    one.object = chan;
    one.data = &number;
    acort_select(&one, 1, 0);
    return argument;
}
static void *(*does_it)(void *);

static void *on_another_worker(void *argument) {
    acort_attr_t attributes;
    CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
    attributes.worker = 1;
    chan = acort_chan_new(sizeof(int64_t), 1, ACORT_LOCAL);
    join(acort_go_ex(&attributes, does_it, NULL));
    return argument;
}

static void *on_worker_0(void *argument) {
    return join(go_on_worker(0, 0, on_another_worker, argument));
}

static void dies(void) {
    run_with(2, on_worker_0, NULL);
}

static void *in_a_thread(void *argument) {
    pthread_t thread;
    chan = acort_chan_new(sizeof(int64_t), 1, ACORT_LOCAL);
    pthread_create(&thread, NULL, does_it, NULL);
    pthread_join(thread, NULL);
    return argument;
}

static void dies_in_a_thread(void) {
    run(in_a_thread, NULL);
}

#define LINE(function)                                                                           \
    "aco: fatal: " function "(@): used on a thread that is not the worker that created it "      \
    "(ACORT_LOCAL is for the tasks of one worker)\n"

int main(void) {
    CHECK_REFUSES(acort_chan_new(8, 0, ACORT_LOCAL), EPERM);
    CHECK_REFUSES(acort_chan_new(8, 0, 2), EINVAL);
    CHECK_REFUSES(acort_chan_new(8, 0, ACORT_LOCAL | 4), EINVAL);
    run(uses_them, NULL);
    run(is_ended_from_outside, NULL);
    does_it = sends_once;
    CHECK_DIES(dies, LINE("acort_chan_send"));
    CHECK_DIES(dies_in_a_thread, LINE("acort_chan_send"));
    does_it = receives_once;
    CHECK_DIES(dies, LINE("acort_chan_recv"));
    does_it = closes;
    CHECK_DIES(dies, LINE("acort_chan_close"));
    does_it = asks_for_length;
    CHECK_DIES(dies, LINE("acort_chan_len"));
    does_it = selects_once;
    CHECK_DIES(dies, LINE("acort_select"));
    return 0;
}
