/* Files: by tasks on own and shared stacks, by threads; deadlines and cancellation. */
#include "rt.h"

#include <fcntl.h>
#include <sys/stat.h>

static char folder[64], path[80];

static void *reads_and_writes(void *number) {
    char block[3000], back[3000];
    long offset = NUMBER(number) * (long)sizeof block;
    int fd = acort_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600, ACORT_NEVER);
    CHECK(fd >= 0);
    for (int round = 0; round < 3; round++) {
        memset(block, (int)NUMBER(number) + 1 + round, sizeof block);
        memset(back, 0, sizeof back);
        CHECK_EQUAL(acort_pwrite(fd, block, sizeof block, offset, ACORT_NEVER), sizeof block);
        CHECK_EQUAL(acort_fsync(fd, ACORT_NEVER), 0);
        CHECK_EQUAL(acort_pread(fd, back, sizeof back, offset, ACORT_NEVER), sizeof back);
        CHECK(memcmp(block, back, sizeof block) == 0);
    }
    CHECK_EQUAL(acort_close(fd), 0);
    return NULL;
}

static void *all_use_it(void *argument) {
    enum { TASKS = 12 };
    acort_task_t *tasks[TASKS];
    pthread_t thread;
    unlink(path);
    CHECK(pthread_create(&thread, NULL, reads_and_writes, POINTER(TASKS)) == 0);
    for (int i = 0; i < TASKS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, reads_and_writes, POINTER(i));
    for (int i = 0; i < TASKS; i++) join(tasks[i]);
    pthread_join(thread, NULL);
    struct stat status;
    CHECK(stat(path, &status) == 0 && status.st_size == 3000 * (TASKS + 1));
    return argument;
}

/* More than there is, nothing, the end, what is not there. */
static void *ends(void *argument) {
    static char block[100000];
    CHECK_FAILS(acort_open("/nowhere/at/all", O_RDONLY, 0, ACORT_NEVER), ENOENT);
    CHECK_FAILS(acort_open(NULL, O_RDONLY, 0, ACORT_NEVER), EINVAL);
    unlink(path);
    int fd = acort_open(path, O_RDWR | O_CREAT | O_EXCL, 0640, ACORT_NEVER);
    CHECK(fd >= 0);
    CHECK_FAILS(acort_open(path, O_RDWR | O_CREAT | O_EXCL, 0640, ACORT_NEVER), EEXIST);
    memset(block, 7, sizeof block);
    CHECK_EQUAL(acort_pwrite(fd, block, 50000, 0, acort_after(10000 * MILLISECONDS)), 50000);
    CHECK_EQUAL(acort_pread(fd, block, sizeof block, 100, ACORT_NEVER), 49900);
    CHECK_EQUAL(acort_pread(fd, block, sizeof block, 50000, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_pread(fd, block, 10, 60000, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_pread(fd, block, 0, 0, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_pwrite(fd, block, 0, 0, ACORT_NEVER), 0);
    CHECK_FAILS(acort_pread(fd, block, 10, -5, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_pwrite(fd, block, 10, -5, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_pread(-1, block, 10, 0, ACORT_NEVER), EBADF);
    CHECK_FAILS(acort_pwrite(-1, block, 10, 0, ACORT_NEVER), EBADF);
    CHECK_FAILS(acort_fsync(-1, ACORT_NEVER), EBADF);
    int ends[2];
    CHECK(pipe(ends) == 0);
    CHECK_FAILS(acort_pread(ends[0], block, 10, 0, ACORT_NEVER), ESPIPE);
    CHECK_FAILS(acort_pwrite(ends[1], block, 10, 0, ACORT_NEVER), ESPIPE);
    acort_close(ends[0]), acort_close(ends[1]);
    acort_close(fd);
    return argument;
}

/* Without a wait nothing is written; what is in memory can be read, or not. */
static void *without_waiting(void *argument) {
    char byte = 'x';
    CHECK_FAILS(acort_open(path, O_RDONLY, 0, 0), ETIMEDOUT);
    int fd = acort_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, ACORT_NEVER);
    CHECK_FAILS(acort_pwrite(fd, &byte, 1, 0, 0), ETIMEDOUT);
    CHECK_FAILS(acort_fsync(fd, 0), ETIMEDOUT);
    CHECK_EQUAL(acort_pread(fd, &byte, 1, 0, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_pwrite(fd, &byte, 1, 0, ACORT_NEVER), 1);
    byte = 'y';
    ssize_t got = acort_pread(fd, &byte, 1, 0, 0);
    CHECK(got == -1 ? errno == ETIMEDOUT && byte == 'y' : got == 1 && byte == 'x');
    acort_close(fd);
    return argument;
}

static void *is_cancelled(void *fd) {
    char byte = 'z';
    acort_cancel(acort_self());
    /* A thread may be faster than the wait. */
    int file = acort_open(path, O_RDONLY, 0, ACORT_NEVER);
    CHECK(file >= 0 ? acort_close(file) == 0 : errno == ECANCELED);
    int result = (int)acort_pwrite((int)NUMBER(fd), &byte, 1, 5, ACORT_NEVER);
    CHECK(result == 1 || (result == -1 && errno == ECANCELED));
    acort_cancel_mask(1);
    CHECK_EQUAL(acort_pwrite((int)NUMBER(fd), &byte, 1, 6, ACORT_NEVER), 1);
    return NULL;
}

static void *cancellation(void *argument) {
    int fd = acort_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, ACORT_NEVER);
    join(acort_go(is_cancelled, POINTER(fd)));
    join(go_with(ACORT_SHARED, is_cancelled, POINTER(fd)));
    acort_close(fd);
    return argument;
}

static void *fifo_is_opened(void *name) {
    CHECK_FAILS(acort_open(name, O_RDONLY, 0, acort_after(5 * MILLISECONDS)), ETIMEDOUT);
    return NULL;
}

/* No process opens the other end before the deadline; the threads that are left there end later. */
static void *stuck_opens(void *argument) {
    static char fifo[90];
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    CHECK(mkfifo(fifo, 0600) == 0);
    acort_task_t *tasks[3];
    for (int i = 0; i < 3; i++) tasks[i] = acort_go(fifo_is_opened, fifo);
    for (int i = 0; i < 3; i++) join(tasks[i]);
    int fd = acort_open(fifo, O_RDWR, 0, ACORT_NEVER);
    CHECK(fd >= 0);
    acort_sleep(MILLISECONDS);
    acort_close(fd);
    CHECK(unlink(fifo) == 0);
    return argument;
}

/* All threads are busy: what has not begun when the deadline passes is not done. */
static int has_begun;

static void *blocks(void *argument) {
    __atomic_store_n(&has_begun, 1, __ATOMIC_RELAXED);
    struct timespec pause = {0, 60 * MILLISECONDS};
    nanosleep(&pause, NULL);
    return argument;
}

static void *keeps_the_thread(void *argument) {
    CHECK_EQUAL(acort_blocking(blocks, NULL, NULL), 0);
    return argument;
}

static void *comes_too_late(void *argument) {
    int fd = acort_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, ACORT_NEVER);
    acort_task_t *task = acort_go(keeps_the_thread, NULL);
    while (!__atomic_load_n(&has_begun, __ATOMIC_RELAXED)) acort_sleep(MILLISECONDS / 10);
    int late = (int)acort_pwrite(fd, "late", 4, 0, acort_after(MILLISECONDS));
    CHECK(late == 4 || (late == -1 && errno == ETIMEDOUT));
    join(task);
    CHECK_EQUAL(acort_fsync(fd, ACORT_NEVER), 0);
    struct stat status;
    CHECK(fstat(fd, &status) == 0 && status.st_size == (late == 4 ? 4 : 0));
    acort_close(fd);
    return argument;
}

static void *one_thread(void *argument) {
    acort_opts_t options;
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    options.workers = 1;
    options.blocking_threads = 1;
    acort_t *runtime = acort_new(&options);
    CHECK_EQUAL(acort_enter(runtime, comes_too_late, argument, NULL), 0);
    CHECK_EQUAL(acort_free(runtime), 0);
    return argument;
}

int main(void) {
    snprintf(folder, sizeof folder, "/tmp/acort-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/file", folder);
    one_thread(NULL);
    run(all_use_it, NULL);
    run_with(3, all_use_it, NULL);
    run(ends, NULL);
    run(without_waiting, NULL);
    run(cancellation, NULL);
    run(stuck_opens, NULL);
    reads_and_writes(NULL);
    CHECK(unlink(path) == 0 && rmdir(folder) == 0);
    return 0;
}
