/* How many system calls the stacks of tasks cost: few for each one of a first burst, none for later ones. Interposes the
 * C library's functions, so it needs the shared library. */
#include "rt.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

enum { TASKS = 2000, GUARD_INSTALL = 102, SELF = -10001 };
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

static int calls;

#define REAL(name, type, parameters)                                                             \
    static type(*real) parameters;                                                               \
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, #name)

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
    REAL(mmap, void *, (void *, size_t, int, int, int, off_t));
    calls++;
    return real(address, size, protection, flags, file, offset);
}
int munmap(void *address, size_t size) {
    REAL(munmap, int, (void *, size_t));
    calls++;
    return real(address, size);
}
int mprotect(void *address, size_t size, int protection) {
    REAL(mprotect, int, (void *, size_t, int));
    calls++;
    return real(address, size, protection);
}
int madvise(void *address, size_t size, int advice) {
    REAL(madvise, int, (void *, size_t, int));
    calls++;
    return real(address, size, advice);
}
long syscall(long number, ...) {
    REAL(syscall, long, (long, ...));
    long values[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) values[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_process_madvise) calls++;
    return real(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

/* Does the kernel install several guards by one call? */
static int has_batches(void) {
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    struct iovec range = {page, 4096};
    long size = syscall(SYS_process_madvise, (long)SELF, &range, 1L, (long)GUARD_INSTALL, 0L, 0L);
    CHECK(munmap(page, 4096) == 0);
    return size == 4096 && !IS_WATCHED;
}

static acort_event_t end;
static void *waits(void *argument) {
    acort_event_wait(&end, ACORT_NEVER);
    return argument;
}
/* All of them live at once. They end without a pause. */
static int calls_of_a_burst(acort_attr_t attributes) {
    static acort_task_t *tasks[TASKS];
    int before = calls;
    acort_event_reset(&end);
    for (int i = 0; i < TASKS; i++) tasks[i] = go_so(attributes, waits, NULL);
    acort_yield();
    acort_event_set(&end);
    for (int i = 0; i < TASKS; i++) join(tasks[i]);
    return calls - before;
}
static void *has_bursts(void *argument) {
    acort_attr_t attributes = default_attributes();
    int first = calls_of_a_burst(attributes);
    /* Those of the spans, and those of the slabs of control blocks, which grow by a quarter. */
    if (has_batches() && first > TASKS / 9) {
        fprintf(stderr, "%d calls for %d stacks\n", first, TASKS);
        exit(1);
    }
    for (int i = 0; i < 3; i++) CHECK_EQUAL(calls_of_a_burst(attributes), 0);
    attributes.flags = ACORT_SHARED;
    calls_of_a_burst(attributes);
    CHECK_EQUAL(calls_of_a_burst(attributes), 0);
    return argument;
}

int main(void) {
    run(has_bursts, NULL);
    return 0;
}
