/* A connection that the system gives up: its ETIMEDOUT stays with the stream, and is not that of a deadline. */
#include "rt.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#ifdef TCP_USER_TIMEOUT

static int64_t soon(void) { return acort_after(20000 * MILLISECONDS); }

typedef struct {
    int peer;
    acort_stream_t *stream;
} connection_t;

/* A connection whose peer takes no bytes: the system gives it up at the second probe. */
static connection_t given_up_connection(void) {
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof addr;
    static const char block[65536];
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0), room = 4096, timeout = 1;
    CHECK_EQUAL(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    CHECK(bind(listener, (struct sockaddr *)&addr, length) == 0 && listen(listener, 1) == 0);
    CHECK_EQUAL(getsockname(listener, (struct sockaddr *)&addr, &length), 0);
    CHECK_EQUAL(connect(fd, (struct sockaddr *)&addr, length), 0);
    connection_t connection = {accept(listener, NULL, NULL), acort_stream_open(fd, NULL)};
    CHECK(connection.peer >= 0 && connection.stream != NULL && close(listener) == 0);
    while (send(fd, block, sizeof block, MSG_DONTWAIT) > 0) {} /* more than the peer has room for */
    CHECK_EQUAL(setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout), 0);
    struct pollfd end = {.fd = fd};
    CHECK(acort_poll(&end, 1, soon()) == 1 && (end.revents & POLLERR) != 0);
    return connection;
}

static void *is_given_up(void *argument) {
    connection_t read = given_up_connection(), written = given_up_connection();
    for (int i = 0; i < 2; i++) CHECK_REFUSES(acort_stream_read_line(read.stream, NULL, soon()), ETIMEDOUT);
    CHECK_EQUAL(acort_stream_write(written.stream, "bytes", 5, soon()), 5);
    for (int i = 0; i < 2; i++) CHECK_FAILS(acort_stream_flush(written.stream, soon()), ETIMEDOUT);
    CHECK_FAILS(acort_stream_write(written.stream, "more", 4, soon()), ETIMEDOUT);
    CHECK_EQUAL(acort_stream_close(read.stream, soon()), 0);
    CHECK_FAILS(acort_stream_close(written.stream, soon()), ETIMEDOUT);
    CHECK(close(read.peer) == 0 && close(written.peer) == 0);
    return argument;
}

static void *all(void *argument) {
    acort_task_t *own = acort_go(is_given_up, NULL), *shared = go_with(ACORT_SHARED, is_given_up, NULL);
    join(own);
    join(shared);
    return argument;
}

int main(void) {
    is_given_up(NULL);
    run(all, NULL);
    return 0;
}

#else

int main(void) { return 0; }

#endif
