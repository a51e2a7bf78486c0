/* The echo server without tasks: epoll, level-triggered, one buffer; every call that it makes is counted. */
#include "echo.h"

#include <sys/epoll.h>

static uint64_t calls;

static void watch(int poller, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
    calls++;
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) {
        perror("epoll_ctl");
        exit(1);
    }
}

/* 1: the connection is over. */
static int serve(int fd) {
    char data[ROOM];
    ssize_t size = recv(fd, data, sizeof data, 0);
    calls++;
    if (size <= 0) {
        calls++;
        close(fd);
        return 1;
    }
    calls++;
    if (send(fd, data, (size_t)size, MSG_NOSIGNAL) != size) {
        perror("send");
        exit(1);
    }
    return 0;
}

static void loop(int poller, int listener) {
    int open = CONNECTIONS;
    while (open > 0) {
        struct epoll_event events[256];
        int found = epoll_wait(poller, events, 256, -1);
        calls++;
        for (int i = 0; i < found; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                calls++;
                watch(poller, accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
            } else {
                open -= serve(fd);
            }
        }
    }
}

int main(int count, char **arguments) {
    int port, poller = epoll_create1(EPOLL_CLOEXEC);
    if (count < 3 || poller < 0) return 2;
    start_measuring();
    int listener = listen_anywhere(SOCK_NONBLOCK, &port);
    watch(poller, listener);
    start_client(arguments[2], port);
    sample_t begin = now();
    uint64_t before = calls;
    loop(poller, listener);
    const double requests = (double)CONNECTIONS * REQUESTS;
    if (strcmp(arguments[1], "echo") == 0) report(begin, requests);
    else printf("%.4f\n", (double)(calls - before) / requests);
    end_client();
    return 0;
}
