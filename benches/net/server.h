/* What the servers of `make bench-net` in C share.
 *
 *   SERVER PROTOCOL WORKERS    echo or http; prints its port, and runs until a signal ends it
 *
 * A request of http is one read that ends in an empty line: the servers of all languages do the same, so that the
 * runtimes are compared and not their parsers. */
#ifndef SERVER_H
#define SERVER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 4096, BACKLOG = 1024 };

static bool is_http;

static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 19\r\n\r\n"
                             "Coroutines answer.\n";

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* What is to be sent after `size` bytes of `data` have come, and its size. NULL: the request is not whole. */
static inline const char *answer_to(const char *data, size_t size, size_t *answer) {
    *answer = is_http ? sizeof ANSWER - 1 : size;
    if (!is_http) return data;
    return size >= 4 && memcmp(data + size - 4, "\r\n\r\n", 4) == 0 ? ANSWER : NULL;
}

static inline void send_at_once(int fd) {
    int on = 1;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("setsockopt");
}

/* A socket that listens on loopback, at `*port`, or at any free port if that is 0. Several may share the port. */
static inline int listen_at(int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)*port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        fail("listen");
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static inline void tell_port(int port) {
    printf("port %d\n", port);
    fflush(stdout);
}

/* The number of workers. */
static inline unsigned begin(int words, char **arguments) {
    unsigned workers = words > 2 ? (unsigned)atoi(arguments[2]) : 0;
    if (workers < 1) exit(2);
    is_http = strcmp(arguments[1], "http") == 0;
    return workers;
}

#endif
