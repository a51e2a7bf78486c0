/* What every benchmark program shares: counting, and the one line that it prints:
 *
 *   nanoseconds cycles instructions branch-misses
 *
 * each for one operation, -1 where the machine does not count it. */
#ifndef MEASURE_H
#define MEASURE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <linux/perf_event.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Hides a value from the optimizer: it is in a register, and in use. */
#define KEEP(value) __asm__ volatile("" : "+r"(value))

enum { CYCLES, INSTRUCTIONS, MISSES, COUNTERS };
static int counter_files[COUNTERS] = {-1, -1, -1};

static inline void open_counters(void) {
    const int events[COUNTERS] = {PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_INSTRUCTIONS,
                                  PERF_COUNT_HW_BRANCH_MISSES};
    for (int i = 0; i < COUNTERS; i++) {
        struct perf_event_attr event;
        memset(&event, 0, sizeof event);
        event.size = sizeof event;
        event.type = PERF_TYPE_HARDWARE;
        event.config = (uint64_t)events[i];
        event.exclude_kernel = 1;
        counter_files[i] = (int)syscall(SYS_perf_event_open, &event, 0, -1, -1, 0);
    }
}

typedef struct {
    double nanoseconds, counts[COUNTERS];
} sample_t;

static inline sample_t now(void) {
    sample_t sample;
    struct timespec time;
    for (int i = 0; i < COUNTERS; i++) {
        uint64_t value;
        int known = counter_files[i] >= 0 &&
                    read(counter_files[i], &value, sizeof value) == (ssize_t)sizeof value;
        sample.counts[i] = known ? (double)value : -1;
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    sample.nanoseconds = (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
    return sample;
}

/* What has been counted since start. */
static inline sample_t since(sample_t start) {
    sample_t end = now();
    end.nanoseconds -= start.nanoseconds;
    for (int i = 0; i < COUNTERS; i++) {
        int known = start.counts[i] >= 0 && end.counts[i] >= 0;
        end.counts[i] = known ? end.counts[i] - start.counts[i] : -1;
    }
    return end;
}

static inline void print_sample(sample_t sample, double operations) {
    printf("%.4f", sample.nanoseconds / operations);
    for (int i = 0; i < COUNTERS; i++) {
        printf(" %.4f", sample.counts[i] >= 0 ? sample.counts[i] / operations : -1);
    }
    printf("\n");
}

static inline void report(sample_t start, double operations) {
    print_sample(since(start), operations);
}

static inline int by_time(const void *a, const void *b) {
    double left = ((const sample_t *)a)->nanoseconds, right = ((const sample_t *)b)->nanoseconds;
    return left < right ? -1 : left > right;
}

static inline void report_median(sample_t *samples, unsigned count, double operations) {
    qsort(samples, count, sizeof *samples, by_time);
    print_sample(samples[count / 2], operations);
}

/* Stays on one processor, the last: interleaved runs then see the same one. */
static inline void start_measuring(void) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET((int)sysconf(_SC_NPROCESSORS_ONLN) - 1, &cpus);
    sched_setaffinity(0, sizeof cpus, &cpus);
    open_counters();
}

#endif
