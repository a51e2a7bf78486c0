/* Channels of values without a size, calls that never wait, what a channel tells, channels in the program's
 * memory, and a last value: with and without a buffer, of all workers and of one. */
#include "rt.h"

#include <stdatomic.h>

#define CASE_OF(...) ((acort_case_t){__VA_ARGS__})

typedef struct {
    size_t elem, cap;
    unsigned flags;
    int is_inside; /* in memory of the program */
} form_t;

static acort_chan_t *make(form_t form, void **memory) {
    size_t size = ACORT_CHAN_SIZE + form.elem * form.cap;
    *memory = NULL;
    if (!form.is_inside) return acort_chan_new(form.elem, form.cap, form.flags);
    *memory = malloc(size);
    memset(*memory, 0xa5, size);
    acort_chan_t *channel = acort_chan_init(*memory, size, form.elem, form.cap, form.flags);
    CHECK((void *)channel == *memory);
    return channel;
}

static void unmake(acort_chan_t *channel, void *memory, form_t form) {
    acort_chan_unref(channel);
    if (memory != NULL) memset(memory, 0x5a, ACORT_CHAN_SIZE + form.elem * form.cap); /* it is ours again */
    free(memory);
}

/* ---- calls that do not wait ------------------------------------------------------------------------ */

static void fills_and_empties(form_t form) {
    void *memory;
    char *out = calloc(1, form.elem + 1), *in = calloc(1, form.elem + 1);
    acort_chan_t *channel = make(form, &memory);
    CHECK(channel != NULL);
    CHECK_EQUAL(acort_chan_cap(channel), form.cap);
    CHECK_EQUAL(acort_chan_is_closed(channel), 0);
    CHECK_FAILS(acort_chan_try_recv(channel, in), EAGAIN);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < form.cap; i++) {
            memset(out, (int)i + 1, form.elem);
            CHECK_EQUAL(acort_chan_try_send(channel, out), 0);
            CHECK_EQUAL(acort_chan_len(channel), i + 1);
        }
        CHECK_FAILS(acort_chan_try_send(channel, out), EAGAIN);
        CHECK_FAILS(acort_chan_send(channel, out, 0), ETIMEDOUT);
        for (size_t i = 0; i < form.cap; i++) {
            memset(out, (int)i + 1, form.elem);
            CHECK_EQUAL(acort_chan_try_recv(channel, in), 0);
            CHECK(memcmp(in, out, form.elem) == 0 && in[form.elem] == 0);
        }
        CHECK_FAILS(acort_chan_try_recv(channel, in), EAGAIN);
    }
    if (form.elem == 0 && form.cap != 0) {
        CHECK_EQUAL(acort_chan_try_send(channel, NULL), 0);
        CHECK_EQUAL(acort_chan_try_recv(channel, NULL), 0);
    } else if (form.elem != 0) {
        CHECK_FAILS(acort_chan_try_send(channel, NULL), EINVAL);
        CHECK_FAILS(acort_chan_try_recv(channel, NULL), EINVAL);
        CHECK_FAILS(acort_chan_close_with(channel, NULL), EINVAL);
    }
    if (form.cap != 0) CHECK_EQUAL(acort_chan_try_send(channel, out), 0);
    CHECK_EQUAL(acort_chan_close(channel), 0);
    CHECK_EQUAL(acort_chan_is_closed(channel), 1);
    CHECK_FAILS(acort_chan_close(channel), EPIPE);
    CHECK_FAILS(acort_chan_close_with(channel, out), EPIPE);
    CHECK_FAILS(acort_chan_try_send(channel, out), EPIPE);
    if (form.cap != 0) CHECK_EQUAL(acort_chan_try_recv(channel, in), 0);
    CHECK_FAILS(acort_chan_try_recv(channel, in), EPIPE);
    unmake(channel, memory, form);
    free(out), free(in);
}

/* ---- a last value ---------------------------------------------------------------------------------- */

/* What is in the channel first, then the last value, as often as one likes; also of a select. */
static void has_a_last_value(form_t form) {
    void *memory;
    char *last = malloc(form.elem + 1), *in = calloc(1, form.elem + 1), *sent = malloc(form.elem + 1);
    memset(last, 'l', form.elem + 1), memset(sent, 's', form.elem + 1);
    acort_chan_t *channel = make(form, &memory);
    if (form.cap != 0) CHECK_EQUAL(acort_chan_try_send(channel, sent), 0);
    CHECK_EQUAL(acort_chan_close_with(channel, form.elem == 0 ? NULL : last), 0);
    memset(last, 0, form.elem + 1); /* it was copied */
    CHECK_EQUAL(acort_chan_is_closed(channel), 1);
    CHECK_FAILS(acort_chan_send(channel, sent, ACORT_NEVER), EPIPE);
    CHECK_FAILS(acort_chan_close(channel), EPIPE);
    CHECK_FAILS(acort_chan_close_with(channel, sent), EPIPE);
    if (form.cap != 0) {
        CHECK_EQUAL(acort_chan_recv(channel, in, ACORT_NEVER), 0);
        CHECK(memcmp(in, sent, form.elem) == 0);
    }
    memset(last, 'l', form.elem);
    for (int i = 0; i < 6; i++) {
        acort_case_t one = CASE_OF(.op = ACORT_RECV, .object = channel, .data = in, .error = 9);
        memset(in, 0, form.elem);
        if (i < 2) CHECK_EQUAL(acort_chan_recv(channel, in, i ? ACORT_NEVER : 0), 0);
        else if (i < 4) CHECK_EQUAL(acort_chan_try_recv(channel, in), 0);
        else CHECK_EQUAL(acort_select(&one, 1, i % 2 ? ACORT_NEVER : 0), 0);
        CHECK(memcmp(in, last, form.elem) == 0 && in[form.elem] == 0);
        if (i >= 4) CHECK_EQUAL(one.error, 0);
    }
    CHECK_EQUAL(acort_chan_len(channel), 0);
    unmake(channel, memory, form);
    free(last), free(in), free(sent);
}

static const size_t elems[] = {0, 1, 8, 24}, caps[] = {0, 1, 3};

static void all_forms(unsigned flags) {
    for (int i = 0; i < 24; i++) {
        form_t form = {elems[i % 4], caps[i / 4 % 3], flags, i / 12};
        fills_and_empties(form);
        has_a_last_value(form);
    }
}

static void *forms(void *unused) {
    all_forms(0);
    if (acort_self() != NULL) all_forms(ACORT_LOCAL);
    return unused;
}

/* Those that wait get it, too, and those that send get EPIPE. */
enum { WAITERS = 6 };
static acort_chan_t *awaited;

static void *waits_for_the_last(void *number) {
    char *data = calloc(1, 24), *on_stack = memset(ON_STACK(24), 0, 24);
    char *value = NUMBER(number) % 2 ? data : on_stack;
    acort_case_t cases[2] = {{.op = ACORT_RECV, .object = awaited, .data = value}, {.op = 0}};
    if (NUMBER(number) % 3 == 0) CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 0);
    else CHECK_EQUAL(acort_chan_recv(awaited, value, ACORT_NEVER), 0);
    CHECK_EQUAL(cases[0].error, 0);
    for (int i = 0; i < 24; i++) CHECK_EQUAL(value[i], 'l');
    free(data);
    return NULL;
}

static void *sends_in_vain(void *number) {
    char *data = calloc(1, 24);
    acort_case_t one = {.op = ACORT_SEND, .object = awaited, .data = data};
    if (NUMBER(number) % 2) {
        CHECK_EQUAL(acort_select(&one, 1, ACORT_NEVER), 0);
        CHECK_EQUAL(one.error, EPIPE);
    } else {
        CHECK_FAILS(acort_chan_send(awaited, data, ACORT_NEVER), EPIPE);
    }
    free(data);
    return NULL;
}

static void *those_who_wait(void *unused) {
    for (int sends = 0; sends < 2; sends++) {
        void *(*body)(void *) = sends ? sends_in_vain : waits_for_the_last;
        acort_task_t *tasks[WAITERS];
        pthread_t thread;
        char last[24];
        memset(last, 'l', sizeof last);
        awaited = acort_chan_new(sizeof last, 0, 0);
        for (int i = 0; i < WAITERS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, body, POINTER(i));
        CHECK(pthread_create(&thread, NULL, body, POINTER(1)) == 0);
        for (int i = 0; i < 3; i++) acort_yield();
        CHECK_EQUAL(acort_chan_close_with(awaited, last), 0);
        for (int i = 0; i < WAITERS; i++) join(tasks[i]);
        CHECK(pthread_join(thread, NULL) == 0);
        acort_chan_unref(awaited);
    }
    return unused;
}

/* ---- signals ---------------------------------------------------------------------------------------- */

enum { SIGNALS = 500 };
static atomic_int received;

static void *signals(void *channel) {
    acort_case_t cases[2] = {{.op = ACORT_RECV, .object = channel}, {.op = ACORT_SEND}};
    for (int i = 0;; i++) {
        int result = i % 2 ? acort_chan_recv(channel, NULL, ACORT_NEVER) : acort_select(cases, 2, ACORT_NEVER);
        if (result < 0 || cases[0].error != 0) break;
        atomic_fetch_add(&received, 1);
    }
    return NULL;
}

static void *are_counted(void *unused) {
    for (size_t cap = 0; cap < 3; cap++) {
        acort_chan_t *channel = acort_chan_new(0, cap, 0);
        acort_task_t *tasks[2] = {go_with(0, signals, channel), go_with(ACORT_SHARED, signals, channel)};
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, signals, channel) == 0);
        received = 0;
        for (int i = 0; i < SIGNALS; i++) {
            acort_case_t one = CASE_OF(.op = ACORT_SEND, .object = channel);
            if (i % 2) CHECK_EQUAL(acort_chan_send(channel, NULL, ACORT_NEVER), 0);
            else CHECK_EQUAL(acort_select(&one, 1, ACORT_NEVER), 0);
        }
        CHECK_EQUAL(acort_chan_close(channel), 0);
        for (int i = 0; i < 2; i++) join(tasks[i]);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK_EQUAL(received, SIGNALS);
        acort_chan_unref(channel);
    }
    return unused;
}

/* ---- memory, and what is refused --------------------------------------------------------------------- */

static void *memory_is_checked(void *unused) {
    static _Alignas(8) char memory[ACORT_CHAN_SIZE + 4 * sizeof(int) + 8];
    size_t size = ACORT_CHAN_SIZE + 4 * sizeof(int);
    CHECK_REFUSES(acort_chan_init(NULL, size, sizeof(int), 4, 0), EINVAL);
    CHECK_REFUSES(acort_chan_init(memory + 4, size, sizeof(int), 4, 0), EINVAL);
    CHECK_REFUSES(acort_chan_init(memory, size - 1, sizeof(int), 4, 0), EINVAL);
    CHECK_REFUSES(acort_chan_init(memory, 0, 0, 0, 0), EINVAL);
    CHECK_REFUSES(acort_chan_init(memory, size, SIZE_MAX, 2, 0), EINVAL);
    CHECK_REFUSES(acort_chan_init(memory, size, 2, SIZE_MAX, 0), EINVAL);
    CHECK_REFUSES(acort_chan_init(memory, SIZE_MAX, SIZE_MAX, 0, 0), EINVAL);
    CHECK_REFUSES(acort_chan_init(memory, size, sizeof(int), 4, 2), EINVAL);
    CHECK_REFUSES(acort_chan_new(SIZE_MAX, 0, 0), EINVAL);
    CHECK_REFUSES(acort_chan_new(8, SIZE_MAX / 8, 0), EINVAL);
    CHECK_REFUSES(acort_chan_new(0, 1, 2), EINVAL);
    if (acort_self() == NULL) {
        CHECK_REFUSES(acort_chan_init(memory, size, sizeof(int), 4, ACORT_LOCAL), EPERM);
    }
    CHECK_FAILS(acort_chan_cap(NULL), EINVAL);
    CHECK_FAILS(acort_chan_is_closed(NULL), EINVAL);
    CHECK_FAILS(acort_chan_try_send(NULL, memory), EINVAL);
    CHECK_FAILS(acort_chan_try_recv(NULL, memory), EINVAL);
    CHECK_FAILS(acort_chan_close_with(NULL, memory), EINVAL);
    acort_chan_t *channel = acort_chan_init(memory, size, sizeof(int), 4, 0);
    CHECK((void *)channel == memory);
    for (int i = 0; i < 4; i++) CHECK_EQUAL(acort_chan_try_send(channel, &i), 0);
    for (size_t i = size; i < sizeof memory; i++) CHECK_EQUAL(memory[i], 0);
    CHECK(acort_chan_ref(channel) == channel);
    acort_chan_unref(channel);
    CHECK_EQUAL(acort_chan_len(channel), 4);
    acort_chan_unref(channel);
    memset(memory, 0, sizeof memory);
    return unused;
}

static void *no_channel_on_a_shared_stack(void *unused) {
    void *memory = ON_STACK(2 * ACORT_CHAN_SIZE);
    memory = (char *)memory + (16 - (uintptr_t)memory % 16) % 16;
    CHECK_REFUSES(acort_chan_init(memory, ACORT_CHAN_SIZE, 4, 0, 0), EFAULT);
    return unused;
}

/* ---- where ------------------------------------------------------------------------------------------- */

static void *in_shared_task(void *body) {
    join(go_with(ACORT_SHARED, (void *(*)(void *))body, NULL));
    return NULL;
}

int main(void) {
    void *(*tests[])(void *) = {forms, memory_is_checked};
    for (int i = 0; i < 2; i++) {
        run(tests[i], NULL);
        run(in_shared_task, (void *)tests[i]);
        tests[i](NULL);
    }
    void *(*in_tasks[])(void *) = {those_who_wait, are_counted};
    for (int i = 0; i < 2; i++) {
        run(in_tasks[i], NULL);
        run_with(3, in_tasks[i], NULL);
    }
    run(in_shared_task, (void *)no_channel_on_a_shared_stack);
    return 0;
}
