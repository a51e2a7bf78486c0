/* O_NONBLOCK belongs to the open file, which other processes have, too: what acort sets it gives back, in acort_close(),
 * at the end of a runtime and at exit(3); sockets that are read and written never have it. */
#include "rt.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int does_not_block(int fd) {
    int flags = fcntl(fd, F_GETFL);
    CHECK(flags >= 0);
    return (flags & O_NONBLOCK) != 0;
}

static int ends[2], copy;

static void make_pipe(void) {
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    copy = fcntl(ends[0], F_DUPFD_CLOEXEC, 3);
    CHECK(copy >= 0 && !does_not_block(copy));
}

static void close_pipe(void) {
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0 && close(copy) == 0);
}

static int64_t soon(void) { return acort_after(2 * MILLISECONDS); }

/* Nothing comes: the call waits. */
static void *reads_nothing(void *fd) {
    char byte;
    CHECK_FAILS(acort_read((int)NUMBER(fd), &byte, 1, soon()), ETIMEDOUT);
    CHECK(does_not_block((int)NUMBER(fd)));
    return NULL;
}

static void *writes(void *fd) {
    uint64_t one = 1;
    CHECK_EQUAL(acort_write_all((int)NUMBER(fd), &one, sizeof one, ACORT_NEVER), sizeof one);
    CHECK(does_not_block((int)NUMBER(fd)));
    return NULL;
}

static void at_the_end_of_a_run(void) {
    make_pipe();
    for (int i = 0; i < 3; i++) {
        run(reads_nothing, POINTER(ends[0]));
        CHECK(!does_not_block(ends[0]) && !does_not_block(copy));
        run_with(2, writes, POINTER(ends[1]));
        CHECK(!does_not_block(ends[1]));
        char bytes[8];
        CHECK(read(ends[0], bytes, 8) == 8);
    }
    close_pipe();
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal >= 0) {
        run(reads_nothing, POINTER(terminal));
        CHECK(!does_not_block(terminal) && close(terminal) == 0);
    }
    int event = eventfd(0, EFD_CLOEXEC);
    run(writes, POINTER(event));
    CHECK(event >= 0 && !does_not_block(event) && close(event) == 0);
}

static void the_programs_own(void) {
    make_pipe();
    CHECK(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    run(reads_nothing, POINTER(ends[0]));
    CHECK(does_not_block(ends[0]));
    close_pipe();
}

/* The number is another file's by the end, one which the program wants so. */
static void *replaces(void *other) {
    reads_nothing(POINTER(ends[0]));
    CHECK(dup2((int)NUMBER(other), ends[0]) == ends[0]);
    return NULL;
}

static void another_file(void) {
    int others[2];
    make_pipe();
    CHECK(pipe2(others, O_NONBLOCK | O_CLOEXEC) == 0);
    run(replaces, POINTER(others[0]));
    CHECK(does_not_block(others[0]) && does_not_block(ends[0]));
    CHECK(close(others[0]) == 0 && close(others[1]) == 0);
    close_pipe();
}

static void *closes(void *unused) {
    reads_nothing(POINTER(ends[0]));
    CHECK(acort_close(ends[0]) == 0 && !does_not_block(copy));
    return unused;
}

static atomic_int inside;

static void *is_cancelled(void *unused) {
    char byte;
    inside++;
    CHECK_FAILS(acort_read(ends[0], &byte, 1, ACORT_NEVER), ECANCELED);
    return unused;
}

static void *closes_with_calls_inside(void *unused) {
    acort_task_t *tasks[2];
    inside = 0;
    for (int i = 0; i < 2; i++) tasks[i] = acort_go(is_cancelled, NULL);
    while (inside < 2) CHECK(acort_sleep(MILLISECONDS) == 0);
    CHECK(acort_sleep(30 * MILLISECONDS) == 0 && acort_close(ends[0]) == 0);
    for (int i = 0; i < 2; i++) join(tasks[i]);
    CHECK(!does_not_block(copy));
    /* No copy of it is left. */
    CHECK(close(copy) == 0);
    CHECK_FAILS(write(ends[1], "", 1), EPIPE);
    return unused;
}

static void at_close(void) {
    make_pipe();
    run(closes, NULL);
    CHECK(close(ends[1]) == 0 && close(copy) == 0);
    for (uint32_t workers = 1; workers <= 2; workers++) {
        make_pipe();
        run_with(workers, closes_with_calls_inside, NULL);
        CHECK(close(ends[1]) == 0);
    }
}

/* The end of the process; before this one has had a runtime. */
static void *exits(void *unused) {
    reads_nothing(POINTER(ends[0]));
    acort_go(is_cancelled, NULL);
    acort_yield();
    exit(0);
    return unused;
}

static void exits_inside(void) { acort_run(exits, NULL, NULL); }

static void exits_inside_one_of_several(void) {
    acort_enter(runtime_with(3), exits, NULL, NULL);
}

static void exits_with_a_runtime(void) {
    acort_t *runtime = runtime_with(2);
    CHECK(acort_enter(runtime, reads_nothing, POINTER(ends[0]), NULL) == 0);
    exit(0);
}

static void exits_after_a_call_of_a_thread(void) {
    reads_nothing(POINTER(ends[0]));
    exit(0);
}

static void at_exit_of(void (*body)(void)) {
    char text[1024];
    make_pipe();
    int status = run_in_child(body, text, sizeof text);
    if (status != 0) fprintf(stderr, "%#x: %s", status, text);
    CHECK(status == 0 && !does_not_block(ends[0]));
    close_pipe();
}

/* The process exits while a thread sets the flag: just before, and just after. The thread is slow there. */
static enum { NOWHERE, BEFORE, AFTER } is_slow;
static atomic_int is_setting;
static int exits_there; /* the thread itself exits, as in a handler of a signal */

static void is_preempted(void) {
    struct timespec pause = {0, 60 * MILLISECONDS};
    is_setting = 1;
    if (exits_there) exit(0);
    nanosleep(&pause, NULL);
}

/* Takes the place of the C library's. exit does not wait for its own thread, but LeakSanitizer yields. */
int sched_yield(void) {
    CHECK(!exits_there || IS_WATCHED);
    return (int)syscall(SYS_sched_yield);
}

/* Takes the place of the C library's. */
int fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    int is_set = command == F_SETFL && (argument & O_NONBLOCK);
    if (is_set && is_slow == BEFORE) is_preempted();
    int result = (int)syscall(SYS_fcntl, fd, command, argument);
    if (is_set && is_slow == AFTER) is_preempted();
    return result;
}

static void *reads_once(void *unused) {
    char byte;
    CHECK_FAILS(acort_read(ends[0], &byte, 1, soon()), ETIMEDOUT);
    return unused;
}

static int listener, client;
static struct sockaddr_in address;

static void *connects_once(void *unused) {
    acort_connect(client, (struct sockaddr *)&address, sizeof address, soon());
    return unused;
}

static void exits_during(void *(*call)(void *)) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, call, NULL) == 0 && pthread_detach(thread) == 0);
    while (!is_setting) sched_yield();
    exit(0);
}

static void exits_during_a_read(void) { exits_during(reads_once); }

static void exits_during_a_connect(void) { exits_during(connects_once); }

static void exits_in_a_read(void) {
    exits_there = 1;
    reads_once(NULL);
}

static void opens_listener(void) {
    socklen_t length = sizeof address;
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(listener, 8) == 0 && getsockname(listener, (struct sockaddr *)&address, &length) == 0);
}

static void at_exit_during_a_call(void) {
    opens_listener();
    for (is_slow = BEFORE; is_slow <= AFTER; is_slow++) {
        at_exit_of(exits_during_a_read);
        client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        at_exit_of(exits_during_a_connect);
        CHECK(client >= 0 && !does_not_block(client) && close(client) == 0);
        at_exit_of(exits_in_a_read);
    }
    is_slow = NOWHERE;
    CHECK(close(listener) == 0);
}

/* A child that ends leaves its parent's flags alone. */
static void *has_a_child(void *unused) {
    reads_nothing(POINTER(ends[0]));
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) exit(0);
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(does_not_block(ends[0]));
    return unused;
}

static void in_a_child(void) {
    make_pipe();
    run(has_a_child, NULL);
    CHECK(!does_not_block(ends[0]));
    close_pipe();
}

/* Sockets. */
static void *talks(void *unused) {
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    CHECK_FAILS(acort_read(ends[0], &byte, 1, soon()), ETIMEDOUT);
    CHECK_FAILS(acort_readv(ends[0], &part, 1, soon()), ETIMEDOUT);
    CHECK_FAILS(acort_recvfrom(ends[0], &byte, 1, 0, NULL, NULL, soon()), ETIMEDOUT);
    CHECK_FAILS(acort_recvmsg(ends[0], &message, 0, soon()), ETIMEDOUT);
    for (int i = 0; i < 4; i++) byte = (char)i;
    CHECK_EQUAL(acort_write(ends[1], &byte, 1, ACORT_NEVER), 1);
    CHECK_EQUAL(acort_writev(ends[1], &part, 1, ACORT_NEVER), 1);
    CHECK_EQUAL(acort_sendto(ends[1], &byte, 1, 0, NULL, 0, ACORT_NEVER), 1);
    CHECK_EQUAL(acort_sendmsg(ends[1], &message, 0, ACORT_NEVER), 1);
    for (int i = 0; i < 4; i++) CHECK_EQUAL(acort_read(ends[0], &byte, 1, ACORT_NEVER), 1);
    CHECK(!does_not_block(ends[0]) && !does_not_block(ends[1]));
    /* Full, a write waits. */
    static char many[1 << 20];
    CHECK(acort_write_all(ends[1], many, sizeof many, soon()) < (ssize_t)sizeof many);
    CHECK(!does_not_block(ends[1]));
    /* These are for programs that ask the system themselves then. */
    CHECK_FAILS(acort_fdwait(ends[1], POLLOUT, soon()), ETIMEDOUT);
    acort_case_t look = {.op = ACORT_FD_READ, .fd = ends[0]};
    CHECK_EQUAL(acort_select(&look, 1, ACORT_NEVER), 0);
    CHECK(does_not_block(ends[1]) && does_not_block(ends[0]));
    return unused;
}

static void sockets(void) {
    for (uint32_t workers = 1; workers <= 2; workers++) {
        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        run_with(workers, talks, NULL);
        CHECK(!does_not_block(ends[0]) && !does_not_block(ends[1]));
        CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
    }
}

static void *connects(void *unused) {
    CHECK(acort_sleep(MILLISECONDS) == 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK_EQUAL(acort_connect(fd, (struct sockaddr *)&address, sizeof address, ACORT_NEVER), 0);
    CHECK(!does_not_block(fd) && acort_close(fd) == 0);
    return unused;
}

static void *accepts(void *unused) {
    for (int i = 0; i < 3; i++) {
        acort_task_t *task = acort_go(connects, NULL);
        int fd = acort_accept(listener, NULL, NULL, ACORT_NEVER);
        CHECK(fd >= 0 && does_not_block(listener));
        join(task);
        CHECK(acort_close(fd) == 0);
        /* As another process does that has it, too. */
        CHECK(fcntl(listener, F_SETFL, 0) == 0);
    }
    /* And without a connection. */
    CHECK_FAILS(acort_accept(listener, NULL, NULL, acort_after(0)), ETIMEDOUT);
    CHECK(does_not_block(listener));
    join(acort_go(connects, NULL));

    int fd = accept(listener, NULL, NULL);
    CHECK(fd >= 0 && close(fd) == 0);
    return unused;
}

static void listeners(void) {
    opens_listener();
    run(accepts, NULL);
    CHECK(!does_not_block(listener));
    run_with(2, accepts, NULL);
    CHECK(!does_not_block(listener) && close(listener) == 0);
}

/* Several runtimes with one file: the end of one blocks no call of another. */
enum { ROUNDS = 300, READERS = 6 };
static atomic_int is_over, reads;

static void *reads_on(void *unused) {
    char byte;
    for (int i = 0; !is_over; i++) {
        CHECK_FAILS(acort_read(ends[0], &byte, 1, i % 64 == 0 ? acort_after(20000) : 0), ETIMEDOUT);
        atomic_fetch_add(&reads, 1);
    }
    return unused;
}

/* Runtimes and plain threads. */
static void *runs_on(void *is_plain) {
    if (is_plain) return reads_on(NULL);
    run(reads_on, NULL);
    return NULL;
}

static void *reads_at_once(void *unused) {
    char byte;
    CHECK_FAILS(acort_read(ends[0], &byte, 1, 0), ETIMEDOUT);
    return unused;
}

static void several_runtimes(void) {
    pthread_t threads[READERS];
    make_pipe();
    for (int i = 0; i < READERS; i++) {
        CHECK(pthread_create(&threads[i], NULL, runs_on, POINTER(i % 2)) == 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        int before = reads;
        while (reads == before) sched_yield();
        run(reads_at_once, NULL);
    }
    is_over = 1;
    for (int i = 0; i < READERS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    run(reads_at_once, NULL);
    CHECK(!does_not_block(ends[0]));
    close_pipe();
}

/* A file is closed at once, though calls wait for it: the other end sees it. */
static void *fills(void *unused) {
    static char much[1 << 18];
    CHECK(acort_write_all(ends[1], much, sizeof much, ACORT_NEVER) != (ssize_t)sizeof much);
    return unused;
}

static void *closes_at_once(void *unused) {
    char bytes[4096];
    ssize_t got;
    acort_task_t *task = acort_go(fills, NULL);
    CHECK(acort_sleep(20 * MILLISECONDS) == 0 && acort_close(ends[1]) == 0);
    while ((got = read(ends[0], bytes, sizeof bytes)) > 0) continue;
    CHECK_EQUAL(got, 0);
    join(task);
    return unused;
}

static void at_once(void) {
    make_pipe();
    CHECK(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    run(closes_at_once, NULL);
    CHECK(close(ends[0]) == 0 && close(copy) == 0);
}

/* Another runtime's end leaves the flag of a socket that a task has looked at. */
static void *does_nothing(void *unused) { return unused; }

static void *has_a_runtime(void *unused) {
    run(does_nothing, NULL);
    return unused;
}

static void *looks_beside_others(void *unused) {
    int pair[2];
    pthread_t thread;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 && write(pair[1], "", 1) == 1);
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(acort_fdwait(pair[0], POLLIN, ACORT_NEVER), POLLIN);
        CHECK(pthread_create(&thread, NULL, has_a_runtime, NULL) == 0 && pthread_join(thread, NULL) == 0);
        CHECK(does_not_block(pair[0]));
    }
    CHECK(acort_close(pair[0]) == 0 && close(pair[1]) == 0);
    return unused;
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    at_once();
    run(looks_beside_others, NULL);
    at_exit_of(exits_inside);
    at_exit_of(exits_inside_one_of_several);
    at_exit_of(exits_with_a_runtime);
        at_exit_of(exits_after_a_call_of_a_thread);
    at_exit_during_a_call();
    at_the_end_of_a_run();
    the_programs_own();
    another_file();
    at_close();
    in_a_child();
    sockets();
    listeners();
    several_runtimes();
    return 0;
}
