/* Threads that flood one worker with words for its tasks: none is lost, and no task starves beside it. */
#include "rt.h"

#include <sys/socket.h>

enum { THREADS = 4, TASKS = 64, ROUNDS = 1000 };

static acort_task_t *tasks[TASKS];
static unsigned sent[TASKS], seen[TASKS];
static int is_over;
static acort_waitgroup_t flooding;

/* Counts a word before it gives it: who is woken last sees all of them. */
static void *floods(void *seed) {
    uint64_t random = (uint64_t)NUMBER(seed) + 1;
    for (int i = 0; i < ROUNDS * TASKS; i++) {
        size_t place = random_next(&random) % TASKS;
        __atomic_fetch_add(&sent[place], 1, __ATOMIC_SEQ_CST);
        CHECK_EQUAL(acort_unpark(tasks[place]), 0);
    }
    CHECK_EQUAL(acort_waitgroup_done(&flooding), 0);
    return NULL;
}

/* A word stands for at least one; the last one that was given is never missed. */
static void *takes(void *number) {
    size_t place = (size_t)NUMBER(number);
    while (!__atomic_load_n(&is_over, __ATOMIC_SEQ_CST)) {
        CHECK_EQUAL(acort_park(ACORT_NEVER), 0);
        unsigned words = __atomic_load_n(&sent[place], __ATOMIC_SEQ_CST);
        __atomic_store_n(&seen[place], words, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static int pair[2];

/* Beside the flood: time goes on, and a socket is served. */
static void *lives_on(void *argument) {
    char byte = 0;
    int *turns = (int *)argument;
    while (!__atomic_load_n(&is_over, __ATOMIC_SEQ_CST)) {
        CHECK_EQUAL(acort_sleep(MILLISECONDS / 10), 0);
        CHECK_EQUAL(acort_write(pair[0], "x", 1, ACORT_NEVER), 1);
        CHECK_EQUAL(acort_read(pair[1], &byte, 1, ACORT_NEVER), 1);
        ++*turns;
    }
    return NULL;
}

static void *is_flooded(void *kind) {
    pthread_t threads[THREADS];
    int turns = 0;
    is_over = 0;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    for (int i = 0; i < TASKS; i++) {
        sent[i] = seen[i] = 0;
        tasks[i] = go_with((uint32_t)NUMBER(kind), takes, POINTER(i));
    }
    acort_task_t *other = acort_go(lives_on, &turns);
    CHECK_EQUAL(acort_waitgroup_add(&flooding, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, floods, POINTER(i * 77)) == 0);
    }
    CHECK_EQUAL(acort_waitgroup_wait(&flooding, ACORT_NEVER), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    /* The words are all given; what is still to be taken is taken without another one. */
    for (int i = 0; i < TASKS; i++) {
        int64_t limit = acort_after(20000 * MILLISECONDS);
        while (__atomic_load_n(&seen[i], __ATOMIC_SEQ_CST) != sent[i]) {
            CHECK(acort_now() < limit);
            CHECK_EQUAL(acort_sleep(MILLISECONDS), 0);
        }
    }
    __atomic_store_n(&is_over, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < TASKS; i++) {
        CHECK_EQUAL(acort_unpark(tasks[i]), 0);
        join(tasks[i]);
    }
    join(other);
    CHECK(turns > 0);
    CHECK_EQUAL(acort_close(pair[0]), 0);
    CHECK_EQUAL(acort_close(pair[1]), 0);
    return NULL;
}

int main(void) {
    run(is_flooded, POINTER(0));
    run(is_flooded, POINTER(ACORT_SHARED));
    run_with(3, is_flooded, POINTER(0));
    return 0;
}
