/* File descriptors: sockets, pipes and files; half-closed, reset and closed ones; signals; too many open;
 * names; blocking calls. */
#include "rt.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

static int listener;
static char address[64];

static void start_listening(void) {
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    listener = acort_listen("tcp", "127.0.0.1:0", 0);
    CHECK(listener >= 0);
    CHECK(getsockname(listener, (struct sockaddr *)&name, &length) == 0);
    snprintf(address, sizeof address, "127.0.0.1:%d", ntohs(name.sin_port));
}

static void *echoes(void *fd) {
    char buffer[512];
    ssize_t got;
    while ((got = acort_read((int)NUMBER(fd), buffer, sizeof buffer, ACORT_NEVER)) > 0) {
        CHECK_EQUAL(acort_write_all((int)NUMBER(fd), buffer, (size_t)got, ACORT_NEVER), got);
    }
    CHECK(got == 0 || errno == ECONNRESET || errno == EPIPE);
    CHECK_EQUAL(acort_close((int)NUMBER(fd)), 0);
    return NULL;
}

static void *serves(void *kind) {
    for (;;) {
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        int fd = acort_accept(listener, (struct sockaddr *)&peer, &length, ACORT_NEVER);
        if (fd < 0) break;
        CHECK(length == sizeof peer && peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
        go_with(ACORT_DETACHED | (uint32_t)NUMBER(kind), echoes, POINTER(fd));
    }
    CHECK_EQUAL(errno, ECANCELED);
    return NULL;
}

static void *talks(void *rounds) {
    int fd = acort_dial("tcp", address, acort_after(5000 * MILLISECONDS));
    CHECK(fd >= 0);
    char line[64], back[64];
    for (int i = 0; i < NUMBER(rounds); i++) {
        int length = snprintf(line, sizeof line, "hello number %d of %d\n", i, fd);
        CHECK_EQUAL(acort_write_all(fd, line, (size_t)length, ACORT_NEVER), length);
        CHECK_EQUAL(acort_read_full(fd, back, (size_t)length, ACORT_NEVER), length);
        CHECK(memcmp(line, back, (size_t)length) == 0);
    }
    CHECK_EQUAL(shutdown(fd, SHUT_WR), 0);
    CHECK_EQUAL(acort_read_full(fd, back, 5, ACORT_NEVER), 0);
    CHECK_EQUAL(errno, 0);
    CHECK_EQUAL(acort_close(fd), 0);
    return NULL;
}

static void *echo(void *kind) {
    enum { CLIENTS = 40 };
    acort_task_t *clients[CLIENTS];
    start_listening();
    acort_task_t *server = acort_go(serves, kind);
    for (int i = 0; i < CLIENTS; i++) clients[i] = go_with((uint32_t)NUMBER(kind), talks, POINTER(50));
    for (int i = 0; i < CLIENTS; i++) join(clients[i]);
    CHECK_EQUAL(acort_cancel(server), 0);
    join(server);
    CHECK_EQUAL(acort_close(listener), 0); /* it was left usable: closed once */
    CHECK_FAILS(acort_close(listener), EBADF);
    return NULL;
}

static int pair[2];

static void make_pair(void) { CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0); }

static void close_pair(void) {
    CHECK_EQUAL(acort_close(pair[0]), 0);
    CHECK_EQUAL(acort_close(pair[1]), 0);
}

/* Two that are connected by TCP. */
static void make_tcp_pair(void) {
    start_listening();
    pair[0] = acort_dial("tcp", address, ACORT_NEVER);
    pair[1] = acort_accept(listener, NULL, NULL, ACORT_NEVER);
    CHECK(pair[0] >= 0 && pair[1] >= 0);
    acort_close(listener);
}

static void *reads_nothing(void *argument) {
    char byte;
    CHECK_EQUAL(acort_read(pair[0], &byte, 1, ACORT_NEVER), -1);
    CHECK(errno == ECANCELED || errno == EBADF); /* it was closed before one waited */
    return argument;
}

static void *closes(void *argument) {
    make_pair();
    acort_task_t *a = acort_go(reads_nothing, NULL);
    acort_task_t *b = go_with(ACORT_SHARED, reads_nothing, NULL);
    acort_sleep(MILLISECONDS);
    CHECK_EQUAL(acort_close(pair[0]), 0);
    join(a), join(b);
    CHECK_EQUAL(acort_cancelled(), 0);
    char byte;
    CHECK_FAILS(acort_read(pair[0], &byte, 1, ACORT_NEVER), EBADF);
    acort_close(pair[1]);
    make_pair(); /* the same numbers: nothing is left of the others */
    a = acort_go(reads_nothing, NULL);
    CHECK_FAILS(acort_read(pair[1], &byte, 1, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_FAILS(acort_read(pair[1], &byte, 1, 0), ETIMEDOUT);
    acort_cancel(a);
    join(a);
    CHECK_EQUAL(acort_write(pair[0], "x", 1, ACORT_NEVER), 1);
    CHECK_EQUAL(acort_read(pair[1], &byte, 1, ACORT_NEVER), 1);
    close_pair();
    return argument;
}

/* Every way in which a TCP peer can end, whenever the news come. */
static void *peers_end(void *argument) {
    char bytes[64];
    for (int early = 0; early < 2; early++) {
        make_tcp_pair();
        CHECK_EQUAL(acort_write_all(pair[0], "four", 4, ACORT_NEVER), 4);
        if (early) shutdown(pair[0], SHUT_WR);
        CHECK_EQUAL(acort_read_full(pair[1], bytes, 4, ACORT_NEVER), 4);
        if (early == 0) {
            CHECK_FAILS(acort_read(pair[1], bytes, sizeof bytes, acort_after(MILLISECONDS)), ETIMEDOUT);
            shutdown(pair[0], SHUT_WR);
        }
        CHECK_EQUAL(acort_read(pair[1], bytes, sizeof bytes, ACORT_NEVER), 0);
        CHECK_EQUAL(acort_read(pair[1], bytes, sizeof bytes, ACORT_NEVER), 0);
        CHECK_EQUAL(acort_write_all(pair[1], "still", 5, ACORT_NEVER), 5); /* the other half lives */
        CHECK_EQUAL(acort_read_full(pair[0], bytes, 5, ACORT_NEVER), 5);
        close_pair();
    }
    make_tcp_pair(); /* reset while one waits for room */
    struct linger now = {1, 0};
    CHECK(setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0);
    static char much[1 << 20];
    while (acort_write(pair[1], much, sizeof much, 0) > 0) {
    }
    CHECK_EQUAL(errno, ETIMEDOUT);
    acort_close(pair[0]);
    ssize_t wrote;
    while ((wrote = acort_write(pair[1], much, sizeof much, ACORT_NEVER)) > 0) {
    }
    CHECK(errno == ECONNRESET || errno == EPIPE);
    CHECK_FAILS(acort_write(pair[1], much, 1, ACORT_NEVER), EPIPE); /* without SIGPIPE */
    acort_close(pair[1]);

    int ends[2];
    CHECK(pipe(ends) == 0);
    acort_close(ends[0]);
    CHECK_FAILS(acort_write(ends[1], "x", 1, ACORT_NEVER), EPIPE);
    struct iovec part = {(void *)"x", 1};
    CHECK_FAILS(acort_writev(ends[1], &part, 1, ACORT_NEVER), EPIPE);
    sigset_t pending;
    CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 0);
    acort_close(ends[1]);
    return argument;
}

static void *dribbles(void *count) {
    for (int i = 0; i < NUMBER(count); i++) {
        char byte = (char)i;
        CHECK_EQUAL(acort_write(pair[0], &byte, 1, ACORT_NEVER), 1);
        if (i % 3 == 0) acort_yield();
    }
    return NULL;
}

static void *one_byte_at_a_time(void *argument) {
    char bytes[200];
    make_tcp_pair();
    int on = 1;
    setsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    acort_task_t *task = acort_go(dribbles, POINTER(200));
    CHECK_EQUAL(acort_read_full(pair[1], bytes, 200, ACORT_NEVER), 200);
    for (int i = 0; i < 200; i++) CHECK_EQUAL((unsigned char)bytes[i], i);
    join(task);
    close_pair();
    return argument;
}

static void *floods(void *size) {
    static char block[1 << 16];
    size_t sent = 0;
    while (sent < (size_t)NUMBER(size)) {
        for (size_t i = 0; i < sizeof block; i++) block[i] = (char)((sent + i) * 7);
        CHECK_EQUAL(acort_write_all(pair[0], block, sizeof block, ACORT_NEVER), sizeof block);
        sent += sizeof block;
    }
    CHECK_EQUAL(acort_close(pair[0]), 0);
    return NULL;
}

static void *much_arrives(void *argument) {
    enum { SIZE = 4 << 20 };
    static char block[70001];
    for (int tcp = 0; tcp < 2; tcp++) {
        if (tcp) make_tcp_pair();
        else make_pair();
        acort_task_t *task = acort_go(floods, POINTER(SIZE));
        size_t got = 0;
        ssize_t more;
        while ((more = acort_read(pair[1], block, sizeof block, ACORT_NEVER)) > 0) {
            for (ssize_t i = 0; i < more; i += 997) CHECK(block[i] == (char)((got + (size_t)i) * 7));
            got += (size_t)more;
        }
        CHECK(more == 0 && got == SIZE);
        join(task);
        CHECK_EQUAL(acort_close(pair[1]), 0);
    }
    return argument;
}

/* Both ends used from any worker, and from a plain thread. */
static void *reads_some(void *argument) {
    char byte;
    for (int i = 0; i < 100; i++) CHECK_EQUAL(acort_read(pair[1], &byte, 1, ACORT_NEVER), 1);
    return argument;
}

static void *writes_some(void *argument) {
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(acort_write(pair[0], "x", 1, ACORT_NEVER), 1);
        if (i % 4 == 0) acort_sleep(MILLISECONDS / 20);
    }
    return argument;
}

static void *many_share(void *argument) {
    acort_task_t *tasks[12];
    pthread_t threads[2];
    if (argument == NULL) make_pair();
    else make_tcp_pair();
    for (int i = 0; i < 6; i++) {
        tasks[i] = acort_go(reads_some, NULL);
        tasks[i + 6] = acort_go(writes_some, NULL);
    }
    CHECK(pthread_create(&threads[0], NULL, reads_some, NULL) == 0);
    CHECK(pthread_create(&threads[1], NULL, writes_some, NULL) == 0);
    for (int i = 0; i < 12; i++) join(tasks[i]);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    close_pair();
    return NULL;
}

static void *datagrams(void *argument) {
    int a = acort_listen("udp", "127.0.0.1:0", 0), b = acort_listen("udp4", "127.0.0.1:0", 0);
    struct sockaddr_in name, from;
    socklen_t length = sizeof name, from_length = sizeof from;
    CHECK(a >= 0 && b >= 0 && getsockname(b, (struct sockaddr *)&name, &length) == 0);
    char text[32];
    for (int i = 1; i < 20; i++) {
        CHECK_EQUAL(acort_sendto(a, "some datagrams here", (size_t)i, 0, (struct sockaddr *)&name, length,
                                 ACORT_NEVER), i);
        CHECK_EQUAL(acort_sendto(a, "y", 1, 0, (struct sockaddr *)&name, length, ACORT_NEVER), 1);
        /* A short one does not mean that there are no more. */
        CHECK_EQUAL(acort_recvfrom(b, text, sizeof text, 0, (struct sockaddr *)&from, &from_length,
                                   ACORT_NEVER), i);
        struct iovec part = {text, sizeof text};
        struct msghdr message;
        memset(&message, 0, sizeof message);
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        CHECK_EQUAL(acort_recvmsg(b, &message, 0, ACORT_NEVER), 1);
        message.msg_name = &from;
        message.msg_namelen = sizeof from;
        part.iov_len = 1;
        CHECK_EQUAL(acort_sendmsg(b, &message, 0, ACORT_NEVER), 1);
        CHECK_EQUAL(acort_readv(a, &part, 1, ACORT_NEVER), 1);
        CHECK_FAILS(acort_recvfrom(a, text, 1, 0, NULL, NULL, 0), ETIMEDOUT);
    }
    acort_close(a);
    acort_close(b);
    return argument;
}

static void *connects(void *fd) {
    *(int *)fd = acort_dial("tcp", address, ACORT_NEVER);
    return NULL;
}

/* No file descriptor is left for a connection: it waits. */
static void *too_many_open(void *argument) {
    enum { MOST = 4096 };
    static int fds[MOST];
    int client = -1, count = 0;
    struct rlimit limit, before;
    start_listening();
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    limit = before;
    limit.rlim_cur = 128;
    acort_task_t *task = acort_go(connects, &client);
    join(task);
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while (count < MOST && (fds[count] = dup(0)) >= 0) count++;
    CHECK_EQUAL(errno, EMFILE);
    CHECK_FAILS(acort_accept(listener, NULL, NULL, ACORT_NEVER), EMFILE);
    CHECK_FAILS(acort_accept(listener, NULL, NULL, ACORT_NEVER), EMFILE);
    CHECK_FAILS(acort_dial("tcp", address, ACORT_NEVER), EMFILE);
    CHECK_FAILS(acort_run(connects, &client, NULL), EBUSY);
    close(fds[--count]);
    int accepted = acort_accept(listener, NULL, NULL, ACORT_NEVER);
    CHECK(accepted >= 0);
    while (count > 0) close(fds[--count]);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    acort_close(accepted);
    acort_close(client);
    acort_close(listener);
    return argument;
}

static int signals;

static void counts_signals(int number) { __atomic_fetch_add(&signals, number != 0, __ATOMIC_RELAXED); }

/* Signals do not interrupt. */
static void *is_not_interrupted(void *argument) {
    struct sigaction action;
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    memset(&action, 0, sizeof action);
    action.sa_handler = counts_signals;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 3; i++) one_byte_at_a_time(NULL);
    int64_t start = acort_now();
    CHECK_EQUAL(acort_sleep(30 * MILLISECONDS), 0);
    CHECK(acort_now() - start >= 30 * MILLISECONDS);
    many_share(POINTER(1));
    int ends[2];
    CHECK(pipe(ends) == 0);
    acort_case_t one = {.op = ACORT_FD_READ, .fd = ends[0]};
    for (int64_t end = acort_after(20 * MILLISECONDS); acort_now() < end;) CHECK_FAILS(acort_select(&one, 1, 0), ETIMEDOUT);
    acort_close(ends[0]);
    acort_close(ends[1]);
    setitimer(ITIMER_REAL, &never, NULL);
    CHECK(signals > 0);
    return argument;
}

static void *files(void *argument) {
    char path[] = "/tmp/acort-test-XXXXXX", text[16];
    int fd = mkstemp(path);
    CHECK(fd >= 0 && unlink(path) == 0);
    CHECK_EQUAL(acort_write_all(fd, "some text", 9, ACORT_NEVER), 9);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQUAL(acort_read(fd, text, 4, ACORT_NEVER), 4);
    CHECK_EQUAL(acort_read_full(fd, text, sizeof text, ACORT_NEVER), 5);
    CHECK_EQUAL(acort_read(fd, text, 4, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_fdwait(fd, POLLIN, ACORT_NEVER), POLLIN);
    CHECK_EQUAL(acort_close(fd), 0);
    return argument;
}

static void *waits_for_readiness(void *argument) {
    make_pair();
    CHECK_EQUAL(acort_fdwait(pair[0], POLLOUT, ACORT_NEVER), POLLOUT);
    CHECK_FAILS(acort_fdwait(pair[0], POLLIN, 0), ETIMEDOUT);
    CHECK_FAILS(acort_fdwait(pair[0], POLLIN, acort_after(MILLISECONDS)), ETIMEDOUT);
    int swapped = pair[0];
    pair[0] = pair[1], pair[1] = swapped;
    acort_task_t *task = acort_go(dribbles, POINTER(1));
    CHECK_EQUAL(acort_fdwait(swapped, POLLIN, ACORT_NEVER), POLLIN);
    CHECK_EQUAL(acort_fdwait(swapped, POLLIN, ACORT_NEVER), POLLIN); /* still */
    CHECK_EQUAL(acort_fdwait(swapped, POLLIN | POLLOUT, ACORT_NEVER), POLLIN | POLLOUT);
    join(task);
    CHECK_FAILS(acort_fdwait(swapped, 0, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_fdwait(swapped, POLLERR | POLLIN, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_fdwait(-1, POLLIN, ACORT_NEVER), EBADF);
    close_pair();
    CHECK_FAILS(acort_fdwait(swapped, POLLIN, ACORT_NEVER), EBADF);
    return argument;
}

/* Its port is taken, and it does not listen. */
static void is_refused(void) {
    struct sockaddr_in place;
    socklen_t length = sizeof place;
    memset(&place, 0, sizeof place);
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int mute = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQUAL(bind(mute, (struct sockaddr *)&place, sizeof place), 0);
    CHECK_EQUAL(getsockname(mute, (struct sockaddr *)&place, &length), 0);
    char name[32];
    snprintf(name, sizeof name, "127.0.0.1:%d", ntohs(place.sin_port));
    CHECK_FAILS(acort_dial("tcp", name, ACORT_NEVER), ECONNREFUSED);
    CHECK_EQUAL(close(mute), 0);
}

static void *names(void *argument) {
    CHECK_FAILS(acort_dial(NULL, "127.0.0.1:1", ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_dial("tcp", NULL, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_dial("smoke", "127.0.0.1:1", ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_dial("tcp", "127.0.0.1", ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_dial("tcp", "127.0.0.1:", ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_dial("tcp", "::1:80", ACORT_NEVER), EINVAL);
    is_refused();
    CHECK_FAILS(acort_listen(NULL, NULL, 0), EINVAL);
    CHECK_FAILS(acort_listen("tcp", "127.0.0.1:1x", 0), EINVAL);
    char longest[400];
    memset(longest, 'x', sizeof longest - 1);
    longest[399] = 0;
    CHECK_FAILS(acort_dial("unix", longest, ACORT_NEVER), ENAMETOOLONG);
    longest[390] = ':';
    CHECK_FAILS(acort_dial("tcp", longest, ACORT_NEVER), ENAMETOOLONG);

    char folder[] = "/tmp/acort-test-XXXXXX", path[64];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/socket", folder);
    int listening = acort_listen("unix", path, 5);
    CHECK(listening >= 0);
    pair[0] = acort_dial("unix", path, ACORT_NEVER);
    pair[1] = acort_accept(listening, NULL, NULL, ACORT_NEVER);
    CHECK(pair[0] >= 0 && pair[1] >= 0);
    close_pair();
    acort_close(listening);
    unlink(path);
    rmdir(folder);

    start_listening();
    char name[80];
    snprintf(name, sizeof name, "localhost%s", strchr(address, ':'));
    int fd = acort_dial("tcp4", name, acort_after(10000 * MILLISECONDS));
    CHECK(fd >= 0);
    acort_close(fd);
    acort_close(listener);

    struct addrinfo *found = NULL;
    CHECK_EQUAL(acort_getaddrinfo("localhost", "80", NULL, &found, ACORT_NEVER), 0);
    CHECK(found != NULL);
    freeaddrinfo(found);
    CHECK(acort_getaddrinfo(NULL, NULL, NULL, &found, ACORT_NEVER) != 0);
    acort_cancel(acort_self());
    int code = acort_getaddrinfo("localhost", "80", NULL, &found, ACORT_NEVER);
    CHECK(code == 0 || (code == EAI_SYSTEM && errno == ECANCELED));
    if (code == 0) freeaddrinfo(found); /* it was there before one had to wait */
    return argument;
}

static int blocking;

static void *blocks(void *number) {
    int now = __atomic_add_fetch(&blocking, 1, __ATOMIC_SEQ_CST);
    usleep(20000);
    CHECK(acort_self() == NULL);
    __atomic_sub_fetch(&blocking, 1, __ATOMIC_SEQ_CST);
    errno = 1000 + (int)NUMBER(number);
    return POINTER(now);
}

static void *calls_that(void *number) {
    void *result = NULL;
    CHECK_EQUAL(acort_blocking(blocks, number, &result), 0);
    CHECK_EQUAL(errno, 1000 + NUMBER(number));
    return result;
}

static void *passes_a_local(void *argument) {
    CHECK_FAILS(acort_blocking(blocks, ON_STACK(16), NULL), EFAULT);
    return argument;
}

static void *blocking_calls(void *argument) {
    enum { CALLS = 12 };
    acort_task_t *tasks[CALLS];
    long most = 0;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < CALLS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, calls_that, POINTER(i));
        acort_sleep(MILLISECONDS); /* others run meanwhile */
        for (int i = 0; i < CALLS; i++) {
            long count = NUMBER(join(tasks[i]));
            if (count > most) most = count;
        }
    }
    CHECK(most > 1); /* several at once */
    CHECK_FAILS(acort_blocking(NULL, NULL, NULL), EINVAL);
    join(go_with(ACORT_SHARED, passes_a_local, NULL));
    return argument;
}

static void *closes_of_another_runtime(void *argument) {
    char byte;
    CHECK_EQUAL(acort_write(pair[0], "z", 1, ACORT_NEVER), 1);
    CHECK_EQUAL(acort_read(pair[1], &byte, 1, ACORT_NEVER), 1);
    CHECK_FAILS(acort_read(pair[1], &byte, 1, acort_after(MILLISECONDS)), ETIMEDOUT);
    return argument;
}

enum { MORE_THAN_A_PIPE = 300000 };

static void *fills(void *fd) {
    static char data[MORE_THAN_A_PIPE];
    CHECK_EQUAL(acort_write_all((int)NUMBER(fd), data, sizeof data, ACORT_NEVER), sizeof data);
    CHECK_EQUAL(acort_close((int)NUMBER(fd)), 0);
    return NULL;
}

/* Each end of a pipe has one way only; the writer waits for room, and learns that the reader is gone. */
static void *pipe_is_full(void *argument) {
    int ends[2];
    static char data[5000];
    ssize_t got, all = 0;
    CHECK(pipe(ends) == 0);
    acort_task_t *writer = acort_go(fills, POINTER(ends[1]));
    acort_sleep(2 * MILLISECONDS);
    while ((got = acort_read(ends[0], data, sizeof data, ACORT_NEVER)) > 0) all += got;
    CHECK_EQUAL(all, MORE_THAN_A_PIPE);
    join(writer);
    CHECK_EQUAL(acort_close(ends[0]), 0);

    CHECK(pipe(ends) == 0);
    while (acort_write(ends[1], data, sizeof data, 0) > 0) continue;
    /* Chaos shortens a write to what still fits. */
    while (acort_write(ends[1], data, 1, 0) > 0) continue;
    CHECK_FAILS(acort_write(ends[1], data, sizeof data, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_EQUAL(acort_close(ends[0]), 0);
    CHECK_FAILS(acort_write(ends[1], data, sizeof data, ACORT_NEVER), EPIPE);
    CHECK_EQUAL(acort_close(ends[1]), 0);
    return argument;
}

static void in_a_plain_thread(void) {
    char byte;
    make_pair();
    CHECK_FAILS(acort_read(pair[0], &byte, 1, 0), ETIMEDOUT);
    CHECK_FAILS(acort_read(pair[0], &byte, 1, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_FAILS(acort_fdwait(pair[0], POLLIN, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_EQUAL(acort_write(pair[1], "x", 1, ACORT_NEVER), 1);
    CHECK_EQUAL(acort_fdwait(pair[0], POLLIN, ACORT_NEVER), POLLIN);
    CHECK_EQUAL(acort_read(pair[0], &byte, 1, ACORT_NEVER), 1);
    run(closes_of_another_runtime, NULL); /* one runtime after another uses them */
    run(closes_of_another_runtime, NULL);
    close_pair();
    void *result;
    errno = 0;
    CHECK_EQUAL(acort_blocking(blocks, POINTER(1), &result), 0);
    CHECK_EQUAL(NUMBER(result), 1);
    CHECK_FAILS(acort_read(-1, &byte, 1, 0), EBADF);
    CHECK_FAILS(acort_read(1 << 30, &byte, 1, 0), EMFILE);
    CHECK_FAILS(acort_close(-1), EBADF);
}

/* As read(2), writev(2): nothing is waited for, taken or sent. */
static void *zero_bytes(void *argument) {
    int stream[2], packets[2];
    char byte = 0;
    struct iovec nothing[2] = {{&byte, 0}, {&byte, 0}}, *many = calloc(1025, sizeof *many);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, stream) == 0 && socketpair(AF_UNIX, SOCK_DGRAM, 0, packets) == 0);
    CHECK_EQUAL(acort_read(stream[0], &byte, 0, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_read(packets[0], &byte, 0, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_readv(packets[0], nothing, 0, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_write(packets[1], "x", 1, ACORT_NEVER), 1);
    CHECK_EQUAL(acort_read(packets[0], &byte, 0, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_read(packets[0], &byte, 1, ACORT_NEVER), 1);
    CHECK_EQUAL(byte, 'x');
    CHECK_EQUAL(acort_writev(packets[1], nothing, 0, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_writev(packets[1], nothing, 2, ACORT_NEVER), 0);
    CHECK_FAILS(acort_writev(packets[1], many, 1025, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_writev(stream[1], many, -1, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_readv(stream[0], many, 1025, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_read(packets[0], &byte, 1, 0), ETIMEDOUT);
    free(many);
    for (int i = 0; i < 2; i++) acort_close(stream[i]), acort_close(packets[i]);
    return argument;
}

/* With deadline 0, and after one that has passed, the system is asked, whatever is remembered of the socket. */
static void *asks_the_system(void *argument) {
    struct sockaddr_storage place;
    socklen_t length = sizeof place;
    char bytes[64];
    int listener = acort_listen("tcp4", "127.0.0.1:0", 0);
    CHECK(getsockname(listener, (struct sockaddr *)&place, &length) == 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(client, (struct sockaddr *)&place, length) == 0);
    int server = acort_accept(listener, NULL, NULL, ACORT_NEVER);
    for (int i = 0; i < 4; i++) {
        CHECK(write(client, "first", 5) == 5);
        ssize_t got = acort_read_full(server, bytes, 5, ACORT_NEVER);
        CHECK_EQUAL(got, 5);
        CHECK(write(client, "x", 1) == 1);
        CHECK_EQUAL(acort_read(server, bytes, sizeof bytes, ACORT_NEVER), 1); /* a short read: it is empty */
        CHECK_FAILS(acort_read(server, bytes, sizeof bytes, acort_after(MILLISECONDS)), ETIMEDOUT);
        CHECK(write(client, "second", 6) == 6);
        usleep(2000); /* the worker has not looked since */
        got = acort_read(server, bytes, IN_ORDER ? sizeof bytes : 1, i % 2 ? 0 : 1);
        CHECK(got == (IN_ORDER ? 6 : 1));
        while (acort_read(server, bytes, sizeof bytes, 0) > 0) {
        }
        CHECK_EQUAL(errno, ETIMEDOUT);
    }
    acort_close(server), close(client), acort_close(listener);
    return argument;
}

int main(void) {
    run(asks_the_system, NULL);
    void *(*tests[])(void *) = {closes,       peers_end,     one_byte_at_a_time, much_arrives,
                                datagrams,    files,         waits_for_readiness, names,
                                blocking_calls, zero_bytes,    pipe_is_full};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        run(tests[i], NULL);
        run_with(3, tests[i], NULL);
    }
    run(echo, POINTER(0));
    run(echo, POINTER(ACORT_SHARED));
    run_with(3, echo, POINTER(0));
    run_with(3, many_share, NULL);
    run_with(3, many_share, POINTER(1));
#ifndef __SANITIZE_THREAD__ /* which handles signals later, wherever that is */
    run(is_not_interrupted, NULL);
#else
    (void)is_not_interrupted;
#endif
    run(too_many_open, NULL);
    in_a_plain_thread();
    return 0;
}
