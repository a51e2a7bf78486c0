/* Channels: rendezvous and buffered, between tasks, workers and plain threads; closed; select; shared
 * stacks, whose values must not be written to while they are parked; misuse. */
#include "rt.h"

static acort_chan_t *chan;

static void *sends_numbers(void *count) {
    for (int64_t i = 1; i <= NUMBER(count); i++) CHECK_EQUAL(acort_chan_send(chan, &i, ACORT_NEVER), 0);
    return NULL;
}

static void *sums_up(void *sum) {
    int64_t value, last = 0;
    while (acort_chan_recv(chan, &value, ACORT_NEVER) == 0) {
        __atomic_fetch_add((int64_t *)sum, value, __ATOMIC_RELAXED);
        last = value;
    }
    CHECK_EQUAL(errno, EPIPE);
    return POINTER(last);
}

enum { COUNT = 2000 };

static void *passes(void *capacity) {
    static const uint32_t kinds[] = {0, ACORT_SHARED};
    for (int sender = 0; sender < 2; sender++) {
        for (int receiver = 0; receiver < 2; receiver++) {
            static int64_t sum;
            sum = 0;
            chan = acort_chan_new(sizeof(int64_t), (size_t)NUMBER(capacity), 0);
            acort_task_t *receives = go_with(kinds[receiver], sums_up, &sum);
            acort_task_t *sends = go_with(kinds[sender], sends_numbers, POINTER(COUNT));
            join(sends);
            CHECK_EQUAL(acort_chan_close(chan), 0);
            CHECK_FAILS(acort_chan_close(chan), EPIPE);
            CHECK_EQUAL(NUMBER(join(receives)), COUNT); /* in order */
            CHECK_EQUAL(sum, (int64_t)COUNT * (COUNT + 1) / 2);
            acort_chan_unref(chan);
        }
    }
    return NULL;
}

/* Many senders and receivers, on all workers and in threads that are none. */
static void *sends_in_thread(void *count) { return sends_numbers(count); }

static void *many_pass(void *capacity) {
    enum { TASKS = 8, THREADS = 2 };
    static int64_t sum;
    sum = 0;
    acort_task_t *senders[TASKS], *receivers[TASKS];
    pthread_t threads[THREADS], receiving[THREADS];
    chan = acort_chan_new(sizeof(int64_t), (size_t)NUMBER(capacity), 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&receiving[i], NULL, sums_up, &sum) == 0);
        CHECK(pthread_create(&threads[i], NULL, sends_in_thread, POINTER(200)) == 0);
    }
    for (int i = 0; i < TASKS; i++) {
        receivers[i] = go_with(i % 2 ? ACORT_SHARED : 0, sums_up, &sum);
        senders[i] = go_with(i % 3 ? 0 : ACORT_SHARED, sends_numbers, POINTER(200));
    }
    for (int i = 0; i < TASKS; i++) join(senders[i]);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    acort_chan_close(chan);
    for (int i = 0; i < TASKS; i++) join(receivers[i]);
    for (int i = 0; i < THREADS; i++) pthread_join(receiving[i], NULL);
    CHECK_EQUAL(sum, (int64_t)(TASKS + THREADS) * 200 * 201 / 2);
    acort_chan_unref(chan);
    return NULL;
}

/* A receiver on a shared stack parks; another task runs over its frames before the value comes. */
struct wide {
    char text[100];
};

static void *receives_wide(void *want) {
    struct wide value, guard;
    memset(&guard, 'g', sizeof guard);
    CHECK_EQUAL(acort_chan_recv(chan, &value, ACORT_NEVER), 0);
    if (IN_ORDER) CHECK_EQUAL(value.text[0], NUMBER(want));
    CHECK_EQUAL(value.text[99], value.text[0]);
    for (size_t i = 0; i < sizeof guard; i++) CHECK(guard.text[i] == 'g');
    return NULL;
}

static void *scribbles(void *argument) {
    volatile char block[4000];
    memset((char *)block, 'x', sizeof block);
    acort_yield();
    for (size_t i = 0; i < sizeof block; i++) CHECK(block[i] == 'x');
    return argument;
}

static void *sends_wide(void *letter) {
    struct wide value;
    memset(&value, (int)NUMBER(letter), sizeof value);
    CHECK_EQUAL(acort_chan_send(chan, &value, ACORT_NEVER), 0);
    return NULL;
}

static void *nobody_writes_to_a_parked_stack(void *argument) {
    for (size_t capacity = 0; capacity < 3; capacity++) {
        chan = acort_chan_new(sizeof(struct wide), capacity, 0);
        acort_task_t *tasks[6];
        tasks[0] = go_with(ACORT_SHARED, receives_wide, POINTER('a'));
        tasks[1] = go_with(ACORT_SHARED, scribbles, NULL);
        acort_yield();
        tasks[2] = go_with(ACORT_SHARED, sends_wide, POINTER('a'));
        tasks[3] = go_with(ACORT_SHARED, sends_wide, POINTER('b'));
        tasks[4] = go_with(ACORT_SHARED, scribbles, NULL);
        acort_yield();
        tasks[5] = go_with(ACORT_SHARED, receives_wide, POINTER('b'));
        for (int i = 0; i < 6; i++) join(tasks[i]);
        acort_chan_unref(chan);
    }
    return argument;
}

static void *waits_too_long(void *argument) {
    int64_t value = 5;
    chan = acort_chan_new(sizeof value, 1, 0);
    CHECK_FAILS(acort_chan_recv(chan, &value, 0), ETIMEDOUT);
    CHECK_FAILS(acort_chan_recv(chan, &value, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_EQUAL(acort_chan_send(chan, &value, 0), 0);
    CHECK_EQUAL(acort_chan_len(chan), 1);
    CHECK_FAILS(acort_chan_send(chan, &value, 0), ETIMEDOUT);
    CHECK_FAILS(acort_chan_send(chan, &value, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_EQUAL(acort_chan_close(chan), 0);
    CHECK_FAILS(acort_chan_send(chan, &value, 0), EPIPE);
    CHECK_EQUAL(acort_chan_recv(chan, &value, ACORT_NEVER), 0); /* what is in it is drained */
    CHECK_FAILS(acort_chan_recv(chan, &value, ACORT_NEVER), EPIPE);
    acort_chan_unref(chan);
    return argument;
}

static void *is_cancelled_in_a_channel(void *argument) {
    int64_t value;
    CHECK_FAILS(acort_chan_recv(chan, &value, ACORT_NEVER), ECANCELED);
    return argument;
}

static void *waits_for_close(void *argument) {
    int64_t value = 1;
    CHECK_FAILS(acort_chan_send(chan, &value, ACORT_NEVER), EPIPE);
    return argument;
}

static void *channels_end(void *argument) {
    chan = acort_chan_new(8, 0, 0);
    acort_task_t *task = acort_go(is_cancelled_in_a_channel, NULL);
    acort_yield();
    acort_cancel(task);
    join(task);
    task = acort_go(waits_for_close, NULL);
    acort_yield();
    acort_chan_close(chan);
    join(task);
    CHECK(acort_chan_ref(chan) == chan);
    acort_chan_unref(chan);
    acort_chan_unref(chan);
    return argument;
}

static acort_case_t case_of(int op, void *object, void *data) {
    acort_case_t result;
    memset(&result, 0, sizeof result);
    result.op = op;
    result.object = object;
    result.data = data;
    return result;
}

static acort_chan_t *left, *right;

static void *feeds(void *which) {
    for (int64_t i = 0; i < 300; i++) {
        CHECK_EQUAL(acort_chan_send(which == NULL ? left : right, &i, ACORT_NEVER), 0);
        if (i % 7 == 0) acort_yield();
    }
    return NULL;
}

static void *selects(void *capacity) {
    left = acort_chan_new(8, (size_t)NUMBER(capacity), 0);
    right = acort_chan_new(8, (size_t)NUMBER(capacity), 0);
    acort_task_t *a = go_with(ACORT_SHARED, feeds, NULL), *b = acort_go(feeds, POINTER(1));
    int64_t next[2] = {0, 0}, values[2];
    acort_case_t cases[] = {case_of(ACORT_RECV, left, &values[0]), case_of(ACORT_RECV, right, &values[1]),
                            case_of(ACORT_TASK, a, NULL)};
    while (next[0] + next[1] < 600) {
        int chosen = acort_select(cases, next[0] == 300 ? 2 : 3, ACORT_NEVER);
        CHECK(chosen >= 0);
        if (chosen == 2) {
            CHECK(next[0] + NUMBER(capacity) >= 300);
            CHECK_EQUAL(acort_select(cases, 2, 0) >= 0, next[0] + next[1] < 600);
            break;
        }
        CHECK_EQUAL(values[chosen], next[chosen]++);
    }
    while (acort_chan_recv(left, values, acort_after(20 * MILLISECONDS)) == 0) {
    }
    while (acort_chan_recv(right, values, acort_after(20 * MILLISECONDS)) == 0) {
    }
    join(a), join(b);
    acort_chan_close(right);
    acort_case_t closed[] = {case_of(ACORT_SEND, left, values), case_of(ACORT_RECV, right, values)};
    if (capacity == NULL) {
        CHECK_EQUAL(acort_select(closed, 2, ACORT_NEVER), 1);
        CHECK_EQUAL(closed[1].error, EPIPE);
        CHECK_FAILS(acort_select(closed, 1, acort_after(MILLISECONDS)), ETIMEDOUT);
    }
    acort_chan_unref(left);
    acort_chan_unref(right);
    return NULL;
}

/* Two that select meet; the stacks of both move. */
static void *offers(void *argument) {
    int64_t value = 1, other;
    acort_case_t cases[] = {case_of(ACORT_SEND, left, &value), case_of(ACORT_RECV, right, &other),
                            case_of(ACORT_SEND, left, &value)};
    int64_t sent = 0, received = 0;
    while (sent + received < 500) {
        value = sent + 1;
        int chosen = acort_select(cases, 3, ACORT_NEVER);
        CHECK(chosen >= 0 && cases[chosen].error == 0);
        if (chosen == 1) CHECK_EQUAL(other, ++received);
        else sent++;
    }
    *(int64_t *)argument = sent;
    return NULL;
}

static void *takes(void *argument) {
    int64_t value = 1, other;
    acort_case_t cases[] = {case_of(ACORT_RECV, left, &other), case_of(ACORT_SEND, right, &value)};
    int64_t sent = 0, received = 0;
    while (sent + received < 500) {
        value = sent + 1;
        int chosen = acort_select(cases, 2, ACORT_NEVER);
        CHECK(chosen >= 0 && cases[chosen].error == 0);
        if (chosen == 0) CHECK_EQUAL(other, ++received);
        else sent++;
    }
    *(int64_t *)argument = received;
    return NULL;
}

static void *selects_meet(void *argument) {
    static int64_t sent, received;
    for (uint32_t kind = 0; kind < 4; kind++) {
        left = acort_chan_new(8, 0, 0);
        right = acort_chan_new(8, 0, 0);
        acort_task_t *a = go_with(kind & 1 ? ACORT_SHARED : 0, offers, &sent);
        acort_task_t *b = go_with(kind & 2 ? ACORT_SHARED : 0, takes, &received);
        join(a), join(b);
        CHECK_EQUAL(sent, received);
        acort_chan_unref(left);
        acort_chan_unref(right);
    }
    return argument;
}

static acort_event_t event;

static void *sets(void *argument) {
    acort_sleep(2 * MILLISECONDS);
    acort_event_set(&event);
    return argument;
}

static void *selects_other_things(void *argument) {
    int ends[2];
    int64_t value;
    CHECK(pipe(ends) == 0);
    chan = acort_chan_new(8, 0, 0);
    acort_event_reset(&event);
    acort_case_t cases[] = {case_of(ACORT_EVENT, &event, NULL), case_of(ACORT_RECV, chan, &value),
                            case_of(ACORT_FD_READ, NULL, NULL), case_of(ACORT_FD_WRITE, NULL, NULL)};
    cases[2].fd = ends[0];
    cases[3].fd = ends[1];
    CHECK_EQUAL(acort_select(cases, 4, ACORT_NEVER), 3);
    CHECK_FAILS(acort_select(cases, 3, acort_after(MILLISECONDS)), ETIMEDOUT);
    acort_task_t *task = acort_go(sets, NULL);
    CHECK_EQUAL(acort_select(cases, 3, ACORT_NEVER), 0);
    join(task);
    acort_event_reset(&event);
    CHECK_EQUAL(acort_write(ends[1], "x", 1, ACORT_NEVER), 1);
    CHECK_EQUAL(acort_select(cases, 3, ACORT_NEVER), 2);
    char byte;
    CHECK_EQUAL(acort_read(ends[0], &byte, 1, ACORT_NEVER), 1);
    CHECK_FAILS(acort_select(cases, 3, acort_after(MILLISECONDS)), ETIMEDOUT);
    acort_close(ends[0]);
    acort_close(ends[1]);
    CHECK_FAILS(acort_select(cases, 3, ACORT_NEVER), EBADF);
    acort_chan_unref(chan);
    return argument;
}

static void selects_in_a_thread(void) {
    int64_t value = 3;
    chan = acort_chan_new(8, 1, 0);
    acort_case_t cases[] = {case_of(ACORT_RECV, chan, &value), case_of(ACORT_EVENT, &event, NULL)};
    acort_event_reset(&event);
    CHECK_FAILS(acort_select(cases, 2, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_EQUAL(acort_chan_send(chan, &value, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 0);
    acort_event_set(&event);
    CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 1);
    acort_chan_unref(chan);
}

static void refused(void) {
    int64_t value = 0;
    CHECK_REFUSES(acort_chan_new(SIZE_MAX, 1, 0), EINVAL);
    CHECK_REFUSES(acort_chan_new(SIZE_MAX / 2, 4, 0), EINVAL);
    CHECK_REFUSES(acort_chan_new(8, SIZE_MAX, 0), EINVAL);
    CHECK_REFUSES(acort_chan_new(1, SIZE_MAX, 0), EINVAL);
    CHECK_REFUSES(acort_chan_new(8, 1, 2), EINVAL);
    CHECK_REFUSES(acort_chan_ref(NULL), EINVAL);
    acort_chan_unref(NULL);
    CHECK_FAILS(acort_chan_send(NULL, &value, 0), EINVAL);
    CHECK_FAILS(acort_chan_recv(NULL, &value, 0), EINVAL);
    CHECK_FAILS(acort_chan_close(NULL), EINVAL);
    CHECK_FAILS(acort_chan_len(NULL), EINVAL);
    chan = acort_chan_new(8, 1, 0);
    CHECK_FAILS(acort_chan_send(chan, NULL, 0), EINVAL);
    CHECK_FAILS(acort_chan_recv(chan, NULL, 0), EINVAL);
    acort_case_t one = case_of(99, chan, &value);
    CHECK_FAILS(acort_select(NULL, 1, 0), EINVAL);
    CHECK_FAILS(acort_select(&one, -1, 0), EINVAL);
    CHECK_FAILS(acort_select(&one, 1, 0), EINVAL);
    one = case_of(ACORT_SEND, chan, NULL);
    CHECK_FAILS(acort_select(&one, 1, 0), EINVAL);
    one = case_of(ACORT_TASK, NULL, NULL);
    CHECK_FAILS(acort_select(&one, 1, 0), EINVAL);
    one = case_of(ACORT_FD_READ, NULL, NULL);
    one.fd = -1;
    CHECK_FAILS(acort_select(&one, 1, 0), EBADF);
    acort_chan_unref(chan);
}

/* A task that another one joins, and frees, while it is selected, and whose block is used again. */
static acort_event_t never;
static acort_task_t *_Atomic selected;

static void *ends_soon(void *turns) {
    for (long i = NUMBER(turns); i > 0; i--) acort_yield();
    return NULL;
}

static void *selects_tasks(void *argument) {
    enum { COUNT = 100 };
    int ends[2];
    CHECK(pipe(ends) == 0);
    acort_case_t cases[COUNT + 2];
    for (int i = 0; i < COUNT; i++) {
        cases[i] = case_of(ACORT_FD_READ, NULL, NULL);
        cases[i].fd = ends[0];
    }
    cases[COUNT + 1] = case_of(ACORT_EVENT, &never, NULL);
    for (acort_task_t *task; (task = selected) != acort_self();) {
        cases[COUNT] = case_of(ACORT_TASK, task, NULL);
        int which = acort_select(cases, COUNT + 2, acort_after(MILLISECONDS / 2));
        CHECK(which == COUNT || (which == -1 && (errno == ESRCH || errno == ETIMEDOUT)));
        acort_yield();
    }
    acort_close(ends[0]);
    acort_close(ends[1]);
    return argument;
}

static void *joins_what_is_selected(void *argument) {
    acort_attr_t attributes;
    CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
    acort_task_t *selector = NULL;
    for (long i = 0; i < 500; i++) {
        attributes.worker = 1;
        acort_task_t *task = acort_go_ex(&attributes, ends_soon, POINTER(i % 50));
        CHECK(task != NULL);
        selected = task;
        acort_sleep(1000 * (i % 300));
        attributes.worker = 0;
        if (selector == NULL) selector = acort_go_ex(&attributes, selects_tasks, NULL);
        join(task);
    }
    selected = selector;
    join(selector);
    return argument;
}

static void *select_and_join(void *argument) {
    acort_attr_t attributes;
    CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
    attributes.worker = 1;
    join(acort_go_ex(&attributes, joins_what_is_selected, NULL));
    return argument;
}

static void *unrefs(void *argument) {
    acort_go(is_cancelled_in_a_channel, NULL);
    acort_yield();
    acort_chan_unref(chan);
    return argument;
}

static void frees_a_channel_in_use(void) {
    chan = acort_chan_new(8, 0, 0);
    acort_run(unrefs, NULL, NULL);
}

int main(void) {
    for (int capacity = 0; capacity < 4; capacity += 1 + capacity) {
        run(passes, POINTER(capacity));
        run(selects, POINTER(capacity));
        run_with(3, many_pass, POINTER(capacity));
    }
    run(nobody_writes_to_a_parked_stack, NULL);
    run(waits_too_long, NULL);
    run(channels_end, NULL);
    run(selects_meet, NULL);
    run_with(3, selects_meet, NULL);
    run(selects_other_things, NULL);
    run_with(2, select_and_join, NULL);
    selects_in_a_thread();
    refused();
    if (!IN_ORDER) return 0;
    CHECK_DIES(frees_a_channel_in_use,
               "aco: fatal: acort_chan_unref(@): the last reference is released while a caller waits (each "
               "user needs a reference)\n");
    return 0;
}
