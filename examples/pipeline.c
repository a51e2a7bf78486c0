/* A pipeline of channels: a producer without an end, four workers, a collector that puts the answers
 * in order and stops the rest when it has enough.
 *
 *   producer ──jobs──> worker, worker, worker, worker ──answers──> collector
 *      ▲                  ▲                                            │
 *      └──── cancelled ───┴───────────────── enough ───────────────────┘
 *
 * No task polls, and none is killed: the workers see the event in their select, the producer, which
 * waits for room, sees ECANCELED. */
#include <acort.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 4, WANTED = 1000, WINDOW = 256 };

typedef struct {
    long number;
    bool is_prime;
} answer_t;

static acort_chan_t *jobs, *answers;
static acort_event_t enough;
static acort_sem_t room; /* places of the collector's window that are free */

static void *produce(void *unused) {
    for (long number = 2;; number++) {
        if (acort_sem_wait(&room, ACORT_NEVER) != 0) break;
        if (acort_chan_send(jobs, &number, ACORT_NEVER) != 0) break;
    }
    /* Why it stopped, for the task that joins it. */
    return errno == ECANCELED ? unused : &jobs;
}

static bool is_prime(long number) {
    for (long factor = 2; factor * factor <= number; factor++) {
        if (number % factor == 0) return false;
    }
    return true;
}

static void *work(void *unused) {
    long number;
    acort_case_t cases[] = {
        {.op = ACORT_RECV, .object = jobs, .data = &number},
        {.op = ACORT_EVENT, .object = &enough},
    };
    while (acort_select(cases, 2, ACORT_NEVER) == 0) {
        answer_t answer = {number, is_prime(number)};
        if (acort_chan_send(answers, &answer, ACORT_NEVER) != 0) break; /* no task collects any more */
    }
    return unused;
}

/* Answers come in any order: those that are early wait in a window. A worker may be slow for as long as the
 * system likes, so the producer is let go on only as places of the window become free. */
static long collect(int64_t deadline) {
    static answer_t window[WINDOW];
    long next = 2;
    for (int primes = 0;; next++) {
        answer_t *place = &window[next % WINDOW];
        while (place->number != next) {
            answer_t answer;
            if (acort_chan_recv(answers, &answer, deadline) != 0) return -1;
            window[answer.number % WINDOW] = answer;
        }
        if (place->is_prime && ++primes == WANTED) return next;
        acort_sem_post(&room);
    }
}

static void *run(void *result) {
    acort_task_t *workers[WORKERS];
    acort_task_t *producer = acort_go(produce, NULL);
    for (int i = 0; i < WORKERS; i++) workers[i] = acort_go(work, NULL);
    if (producer == NULL) return NULL;

    *(long *)result = collect(acort_after(ACORT_S(60)));

    acort_event_set(&enough);
    acort_chan_close(answers);
    acort_cancel(producer);
    void *why = &jobs;
    acort_join(producer, &why, ACORT_NEVER);
    for (int i = 0; i < WORKERS; i++) acort_join(workers[i], NULL, ACORT_NEVER);
    return why == NULL ? "cancelled" : "failed";
}

int main(void) {
    jobs = acort_chan_new(sizeof(long), 16, 0);
    answers = acort_chan_new(sizeof(answer_t), 16, 0);
    acort_sem_init(&room, WINDOW);
    acort_t *runtime = acort_new(NULL); /* a thread for each processor that may be used */
    static long prime;
    void *producer = NULL;
    if (jobs == NULL || answers == NULL || runtime == NULL ||
        acort_enter(runtime, run, &prime, &producer) != 0 || producer == NULL) {
        perror("pipeline");
        return 1;
    }
    printf("prime number %d is %ld\n", WANTED, prime);
    printf("the producer was %s\n", (const char *)producer);
    acort_free(runtime);
    acort_chan_unref(jobs);
    acort_chan_unref(answers);
    return 0;
}
/* Prints:
 * prime number 1000 is 7919
 * the producer was cancelled
 */
