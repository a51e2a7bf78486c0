/* One row of docs/performance-rt.md, of acort.
 *
 *   rows ROW    measures it and prints a line (../measure.h)
 *
 * The CPU time of all threads counts; one worker, but for the rows that say otherwise. */
#include "naps.h"
#include "reads.h"

#include <acort.h>

#define CHECK(condition)                                                                         \
    do {                                                                                         \
        if (!(condition)) {                                                                      \
            perror(#condition);                                                                  \
            exit(1);                                                                             \
        }                                                                                        \
    } while (0)

/* ---- tasks ------------------------------------------------------------------------------- */

static acort_task_t *go_with(uint32_t flags, int worker, void *(*body)(void *), void *argument) {
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    attributes.flags = flags;
    attributes.worker = worker;
    acort_task_t *task = acort_go_ex(&attributes, body, argument);
    CHECK(task != NULL);
    return task;
}

enum { YIELDS = 2000000 };

static void *yields(void *unused) {
    for (int i = 0; i < YIELDS; i++) acort_yield();
    return unused;
}

static void two_yield(uint32_t flags) {
    acort_task_t *one = go_with(flags, -1, yields, NULL), *other = go_with(flags, -1, yields, NULL);
    sample_t begin = now();
    acort_join(one, NULL, ACORT_NEVER);
    acort_join(other, NULL, ACORT_NEVER);
    report(begin, 2.0 * YIELDS);
}

static void *yield_own(void *unused) {
    two_yield(0);
    return unused;
}

static void *yield_shared(void *unused) {
    two_yield(ACORT_SHARED);
    return unused;
}

static void *ends(void *unused) { return unused; }

enum { LIVES = 500000 };

static void *go_join(void *unused) {
    sample_t begin = now();
    for (int i = 0; i < LIVES; i++) CHECK(acort_join(acort_go(ends, NULL), NULL, ACORT_NEVER) == 0);
    report(begin, LIVES);
    return unused;
}

static void *go_join_shared(void *unused) {
    sample_t begin = now();
    for (int i = 0; i < LIVES; i++) {
        CHECK(acort_join(go_with(ACORT_SHARED, -1, ends, NULL), NULL, ACORT_NEVER) == 0);
    }
    report(begin, LIVES);
    return unused;
}

/* ---- channels ---------------------------------------------------------------------------- */

static int64_t messages = 2000000;
static acort_chan_t *channel, *second;

static void *sends(void *unused) {
    for (int64_t i = 0; i < messages; i++) CHECK(acort_chan_send(channel, &i, ACORT_NEVER) == 0);
    return unused;
}

static void *receives(void *unused) {
    int64_t value = 0;
    for (int64_t i = 0; i < messages; i++) {
        CHECK(acort_chan_recv(channel, &value, ACORT_NEVER) == 0 && value == i);
    }
    return unused;
}

static void *selects(void *unused) {
    int64_t value = 0;
    acort_case_t cases[2] = {{.op = ACORT_RECV, .object = second, .data = &value},
                             {.op = ACORT_RECV, .object = channel, .data = &value}};
    for (int64_t i = 0; i < messages; i++) {
        CHECK(acort_select(cases, 2, ACORT_NEVER) == 1 && value == i);
    }
    return unused;
}

/* Pairs of a sender on one worker and a receiver on the other, each with a channel of its own. */
enum { PAIRS = 100, OF_EACH_PAIR = 5000 };

static void *sends_to(void *pair) {
    for (int64_t i = 0; i < OF_EACH_PAIR; i++) {
        CHECK(acort_chan_send((acort_chan_t *)pair, &i, ACORT_NEVER) == 0);
    }
    return pair;
}

static void *receives_from(void *pair) {
    int64_t value = 0;
    for (int64_t i = 0; i < OF_EACH_PAIR; i++) {
        CHECK(acort_chan_recv((acort_chan_t *)pair, &value, ACORT_NEVER) == 0 && value == i);
    }
    return pair;
}

static void *chan_workers_pairs(void *unused) {
    acort_task_t *tasks[2 * PAIRS];
    sample_t begin = now();
    for (int i = 0; i < PAIRS; i++) {
        acort_chan_t *pair = acort_chan_new(sizeof(int64_t), 0, 0);
        tasks[2 * i] = go_with(0, 0, sends_to, pair);
        tasks[2 * i + 1] = go_with(0, 1, receives_from, pair);
    }
    for (int i = 0; i < 2 * PAIRS; i++) {
        void *pair = NULL;
        acort_join(tasks[i], &pair, ACORT_NEVER);
        if (i % 2 == 1) acort_chan_unref((acort_chan_t *)pair);
    }
    report(begin, (double)PAIRS * OF_EACH_PAIR);
    return unused;
}

/* Wall time counts, not CPU time. */
static int is_wall;

/* `from` and `to` are workers; -1: the runtime chooses. */
static void pass_between(size_t capacity, int from, int to, void *(*receiver)(void *)) {
    channel = acort_chan_new(sizeof(int64_t), capacity, 0);
    second = acort_chan_new(sizeof(int64_t), 0, 0);
    double wall_begin = wall();
    sample_t begin = now();
    acort_task_t *here = go_with(0, from, sends, NULL), *there = go_with(0, to, receiver, NULL);
    acort_join(here, NULL, ACORT_NEVER);
    acort_join(there, NULL, ACORT_NEVER);
    if (is_wall) {
        report_wall(wall_begin, (double)messages);
    } else {
        report(begin, (double)messages);
    }
    acort_chan_unref(channel);
    acort_chan_unref(second);
}

static void pass_messages(size_t capacity, int to, void *(*receiver)(void *)) {
    pass_between(capacity, 0, to, receiver);
}

static void *chan(void *unused) {
    pass_messages(0, 0, receives);
    return unused;
}

static void *chan_buffered(void *unused) {
    pass_messages(128, 0, receives);
    return unused;
}

static void *chan_select(void *unused) {
    pass_messages(0, 0, selects);
    return unused;
}

static void *chan_workers(void *unused) {
    messages = 30000;
    pass_messages(0, 1, receives);
    return unused;
}

static void *chan_workers_buffered(void *unused) {
    messages = 500000;
    pass_messages(128, 1, receives);
    return unused;
}

static void *chan_workers_wall(void *unused) {
    is_wall = 1;
    return chan_workers(unused);
}

static void *chan_workers_buffered_wall(void *unused) {
    is_wall = 1;
    return chan_workers_buffered(unused);
}

static void *chan_workers_chosen(void *unused) {
    messages = 500000;
    pass_between(0, -1, -1, receives);
    return unused;
}

/* ---- the rest ---------------------------------------------------------------------------- */

static void *mutex(void *unused) {
    enum { LOCKS = 20000000 };
    static acort_mutex_t lock;
    sample_t begin = now();
    for (int i = 0; i < LOCKS; i++) {
        acort_mutex_lock(&lock, ACORT_NEVER);
        acort_mutex_unlock(&lock);
    }
    report(begin, LOCKS);
    return unused;
}

/* Tasks that want one mutex, half of them on each worker. */
enum { WANT = 8, TURNS = 400000, WORK = 20 };
static acort_mutex_t wanted;
static int turns;
static volatile unsigned worked;

static void *takes_turns(void *unused) {
    for (int i = 0; i < turns; i++) {
        acort_mutex_lock(&wanted, ACORT_NEVER);
        for (int k = 0; k < WORK; k++) worked = worked * 3 + 1;
        acort_mutex_unlock(&wanted);
    }
    return unused;
}

static void take_turns(int count) {
    acort_task_t *tasks[WANT];
    turns = TURNS / count;
    sample_t begin = now();
    for (int i = 0; i < count; i++) tasks[i] = go_with(0, i % 2, takes_turns, NULL);
    for (int i = 0; i < count; i++) acort_join(tasks[i], NULL, ACORT_NEVER);
    report(begin, TURNS);
}

static void *mutex_workers(void *unused) {
    take_turns(WANT);
    return unused;
}

static void *mutex_workers_two(void *unused) {
    take_turns(2);
    return unused;
}

static void *sleeps(void *number) {
    acort_sleep(10000000 + (int64_t)(intptr_t)number % 100 * 100000);
    return number;
}

static void many_sleep(void *(*body)(void *)) {
    static acort_task_t *tasks[SLEEPERS];
    for (int i = 0; i < SLEEPERS; i++) tasks[i] = go_with(0, -1, body, (void *)(intptr_t)i);
    for (int i = 0; i < SLEEPERS; i++) acort_join(tasks[i], NULL, ACORT_NEVER);
}

static void *burst_first(void *unused) {
    sample_t begin = now();
    many_sleep(sleeps);
    report(begin, SLEEPERS);
    return unused;
}

static void *burst_later(void *unused) {
    many_sleep(sleeps);
    sample_t begin = now();
    for (int i = 0; i < BURSTS; i++) {
        acort_sleep((int64_t)PAUSE * 1000);
        many_sleep(sleeps);
    }
    report(begin, (double)SLEEPERS * BURSTS);
    return unused;
}

static void *sleepers_again(void *unused) {
    many_sleep(sleeps_again);
    print_sample(all_again, (double)SLEEPERS * NAPS);
    return unused;
}

/* Tasks that park until they are unparked, before a deadline or without one. */
enum { ARMS = 200000, ARM_ROUNDS = 5 };
static int64_t limit;
static acort_task_t *parked[SLEEPERS];

/* The deadlines of all lie within a second, in no order. */
static void *parks_again(void *unused) {
    static int64_t spread;
    for (;;) {
        spread = (spread + 7919) % SLEEPERS;
        int64_t deadline = acort_now() + limit + spread * 100000;
        acort_park(limit == 0 ? ACORT_NEVER : deadline);
    }
    return unused;
}

/* The time in which the first `count` tasks run `times` times each. */
static double unpark(int count, int times) {
    sample_t begin = now();
    for (int i = 0; i < times; i++) {
        for (int k = 0; k < count; k++) CHECK(acort_unpark(parked[k]) == 0);
        acort_yield();
    }
    return since(begin).nanoseconds;
}

/* What the deadline adds to a wait, beside as many others; the clock is read without one, too. */
static void *timer(void *unused) {
    double least[2] = {1e18, 1e18};
    for (int i = 0; i < SLEEPERS; i++) parked[i] = go_with(0, -1, parks_again, NULL);
    acort_yield();
    for (int i = 0; i < 2 * ARM_ROUNDS; i++) {
        limit = i % 2 * ACORT_S(30);
        unpark(SLEEPERS, 1);
        double took = unpark(1, ARMS);
        if (took < least[i % 2]) least[i % 2] = took;
    }
    printf("%.4f\n", (least[1] - least[0]) / ARMS);
    fflush(stdout);
    _exit(0);
    return unused;
}

/* ---- files ------------------------------------------------------------------------------- */

static int blocks, reads_left;

static void *reads_blocks(void *buffer) {
    while (reads_left > 0) {
        reads_left--;
        CHECK(acort_pread(blocks, buffer, BLOCK, next_block(), ACORT_NEVER) == BLOCK);
    }
    return buffer;
}

static void read_with(int depth) {
    acort_task_t *tasks[MAX_DEPTH];
    char *memory = buffers(depth);
    blocks = open_blocks();
    reads_left = READS;
    double begin = wall();
    for (int i = 0; i < depth; i++) tasks[i] = go_with(0, -1, reads_blocks, memory + i * BLOCK);
    for (int i = 0; i < depth; i++) acort_join(tasks[i], NULL, ACORT_NEVER);
    report_wall(begin, READS);
}

static void *reads_1(void *unused) {
    read_with(1);
    return unused;
}

static void *reads_64(void *unused) {
    read_with(MAX_DEPTH);
    return unused;
}

/* ---- memory ------------------------------------------------------------------------------ */

static double resident(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%*u %lu", &pages) == 1);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void *parks(void *unused) {
    acort_park(ACORT_NEVER);
    return unused;
}

/* All of it: the tasks, their parked frames, the group. */
static void *memory(void *unused) {
    enum { PARKED = 1000000 };
    double before = resident();
    for (int i = 0; i < PARKED; i++) go_with(ACORT_SHARED | ACORT_DETACHED, -1, parks, NULL);
    acort_yield();
    printf("%.1f\n", (resident() - before) / PARKED);
    fflush(stdout);
    _exit(0);
    return unused;
}

typedef struct {
    const char *name;
    void *(*body)(void *);
    uint32_t workers;
} row_t;

static const row_t rows[] = {
    {"yield", yield_own, 1},
    {"yield-shared", yield_shared, 1},
    {"go-join", go_join, 1},
    {"go-join-shared", go_join_shared, 1},
    {"chan", chan, 1},
    {"chan-buffered", chan_buffered, 1},
    {"chan-select", chan_select, 1},
    {"chan-workers", chan_workers, 2},
    {"chan-workers-wall", chan_workers_wall, 2},
    {"chan-workers-chosen", chan_workers_chosen, 2},
    {"chan-workers-pairs", chan_workers_pairs, 2},
    {"chan-workers-buffered", chan_workers_buffered, 2},
    {"chan-workers-buffered-wall", chan_workers_buffered_wall, 2},
    {"mutex", mutex, 1},
    {"mutex-workers", mutex_workers, 2},
    {"mutex-workers-two", mutex_workers_two, 2},
    {"burst-first", burst_first, 1},
    {"burst-later", burst_later, 1},
    {"sleepers-again", sleepers_again, 1},
    {"timer", timer, 1},
    {"reads-1", reads_1, 1},
    {"reads-64", reads_64, 1},
    {"memory", memory, 1},
};

int main(int count, char **arguments) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (count < 2 || strcmp(arguments[1], rows[i].name) != 0) continue;
        if (rows[i].workers == 1) {
            start_measuring();
            CHECK(acort_run(rows[i].body, NULL, NULL) == 0);
        } else {
            open_counters();
            acort_opts_t options;
            acort_opts_init(&options, sizeof options);
            options.workers = rows[i].workers;
            acort_t *runtime = acort_new(&options);
            CHECK(runtime != NULL && acort_enter(runtime, rows[i].body, NULL, NULL) == 0);
            acort_free(runtime);
        }
        return 0;
    }
    return 2;
}
