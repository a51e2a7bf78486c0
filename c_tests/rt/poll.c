/* acort_poll() gives what poll(2) gives, and acort_fdwait() waits for the same events: by tasks on own and shared stacks,
 * and by plain threads. */
#include "rt.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void open_pipe(int *ends) { CHECK(pipe2(ends, O_CLOEXEC) == 0); }

static void close_both(const int *ends) {
    CHECK_EQUAL(acort_close(ends[0]), 0);
    CHECK_EQUAL(acort_close(ends[1]), 0);
}

/* A TCP connection: other sockets have no data out of band. */
static void open_tcp(int *ends) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(ends[0], (struct sockaddr *)&address, sizeof address) == 0);
    CHECK((ends[1] = accept(listener, NULL, NULL)) >= 0);
    CHECK(close(listener) == 0);
}

/* The same files, events and results by poll(2). */
static void compare(struct pollfd *fds, nfds_t n, int64_t deadline) {
    struct pollfd again[32];
    CHECK(n <= 32);
    for (nfds_t i = 0; i < n; i++) again[i] = fds[i], fds[i].revents = 0x55, again[i].revents = 0x2a;
    int wanted = poll(again, n, 0), got = acort_poll(fds, n, deadline);
    CHECK_EQUAL(got, wanted);
    for (nfds_t i = 0; i < n; i++) CHECK_EQUAL((unsigned short)fds[i].revents, (unsigned short)again[i].revents);
}

static void *as_poll_does(void *argument) {
    const short in = POLLIN, out = POLLOUT, both = POLLIN | POLLOUT, rest = POLLPRI | POLLRDHUP;
    int empty[2], full[2], hung[2], broken[2], half[2], gone[2];
    char path[] = "/tmp/acort-poll-XXXXXX";
    open_pipe(empty), open_pipe(full), open_pipe(hung), open_pipe(broken), open_pipe(gone), open_tcp(half);
    CHECK(write(full[1], "x", 1) == 1 && shutdown(half[1], SHUT_WR) == 0);
    CHECK(close(hung[1]) == 0 && close(broken[0]) == 0);
    close_both(gone);
    int file = mkstemp(path), null = open("/dev/null", O_RDWR | O_CLOEXEC);
    CHECK(file >= 0 && null >= 0 && unlink(path) == 0);
    struct pollfd fds[] = {
        {empty[0], in, 0}, {empty[1], out, 0}, {empty[1], both, 0}, {empty[0], 0, 0}, {full[0], both | rest, 0},
        {full[0], rest, 0}, {full[0], in, 0}, {full[0], in, 0}, {hung[0], in, 0}, {hung[0], 0, 0}, {broken[1], out, 0},
        {broken[1], in, 0}, {half[0], in | POLLRDHUP, 0}, {half[0], POLLRDHUP, 0}, {half[0], POLLPRI, 0},
        {half[1], both | rest, 0}, {-1, in, 0}, {-5, both, 0}, {gone[0], in, 0}, {gone[1], 0, 0}, {file, both, 0},
        {file, in, 0}, {file, rest, 0}, {null, both, 0}, {empty[1], POLLWRNORM, 0}, {full[0], POLLRDNORM, 0},
        {1 << 22, in, 0}, {empty[1], 0x7fff, 0},
    };
    enum { COUNT = sizeof fds / sizeof *fds };
    compare(fds, COUNT, 0);
    compare(fds, COUNT, 1);
    compare(fds, COUNT, ACORT_NEVER);
    for (int i = 0; i < COUNT; i++) compare(&fds[i], 1, 0), compare(&fds[i], 1, acort_after(MILLISECONDS / 10));
    compare(fds, 0, 0);
    compare(fds, 1, acort_after(MILLISECONDS));
    close_both(empty), close_both(full), close_both(half);
    CHECK(acort_close(hung[0]) == 0 && acort_close(broken[1]) == 0 && acort_close(file) == 0 && acort_close(null) == 0);
    return argument;
}

/* No descriptor, too many, none at that address. */
static void *arguments(void *argument) {
    struct pollfd none[2] = {{-1, POLLIN, 7}, {-2, 0, 7}};
    struct rlimit limit;
    int64_t start = acort_now();
    CHECK_EQUAL(acort_poll(NULL, 0, 0), 0);
    CHECK_EQUAL(acort_poll(NULL, 0, acort_after(MILLISECONDS)), 0);
    CHECK_EQUAL(acort_poll(none, 2, acort_after(MILLISECONDS)), 0);
    CHECK(acort_now() - start >= 2 * MILLISECONDS && none[0].revents == 0 && none[1].revents == 0);
    CHECK_FAILS(acort_poll(NULL, 1, 0), EFAULT);
    CHECK_FAILS(acort_poll(none, (nfds_t)-1, 0), EINVAL);
    CHECK_FAILS(acort_poll(none, 1, -2), EINVAL);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_cur < 100000) {
        struct pollfd *more = calloc(limit.rlim_cur + 1, sizeof *more);
        for (rlim_t i = 0; i < limit.rlim_cur; i++) more[i].events = POLLIN | POLLOUT; /* of /dev/null */
        CHECK_EQUAL(acort_poll(more, limit.rlim_cur, 0), limit.rlim_cur);
#ifndef UNDER_VALGRIND /* whose process may open more */
        CHECK_FAILS(acort_poll(more, limit.rlim_cur + 1, 0), EINVAL);
#endif
        free(more);
    }
    return argument;
}

/* What is waited for comes later. */
typedef struct {
    short events, expected;
    void (*open)(int *ends);
    void (*comes)(const int *ends);
} event_t;

static void open_full_pipe(int *ends) {
    static char block[4096];
    open_pipe(ends);
    CHECK(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    while (write(ends[1], block, sizeof block) > 0) continue;
    int swapped = ends[0];
    ends[0] = ends[1], ends[1] = swapped;
}
static void open_readable_tcp(int *ends) {
    open_tcp(ends);
    CHECK(send(ends[1], "x", 1, 0) == 1);
    struct pollfd one = {ends[0], POLLIN, 0};
    CHECK(poll(&one, 1, -1) == 1);
}
static int spare;
static void byte_comes(const int *ends) { CHECK(write(ends[1], "x", 1) == 1); }
static void room_comes(const int *ends) {
    static char block[1 << 16];
    CHECK(read(ends[1], block, sizeof block) > 4096);
}
static void __attribute__((unused)) urgent_comes(const int *ends) { CHECK(send(ends[1], "!", 1, MSG_OOB) == 1); }
static void half_is_closed(const int *ends) { CHECK(shutdown(ends[1], SHUT_WR) == 0); }
static void is_hung_up(const int *ends) { CHECK(dup2(spare, ends[1]) == ends[1]); }

static const event_t events[] = {
    {POLLIN, POLLIN, open_pipe, byte_comes},
    {POLLOUT, POLLOUT, open_full_pipe, room_comes},
    {POLLIN | POLLOUT, POLLOUT, open_full_pipe, room_comes},
    {POLLIN, POLLIN, open_tcp, byte_comes},
#ifndef OVER_KQUEUE /* it does not report that */
    {POLLPRI, POLLPRI, open_tcp, urgent_comes},
    {POLLPRI, POLLPRI, open_readable_tcp, urgent_comes},
#endif
    {POLLRDHUP, POLLRDHUP, open_tcp, half_is_closed},
    {POLLRDHUP, POLLRDHUP, open_readable_tcp, half_is_closed},
    {POLLRDHUP | POLLPRI, POLLRDHUP, open_readable_tcp, half_is_closed},
    {0, POLLHUP, open_pipe, is_hung_up},
    {POLLPRI, POLLHUP, open_pipe, is_hung_up},
    {POLLOUT, POLLERR, open_full_pipe, is_hung_up},
};
enum { EVENTS = sizeof events / sizeof *events };

static const event_t *event;
static int pair[2], waiting, use_fdwait;

static void *waits(void *argument) {
    struct pollfd fds[3] = {{-1, POLLIN, 0}, {pair[0], event->events, 0}, {pair[0], event->events, 0}};
    __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    if (use_fdwait) {
        CHECK_EQUAL(acort_fdwait(pair[0], event->events, ACORT_NEVER) & event->expected, event->expected);
    } else {
        CHECK_EQUAL(acort_poll(fds, 3, ACORT_NEVER), 2);
        CHECK_EQUAL(fds[1].revents & event->expected, event->expected);
        CHECK(fds[0].revents == 0 && fds[1].revents == fds[2].revents);
    }
    return argument;
}

static void *wait_for_events(void *unused) {
    spare = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < 2 * EVENTS; i++) {
        event = &events[i / 2];
        use_fdwait = i % 2 && event->events != 0;
        event->open(pair);
        struct pollfd one = {pair[0], event->events, 0};
        CHECK_EQUAL(acort_poll(&one, 1, acort_after(MILLISECONDS / 2)), 0);
        if (use_fdwait) CHECK_FAILS(acort_fdwait(pair[0], event->events, acort_after(MILLISECONDS / 2)), ETIMEDOUT);
        pthread_t thread;
        waiting = 0;
        CHECK(pthread_create(&thread, NULL, waits, NULL) == 0);
        acort_task_t *tasks[] = {acort_go(waits, NULL), go_with(ACORT_SHARED, waits, NULL), acort_go(waits, NULL)};
        while (__atomic_load_n(&waiting, __ATOMIC_SEQ_CST) < 4) acort_sleep(MILLISECONDS / 10);
        acort_sleep(MILLISECONDS / 2);
        event->comes(pair);
        for (int j = 0; j < 3; j++) join(tasks[j]);
        CHECK(pthread_join(thread, NULL) == 0);
        close_both(pair);
    }
    CHECK_EQUAL(close(spare), 0);
    return unused;
}

/* The end of a wait: the file is closed by acort_close(), the task cancelled. */
static void *fails(void *deadline) {
    struct pollfd fds[2] = {{pair[0], POLLIN, 0}, {pair[1], POLLIN, 0}};
    __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    CHECK_FAILS(acort_poll(fds, 2, ACORT_NEVER), ECANCELED);
    return deadline;
}

static void *is_ended(void *flags) {
    for (int round = 0; round < 2; round++) {
        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
        waiting = 0;
        acort_task_t *task = go_with((uint32_t)NUMBER(flags), fails, NULL);
        while (!__atomic_load_n(&waiting, __ATOMIC_SEQ_CST)) acort_sleep(MILLISECONDS / 10);
        acort_sleep(MILLISECONDS / 2);
        CHECK_EQUAL(round == 0 ? acort_close(pair[1]) : acort_cancel(task), 0);
        join(task);
        CHECK_EQUAL(acort_close(pair[0]), 0);
        if (round != 0) CHECK_EQUAL(acort_close(pair[1]), 0);
    }
    return NULL;
}

/* Many files, in no order: more than a select takes, if the process may have them. */
static void *many(void *argument) {
    enum { MOST = 2500 };
    static struct pollfd fds[MOST];
    struct rlimit limit;
    int ends[2], count = MOST;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_cur < MOST + 100) count = (int)limit.rlim_cur - 100;
    CHECK(count > 100);
    for (int i = 0; i < count - 1; i++) {
        open_pipe(ends);
        close(ends[i % 2]);
        fds[i] = (struct pollfd){ends[1 - i % 2], i % 2 ? POLLIN : POLLPRI, 0};
    }
    uint64_t random = 7;
    for (int i = 0; i < count - 1; i++) {
        int other = (int)(random_next(&random) % (uint64_t)(count - 1));
        struct pollfd swapped = fds[i];
        fds[i] = fds[other], fds[other] = swapped;
    }
    int all = acort_poll(fds, (nfds_t)count - 1, ACORT_NEVER);
    CHECK_EQUAL(all, count - 1); /* each pipe has lost its other end */
    open_pipe(ends);
    for (int i = 0; i < count - 1; i++) {
        CHECK_EQUAL(acort_close(fds[i].fd), 0);
        CHECK((fds[i].fd = fcntl(ends[0], F_DUPFD_CLOEXEC, 3)) >= 0);
        fds[i].events = i % 3 ? POLLIN : POLLIN | POLLOUT | POLLPRI;
    }
    fds[count - 1] = (struct pollfd){-1, POLLIN, 0};
    CHECK_EQUAL(acort_poll(fds, (nfds_t)count, acort_after(MILLISECONDS)), 0);
    pair[0] = ends[0], pair[1] = ends[1], event = &events[0], use_fdwait = 0, waiting = 0;
    acort_task_t *task = acort_go(waits, NULL);
    CHECK(write(ends[1], "x", 1) == 1);
    CHECK_EQUAL(acort_poll(fds, (nfds_t)count, ACORT_NEVER), count - 1);
    join(task);
    for (int i = 0; i < count - 1; i++) CHECK_EQUAL(acort_close(fds[i].fd), 0);
    close_both(ends);
    return argument;
}

/* No byte is missed, whichever of several pipes it comes through, and on which worker. */
enum { PIPES = 8, BYTES = 2000 };
static int pipes[PIPES][2];

static void *writes_bytes(void *seed) {
    uint64_t random = (uint64_t)NUMBER(seed);
    for (int i = 0; i < BYTES; i++) {
        CHECK_EQUAL(acort_write(pipes[random_next(&random) % PIPES][1], "x", 1, ACORT_NEVER), 1);
        if (random_next(&random) % 4 == 0) acort_yield();
    }
    return NULL;
}

static void *none_is_missed(void *argument) {
    struct pollfd fds[PIPES];
    char bytes[64];
    for (int i = 0; i < PIPES; i++) open_pipe(pipes[i]), fds[i] = (struct pollfd){pipes[i][0], POLLIN, 0};
    acort_task_t *tasks[2];
    for (long i = 0; i < 2; i++) tasks[i] = go_with(i ? ACORT_SHARED : 0, writes_bytes, POINTER(i + 1));
    for (long left = 2 * BYTES; left > 0;) {
        int ready = acort_poll(fds, PIPES, ACORT_NEVER), seen = 0;
        CHECK(ready > 0);
        for (int i = 0; i < PIPES; i++) {
            if (fds[i].revents == 0) continue;
            seen++;
            ssize_t got = acort_read(fds[i].fd, bytes, sizeof bytes, 0);
            CHECK(got > 0);
            left -= got;
        }
        CHECK_EQUAL(seen, ready);
    }
    CHECK_EQUAL(acort_poll(fds, PIPES, 0), 0);
    for (int i = 0; i < 2; i++) join(tasks[i]);
    for (int i = 0; i < PIPES; i++) close_both(pipes[i]);
    return argument;
}

static void *all(void *argument) {
    void *(*tests[])(void *) = {as_poll_does, arguments};
    for (int i = 0; i < 2; i++) {
        join(acort_go(tests[i], NULL));
        join(go_with(ACORT_SHARED, tests[i], NULL));
        tests[i](NULL);
    }
    wait_for_events(NULL);
    is_ended(POINTER(0));
    is_ended(POINTER(ACORT_SHARED));
    none_is_missed(NULL);
    return argument;
}

static int ends_of_one[2];

static void *polls_until_interrupted(void *result) {
    struct pollfd one = {ends_of_one[0], POLLIN, 0};
    *(int *)result = acort_poll(&one, 1, ACORT_NEVER) == 1 ? 0 : errno;
    return POINTER(acort_interrupt(acort_self(), 0));
}

/* Interrupted, and then ready: the call fails, or it succeeds and the interruption stays pending. */
static void *keeps_interruptions(void *argument) {
    int result = -1;
    void *was_pending;
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_of_one), 0);
    acort_task_t *task = acort_go(polls_until_interrupted, &result);
    acort_sleep(MILLISECONDS);
    CHECK_EQUAL(acort_interrupt(task, EINTR), 0);
    CHECK_EQUAL(write(ends_of_one[1], "x", 1), 1);
    CHECK_EQUAL(acort_join(task, &was_pending, ACORT_NEVER), 0);
    CHECK(result == EINTR || (result == 0 && NUMBER(was_pending) == 1));
    CHECK(acort_close(ends_of_one[0]) == 0 && acort_close(ends_of_one[1]) == 0);
    return argument;
}

static void *is_refused(void *argument) {
    struct pollfd one = {0, POLLIN, 0};
    CHECK_FAILS(acort_poll(&one, 1, 0), EPERM);
    return argument;
}

int main(void) {
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    int input = open("/dev/null", O_RDONLY);
    CHECK(dup2(input, 0) == 0);
    if (input != 0) close(input);
    run(all, NULL);
    run_with(3, all, NULL);
    run(many, NULL);
    run(keeps_interruptions, NULL);
    CHECK_EQUAL(acort_test_run(1, is_refused, NULL), 0);
    as_poll_does(NULL);
    arguments(NULL);
    return 0;
}
