/* Work that takes long beside a task that must not be late. A task that computes for a second would keep
 * its worker from all others for a second; acort_blocking() gives such work to a thread of its own and
 * lets the task wait for it like for anything else. */
#include <acort.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { JOBS = 4, LIMIT = 1000000 };

static long ticks;
static bool is_done;

/* Ticks on the runtime's only thread. */
static void *tick(void *unused) {
    int64_t next = acort_now();
    while (!is_done) {
        acort_sleep_until(next += ACORT_MS(1));
        ticks++;
    }
    return unused;
}

/* The longest Collatz sequence that begins at the job's share of the numbers: plain C on a plain thread,
 * where nothing of acort is to be minded. */
static void *longest(void *place) {
    long *job = (long *)place, most = 0;
    for (long start = *job + 1; start < LIMIT; start += JOBS) {
        long length = 1;
        for (long n = start; n != 1; n = n % 2 ? 3 * n + 1 : n / 2) length++;
        if (length > most) most = length;
    }
    *job = most;
    return place;
}

static long results[JOBS];

static void *asks(void *place) {
    void *result = NULL;
    return acort_blocking(longest, place, &result) == 0 ? result : NULL;
}

static void *run(void *unused) {
    acort_task_t *tasks[JOBS];
    acort_task_t *ticker = acort_go(tick, NULL);
    for (int i = 0; i < JOBS; i++) {
        results[i] = i;
        tasks[i] = acort_go(asks, &results[i]);
    }
    long most = 0;
    for (int i = 0; i < JOBS; i++) {
        void *result = NULL;
        acort_join(tasks[i], &result, ACORT_NEVER);
        if (result != NULL && *(long *)result > most) most = *(long *)result;
    }
    is_done = true; /* one thread runs both tasks: no lock */
    acort_join(ticker, NULL, ACORT_NEVER);
    printf("below a million, the longest way to 1 has %ld numbers\n", most);
    printf("%ld ticks meanwhile\n", ticks);
    return ticks >= 5 ? unused : "the ticker was kept waiting";
}

int main(void) {
    void *fault = NULL;
    if (acort_run(run, NULL, &fault) != 0) {
        perror("blocking_work");
        return 1;
    }
    if (fault != NULL) fprintf(stderr, "blocking_work: %s\n", (const char *)fault);
    return fault != NULL;
}
/* Prints:
 * below a million, the longest way to 1 has 525 numbers
 * # ticks meanwhile
 */
