/* acort_dial() never gives a socket that is connected to itself. The system picks the peer's port for the caller's side
 * by chance; this program's own connect() sees to it each time. */
#include "rt.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static atomic_int connects;

/* The socket gets the port that it connects to, unless another one has it. */
int connect(int fd, const struct sockaddr *address, socklen_t length) {
    atomic_fetch_add(&connects, 1);
    bind(fd, address, length);
    return (int)syscall(SYS_connect, fd, address, length);
}

static uint16_t port_of(int fd) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    CHECK(getsockname(fd, (struct sockaddr *)&name, &length) == 0);
    return ntohs(name.ss_family == AF_INET ? ((struct sockaddr_in *)&name)->sin_port
                                           : ((struct sockaddr_in6 *)&name)->sin6_port);
}

/* A socket that has a port at the loopback address; -1: this machine has no such address. */
static int bound(int family, int type, uint16_t port) {
    int fd = socket(family, type | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int answer = family == AF_INET ? bind(fd, (struct sockaddr *)&four, sizeof four)
                                   : bind(fd, (struct sockaddr *)&six, sizeof six);
    if (answer == 0) return fd;
    CHECK(family == AF_INET6 || errno == EADDRINUSE);
    close(fd);
    return -1;
}

/* A port that is free, as far as one can know. */
static uint16_t free_port(int family, int type) {
    int fd = bound(family, type, 0);
    if (fd < 0) return 0;
    uint16_t port = port_of(fd);
    close(fd);
    return port;
}

static void name_port(char *text, size_t size, int family, uint16_t port) {
    snprintf(text, size, family == AF_INET ? "127.0.0.1:%d" : "[::1]:%d", port);
}

static void stream(int family) {
    char at[64];
    uint16_t port = free_port(family, SOCK_STREAM);
    if (port == 0) return;
    name_port(at, sizeof at, family, port);
    int before = connects;
    CHECK_FAILS(acort_dial("tcp", at, ACORT_NEVER), ECONNREFUSED);
    CHECK(connects > before);
    /* Nothing of that connection keeps the port. */
    int listener = bound(family, SOCK_STREAM, port);
    CHECK(listener >= 0 && listen(listener, 1) == 0);
    /* Where something listens it is reached: the port is taken then. */
    int fd = acort_dial("tcp", at, ACORT_NEVER);
    CHECK(fd >= 0 && port_of(fd) != port);
    CHECK(acort_close(fd) == 0 && close(listener) == 0);
}

static void datagram(int family) {
    char at[64], got[8];
    uint16_t port = free_port(family, SOCK_DGRAM);
    if (port == 0) return;
    name_port(at, sizeof at, family, port);
    int fd = acort_dial("udp", at, ACORT_NEVER);
    CHECK(fd >= 0 && port_of(fd) != port);
    /* The port is free again, and who has it next is reached. */
    int server = bound(family, SOCK_DGRAM, port);
    CHECK(server >= 0);
    CHECK_EQUAL(acort_write(fd, "hello", 5, ACORT_NEVER), 5);
    CHECK_EQUAL(acort_read(server, got, sizeof got, ACORT_NEVER), 5);
    CHECK(acort_close(fd) == 0 && acort_close(server) == 0);
}

static void all(void) {
    stream(AF_INET);
    stream(AF_INET6);
    datagram(AF_INET);
    datagram(AF_INET6);
}

static void *in_task(void *unused) {
    all();
    return unused;
}

int main(void) {
    all();
    run(in_task, NULL);
    run_with(2, in_task, NULL);
    return 0;
}
