/* Rate limiter. Each call gets a time of its own, and sleeps until then. After a pause a few calls may come at
 * once. */
#include <acort.h>
#include <stdio.h>

enum { CALLS = 10, BURST = 3 };
static const int64_t INTERVAL = 5000000;                /* 5 ms: 200 calls a second */

static int64_t next;                                    /* when the next call may begin */

/* Waits for the caller's turn. Returns 0, or -1 and ECANCELED. */
static int take_turn(void) {
    int64_t now = acort_now(), mine;
    if (next < now - (BURST - 1) * INTERVAL) next = now - (BURST - 1) * INTERVAL;
    mine = next;
    next += INTERVAL;
    return mine > now ? acort_sleep_until(mine) : 0;
}

static void *begin(void *unused) {
    int calls = 0;
    int64_t start = acort_now(), least = (CALLS - BURST) * INTERVAL;
    next = 0;
    while (calls < CALLS && take_turn() == 0) calls++;  /* the first three at once */
    printf("%d calls %s the limit\n", calls, acort_now() - start >= least ? "keep" : "break");
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }

/* Prints:
 * 10 calls keep the limit
 */
