/* Reads and writes that wait for the disk, many at once: by io_uring, and by the pool where there is no ring. What a
 * deadline or a cancellation ends was not done. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "rt.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { BLOCK = 4096, TASKS = 100, OF_EACH = 4 };

static int file; /* past the page cache, where the file system lets it */

static int new_file(void) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/acort-ring-%d", (int)getpid());
    int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_EXCL, fd = open(path, flags | O_DIRECT, 0600);
    if (fd < 0) fd = open(path, flags, 0600);
    CHECK(fd >= 0 && unlink(path) == 0 && ftruncate(fd, (long)BLOCK * TASKS * OF_EACH) == 0);
    return fd;
}

/* On the task's stack, own or shared, or not there. */
static void use_blocks(long number, char *block) {
    for (long i = 0; i < OF_EACH; i++) {
        long at = (number * OF_EACH + i) * BLOCK;
        memset(block, (int)(number + i + 1), BLOCK);
        CHECK_EQUAL(acort_pwrite(file, block, BLOCK, at, ACORT_NEVER), BLOCK);
        memset(block, 0, BLOCK);
        CHECK_EQUAL(acort_pread(file, block, BLOCK, at, acort_after(60000 * MILLISECONDS)), BLOCK);
        for (int k = 0; k < BLOCK; k++) CHECK(block[k] == (char)(number + i + 1));
    }
    if (number % 16 == 0) CHECK_EQUAL(acort_fsync(file, ACORT_NEVER), 0);
}

static void *uses_stack(void *number) {
    _Alignas(BLOCK) char block[BLOCK];
    use_blocks(NUMBER(number), block);
    return NULL;
}

static void *uses_heap(void *number) {
    char *block = aligned_alloc(BLOCK, BLOCK);
    use_blocks(NUMBER(number), block);
    free(block);
    return NULL;
}

/* More at once than the ring has room for. */
static void *many(void *argument) {
    acort_task_t *tasks[TASKS];
    for (long i = 0; i < TASKS; i++) {
        uint32_t flags = i % 3 == 0 ? ACORT_SHARED : 0;
        tasks[i] = go_with(flags, i % 3 == 1 ? uses_stack : uses_heap, POINTER(i));
    }
    for (int i = 0; i < TASKS; i++) join(tasks[i]);
    return argument;
}

static void *uses_shared_stack(void *number) {
    char bytes[100]; /* no place for O_DIRECT */
    int fd = acort_open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600, ACORT_NEVER);
    if (fd < 0) return NULL;
    for (int i = 0; i < 20; i++) {
        memset(bytes, i + 1, sizeof bytes);
        CHECK_EQUAL(acort_pwrite(fd, bytes, sizeof bytes, 5, ACORT_NEVER), sizeof bytes);
        memset(bytes, 0, sizeof bytes);
        acort_yield();
        CHECK_EQUAL(acort_pread(fd, bytes, sizeof bytes, 5, ACORT_NEVER), sizeof bytes);
        CHECK(bytes[0] == i + 1 && bytes[99] == i + 1);
    }
    CHECK_EQUAL(acort_close(fd), 0);
    return number;
}

static void *on_shared_stacks(void *argument) {
    acort_task_t *tasks[8];
    for (long i = 0; i < 8; i++) tasks[i] = go_with(ACORT_SHARED, uses_shared_stack, POINTER(i));
    for (int i = 0; i < 8; i++) join(tasks[i]);
    return argument;
}

static void *ends(void *argument) {
    char *block = aligned_alloc(BLOCK, BLOCK);
    int pipe_ends[2];
    long end = (long)BLOCK * TASKS * OF_EACH;
    CHECK(pipe2(pipe_ends, O_DIRECT | O_CLOEXEC) == 0);
    CHECK_EQUAL(acort_pread(file, block, BLOCK, end, ACORT_NEVER), 0);
    CHECK_FAILS(acort_pread(file, block, BLOCK, -BLOCK, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_pwrite(file, block, BLOCK, -BLOCK, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_pread(file, NULL, BLOCK, 0, ACORT_NEVER), EFAULT);
    CHECK_FAILS(acort_pwrite(file, NULL, BLOCK, 0, ACORT_NEVER), EFAULT);
    CHECK_FAILS(acort_pread(pipe_ends[0], block, 1, 0, ACORT_NEVER), ESPIPE);
    CHECK_FAILS(acort_pwrite(pipe_ends[1], block, 1, 0, ACORT_NEVER), ESPIPE);
    CHECK_FAILS(acort_fsync(pipe_ends[0], ACORT_NEVER), EINVAL);
    int readable = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    CHECK_FAILS(acort_pwrite(readable, block, 1, 0, ACORT_NEVER), EBADF);
    CHECK(acort_close(readable) == 0 && acort_close(pipe_ends[0]) == 0 && acort_close(pipe_ends[1]) == 0);
    free(block);
    return argument;
}

/* Deadlines and cancellations at any moment. A call that fails has done nothing, and its buffer is the caller's. */
static long given_up;

static void *writes_in_time(void *number) {
    char *block = aligned_alloc(BLOCK, BLOCK);
    uint64_t random = (uint64_t)NUMBER(number) + 1;
    for (long i = 0; i < OF_EACH; i++) {
        long at = (NUMBER(number) * OF_EACH + i) * BLOCK;
        char before, after;
        acort_cancel_mask(1);
        CHECK_EQUAL(acort_pread(file, block, BLOCK, at, ACORT_NEVER), BLOCK);
        acort_cancel_mask(0);
        before = block[0];
        memset(block, before + 1, BLOCK);
        int64_t until = acort_after((int64_t)(random_next(&random) % 200000));
        ssize_t wrote = acort_pwrite(file, block, BLOCK, at, i % 2 ? until : ACORT_NEVER);
        int late = i % 2 ? ETIMEDOUT : 0, cancelled = NUMBER(number) % 3 ? late : ECANCELED;
        CHECK(wrote == BLOCK || (wrote == -1 && (errno == late || errno == cancelled)));
        memset(block, 0, BLOCK);
        acort_cancel_mask(1);
        CHECK_EQUAL(acort_pread(file, block, BLOCK, at, ACORT_NEVER), BLOCK);
        acort_cancel_mask(0);
        after = block[0];
        CHECK(after == (char)(wrote == BLOCK ? before + 1 : before));
        if (wrote < 0) __atomic_fetch_add(&given_up, 1, __ATOMIC_RELAXED);
    }
    free(block);
    return NULL;
}

static void *give_up(void *argument) {
    acort_task_t *tasks[TASKS];
    for (long i = 0; i < TASKS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, writes_in_time, POINTER(i));
    acort_yield();
    for (int i = 0; i < TASKS; i += 3) CHECK_EQUAL(acort_cancel(tasks[i]), 0);
    for (int i = 0; i < TASKS; i++) join(tasks[i]);
    CHECK(given_up > 0);
    return argument;
}

static void *interrupted(void *argument) {
    char *block = aligned_alloc(BLOCK, BLOCK);
    ssize_t got = acort_pread(file, block, BLOCK, 0, ACORT_NEVER);
    CHECK(got == BLOCK || (got == -1 && errno == ENOLCK));
    int slept = acort_sleep(got == BLOCK ? 60000 * MILLISECONDS : 1); /* the interruption comes once */
    CHECK(got == BLOCK ? slept == -1 && errno == ENOLCK : slept == 0);
    free(block);
    return argument;
}

static void *interrupts(void *argument) {
    acort_task_t *task = acort_go(interrupted, NULL);
    acort_yield();
    CHECK(acort_interrupt(task, ENOLCK) >= 0);
    join(task);
    return argument;
}

/* A child of fork(2) has the ring's memory, and leaves it alone. */
static void *forks(void *argument) {
    acort_task_t *task = acort_go(uses_heap, POINTER(1));
    acort_yield();
    pid_t child = fork();
    if (child == 0) _exit(acort_close(file) == 0 ? 0 : 1);
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    join(task);
    return argument;
}

static void *all(void *argument) {
    many(NULL);
    on_shared_stacks(NULL);
    ends(NULL);
    give_up(NULL);
    interrupts(NULL);
    forks(NULL);
    return argument;
}

/* The kernel has started no thread of its own, which would look like one that may wake a task. */
static void check_threads(void) {
    char name[300], text[32] = "";
    DIR *folder = opendir("/proc/self/task");
    for (struct dirent *one; folder != NULL && (one = readdir(folder)) != NULL;) {
        snprintf(name, sizeof name, "/proc/self/task/%s/comm", one->d_name);
        FILE *comm = fopen(name, "r");
        if (comm == NULL) continue;
        if (fgets(text, sizeof text, comm) != NULL) CHECK(strncmp(text, "iou-", 4) != 0);
        fclose(comm);
    }
    if (folder != NULL) closedir(folder);
}

static void use_loop(void) {
    acort_opts_t options;
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    options.flags = ACORT_LOOP;
    acort_t *loop = acort_new(&options);
    CHECK(loop != NULL);
    for (long i = 0; i < TASKS; i++) acort_detach(acort_loop_go(loop, uses_heap, POINTER(i)));
    while (acort_loop_step(loop, 0) == 1) {
        struct pollfd one = {acort_loop_fd(loop), POLLIN, 0};
        CHECK_EQUAL(poll(&one, 1, 20000), 1);
    }
    CHECK_EQUAL(acort_free(loop), 0);
}

/* Where the system has no ring, refuses it, or has no descriptor for it. */
static long refused;
static int refusal;

static void has_none(void) {
    /* of seccomp(2): load the number, is it this one, answer with an errno, let it through */
    struct {
        uint16_t code;
        uint8_t if_so, if_not;
        uint32_t value;
    } filter[] = {{0x20, 0, 0, 0},
                  {0x15, 0, 1, (uint32_t)refused},
                  {0x06, 0, 0, 0x00050000 | (uint32_t)refusal},
                  {0x06, 0, 0, 0x7fff0000}};
    struct {
        unsigned short count;
        void *filter;
    } program = {4, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, 2, &program) != 0) return;
    file = new_file();
    run(many, NULL);
    run_with(2, many, NULL);
}

static void *has_no_descriptors(void *argument) {
    struct rlimit before, none;
    CHECK_EQUAL(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)file + 1;
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &none), 0);
    many(NULL);
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
    return argument;
}

static void is_turned_off(void) {
    CHECK_EQUAL(setenv("ACORT_NO_IO_URING", "1", 1), 0);
    file = new_file();
    run(all, NULL);
}

static void check_child(void (*body)(void)) {
    char text[256];
    int status = run_in_child(body, text, sizeof text);
    if (status != 0 || text[0] != 0) fputs(text, stderr);
    CHECK(status == 0 && text[0] == 0);
}

int main(void) {
    static const int refusals[] = {ENOSYS, EPERM, ENOMEM};
    static const long calls[] = {SYS_io_uring_setup, SYS_io_uring_register, SYS_io_uring_enter};
    for (int i = 0; i < 9; i++) {
        refused = calls[i / 3];
        refusal = refusals[i % 3];
        check_child(has_none);
    }
    check_child(is_turned_off);
    file = new_file();
    run(all, NULL);
    check_threads();
    run_with(2, all, NULL);
    use_loop();
    run(has_no_descriptors, NULL);
    CHECK_EQUAL(acort_close(file), 0);
    return 0;
}
