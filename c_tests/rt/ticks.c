/* Connections that flood one worker, and beside them a task with a tick of 1 ms and one that waits for SIGINT: both run
 * within 20 times the bound of docs/fairness.md. That is judged in the worker's CPU time, which other programs do not
 * take. Prints how late they are by the clock; ACO_TEST_ROUNDS makes each flood last for seconds. */
#include "rt.h"

#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1000, SAMPLES = 20000, MEBIBYTE = 1 << 20 };

/* What src/rt/park/budget.rs and sched/run_loop.rs have: the units of a turn, the most of one task, the tasks of a turn. */
enum { TURN = 256, SLICE = 64, AT_ONCE = 64 };

static char block[MEBIBYTE];
static size_t size;
static ssize_t moved;
static int ends[MOST][2];
static int64_t flood_end;
static int is_over;

static int64_t cpu_time(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1000000000 + time.tv_nsec;
}

/* ---- the flood --------------------------------------------------------------------------------- */

/* Opens connections, each with room for what a call moves. Of a thousand each has less: it is the kernel's memory. */
static int open_connections(int wanted) {
    int room = wanted > 10 ? MEBIBYTE / 16 : 2 * MEBIBYTE;
    for (int i = 0; i < wanted; i++) {
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i]) != 0) return i;
        if (setsockopt(ends[i][0], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) != 0) {
            setsockopt(ends[i][0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        }
    }
    return wanted;
}

/* Neither ever waits, where one follows the other. */
static void fill(const int *connection) { CHECK(acort_write(connection[0], block, size, ACORT_NEVER) > 0); }
static void empty(const int *connection) { CHECK((moved = acort_read(connection[1], block, size, ACORT_NEVER)) > 0); }

/* The end of the flood is for a library that lets no other task run. */
static void *floods(void *connection) {
    while (!is_over && acort_now() < flood_end) fill(connection), empty(connection);
    return NULL;
}

/* CPU time of a call: the mean of some, over all connections, without anything else. */
static int64_t cost_of_call(int count) {
    int rounds = count < 20 ? 20 / count : 1;
    int64_t start = cpu_time();
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < count; i++) fill(ends[i]);
        for (int i = 0; i < count; i++) empty(ends[i]);
    }
    return (cpu_time() - start) / (2 * rounds * count);
}

/* The formula of docs/fairness.md, in nanoseconds: so many ready tasks, what a call costs, and how many bytes it moves. A
 * switch and a poll take one microsecond and five here. */
static int64_t bound(int ready, int64_t call, size_t bytes) {
    enum { SWITCH = 1000, POLL = 5000 };
    int64_t units = 1 + (int64_t)bytes / 4096, least = TURN / (ready < AT_ONCE ? ready : AT_ONCE);
    int64_t run = (least < SLICE ? least : SLICE) / units + 1, turn = TURN / units + run;
    return turn * call + (ready + 1) * (run * call + SWITCH) + (ready * run / turn + 2) * POLL;
}

/* ---- how late others are ------------------------------------------------------------------------ */

typedef struct lateness {
    int64_t sample[SAMPLES];
    int count;
} lateness_t;

static lateness_t ticks, interrupts;
static int64_t limit;

/* What was due at `due`, which is as far away as `wait`, has come; `start` is the worker's CPU time before the wait. */
static void has_come(lateness_t *of, int64_t due, int64_t wait, int64_t start) {
    int64_t busy = cpu_time() - start;
    if (of->count < SAMPLES) of->sample[of->count++] = acort_now() - due;
    if (busy > wait + limit) {
        fprintf(stderr, "%s after %.3f ms of work, %.3f is the limit\n", of == &ticks ? "a tick" : "SIGINT",
                (double)busy / 1e6, (double)(wait + limit) / 1e6);
        exit(1);
    }
}

static int compare(const void *a, const void *b) {
    int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

static void show(const char *name, lateness_t *of) {
    CHECK(of->count > 0);
    qsort(of->sample, (size_t)of->count, sizeof of->sample[0], compare);
    printf("  %s %d times, late by %.3f ms (median), %.3f ms (worst)\n", name, of->count,
           (double)of->sample[of->count / 2] / 1e6, (double)of->sample[of->count - 1] / 1e6);
}

static void *tick(void *argument) {
    while (!is_over) {
        int64_t start = cpu_time(), due = acort_after(MILLISECONDS);
        CHECK_EQUAL(acort_sleep_until(due), 0);
        has_come(&ticks, due, MILLISECONDS, start);
    }
    return argument;
}

/* The system sends SIGINT at a time that is known. */
static void *waits_for_interrupts(void *argument) {
    struct sigevent event;
    timer_t timer;
    sigset_t set;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_SIGNAL, event.sigev_signo = SIGINT;
    CHECK_EQUAL(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    while (!is_over) {
        int64_t start = cpu_time(), due = acort_after(3 * MILLISECONDS);
        struct itimerspec at = {.it_value = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000}};
        CHECK_EQUAL(timer_settime(timer, TIMER_ABSTIME, &at, NULL), 0);
        CHECK_EQUAL(acort_signal_wait(&set, NULL, ACORT_NEVER), SIGINT);
        has_come(&interrupts, due, 3 * MILLISECONDS, start);
    }
    timer_delete(timer);
    return argument;
}

/* ---- both --------------------------------------------------------------------------------------- */

static void flooded_by(int wanted, size_t bytes) {
    static acort_task_t *tasks[MOST];
    int is_long = getenv("ACO_TEST_ROUNDS") != NULL;
    int count = open_connections(wanted);
    CHECK(count > 0);
    size = bytes;
    is_over = 0;
    ticks.count = interrupts.count = 0;
    int64_t call = cost_of_call(count), promised = bound(count + 2, call, (size_t)moved);
    int64_t length = (is_long ? 3000 : 50) * MILLISECONDS + 3 * promised;
    limit = 20 * promised;
    flood_end = acort_after(3 * (length + limit));

    acort_stats_t before, after;
    acort_task_t *ticker = acort_go(tick, NULL), *interrupted = acort_go(waits_for_interrupts, NULL);
    for (int i = 0; i < count; i++) CHECK((tasks[i] = acort_go(floods, ends[i])) != NULL);
    acort_stats(&before, sizeof before);
    acort_sleep(length);
    acort_stats(&after, sizeof after);
    is_over = 1;
    for (int i = 0; i < count; i++) join(tasks[i]);
    join(ticker), join(interrupted);
    for (int i = 0; i < count; i++) acort_close(ends[i][0]), acort_close(ends[i][1]);

    CHECK(after.forced > before.forced);
    printf("%d connections, calls of %zd bytes and %.1f us: the bound is %.3f ms\n", count, moved, (double)call / 1e3,
           (double)promised / 1e6);
    show("ticks", &ticks);
    show("SIGINT", &interrupts);
}

static void *all(void *argument) {
    static const int counts[] = {1, 10, MOST};
    for (int i = 0; i < 3; i++) {
        flooded_by(counts[i], 1);
        flooded_by(counts[i], MEBIBYTE);
    }
    return argument;
}

int main(void) {
    struct rlimit files;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    CHECK_EQUAL(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    CHECK_EQUAL(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    run(all, NULL);
    return 0;
}
