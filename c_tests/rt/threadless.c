/* Threads that are long in coming, or never come. Interposes pthread_create, so it needs the shared library. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_DIRECT */
#endif
#include "rt.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>

static int creation_fails, creation_is_slow, creations;

/* In the place of the C library's. */
static int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    CHECK(real != NULL);
    return real(thread, attributes, body, argument);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    if (__atomic_load_n(&creation_is_slow, __ATOMIC_SEQ_CST)) usleep(20000);
    if (!__atomic_load_n(&creation_fails, __ATOMIC_SEQ_CST)) {
        return create(thread, attributes, body, argument);
    }
    __atomic_fetch_add(&creations, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < 200 && __atomic_load_n(&creations, __ATOMIC_SEQ_CST) < 2; i++) usleep(1000);
    return EAGAIN;
}

static void *gives(void *argument) {
    return argument;
}

/* A helper that is long in coming must not stand for the thread that wakes. */
static acort_event_t other;
static int other_runs;

static void *waits_long(void *argument) {
    __atomic_store_n(&other_runs, 1, __ATOMIC_SEQ_CST);
    CHECK_EQUAL(acort_event_wait(&other, ACORT_NEVER), 0);
    return argument;
}

static void *runs_other(void *argument) {
    run(waits_long, NULL);
    return argument;
}

static void *asks_helper(void *argument) {
    void *result = NULL;
    while (!__atomic_load_n(&other_runs, __ATOMIC_SEQ_CST)) acort_sleep(MILLISECONDS);
    __atomic_store_n(&creation_is_slow, 1, __ATOMIC_SEQ_CST);
    CHECK_EQUAL(acort_blocking(gives, POINTER(3), &result), 0);
    CHECK_EQUAL(NUMBER(result), 3);
    __atomic_store_n(&creation_is_slow, 0, __ATOMIC_SEQ_CST);
    acort_event_set(&other);
    return argument;
}

static void helper_is_slow(void) {
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, runs_other, NULL), 0);
    run(asks_helper, NULL);
    pthread_join(thread, NULL);
}

/* Where no thread can be had each call says so, however many there are at once. */
static void *calls(void *argument) {
    CHECK_FAILS(acort_blocking(gives, NULL, NULL), EAGAIN);
    return argument;
}

static void *all_call(void *argument) {
    acort_task_t *tasks[4];
    for (int i = 0; i < 4; i++) {
        acort_attr_t attributes;
        CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
        attributes.worker = i % 2;
        tasks[i] = acort_go_ex(&attributes, calls, NULL);
        CHECK(tasks[i] != NULL);
    }
    for (int i = 0; i < 4; i++) join(tasks[i]);
    return argument;
}

/* Neither is it taken for a socket that has no room. */
static void *sends(void *argument) {
    char path[64];
    int ends[2];
    off_t offset = 0;
    snprintf(path, sizeof path, "/tmp/acort-threadless-%d", (int)getpid());
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_EXCL | O_DIRECT, 0600);
    if (file < 0) return argument; /* then the page cache has the bytes */
    void *block = aligned_alloc(4096, 4096);
    memset(block, 1, 4096);
    CHECK(unlink(path) == 0 && pwrite(file, block, 4096, 0) == 4096);
    free(block);
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    CHECK_FAILS(acort_sendfile(ends[0], file, &offset, 4096, ACORT_NEVER), EAGAIN);
    CHECK_EQUAL(offset, 0);
    close(ends[0]);
    close(ends[1]);
    close(file);
    return argument;
}

static void no_thread_to_be_had(void) {
    acort_t *runtime = runtime_with(2);
    __atomic_store_n(&creation_fails, 1, __ATOMIC_SEQ_CST);
    CHECK_EQUAL(acort_enter(runtime, all_call, NULL, NULL), 0);
    CHECK_EQUAL(acort_enter(runtime, sends, NULL, NULL), 0);
    __atomic_store_n(&creation_fails, 0, __ATOMIC_SEQ_CST);
    CHECK_EQUAL(acort_free(runtime), 0);
}

int main(void) {
    alarm(100);
    /* First: a helper that stays from another test would take the jobs. */
    no_thread_to_be_had();
    helper_is_slow();
    return 0;
}
