/* Bursts of tasks: many live at once, with stacks of all sizes, on several workers, in a child of fork(2), where the
 * address space is limited. An idle worker gives back what a burst has used. */
#include "rt.h"

#include <sys/resource.h>

enum { KIB = 1024, MIB = 1024 * KIB };

struct burst {
    int tasks;
    size_t depth; /* bytes that each one uses of its stack */
    acort_event_t end;
    int living;
};

static int __attribute__((noinline)) uses(size_t depth, int number) {
    volatile unsigned char *bytes = ON_STACK(depth);
    for (size_t i = 0; i < depth; i += 512) bytes[i] = (unsigned char)number;
    return bytes[0];
}
struct part {
    struct burst *burst;
    int number;
};
static void *lives(void *argument) {
    struct part *part = argument;
    volatile int mark = part->number;
    CHECK_EQUAL(uses(part->burst->depth, part->number), part->number % 256);
    __atomic_add_fetch(&part->burst->living, 1, __ATOMIC_SEQ_CST);
    acort_event_wait(&part->burst->end, ACORT_NEVER);
    CHECK_EQUAL(mark, part->number);
    return NULL;
}
static void has_burst(int tasks, size_t depth, int workers, void (*at_the_peak)(void)) {
    struct burst burst = {.tasks = tasks, .depth = depth};
    struct part *parts = calloc((size_t)tasks, sizeof *parts);
    acort_task_t **all = calloc((size_t)tasks, sizeof *all);
    CHECK(parts != NULL && all != NULL);
    for (int i = 0; i < tasks; i++) {
        parts[i] = (struct part){&burst, i};
        all[i] = workers == 1 ? go_with(0, lives, &parts[i]) : go_on_worker(i % workers, 0, lives, &parts[i]);
    }
    while (__atomic_load_n(&burst.living, __ATOMIC_SEQ_CST) < tasks) acort_yield();
    if (at_the_peak != NULL) at_the_peak();
    acort_event_set(&burst.end);
    for (int i = 0; i < tasks; i++) join(all[i]);
    free(parts);
    free(all);
}

/* The worker keeps what bursts need that follow each other, and gives it back when none follows. */
static long resident(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%*d %ld", &pages) == 1);
    fclose(file);
    return pages;
}
static long peak;
static void is_peak(void) { peak = resident(); }
static void *is_given_back(void *argument) {
    enum { TASKS = 1500, PERIODS = 50 };
    long before = resident();
    has_burst(TASKS, 256, 1, is_peak);
    CHECK(peak - before >= TASKS);
    /* The worker sleeps, and nothing else wakes it. */
    acort_sleep(1000 * MILLISECONDS);
    CHECK(resident() < before + (peak - before) * 9 / 10);
    int i = 0;
    while (resident() > before + (peak - before) * 6 / 10 && i++ < PERIODS) acort_sleep(200 * MILLISECONDS);
    if (i >= PERIODS) {
        fprintf(stderr, "%ld pages before, %ld at the peak, %ld now\n", before, peak, resident());
        exit(1);
    }
    has_burst(TASKS, 20 * KIB, 1, NULL);
    return argument;
}

static void *has_two_bursts(void *workers) {
    has_burst(300, 20 * KIB, (int)NUMBER(workers), NULL);
    has_burst(400, 256, (int)NUMBER(workers), NULL);
    return NULL;
}
static void check_sizes(void) {
    static const size_t sizes[] = {48 * KIB, 64 * KIB, 100001, MIB, 5 * MIB};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        acort_opts_t options;
        if (IS_WATCHED && sizes[i] > 64 * KIB) continue; /* the tool marks each byte */
        CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
        options.stack_size = sizes[i];
        options.stack_gap = i % 2; /* without a gap: 1 */
        CHECK_EQUAL(acort_run_ex(&options, has_two_bursts, POINTER(1), NULL), 0);
    }
}

/* A child continues, in the middle of a burst. */
static int status_of_child;
static void forks(void) {
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child != 0) {
        CHECK(waitpid(child, &status_of_child, 0) == child);
        CHECK_EQUAL(status_of_child, 0);
        return;
    }
    has_burst(200, 20 * KIB, 1, NULL);
}
static void *forks_in_a_burst(void *argument) {
    pid_t parent = getpid();
    has_burst(150, 20 * KIB, 1, forks);
    has_burst(200, 256, 1, NULL);
    if (getpid() != parent) _exit(0);
    return argument;
}

/* There is not enough address space for all stacks at once: a task waits for the end of another one. */
static void *yields(void *argument) {
    for (int i = 0; i < 3; i++) acort_yield();
    CHECK_EQUAL(uses(8 * KIB, 7), 7);
    return argument;
}
static void *lacks_space(void *argument) {
    enum { TASKS = 600 };
    long size = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld", &size) == 1);
    fclose(file);
    rlim_t most = (rlim_t)size * (rlim_t)sysconf(_SC_PAGESIZE) + 24 * MIB;
    struct rlimit limit = {most, most};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    static acort_task_t *tasks[TASKS];
    for (int i = 0; i < TASKS; i++) tasks[i] = go_with(0, yields, NULL);
    for (int i = 0; i < TASKS; i++) join(tasks[i]);
    return argument;
}
static void has_a_limit(void) { run(lacks_space, NULL); }

int main(void) {
    run(has_two_bursts, POINTER(1));
    run_with(3, has_two_bursts, POINTER(3));
    check_sizes();
    if (IS_WATCHED) return 0; /* the tool has memory and threads of its own */
#ifndef UNDER_EMULATION
    run(is_given_back, NULL);
    char text[1000];
    int status = run_in_child(has_a_limit, text, sizeof text);
    if (status != 0) fprintf(stderr, "limited: %#x %s\n", status, text);
    CHECK_EQUAL(status, 0);
    run(forks_in_a_burst, NULL);
#else
    (void)has_a_limit, (void)is_given_back, (void)forks_in_a_burst;
#endif
    return 0;
}
