/* The rows of those that sleep, for programs that have threads or tasks in C. */
#ifndef NAPS_H
#define NAPS_H

#include "../measure.h"

enum { SLEEPERS = 10000, NAPS = 5 };

/* From 10 to 20 ms, 100 of them at a time: the includer's. */
static void *sleeps(void *number);

/* The bursts after the first one, and the pause before each, in microseconds: what is done in the pauses counts,
 * too. */
enum { BURSTS = 5, PAUSE = 100000 };

static int naps;
static sample_t begin_again, all_again;

/* Measured from when each has slept once to when they have slept NAPS times more, on average: neither starts
 * nor ends are part of it. */
static void woke(void) {
    naps++;
    if (naps == SLEEPERS) begin_again = now();
    if (naps == SLEEPERS * (NAPS + 1)) all_again = since(begin_again);
}

static void *sleeps_again(void *number) {
    while (naps < SLEEPERS * (NAPS + 1)) {
        sleeps(number);
        woke();
    }
    return number;
}

#endif
