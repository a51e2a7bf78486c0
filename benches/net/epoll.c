/* The server without tasks: each worker is a thread with a listening socket of its own and a level-triggered epoll. */
#include "server.h"

#include <pthread.h>
#include <sys/epoll.h>

static void watch(int poller, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

static void serve(int fd) {
    char data[ROOM];
    size_t length;
    ssize_t size = recv(fd, data, sizeof data, 0);
    if (size <= 0) {
        close(fd);
        return;
    }
    const char *answer = answer_to(data, (size_t)size, &length);
    if (answer == NULL || send(fd, answer, length, MSG_NOSIGNAL) != (ssize_t)length) fail("send");
}

static void *work(void *argument) {
    int listener = (int)(intptr_t)argument, poller = epoll_create1(EPOLL_CLOEXEC);
    watch(poller, listener);
    for (;;) {
        struct epoll_event events[256];
        int found = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < found; i++) {
            int fd = events[i].data.fd;
            if (fd != listener) {
                serve(fd);
            } else if ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                send_at_once(fd);
                watch(poller, fd);
            }
        }
    }
    return NULL;
}

int main(int words, char **arguments) {
    unsigned workers = begin(words, arguments);
    int port = 0;
    for (unsigned i = 0; i < workers; i++) {
        pthread_t thread;
        void *listener = (void *)(intptr_t)listen_at(&port);
        if (pthread_create(&thread, NULL, work, listener) != 0) fail("pthread_create");
    }
    tell_port(port);
    pause();
    return 0;
}
