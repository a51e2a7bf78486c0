/* One thread at a time uses a main coroutine and its coroutines: a resume by another thread meanwhile is refused, where
 * the other thread is seen. By turns any threads may use them. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/* ThreadSanitizer ends a child of a process with threads that starts one. */
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define NO_THREADS_AFTER_FORK
#endif

#define RESUME "aco: fatal: aco_resume(@, entry @): "
#define RULE " (one thread at a time uses a main_co and its coroutines)\n"

static aco_t *main_co, *co, *sibling;
static atomic_int runs;

static void yields(void) {
    for (;;) aco_yield();
}

static aco_t *new_co(aco_t *parent, aco_cofuncp_t body) {
    return aco_create(parent, aco_share_stack_new(0), 0, body, NULL);
}

/* Stays inside, as one that computes. */
static void stays(void) {
    atomic_store(&runs, 1);
    for (;;) usleep(1000);
}

static void has_a_child_that_stays(void) {
    aco_t *self = aco_get_co();
    aco_resume(new_co(self, stays));
    aco_exit();
}

static void *resumes_co(void *unused) {
    aco_thread_init(NULL);
    aco_resume(co);
    return unused;
}

static void *made_here(void *unused) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    co = new_co(main_co, stays);
    sibling = new_co(main_co, yields);
    aco_resume(co);
    return unused;
}

static void start(void *(*body)(void *)) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, body, NULL) == 0);
    while (!atomic_load(&runs)) usleep(100);
}

static void make(aco_cofuncp_t body) {
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    co = new_co(main_co, body);
    sibling = new_co(main_co, yields);
}

static void the_same(void) {
    make(stays);
    start(resumes_co);
    aco_resume(co);
}

static void one_that_was_made_elsewhere(void) {
    start(made_here);
    aco_resume(co);
}

static void a_sibling(void) {
    make(stays);
    start(resumes_co);
    aco_resume(sibling);
}

static void one_that_waits(void) {
    make(has_a_child_that_stays);
    start(resumes_co);
    aco_resume(co);
}

/* By a thread that has its own main coroutine, and runs in a coroutine. */
static void resumes_sibling(void) {
    aco_resume(sibling);
    aco_exit();
}

static void from_inside_another(void) {
    make(stays);
    start(resumes_co);
    aco_resume(new_co(aco_create(NULL, NULL, 0, NULL, NULL), resumes_sibling));
}

/* By turns: thread after thread, with one main coroutine, which this one has used, too. */
enum { THREADS = 8, ROUNDS = 200 };
static long counted;

/* A separate function: libaco's macros may keep the address of this thread's aco_gtls_co over a yield. */
static void __attribute__((noinline)) yields_once(void) {
    aco_yield();
    __asm__ volatile("" ::: "memory");
}

static void counts(void) {
    for (;;) {
        counted++;
        yields_once();
    }
}

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void *takes_turns(void *unused) {
    aco_thread_init(NULL);
    for (int round = 0; round < ROUNDS; round++) {
        pthread_mutex_lock(&turn);
        aco_resume(round % 2 == 0 ? co : sibling);
        pthread_mutex_unlock(&turn);
    }
    return unused;
}

static void by_turns(void) {
    make(counts);
    sibling = new_co(main_co, counts);
    aco_resume(co);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, takes_turns, NULL) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    aco_resume(co);
    CHECK_EQUAL(counted, THREADS * ROUNDS + 2);
}

/* Many threads at once, each with a main coroutine at a time, which all are in turn those of another thread. */
static void *with_many_mains(void *unused) {
    aco_thread_init(NULL);
    aco_t *mains[4], *cos[4];
    for (int i = 0; i < 4; i++) {
        mains[i] = aco_create(NULL, NULL, 0, NULL, NULL);
        cos[i] = new_co(mains[i], yields);
    }
    for (int round = 0; round < 1000; round++) aco_resume(cos[round % 4]);
    for (int i = 0; i < 4; i++) aco_destroy(cos[i]), aco_destroy(mains[i]);
    return unused;
}

/* In a child of fork(2) the threads are gone that were in the midst of something. */
static void in_a_child(void) {
    make(stays);
    start(resumes_co);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
#ifndef NO_THREADS_AFTER_FORK
        pthread_t thread;
        for (int i = 0; i < 4; i++) {
            CHECK(pthread_create(&thread, NULL, with_many_mains, NULL) == 0);
            CHECK(pthread_join(thread, NULL) == 0);
        }
#endif
        with_many_mains(NULL);
        _exit(0);
    }
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void) {
    CHECK_DIES(the_same, RESUME "the coroutine runs in another thread" RULE);
    CHECK_DIES(one_that_was_made_elsewhere, RESUME "the coroutine runs in another thread" RULE);
    CHECK_DIES(one_that_waits, RESUME "the coroutine runs in another thread" RULE);
    CHECK_DIES(a_sibling, RESUME "its main_co @ waits in a resume of another thread" RULE);
    CHECK_DIES(from_inside_another, RESUME "its main_co @ waits in a resume of another thread" RULE);
    char text[4096];
    int status = run_in_child(in_a_child, text, sizeof text);
    if (status != 0) fprintf(stderr, "%#x: %s", status, text);
    CHECK(status == 0);
    aco_thread_init(NULL);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, with_many_mains, NULL) == 0);
    for (int i = 0; i < 4; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    by_turns();
    return 0;
}
