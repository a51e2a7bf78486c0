/* Places in queues, in whatever order they are left; what a task has beside its block. */
#include "rt.h"

enum { COUNT = 12 };

static acort_event_t event;
static acort_sem_t sem;
static acort_task_t *tasks[COUNT];
static int order[COUNT], served;

static void *waits_for_its_turn(void *number) {
    int result = acort_sem_wait(&sem, ACORT_NEVER);
    if (result == -1) {
        CHECK_EQUAL(errno, ECANCELED);
        return POINTER(-1);
    }
    order[served++] = (int)NUMBER(number);
    return number;
}

/* Some leave the queue, from any place in it; others come; who is left goes on in order. */
static void *some_leave(void *mask) {
    served = 0;
    acort_sem_init(&sem, 0);
    for (int i = 0; i < COUNT; i++) {
        if (i == COUNT / 2) {
            for (int j = 0; j < i; j++) {
                if (NUMBER(mask) >> j & 1) acort_cancel(tasks[j]);
            }
            acort_yield();
            acort_yield();
        }
        tasks[i] = acort_go(waits_for_its_turn, POINTER(i));
        acort_yield();
    }
    int left = 0, expected[COUNT];
    for (int i = 0; i < COUNT; i++) {
        if (i >= COUNT / 2 || !(NUMBER(mask) >> i & 1)) expected[left++] = i;
    }
    for (int i = 0; i < left; i++) CHECK_EQUAL(acort_sem_post(&sem), 0);
    for (int i = 0; i < COUNT; i++) {
        int is_left = i >= COUNT / 2 || !(NUMBER(mask) >> i & 1);
        CHECK_EQUAL(NUMBER(join(tasks[i])), is_left ? i : -1);
    }
    CHECK_EQUAL(served, left);
    for (int i = 0; i < left; i++) CHECK_EQUAL(order[i], expected[i]);
    return NULL;
}

struct big {
    unsigned char bytes[200];
};

static acort_chan_t *small, *large;

/* On a shared stack: values of several sizes come while the place for them is elsewhere. A name is
   given before or after the room, and stays. */
static void *receives(void *number) {
    struct big *big = ON_STACK(sizeof *big);
    uint64_t *word = ON_STACK(sizeof *word);
    if (NUMBER(number) & 1) CHECK_EQUAL(acort_set_name(acort_self(), "before"), 0);
    CHECK_EQUAL(acort_chan_recv(small, word, ACORT_NEVER), 0);
    if (NUMBER(number) & 2) CHECK_EQUAL(acort_set_name(acort_self(), "between"), 0);
    CHECK_EQUAL(acort_chan_recv(large, big, ACORT_NEVER), 0);
    for (size_t i = 0; i < sizeof *big; i++) CHECK_EQUAL(big->bytes[i], *word & 255);
    CHECK_EQUAL(acort_chan_recv(small, word, ACORT_NEVER), 0);
    const char *name = acort_name(acort_self());
    if (NUMBER(number) & 2) {
        CHECK(strcmp(name, "between") == 0);
    } else if (NUMBER(number) & 1) {
        CHECK(strcmp(name, "before") == 0);
    } else {
        CHECK(name == NULL);
    }
    return POINTER(*word);
}

/* Names can be looked at while all tasks are visited. */
static int counts_names(void *count, acort_task_t *task) {
    if (acort_name(task)) ++*(int *)count;
    return 0;
}

static void *names_and_room(void *argument) {
    small = acort_chan_new(sizeof(uint64_t), 0, 0);
    large = acort_chan_new(sizeof(struct big), 0, 0);
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    attributes.flags = ACORT_SHARED;
    for (int i = 0; i < 4; i++) tasks[i] = acort_go_ex(&attributes, receives, POINTER(i));
    acort_yield();
    for (uint64_t i = 0; i < 4; i++) CHECK_EQUAL(acort_chan_send(small, &i, ACORT_NEVER), 0);
    acort_yield();
    for (int i = 0; i < 4; i++) {
        struct big big;
        memset(&big, i, sizeof big);
        CHECK_EQUAL(acort_chan_send(large, &big, ACORT_NEVER), 0);
    }
    acort_yield();
    int count = 0;
    CHECK_EQUAL(acort_foreach(counts_names, &count), 0);
    CHECK_EQUAL(count, 3);
    for (uint64_t i = 7; i < 11; i++) CHECK_EQUAL(acort_chan_send(small, &i, ACORT_NEVER), 0);
    long sum = 0;
    for (int i = 0; i < 4; i++) sum += NUMBER(join(tasks[i]));
    CHECK_EQUAL(sum, 7 + 8 + 9 + 10);
    acort_chan_unref(small);
    acort_chan_unref(large);
    return argument;
}

static void *takes_and_parks(void *memory) {
    CHECK_EQUAL(acort_event_wait((acort_event_t *)memory, ACORT_NEVER), 0);
    free(memory);
    while (acort_park(ACORT_NEVER) == -1 && errno == ECANCELED) acort_cancel_mask(1);
    return NULL;
}

/* Who is given up leaves the queue that it waits in, and none that it waited in before. */
static void *waits_after_that(void *argument) {
    (void)argument;
    acort_event_t *gone = calloc(1, sizeof *gone);
    acort_go(takes_and_parks, gone);
    acort_yield();
    acort_event_set(gone);
    acort_cancel_mask(1);
    acort_event_wait(&event, ACORT_NEVER);
    return NULL;
}

static void is_given_up(void) {
    CHECK_FAILS(acort_run(waits_after_that, NULL, NULL), EDEADLK);
    _exit(0);
}

int main(void) {
    for (long mask = 0; mask < 1 << COUNT / 2; mask++) run(some_leave, POINTER(mask));
    run(names_and_room, NULL);
    if (!HAS_STRANGERS) {
        char text[4096];
        CHECK_EQUAL(run_in_child(is_given_up, text, sizeof text), 0);
    }
    return 0;
}
