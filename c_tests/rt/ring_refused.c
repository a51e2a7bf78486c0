/* The kernel refuses submissions for a while, as at a limit of memory, beside a read that is over meanwhile: both reads
 * end. Interposes syscall, so it needs the shared library. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "rt.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>

enum { BLOCK = 1 << 20, BLOCKS = 3 };

static int file, submissions, refusals;

/* In the place of the C library's. */
long syscall(long number, ...) {
    static long (*real)(long, ...);
    long values[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) values[i] = va_arg(list, long);
    va_end(list);
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    CHECK(real != NULL);
    if (number == SYS_io_uring_enter && (unsigned)values[1] > 0) {
        submissions++;
        if (refusals > 0) {
            usleep(3000); /* what is in flight is over */
            refusals--;
            errno = EAGAIN;
            return -1;
        }
    }
    return real(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

static void *reads(void *number) {
    char *block = aligned_alloc(4096, BLOCK);
    CHECK_EQUAL(acort_pread(file, block, BLOCK, NUMBER(number) * BLOCK, ACORT_NEVER), BLOCK);
    for (int i = 0; i < BLOCK; i++) CHECK(block[i] == (char)NUMBER(number));
    free(block);
    return NULL;
}

/* So many submissions fail beside a read that was submitted. */
static void *refuses(void *count) {
    int before = submissions;
    acort_task_t *first = acort_go(reads, POINTER(1));
    for (int i = 0; i < 100 && submissions == before; i++) acort_yield();
    refusals = (int)NUMBER(count);
    acort_task_t *second = acort_go(reads, POINTER(2));
    join(first);
    join(second);
    refusals = 0;
    return NULL;
}

int main(void) {
    char path[64], *block = aligned_alloc(4096, BLOCK);
    snprintf(path, sizeof path, "/tmp/acort-refused-%d", (int)getpid());
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_EXCL | O_DIRECT, 0600);
    if (file < 0) return 0; /* no ring is used there */
    for (int i = 0; i < BLOCKS; i++) {
        memset(block, i, BLOCK);
        CHECK_EQUAL(pwrite(file, block, BLOCK, (long)i * BLOCK), BLOCK);
    }
    CHECK(unlink(path) == 0);
    free(block);
    alarm(100);
    for (long count = 1; count < 8; count++) run(refuses, POINTER(count)); /* a ring for each */
    return 0;
}
