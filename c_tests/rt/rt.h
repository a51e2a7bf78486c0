/* What the tests of the runtime share. */
#ifndef RT_H
#define RT_H

#include "../check.h"

#include <acort.h>

#include <errno.h>
#include <pthread.h>

/* call gives -1, and errno is error. */
#define CHECK_FAILS(call, error)                                                                 \
    do {                                                                                         \
        errno = 0;                                                                               \
        long long check_result = (long long)(call);                                              \
        int check_errno = errno;                                                                 \
        if (check_result != -1 || check_errno != (error)) {                                      \
            fprintf(stderr, "%s:%d: %s: %s gives %lld, errno %d and not %d\n", __FILE__,         \
                    __LINE__, __func__, #call, check_result, check_errno, (error));              \
            exit(1);                                                                             \
        }                                                                                        \
    } while (0)

/* call gives NULL, and errno is error. */
#define CHECK_REFUSES(call, error)                                                               \
    do {                                                                                         \
        errno = 0;                                                                               \
        const void *check_object = (call);                                                       \
        int check_errno = errno;                                                                 \
        if (check_object != NULL || check_errno != (error)) {                                    \
            fprintf(stderr, "%s:%d: %s: %s gives %p, errno %d and not %d\n", __FILE__, __LINE__, \
                    __func__, #call, check_object, check_errno, (error));                        \
            exit(1);                                                                             \
        }                                                                                        \
    } while (0)

/* Some tools have threads of their own, which the runtime counts as possible wakers. */
#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#ifdef HAS_FOREIGN_THREADS /* a lane defines it */
#elif defined(__SANITIZE_THREAD__) || defined(UNDER_EMULATION)
#define HAS_FOREIGN_THREADS 1
#else
#define HAS_FOREIGN_THREADS 0
#endif

/* Room that is on the stack for certain: AddressSanitizer may keep what has a known size elsewhere. */
static volatile size_t nothing_more;
#define ON_STACK(size) __builtin_alloca((size) + nothing_more)

/* Under chaos nothing says which of two tasks that are ready runs first, nor how much is read at once. */
#define IN_ORDER (getenv("ACORT_CHAOS") == NULL)

#define NUMBER(pointer) ((long)(intptr_t)(pointer))
#define POINTER(number) ((void *)(intptr_t)(number))
#define MILLISECONDS 1000000LL

/* Runs body as a main task on this thread, or fails. */
static inline void run(void *(*body)(void *), void *argument) {
    void *result = POINTER(-1);
    CHECK_EQUAL(acort_run(body, argument, &result), 0);
    CHECK(result == NULL);
}

/* A runtime with so many workers. */
static inline acort_t *runtime_with(uint32_t workers) {
    acort_opts_t options;
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    options.workers = workers;
    acort_t *runtime = acort_new(&options);
    CHECK(runtime != NULL);
    return runtime;
}

/* The same as a main task in a runtime with so many workers. */
static inline void run_with(uint32_t workers, void *(*body)(void *), void *argument) {
    void *result = POINTER(-1);
    acort_t *runtime = runtime_with(workers);
    CHECK_EQUAL(acort_enter(runtime, body, argument, &result), 0);
    CHECK(result == NULL);
    CHECK_EQUAL(acort_free(runtime), 0);
}

static inline acort_task_t *go_so(acort_attr_t attributes, void *(*body)(void *), void *argument) {
    acort_task_t *task = acort_go_ex(&attributes, body, argument);
    CHECK(task != NULL);
    return task;
}

static inline acort_attr_t default_attributes(void) {
    acort_attr_t attributes;
    CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
    return attributes;
}

/* A task with these flags, in a group, or NULL for the caller's. */
static inline acort_task_t *go_in(acort_group_t *group, uint32_t flags, void *(*body)(void *), void *argument) {
    acort_attr_t attributes = default_attributes();
    attributes.group = group;
    attributes.flags = flags;
    return go_so(attributes, body, argument);
}

static inline acort_task_t *go_with(uint32_t flags, void *(*body)(void *), void *argument) {
    return go_in(NULL, flags, body, argument);
}

static inline acort_task_t *go_on_worker(int worker, uint32_t flags, void *(*body)(void *), void *argument) {
    acort_attr_t attributes = default_attributes();
    attributes.worker = worker;
    attributes.flags = flags;
    return go_so(attributes, body, argument);
}

static inline void *join(acort_task_t *task) {
    void *result = NULL;
    CHECK_EQUAL(acort_join(task, &result, ACORT_NEVER), 0);
    return result;
}

#endif
