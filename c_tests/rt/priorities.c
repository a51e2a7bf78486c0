/* ACORT_LOW: low tasks run when no other is ready, and one of 16 at least; new ones, woken ones, from other workers. */
#include "rt.h"

enum { NORMAL = 4, LOW = 4, TURNS = 320 };

static long turns_of[2], most_between, between;

/* Counts the turns of each priority, while tasks of both are ready all the time: low ones from the first normal one on. */
static void *takes_turns(void *is_low) {
    int low = is_low != NULL;
    while (turns_of[0] < TURNS) {
        if (!low || turns_of[0] > 0) turns_of[low]++;
        between = low ? 0 : between + 1;
        if (between > most_between) most_between = between;
        CHECK_EQUAL(acort_yield(), 0);
    }
    return NULL;
}

static void *both_ready(void *flags) {
    acort_task_t *tasks[NORMAL + LOW];
    uint32_t with = (uint32_t)NUMBER(flags);
    turns_of[0] = turns_of[1] = most_between = between = 0;
    for (int i = 0; i < NORMAL + LOW; i++) {
        int low = i < LOW; /* they are started first, and still wait */
        acort_attr_t attributes = ACORT_ATTR_INIT;
        attributes.flags = with | (low ? ACORT_LOW : 0);
        attributes.worker = 0;
        tasks[i] = acort_go_ex(&attributes, takes_turns, low ? &turns_of : NULL);
        CHECK(tasks[i] != NULL);
    }
    for (int i = 0; i < NORMAL + LOW; i++) join(tasks[i]);
    CHECK(turns_of[0] >= TURNS && turns_of[1] > 0);
    if (IN_ORDER) {
        CHECK(most_between <= 15);
        /* 1 of 16: the last low ones each see once more that it is over. */
        CHECK(turns_of[1] >= TURNS / 15 - 1 && turns_of[1] <= TURNS / 15 + 2);
    }
    return NULL;
}

/* No normal one is ready: they have all turns. */
static void *low_alone(void *unused) {
    acort_task_t *tasks[LOW];
    turns_of[0] = 1;
    turns_of[1] = 0;
    for (int i = 0; i < LOW; i++) {
        tasks[i] = acort_go_flags(ACORT_LOW, takes_turns, &turns_of);
        CHECK(tasks[i] != NULL);
    }
    while (turns_of[1] < 100) acort_sleep(MILLISECONDS / 10);
    turns_of[0] = TURNS;
    for (int i = 0; i < LOW; i++) join(tasks[i]);
    return unused;
}

/* Woken at the same time: the normal ones first, in their order; a low one is woken like the others. */
static char order[64];
static acort_event_t start;

static void *notes(void *text) {
    CHECK_EQUAL(acort_event_wait(&start, ACORT_NEVER), 0);
    strcat(order, (const char *)text);
    return NULL;
}

static void *in_order(void *unused) {
    static const struct {
        const char *text;
        uint32_t flags;
    } given[] = {{"x", ACORT_LOW}, {"a", 0}, {"y", ACORT_LOW | ACORT_SHARED}, {"b", ACORT_SHARED}, {"c", 0}};
    acort_task_t *tasks[5];
    order[0] = 0;
    CHECK_EQUAL(acort_event_reset(&start), 0);
    for (int i = 0; i < 5; i++) tasks[i] = acort_go_flags(given[i].flags, notes, (void *)given[i].text);
    acort_sleep(MILLISECONDS / 10);
    while (acort_yield(), order[0] != 0) continue;
    CHECK_EQUAL(acort_event_set(&start), 0);
    for (int i = 0; i < 5; i++) join(tasks[i]);
    CHECK_EQUAL(strlen(order), 5);
    if (IN_ORDER) CHECK(strcmp(order, "abcxy") == 0);
    return unused;
}

/* The next one is the next one of its priority. */
static void *notes_at_once(void *text) {
    strcat(order, (const char *)text);
    return NULL;
}

static void *next_ones(void *unused) {
    acort_task_t *tasks[4];
    order[0] = 0;
    tasks[0] = acort_go_flags(ACORT_LOW, notes_at_once, (void *)"y");
    tasks[1] = acort_go_flags(ACORT_LOW | ACORT_NEXT, notes_at_once, (void *)"x");
    tasks[2] = acort_go_flags(0, notes_at_once, (void *)"b");
    tasks[3] = acort_go_flags(ACORT_NEXT, notes_at_once, (void *)"a");
    for (int i = 0; i < 4; i++) join(tasks[i]);
    CHECK_EQUAL(strlen(order), 4);
    if (IN_ORDER) CHECK(strcmp(order, "abxy") == 0 || strcmp(order, "abyx") == 0);
    return unused;
}

/* Values between priorities and workers: none is forgotten. */
static acort_chan_t *channel;

static void *sends(void *count) {
    for (long i = 0; i < NUMBER(count); i++) CHECK_EQUAL(acort_chan_send(channel, &i, ACORT_NEVER), 0);
    return NULL;
}

static void *receives(void *count) {
    long value;
    for (long i = 0; i < NUMBER(count); i++) CHECK_EQUAL(acort_chan_recv(channel, &value, ACORT_NEVER), 0);
    return NULL;
}

static void *mixed(void *unused) {
    enum { TASKS = 8, VALUES = 200 };
    acort_task_t *tasks[2 * TASKS];
    channel = acort_chan_new(sizeof(long), 2, 0);
    CHECK(channel != NULL);
    for (int i = 0; i < 2 * TASKS; i++) {
        uint32_t flags = (i & 2 ? ACORT_LOW : 0) | (i & 4 ? ACORT_SHARED : 0);
        tasks[i] = acort_go_flags(flags, i & 1 ? sends : receives, POINTER(VALUES));
        CHECK(tasks[i] != NULL);
    }
    for (int i = 0; i < 2 * TASKS; i++) join(tasks[i]);
    acort_chan_unref(channel);
    return unused;
}


static void in_a_loop(void) {
    acort_opts_t options = ACORT_OPTS_INIT;
    options.flags = ACORT_LOOP;
    acort_t *loop = acort_new(&options);
    CHECK(loop != NULL && acort_loop_go(loop, mixed, NULL) != NULL);
    while (acort_loop_step(loop, acort_after_ms(1000)) == 1) continue;
    CHECK_EQUAL(acort_free(loop), 0);
}

int main(void) {
    for (int round = 0; round < 2; round++) {
        run(both_ready, NULL);
        run(both_ready, POINTER(ACORT_SHARED));
        run(low_alone, NULL);
        run(in_order, NULL);
        run(next_ones, NULL);
        run(mixed, NULL);
    }
    run_with(2, both_ready, NULL);
    run_with(2, mixed, NULL);
    run_with(4, mixed, NULL);
    in_a_loop();
    return 0;
}
