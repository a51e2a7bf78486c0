/* Numbers of file descriptors that come back: code that knows nothing of acort closes files with close(2), and
 * opens others. What is waited for then is the new file, whatever it is; no wake is lost. */
#include "rt.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { HERE = 100, THERE = 101 }; /* the numbers */

enum sort { TCP, UNIX, PIPE, ANY_FILE, SORTS };

/* Opens two ends at the two numbers, as a library would: sockets that block, without notice; but
 * where something else than a socket was, which is read without a word about waiting. */
static void open_ends(enum sort sort) {
    static enum sort last = TCP;
    int ends[2];
    if (sort == TCP) {
        struct sockaddr_in name;
        socklen_t length = sizeof name;
        int listener = socket(AF_INET, SOCK_STREAM, 0);
        memset(&name, 0, sizeof name);
        name.sin_family = AF_INET;
        name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        CHECK(bind(listener, (struct sockaddr *)&name, sizeof name) == 0 && listen(listener, 1) == 0);
        CHECK(getsockname(listener, (struct sockaddr *)&name, &length) == 0);
        ends[1] = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(connect(ends[1], (struct sockaddr *)&name, sizeof name) == 0);
        ends[0] = accept(listener, NULL, NULL);
        CHECK(ends[0] >= 0);
        close(listener);
    } else if (sort == UNIX) {
        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    } else if (sort == PIPE) {
        CHECK(pipe2(ends, O_NONBLOCK) == 0);
    } else {
        ends[0] = open("/proc/self/exe", O_RDONLY);
        ends[1] = open("/dev/null", O_WRONLY);
    }
    CHECK(ends[0] >= 0 && dup2(ends[0], HERE) == HERE && dup2(ends[1], THERE) == THERE);
    close(ends[0]);
    close(ends[1]);
    if (last >= PIPE && sort < PIPE) {
        CHECK(fcntl(HERE, F_SETFL, O_NONBLOCK) == 0 && fcntl(THERE, F_SETFL, O_NONBLOCK) == 0);
    }
    last = sort;
}

static void close_ends(void) {
    CHECK(close(HERE) == 0 && close(THERE) == 0);
}

/* The other end says something in a while. */
static void *writes_later(void *argument) {
    acort_sleep(2 * MILLISECONDS);
    CHECK_EQUAL(acort_write(THERE, "s", 1, acort_after(10000 * MILLISECONDS)), 1);
    return argument;
}

static ssize_t waits_and_reads(int how) {
    int64_t deadline = acort_after(20000 * MILLISECONDS);
    char bytes[64];
    struct iovec part = {bytes, sizeof bytes};
    acort_case_t one;
    memset(&one, 0, sizeof one);
    one.op = ACORT_FD_READ;
    one.fd = HERE;
    switch (how) {
    case 0: return acort_read(HERE, bytes, sizeof bytes, deadline);
    case 1: return acort_readv(HERE, &part, 1, deadline);
    case 2: CHECK_EQUAL(acort_fdwait(HERE, POLLIN, deadline), POLLIN); break;
    case 3: CHECK_EQUAL(acort_select(&one, 1, deadline), 0); break;
    }
    return acort_read(HERE, bytes, sizeof bytes, 0);
}

enum { WAYS = 4 };

static void *any_after_any(void *argument) {
    for (enum sort before = 0; before < SORTS; before++) {
        for (enum sort now = 0; now < ANY_FILE; now++) {
            for (int how = 0; how < WAYS; how++) {
                for (int both = 0; both < 2; both++) { /* used before in this way, and the other way round */
                    open_ends(before);
                    if (before != ANY_FILE) {
                        acort_task_t *task = acort_go(writes_later, NULL);
                        CHECK_EQUAL(waits_and_reads(both ? how : 0), 1);
                        join(task);
                    } else {
                        CHECK(waits_and_reads(0) > 0);
                    }
                    close_ends();
                    open_ends(now);
                    acort_task_t *task = acort_go(writes_later, NULL);
                    CHECK_EQUAL(waits_and_reads(how), 1);
                    join(task);
                    close_ends();
                }
            }
        }
    }
    return argument;
}

/* acort has made it, and something else has closed it. */
static void *made_here(void *argument) {
    for (int how = 2; how < WAYS; how++) {
        int listener = acort_listen("tcp", "127.0.0.1:0", 0);
        CHECK(listener >= 0 && dup2(listener, 50) == 50);
        CHECK_FAILS(acort_accept(listener, NULL, NULL, acort_after(MILLISECONDS)), ETIMEDOUT);
        close(50);
        close(listener);
        open_ends(TCP);
        CHECK(dup2(HERE, listener) == listener && close(HERE) == 0);
        acort_task_t *task = acort_go(writes_later, NULL);
        CHECK_EQUAL(acort_fdwait(listener, POLLIN, acort_after(20000 * MILLISECONDS)), POLLIN);
        join(task);
        close(listener);
        close(THERE);
        listener = acort_listen("tcp", "127.0.0.1:0", 0); /* acort's own again */
        CHECK_FAILS(acort_accept(listener, NULL, NULL, acort_after(MILLISECONDS)), ETIMEDOUT);
        CHECK_EQUAL(acort_close(listener), 0);
    }
    return argument;
}

static void *waits_for_the_old_one(void *argument) {
    char byte;
    CHECK_FAILS(acort_read(HERE, &byte, 1, acort_after(20000 * MILLISECONDS)), ECANCELED);
    return argument;
}

/* Who waits for a file that was closed under it does not get what comes from the next one. */
static void *is_not_mixed_up(void *argument) {
    open_ends(UNIX);
    acort_task_t *old = acort_go(waits_for_the_old_one, NULL);
    acort_sleep(5 * MILLISECONDS);
    close_ends();
    open_ends(UNIX);
    /* This call waits for certain, and so finds the new file. */
    char byte;
    CHECK_FAILS(acort_read(HERE, &byte, 1, acort_after(MILLISECONDS)), ETIMEDOUT);
    acort_task_t *task = acort_go(writes_later, NULL);
    CHECK_EQUAL(waits_and_reads(0), 1);
    join(old);
    join(task);
    close_ends();
    return argument;
}

/* The old file lives on elsewhere: what happens to it is nothing to the new one. */
static void *lives_on(void *argument) {
    char bytes[64];
    open_ends(UNIX);
    int other_end = dup(THERE), file = dup(HERE);
    CHECK_FAILS(acort_read(HERE, bytes, sizeof bytes, acort_after(MILLISECONDS)), ETIMEDOUT);
    close_ends();
    open_ends(UNIX);
    CHECK_FAILS(acort_read(HERE, bytes, sizeof bytes, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK(write(other_end, "old", 3) == 3);
    CHECK_FAILS(acort_read(HERE, bytes, sizeof bytes, acort_after(5 * MILLISECONDS)), ETIMEDOUT);
    acort_task_t *task = acort_go(writes_later, NULL);
    CHECK_EQUAL(waits_and_reads(0), 1);
    join(task);
    close_ends();
    close(other_end);
    close(file);
    return argument;
}

/* Closed, and nothing else there. */
static void *is_closed(void *argument) {
    char byte;
    for (enum sort sort = TCP; sort < ANY_FILE; sort++) {
        open_ends(sort);
        acort_task_t *task = acort_go(writes_later, NULL);
        CHECK_EQUAL(waits_and_reads(0), 1);
        join(task);
        close_ends();
        CHECK_FAILS(acort_read(HERE, &byte, 1, acort_after(20000 * MILLISECONDS)), EBADF);
        CHECK_FAILS(acort_write(THERE, &byte, 1, acort_after(20000 * MILLISECONDS)), EBADF);
        CHECK_FAILS(acort_fdwait(HERE, POLLIN, acort_after(20000 * MILLISECONDS)), EBADF);
    }
    return argument;
}

static void *reads_in_thread(void *argument) {
    CHECK_EQUAL(waits_and_reads(0), 1);
    return argument;
}

/* A plain thread waits where a worker has watched the old file. */
static void *in_a_thread(void *argument) {
    pthread_t thread;
    open_ends(TCP);
    acort_task_t *task = acort_go(writes_later, NULL);
    CHECK_EQUAL(waits_and_reads(0), 1);
    join(task);
    close_ends();
    open_ends(TCP);
    CHECK(pthread_create(&thread, NULL, reads_in_thread, NULL) == 0);
    join(acort_go(writes_later, NULL));
    pthread_join(thread, NULL);
    close_ends();
    return argument;
}

/* A copy of what acort has closed rouses no worker. */
static void *a_copy_is_left(void *argument) {
    acort_stats_t before, after;
    int ends[2];
    char byte = 0;
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    int copy = dup(ends[0]);
    CHECK_FAILS(acort_read(ends[0], &byte, 1, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_EQUAL(acort_close(ends[0]), 0);
    acort_stats(&before, sizeof before);
    for (int i = 0; i < 50; i++) {
        CHECK(write(ends[1], "x", 1) == 1 && read(copy, &byte, 1) == 1);
        acort_sleep(MILLISECONDS / 20);
    }
    acort_stats(&after, sizeof after);
    CHECK(after.events - before.events < 10);
    close(copy);
    close(ends[1]);
    return argument;
}

static void *writes_a_byte(void *fd) {
    acort_sleep(10 * MILLISECONDS);
    CHECK(write((int)NUMBER(fd), "y", 1) == 1);
    return NULL;
}

/* Another file for a while, and the one from before again, as for a standard input that is put aside. */
static void *comes_back(void *argument) {
    int first[2], second[2];
    char byte = 0;
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, first), 0);
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, second), 0);
    int number = first[0], aside = dup(number);
    CHECK_FAILS(acort_read(number, &byte, 1, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_EQUAL(dup2(second[0], number), number);
    CHECK_FAILS(acort_read(number, &byte, 1, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_EQUAL(dup2(aside, number), number);
    for (int i = 0; i < 3; i++) {
        acort_task_t *task = acort_go(writes_a_byte, POINTER(first[1]));
        CHECK_EQUAL(acort_read(number, &byte, 1, acort_after(20000 * MILLISECONDS)), 1);
        join(task);
    }
    CHECK_EQUAL(acort_close(number), 0);
    close(aside), close(first[1]), close(second[0]), close(second[1]);
    return argument;
}

static struct sockaddr_in packets_to;

static void *sends_two(void *argument) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(sendto(fd, "dg", 2, 0, (struct sockaddr *)&packets_to, sizeof packets_to), 2);
    }
    close(fd);
    return argument;
}

/* The number of a connection comes back as a socket for packets: each of them is read. */
static void *packets_after_a_stream(void *argument) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof place;
    char text[100];
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&place, length) == 0 && listen(listener, 5) == 0);
    getsockname(listener, (struct sockaddr *)&place, &length);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQUAL(connect(client, (struct sockaddr *)&place, length), 0);
    int server = accept(listener, NULL, NULL);
    CHECK(write(server, "1", 1) == 1);
    CHECK_EQUAL(acort_read(client, text, 1, ACORT_NEVER), 1);
    close(client);
    packets_to = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int packets = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQUAL(packets, client);
    CHECK_EQUAL(bind(packets, (struct sockaddr *)&packets_to, sizeof packets_to), 0);
    length = sizeof packets_to;
    getsockname(packets, (struct sockaddr *)&packets_to, &length);
    acort_task_t *task = acort_go(sends_two, NULL);
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(acort_read(packets, text, sizeof text, acort_after(20000 * MILLISECONDS)), 2);
    }
    join(task);
    CHECK_EQUAL(acort_close(packets), 0);
    close(listener), close(server);
    return argument;
}

int main(void) {
    run(a_copy_is_left, NULL);
    run(comes_back, NULL);
    run(packets_after_a_stream, NULL);
    void *(*tests[])(void *) = {any_after_any, made_here, is_not_mixed_up, lives_on, is_closed, in_a_thread};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        run(tests[i], NULL);
#ifdef __SANITIZE_THREAD__ /* which is right: nothing orders the close and the other worker's wait */
        if (tests[i] == is_not_mixed_up) continue;
#endif
        run_with(3, tests[i], NULL);
    }
    return 0;
}
