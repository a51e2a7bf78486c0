/* From file to file in the kernel: to sockets, pipes and files; by tasks on own and shared stacks, and by threads. What
 * closes, cancels, passes, or is refused. */
#include "rt.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { SIZE = 700001 };
static int file; /* SIZE bytes of a pattern */

static char pattern(long at) { return (char)(at * 31 + at / 251); }

static int new_file(void) {
    static int number;
    char path[64];
    snprintf(path, sizeof path, "/tmp/acort-copies-%d-%d", (int)getpid(), __atomic_fetch_add(&number, 1, __ATOMIC_RELAXED));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_EXCL, 0600);
    CHECK(fd >= 0 && unlink(path) == 0);
    return fd;
}

static void fill(int fd) {
    char *bytes = malloc(SIZE);
    for (long i = 0; i < SIZE; i++) bytes[i] = pattern(i);
    CHECK_EQUAL(pwrite(fd, bytes, SIZE, 0), SIZE);
    free(bytes);
}

/* The bytes of a file from `at` on are the pattern's from `from` on. */
static void check_file(int fd, long at, long from, long size) {
    char *bytes = malloc((size_t)size);
    CHECK_EQUAL(pread(fd, bytes, (size_t)size, at), size);
    for (long i = 0; i < size; i++) CHECK(bytes[i] == pattern(from + i));
    free(bytes);
}

/* The bytes that come are the pattern's. */
static void *takes_all(void *number) {
    char part[5000];
    long taken = 0;
    for (ssize_t got; taken < SIZE; taken += got) {
        got = acort_read((int)NUMBER(number), part, sizeof part, ACORT_NEVER);
        CHECK(got > 0);
        for (long i = 0; i < got; i++) CHECK(part[i] == pattern(taken + i));
    }
    return NULL;
}

static void send_all(int to, off_t *offset) {
    for (long sent = 0; sent < SIZE;) {
        ssize_t count = acort_sendfile(to, file, offset, (size_t)(SIZE - sent), ACORT_NEVER);
        CHECK(count > 0);
        sent += count;
        CHECK_EQUAL(offset != NULL ? *offset : lseek(file, 0, SEEK_CUR), sent);
    }
}

static void send_through(int in, int out, off_t *offset) {
    acort_task_t *task = NULL;
    pthread_t thread;
    if (acort_self() != NULL) task = acort_go(takes_all, POINTER(out));
    else CHECK(pthread_create(&thread, NULL, takes_all, POINTER(out)) == 0);
    send_all(in, offset);
    if (task != NULL) join(task);
    else CHECK(pthread_join(thread, NULL) == 0);
    CHECK(acort_close(in) == 0 && acort_close(out) == 0);
}

static void *sends(void *argument) {
    int ends[2];
    off_t offset = 0;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    send_through(ends[0], ends[1], &offset);
    CHECK(pipe(ends) == 0);
    offset = 0;
    send_through(ends[1], ends[0], &offset);
    int copy = new_file();
    offset = 0;
    send_all(copy, &offset);
    check_file(copy, 0, 0, SIZE);
    CHECK_EQUAL(acort_close(copy), 0);
    return argument;
}

/* The file's own position. */
static void *sends_from_position(void *argument) {
    int ends[2];
    CHECK(lseek(file, 0, SEEK_SET) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    send_through(ends[0], ends[1], NULL);
    int copy = new_file();
    CHECK_EQUAL(lseek(file, 0, SEEK_SET), 0);
    send_all(copy, NULL);
    CHECK(lseek(copy, 0, SEEK_CUR) == SIZE);
    check_file(copy, 0, 0, SIZE);
    CHECK_EQUAL(acort_close(copy), 0);
    return argument;
}

static void *copies(void *argument) {
    int copy = new_file();
    off_t from = 1000, to = 70;
    CHECK_EQUAL(acort_copy_range(file, &from, copy, &to, 5000, acort_after(10000 * MILLISECONDS)), 5000);
    CHECK(from == 6000 && to == 5070);
    check_file(copy, 70, 1000, 5000);
    from = to = 0;
    while (from < SIZE) { /* more than there is */
        ssize_t count = acort_copy_range(file, &from, copy, &to, (size_t)-1, ACORT_NEVER);
        CHECK(count > 0 && from == to);
    }
    CHECK_EQUAL(from, SIZE);
    check_file(copy, 0, 0, SIZE);
    CHECK_EQUAL(acort_copy_range(file, &from, copy, &to, 1, ACORT_NEVER), 0); /* the end */
    from = 0;
    CHECK_EQUAL(acort_copy_range(file, &from, copy, NULL, 0, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_copy_range(file, &from, copy, NULL, 9, ACORT_NEVER), 9);
    CHECK(from == 9 && lseek(copy, 0, SEEK_CUR) == 9);
    CHECK_EQUAL(acort_copy_range(copy, NULL, copy, &(off_t){SIZE}, 8, ACORT_NEVER), 8);
    CHECK_EQUAL(lseek(copy, 0, SEEK_CUR), 17);
    check_file(copy, SIZE, 9, 8);
    from = 0, to = 4; /* ranges that overlap */
    CHECK_FAILS(acort_copy_range(copy, &from, copy, &to, 8, ACORT_NEVER), EINVAL);
    CHECK(from == 0 && to == 4);
    CHECK_EQUAL(acort_close(copy), 0);
    return argument;
}

/* What has no size, another file system, another file's end. */
static void *copies_odd_files(void *argument) {
    char bytes[100] = "";
    int copy = new_file(), status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    CHECK(acort_copy_range(status, NULL, copy, NULL, sizeof bytes, ACORT_NEVER) > 0);
    CHECK(pread(copy, bytes, sizeof bytes, 0) > 0 && memcmp(bytes, "Name:", 5) == 0);
    CHECK_EQUAL(acort_close(status), 0);
    snprintf(bytes, sizeof bytes, "/dev/shm/acort-copies-%d", (int)getpid());
    int other = open(bytes, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (other >= 0) {
        off_t from = 0, to = 0;
        CHECK_EQUAL(unlink(bytes), 0);
        while (from < SIZE) CHECK(acort_copy_range(file, &from, other, &to, SIZE, ACORT_NEVER) > 0);
        check_file(other, 0, 0, SIZE);
        /* Past the page cache the system wants an aligned buffer. */
        int flags = fcntl(file, F_GETFL);
        if (fcntl(file, F_SETFL, flags | O_DIRECT) == 0) {
            from = to = 0;
            CHECK_EQUAL(acort_copy_range(file, &from, other, &to, 8192, ACORT_NEVER), 8192);
            CHECK_EQUAL(fcntl(file, F_SETFL, flags), 0);
        }
        CHECK_EQUAL(acort_close(other), 0);
    }
    CHECK_EQUAL(acort_close(copy), 0);
    return argument;
}

static void *refuses(void *argument) {
    int ends[2], pair[2];
    off_t offset = 0, negative = -1;
    CHECK(pipe(ends) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    int folder = open("/tmp", O_RDONLY | O_CLOEXEC), readable = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int out = new_file(), appends = fcntl(out, F_DUPFD_CLOEXEC, 0);
    CHECK(folder >= 0 && readable >= 0 && appends >= 0);
    CHECK_FAILS(acort_sendfile(-1, file, &offset, 1, ACORT_NEVER), EBADF);
    CHECK_FAILS(acort_sendfile(pair[0], -1, &offset, 1, ACORT_NEVER), EBADF);
    CHECK_FAILS(acort_sendfile(pair[0], file, &negative, 1, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_sendfile(pair[0], ends[0], NULL, 1, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_sendfile(ends[1], pair[1], NULL, 1, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_sendfile(pair[0], folder, &offset, 1, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_sendfile(readable, file, &offset, 1, ACORT_NEVER), EBADF);
    CHECK_EQUAL(acort_sendfile(pair[0], file, &offset, 0, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_sendfile(pair[0], file, &(off_t){SIZE}, 10, ACORT_NEVER), 0);
    CHECK(acort_sendfile(pair[0], file, &(off_t){INT64_MAX - 10}, 1, ACORT_NEVER) <= 0);
    CHECK_FAILS(acort_copy_range(-1, &offset, out, NULL, 1, ACORT_NEVER), EBADF);
    CHECK_FAILS(acort_copy_range(file, &offset, -1, NULL, 1, ACORT_NEVER), EBADF);
    CHECK_FAILS(acort_copy_range(file, &negative, out, NULL, 1, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_copy_range(file, &offset, out, &negative, 1, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_copy_range(ends[0], NULL, out, NULL, 1, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_copy_range(file, &offset, pair[0], NULL, 1, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_copy_range(file, &offset, readable, NULL, 1, ACORT_NEVER), EBADF);
    CHECK(acort_copy_range(folder, &offset, out, NULL, 1, ACORT_NEVER) == -1 && (errno == EISDIR || errno == EINVAL));
    CHECK_EQUAL(fcntl(appends, F_SETFL, O_APPEND), 0);
    CHECK_FAILS(acort_copy_range(file, &offset, appends, NULL, 1, ACORT_NEVER), EBADF);
    CHECK_EQUAL(offset, 0);
    CHECK(acort_close(ends[0]) == 0 && acort_close(pair[1]) == 0);
    CHECK_FAILS(acort_sendfile(ends[1], file, &offset, 1, ACORT_NEVER), EPIPE); /* and no SIGPIPE */
    CHECK_FAILS(acort_sendfile(pair[0], file, &offset, 1, ACORT_NEVER), EPIPE);
    const int files[] = {ends[1], pair[0], folder, readable, out, appends};
    for (int i = 0; i < 6; i++) CHECK_EQUAL(acort_close(files[i]), 0);
    return argument;
}

/* Sends until there is no room, and then waits. */
static void stuff(int to) {
    while (acort_sendfile(to, file, &(off_t){0}, SIZE, 0) > 0) continue;
    while (acort_write(to, "x", 1, 0) > 0) continue;
    CHECK_EQUAL(errno, ETIMEDOUT);
}

static int pair[2], expected;

static void *waits_for_room(void *argument) {
    off_t offset = 5;
    ssize_t count = acort_sendfile(pair[0], file, &offset, 100, ACORT_NEVER);
    CHECK(expected != 0 ? count == -1 && errno == expected && offset == 5 : count > 0 && offset == 5 + count);
    return argument;
}

static void *waits_end(void *flags) {
    char part[4096];
    for (int how = 0; how < 3; how++) {
        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
        stuff(pair[0]);
        CHECK_FAILS(acort_sendfile(pair[0], file, &(off_t){0}, 1, acort_after(MILLISECONDS)), ETIMEDOUT);
        expected = how < 2 ? ECANCELED : 0;
        acort_task_t *task = go_with((uint32_t)NUMBER(flags), waits_for_room, NULL);
        CHECK_EQUAL(acort_sleep(MILLISECONDS), 0);
        if (how == 0) CHECK_EQUAL(acort_close(pair[0]), 0);
        if (how == 1) CHECK_EQUAL(acort_cancel(task), 0);
        while (how == 2 && acort_read(pair[1], part, sizeof part, 0) > 0) continue;
        join(task);
        if (how != 0) CHECK_EQUAL(acort_close(pair[0]), 0);
        CHECK_EQUAL(acort_close(pair[1]), 0);
    }
    return NULL;
}

/* As many as can be done at once. */
static void *many(void *argument) {
    enum { TASKS = 8 };
    acort_task_t *tasks[2 * TASKS];
    for (int i = 0; i < TASKS; i++) {
        tasks[2 * i] = go_with(i % 2 ? ACORT_SHARED : 0, sends, NULL);
        tasks[2 * i + 1] = go_with(i % 2 ? 0 : ACORT_SHARED, copies, NULL);
    }
    for (int i = 0; i < 2 * TASKS; i++) join(tasks[i]);
    return argument;
}

static void *all(void *argument) {
    sends(NULL);
    sends_from_position(NULL);
    copies(NULL);
    copies_odd_files(NULL);
    refuses(NULL);
    return argument;
}

static void *all_ways(void *argument) {
    pthread_t thread;
    join(acort_go(all, NULL));
    join(go_with(ACORT_SHARED, all, NULL));
    CHECK(pthread_create(&thread, NULL, all, NULL) == 0 && pthread_join(thread, NULL) == 0);
    waits_end(POINTER(0));
    waits_end(POINTER(ACORT_SHARED));
    return argument;
}

/* Where the system has no copy_file_range(2), or none for these files; where it cannot say what is cached. */
static long refused;
static int refusal;

static void does_without(void) {
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
    all(NULL);
    run(all, NULL);
}

int main(void) {
    static const int refusals[] = {ENOSYS, EPERM, EXDEV, EINVAL, ENOSYS};
    char text[256];
    file = new_file();
    fill(file);
    for (int i = 0; i < 5; i++) {
        refused = i < 4 ? SYS_copy_file_range : SYS_preadv2;
        refusal = refusals[i];
        int status = run_in_child(does_without, text, sizeof text);
        if (status != 0) fputs(text, stderr);
        CHECK_EQUAL(status, 0);
    }
    run(all_ways, NULL);
    run_with(3, many, NULL);
    CHECK_EQUAL(acort_close(file), 0);
    return 0;
}
