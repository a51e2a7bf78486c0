/* Circuit breaker. After three failures in a row, calls of a service fail at once for a while. Then one call tries
 * the service: its success closes the circuit, its failure opens it again. */
#include <acort.h>
#include <errno.h>
#include <stdio.h>

enum { FAILURES = 3 };
static const int64_t PAUSE = ACORT_S(10);

typedef struct {
    acort_mutex_t mutex;
    int failures;                                       /* in a row */
    int64_t closed_at;                                  /* from then on, one call may try */
} breaker_t;

/* Calls fn(arg), which returns 0, or -1 and errno. EAGAIN: the circuit is open, and fn was not called. */
static int breaker_call(breaker_t *breaker, int (*fn)(void *), void *arg) {
    if (acort_mutex_lock(&breaker->mutex, ACORT_NEVER) != 0) return -1;
    int is_open = breaker->failures >= FAILURES && acort_now() < breaker->closed_at;
    if (!is_open) breaker->closed_at = acort_now() + PAUSE;     /* other calls wait for the result of this one */
    acort_mutex_unlock(&breaker->mutex);
    if (is_open) return errno = EAGAIN, -1;
    int result = fn(arg), error = errno, mask = acort_cancel_mask(1);
    acort_mutex_lock(&breaker->mutex, ACORT_NEVER);
    breaker->failures = result == 0 ? 0 : breaker->failures + 1;
    acort_mutex_unlock(&breaker->mutex);
    acort_cancel_mask(mask);
    return errno = error, result;
}

/* Fails four times. */
static int service(void *calls) { return ++*(int *)calls <= 4 ? (errno = EIO, -1) : 0; }

static void *begin(void *unused) {
    breaker_t breaker = {.failures = 0};
    int calls = 0;
    for (int i = 1; i <= 8; i++) {
        int result = breaker_call(&breaker, service, &calls);
        puts(result == 0 ? "works" : errno == EAGAIN ? "the circuit is open" : "fails");
        if (i == 4 || i == 6) acort_sleep(2 * PAUSE);
    }
    printf("%d calls of the service\n", calls);
    return unused;
}

/* In virtual time: the pauses take none. */
int main(void) { return acort_test_run(0, begin, NULL); }

/* Prints:
 * fails
 * fails
 * fails
 * the circuit is open
 * fails
 * the circuit is open
 * works
 * works
 * 6 calls of the service
 */
