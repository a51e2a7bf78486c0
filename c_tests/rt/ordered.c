/* Select by rank: of several cases that are ready the first in the array is taken; beside it, acort_select()
 * gives each its turn. */
#include "rt.h"

#include <sys/socket.h>

enum { CASES = 5, ROUNDS = 200 };
static acort_chan_t *channels[CASES];
static acort_case_t cases[CASES];
static int values[CASES];

static void make(void) {
    for (int i = 0; i < CASES; i++) {
        channels[i] = acort_chan_new(sizeof(int), ROUNDS, 0);
        memset(&cases[i], 0, sizeof cases[i]);
        cases[i].op = ACORT_RECV;
        cases[i].object = channels[i];
        cases[i].data = &values[i];
    }
}

static void end(void) {
    for (int i = 0; i < CASES; i++) acort_chan_unref(channels[i]);
}

static void fill(int from) {
    for (int i = from; i < CASES; i++) {
        while (acort_chan_len(channels[i]) < ROUNDS) CHECK_EQUAL(acort_chan_send(channels[i], &i, 0), 0);
    }
}

static void *by_rank(void *argument) {
    make();
    for (int first = CASES - 1; first >= 0; first--) {
        fill(first);
        for (int i = 0; i < ROUNDS; i++) {
            CHECK_EQUAL(acort_select_ordered(cases, CASES, ACORT_NEVER), first);
            CHECK_EQUAL(values[first], first);
        }
    }
    fill(0); /* one after the other is emptied */
    for (int i = 0; i < CASES * ROUNDS; i++) {
        CHECK_EQUAL(acort_select_ordered(cases, CASES, 0), i / ROUNDS);
    }
    CHECK_FAILS(acort_select_ordered(cases, CASES, 0), ETIMEDOUT);
    CHECK_FAILS(acort_select_ordered(cases, CASES, acort_after(MILLISECONDS)), ETIMEDOUT);
    fill(0);
    int seen[CASES] = {0};
    for (int i = 0; i < ROUNDS; i++) seen[acort_select(cases, CASES, ACORT_NEVER)]++;
    for (int i = 0; i < CASES; i++) CHECK(seen[i] > 0);
    end();
    return argument;
}

static void *sends_last(void *argument) {
    int last = CASES - 1;
    CHECK_EQUAL(acort_chan_send(channels[last], &last, ACORT_NEVER), 0);
    return argument;
}

/* While none is ready, it is who comes first. */
static void *waits(void *argument) {
    make();
    for (int i = 0; i < 20; i++) {
        acort_task_t *task = acort_go(sends_last, NULL);
        CHECK_EQUAL(acort_select_ordered(cases, CASES, ACORT_NEVER), CASES - 1);
        join(task);
    }
    acort_chan_close(channels[2]);
    fill(3);
    CHECK_EQUAL(acort_select_ordered(cases, CASES, ACORT_NEVER), 2);
    CHECK_EQUAL(cases[2].error, EPIPE);
    end();
    return argument;
}

/* File descriptors and events have a rank, too. */
static void *of_all_sorts(void *argument) {
    int pair[2], value = 1;
    static acort_event_t event;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    make();
    memset(cases, 0, sizeof cases);
    cases[0].op = ACORT_FD_READ;
    cases[0].fd = pair[0];
    cases[1].op = ACORT_EVENT;
    cases[1].object = &event;
    cases[2].op = ACORT_SEND;
    cases[2].object = channels[0];
    cases[2].data = &value;
    for (int i = 0; i < 3; i++) CHECK_EQUAL(acort_select_ordered(cases, 3, ACORT_NEVER), 2);
    acort_event_set(&event);
    for (int i = 0; i < 3; i++) CHECK_EQUAL(acort_select_ordered(cases, 3, ACORT_NEVER), 1);
    CHECK_EQUAL(acort_write(pair[1], "x", 1, ACORT_NEVER), 1);
    for (int i = 0; i < 3; i++) CHECK_EQUAL(acort_select_ordered(cases, 3, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_chan_len(channels[0]), 3);
    acort_close(pair[0]);
    acort_close(pair[1]);
    acort_event_reset(&event);
    end();
    return argument;
}

int main(void) {
    CHECK_FAILS(acort_select_ordered(NULL, 1, 0), EINVAL);
    CHECK_FAILS(acort_select_ordered(cases, 0, 0), ETIMEDOUT);
    CHECK_FAILS(acort_select_ordered(cases, -1, 0), EINVAL);
    void *(*tests[])(void *) = {by_rank, waits, of_all_sorts};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        run(tests[i], NULL);
        run_with(3, tests[i], NULL);
    }
    return 0;
}
