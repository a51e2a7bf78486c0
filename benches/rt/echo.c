/* The echo server of acort, one worker, a task on its own stack for each connection. Linked with the static
 * library and -Wl,--wrap=..., which leads the library's calls through those below: they are counted. */
#include "echo.h"

#include <acort.h>
#include <stdarg.h>
#include <sys/epoll.h>

static uint64_t calls;

/* One that the library makes, with its arguments. */
#define COUNTED(result, name, parameters, arguments)                                             \
    result __real_##name parameters;                                                             \
    result __wrap_##name parameters;                                                             \
    result __wrap_##name parameters {                                                            \
        calls++;                                                                                 \
        return __real_##name arguments;                                                          \
    }

COUNTED(ssize_t, recv, (int fd, void *data, size_t size, int flags), (fd, data, size, flags))
COUNTED(ssize_t, send, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags))
COUNTED(ssize_t, read, (int fd, void *data, size_t size), (fd, data, size))
COUNTED(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
COUNTED(int, accept4, (int fd, struct sockaddr *address, socklen_t *size, int flags),
        (fd, address, size, flags))
COUNTED(int, epoll_ctl, (int poller, int what, int fd, struct epoll_event *event),
        (poller, what, fd, event))
COUNTED(int, epoll_wait, (int poller, struct epoll_event *events, int most, int limit),
        (poller, events, most, limit))
COUNTED(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size),
        (fd, level, name, value, size))
COUNTED(int, fstat, (int fd, void *status), (fd, status))
COUNTED(int, fcntl, (int fd, int what, long argument), (fd, what, argument))
COUNTED(int, close, (int fd), (fd))
/* Six arguments are read whatever was given, as the system does. */
COUNTED(long, syscall, (long number, long a, long b, long c, long d, long e, long f),
        (number, a, b, c, d, e, f))

static int listener;

static void *serve(void *argument) {
    int fd = (int)(intptr_t)argument;
    char data[ROOM];
    for (;;) {
        ssize_t size = acort_read(fd, data, sizeof data, ACORT_NEVER);
        if (size <= 0) break;
        if (acort_write_all(fd, data, (size_t)size, ACORT_NEVER) != size) break;
    }
    acort_close(fd);
    return NULL;
}

static void *accept_all(void *unused) {
    for (int i = 0; i < CONNECTIONS; i++) {
        int fd = acort_accept(listener, NULL, NULL, ACORT_NEVER);
        acort_task_t *task = fd < 0 ? NULL : acort_go(serve, (void *)(intptr_t)fd);
        if (task == NULL || acort_detach(task) != 0) {
            perror("accept");
            exit(1);
        }
    }
    return unused;
}

int main(int count, char **arguments) {
    int port;
    if (count < 3) return 2;
    start_measuring();
    listener = listen_anywhere(SOCK_NONBLOCK, &port);
    start_client(arguments[2], port);
    sample_t begin = now();
    uint64_t before = calls;
    if (acort_run(accept_all, NULL, NULL) != 0) {
        perror("acort_run");
        return 1;
    }
    const double requests = (double)CONNECTIONS * REQUESTS;
    if (strcmp(arguments[1], "echo") == 0) report(begin, requests);
    else printf("%.4f\n", (double)(calls - before) / requests);
    end_client();
    return 0;
}
