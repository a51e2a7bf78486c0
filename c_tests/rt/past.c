/* Files and names, which no file descriptor tells of: what a call gives whose deadline has passed before it begins. */
#include "rt.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static char path[64];
static int ends[2];

static const int64_t past[] = {0, 1};

static _Thread_local int clock_reads;

/* Counts the library's reads of the clock, which come here. */
int clock_gettime(clockid_t clock, struct timespec *time) {
    clock_reads++;
    return (int)syscall(SYS_clock_gettime, clock, time);
}

/* A call that may not wait has no use for the time. */
static void read_no_clock(void) {
    acort_case_t readable = {.op = ACORT_FD_READ, .fd = ends[0]};
    clock_reads = 0;
    CHECK_FAILS(acort_fdwait(ends[0], POLLIN, 0), ETIMEDOUT);
    CHECK_FAILS(acort_select(&readable, 1, 0), ETIMEDOUT);
    CHECK_EQUAL(clock_reads, 0);
    CHECK_FAILS(acort_fdwait(ends[0], POLLIN, 1), ETIMEDOUT);
    CHECK(clock_reads > 0);
}

static void open_and_write_nothing(int64_t deadline) {
    char byte = 'x';
    CHECK_FAILS(acort_open(path, O_RDWR | O_CREAT, 0600, deadline), ETIMEDOUT);
    CHECK_FAILS(acort_open("/dev/null", O_RDONLY, 0, deadline), ETIMEDOUT);
    CHECK(access(path, F_OK) == -1);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat status;
    CHECK_FAILS(acort_pwrite(fd, &byte, 1, 0, deadline), ETIMEDOUT);
    CHECK_FAILS(acort_fsync(fd, deadline), ETIMEDOUT);
    int source = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    CHECK_FAILS(acort_sendfile(fd, source, NULL, 1, deadline), ETIMEDOUT);
    CHECK_FAILS(acort_copy_range(source, NULL, fd, NULL, 1, deadline), ETIMEDOUT);
    CHECK_EQUAL(close(source), 0);
    CHECK(fstat(fd, &status) == 0 && status.st_size == 0);
    CHECK(close(fd) == 0 && unlink(path) == 0);
}

/* What preadv2(2) gives of the page cache, which is nothing where the file system or the kernel cannot say. */
static void read_what_is_cached(int64_t deadline) {
    char bytes[10] = "..........";
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, "1234567", 7) == 7);
    struct iovec part = {bytes, 1};
    int is_cached = syscall(SYS_preadv2, fd, &part, 1L, 0L, 0L, 8) == 1;
    ssize_t got = acort_pread(fd, bytes, sizeof bytes, 2, deadline);
    if (is_cached) {
        CHECK(got == 5 && memcmp(bytes, "34567", 5) == 0);
        CHECK_EQUAL(acort_pread(fd, bytes, sizeof bytes, 7, deadline), 0);
        CHECK_EQUAL(acort_pread(fd, bytes, sizeof bytes, 100, deadline), 0);
        CHECK_FAILS(acort_pread(-1, bytes, sizeof bytes, 0, deadline), EBADF);
        CHECK_FAILS(acort_pread(ends[0], bytes, sizeof bytes, 0, deadline), ESPIPE);
    } else {
        CHECK(got == 5 || (got == -1 && errno == ETIMEDOUT));
    }
    off_t place = 1;
    got = acort_sendfile(ends[1], fd, &place, 3, deadline);
    if (is_cached) CHECK(got == 3 || !IN_ORDER);
    CHECK(got > 0 ? place == 1 + got && read(ends[0], bytes, 10) == got && memcmp(bytes, "234", (size_t)got) == 0
                  : got == -1 && errno == ETIMEDOUT && place == 1);
    CHECK_FAILS(acort_pread(fd, bytes, sizeof bytes, -1, deadline), EINVAL);
    CHECK_FAILS(acort_pread(fd, bytes, sizeof bytes, -1, ACORT_NEVER), EINVAL);
    CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 7);
    CHECK(close(fd) == 0 && unlink(path) == 0);
}

static void check_name(const char *node, const char *service, int64_t deadline) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    errno = 0;
    CHECK_EQUAL(acort_getaddrinfo(node, service, &hints, &found, deadline), EAI_SYSTEM);
    CHECK(errno == ETIMEDOUT && found == NULL);
    CHECK_EQUAL(acort_getaddrinfo(node, service, NULL, &found, deadline), EAI_SYSTEM);
    CHECK(errno == ETIMEDOUT && found == NULL);
}

static void check_numbers(const char *node, const char *service, int64_t deadline) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    CHECK_EQUAL(acort_getaddrinfo(node, service, &hints, &found, deadline), 0);
    CHECK(found != NULL && found->ai_family == AF_INET && found->ai_next == NULL);
    freeaddrinfo(found);
    CHECK_EQUAL(acort_getaddrinfo(node, service, NULL, &found, deadline), 0);
    freeaddrinfo(found);
}

static void ask_for_no_name(int64_t deadline) {
    for (int i = 0; i < 50; i++) check_name("localhost", "80", deadline);
    check_name("127.0.0.1", "http", deadline);
    check_name(NULL, "http", deadline);
    check_numbers("127.0.0.1", "80", deadline);
    check_numbers("127.0.0.1", NULL, deadline);
    check_numbers(NULL, "80", deadline);
    CHECK_FAILS(acort_dial("tcp", "localhost:80", deadline), ETIMEDOUT);
    CHECK_FAILS(acort_dial("tcp", "127.0.0.1:http", deadline), ETIMEDOUT);
}

/* No thread is started for a call that would have to wait. */
static nlink_t thread_count(void) {
    struct stat status;
    CHECK(stat("/proc/self/task", &status) == 0);
    return status.st_nlink;
}

static void *do_not_wait(void *argument) {
    nlink_t before = thread_count();
    read_no_clock();
    for (int i = 0; i < 2; i++) {
        open_and_write_nothing(past[i]);
        read_what_is_cached(past[i]);
        ask_for_no_name(past[i]);
    }
    CHECK_EQUAL(thread_count(), before);
    return argument;
}

static void *none_waits(void *argument) {
    pthread_t thread;
    CHECK(pipe(ends) == 0);
    do_not_wait(NULL);
    join(go_with(ACORT_SHARED, do_not_wait, NULL));
    CHECK(pthread_create(&thread, NULL, do_not_wait, NULL) == 0 && pthread_join(thread, NULL) == 0);
    for (int i = 0; i < 2; i++) CHECK_EQUAL(acort_close(ends[i]), 0);
    return argument;
}

/* Where the system has no preadv2(2), or a sandbox has none: nothing without a wait, all with one. */
static int refusal;

static void *reads_all_the_same(void *argument) {
    char bytes[4] = "";
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    CHECK_FAILS(acort_pread(fd, bytes, 4, 0, 0), ETIMEDOUT);
    CHECK_FAILS(acort_pread(fd, bytes, 4, 0, 1), ETIMEDOUT);
    CHECK_EQUAL(acort_pread(fd, bytes, 4, 0, ACORT_NEVER), 4);
    CHECK(memcmp(bytes, "\177ELF", 4) == 0);
    return argument;
}

static void has_no_preadv2(void) {
    /* of seccomp(2): load the number, is it this one, answer with an errno, let it through */
    struct {
        uint16_t code;
        uint8_t if_so, if_not;
        uint32_t value;
    } filter[] = {{0x20, 0, 0, 0},
                  {0x15, 0, 1, SYS_preadv2},
                  {0x06, 0, 0, 0x00050000 | (uint32_t)refusal},
                  {0x06, 0, 0, 0x7fff0000}};
    struct {
        unsigned short count;
        void *filter;
    } program = {4, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, 2, &program) != 0) return;
    reads_all_the_same(NULL);
    run(reads_all_the_same, NULL);
}

int main(void) {
    static const int refusals[] = {ENOSYS, EPERM, EOPNOTSUPP};
    char text[256];
    snprintf(path, sizeof path, "/tmp/acort-past-%d", (int)getpid());
    for (int i = 0; i < 3; i++) {
        refusal = refusals[i];
        int status = run_in_child(has_no_preadv2, text, sizeof text);
        if (status != 0) fputs(text, stderr);
        CHECK_EQUAL(status, 0);
    }
    run(none_waits, NULL);
    return 0;
}
