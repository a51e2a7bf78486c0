/* Random reads of 4 KiB: what acort's row and the bare ring share. */
#ifndef READS_H
#define READS_H

#include "../measure.h"

#include <fcntl.h>

enum { BLOCK = 4096, BLOCKS = 16384, READS = 20000, MAX_DEPTH = 64 };

/* A file of 64 MiB that is read past the page cache, which would answer without a wait. */
static inline int open_blocks(void) {
    static char bytes[1 << 20];
    const char *folder = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    char path[256];
    snprintf(path, sizeof path, "%s/acort-reads-%d", folder, (int)getpid());
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    for (long at = 0; fd >= 0 && at < (long)BLOCK * BLOCKS; at += (long)sizeof bytes) {
        if (pwrite(fd, bytes, sizeof bytes, at) != (ssize_t)sizeof bytes) exit(1);
    }
    if (fd < 0 || fsync(fd) != 0 || close(fd) != 0) exit(1);
    fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
    if (fd < 0 || unlink(path) != 0) exit(1);
    return fd;
}

/* The place of the next read, of a sequence that is the same for all. */
static inline long next_block(void) {
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (long)(state % BLOCKS) * BLOCK;
}

static inline char *buffers(int depth) {
    char *memory = aligned_alloc(BLOCK, (size_t)depth * BLOCK);
    memset(memory, 0, (size_t)depth * BLOCK);
    return memory;
}

static inline double wall(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* A line as report()'s: of the clock, not of the processor, since a read waits for the disk. */
static inline void report_wall(double begin, double operations) {
    printf("%.4f -1 -1 -1\n", (wall() - begin) / operations);
}

#endif
