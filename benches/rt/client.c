/* The client of the echo rows, a plain epoll loop: each connection sends 64 bytes and waits for them, again and
 * again.
 *
 *   client PORT CONNECTIONS REQUESTS    so many requests on each connection
 */
#include "../measure.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { SIZE = 64, MOST = 1024 };

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int connect_to(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    return fd;
}

int main(int count, char **arguments) {
    static int fds[MOST], left[MOST];
    char out[SIZE], in[SIZE];
    int port = count > 3 ? atoi(arguments[1]) : 0, connections = count > 3 ? atoi(arguments[2]) : 0;
    int requests = count > 3 ? atoi(arguments[3]) : 0, poller = epoll_create1(0), open = connections;
    if (connections < 1 || connections > MOST || requests < 1) return 2;
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    sched_setaffinity(0, sizeof first, &first);
    memset(out, 'x', sizeof out);
    for (int i = 0; i < connections; i++) {
        fds[i] = connect_to(port);
        left[i] = requests;
        struct epoll_event event = {.events = EPOLLIN, .data = {.u32 = (uint32_t)i}};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, fds[i], &event) != 0) fail("epoll_ctl");
    }
    for (int i = 0; i < connections; i++) {
        if (send(fds[i], out, SIZE, 0) != SIZE) fail("send");
    }
    while (open > 0) {
        struct epoll_event events[128];
        int found = epoll_wait(poller, events, 128, 20000);
        if (found <= 0) fail("epoll_wait");
        for (int e = 0; e < found; e++) {
            uint32_t i = events[e].data.u32;
            if (recv(fds[i], in, SIZE, MSG_WAITALL) != SIZE || memcmp(in, out, SIZE) != 0) fail("recv");
            if (--left[i] > 0) {
                if (send(fds[i], out, SIZE, 0) != SIZE) fail("send");
            } else {
                close(fds[i]);
                open--;
            }
        }
    }
    return 0;
}
