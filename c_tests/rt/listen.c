/* Where servers listen, and who reaches them there. */
#include "rt.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int port_at(const struct sockaddr_storage *place) {
    return ntohs(place->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)place)->sin6_port
                                              : ((const struct sockaddr_in *)place)->sin_port);
}

static int port_of(int fd) {
    struct sockaddr_storage place;
    socklen_t length = sizeof place;
    CHECK_EQUAL(getsockname(fd, (struct sockaddr *)&place, &length), 0);
    return port_at(&place);
}

/* 0: a client that is gone already. */
static int peer_port_of(int fd) {
    struct sockaddr_storage place;
    socklen_t length = sizeof place;
    return getpeername(fd, (struct sockaddr *)&place, &length) == 0 ? port_at(&place) : 0;
}

static int dial(const char *net, const char *host, int port) {
    char address[64];
    snprintf(address, sizeof address, "%s:%d", host, port);
    return acort_dial(net, address, acort_after(5000 * MILLISECONDS));
}

/* A client comes to the listener. Other processes may listen at the same port of the other family, and dial it. */
static int reaches(const char *net, const char *host, int listener) {
    int client = dial(net, host, port_of(listener)), is_there = 0, server;
    if (client < 0) return 0;
    int64_t deadline = acort_after(5000 * MILLISECONDS);
    while (!is_there && (server = acort_accept(listener, NULL, NULL, deadline)) >= 0) {
        is_there = peer_port_of(server) == port_of(client);
        CHECK_EQUAL(acort_close(server), 0);
    }
    CHECK_EQUAL(acort_close(client), 0);
    return is_there;
}

static int has_six(void) {
    int fd = acort_listen("tcp6", "[::1]:0", 0);
    if (fd >= 0) acort_close(fd);
    return fd >= 0;
}

/* No host is every address of the machine, unless the network says which family. */
static void *every_address(void *argument) {
    int fd = acort_listen("tcp", ":0", 0);
    CHECK(fd >= 0);
    CHECK(reaches("tcp4", "127.0.0.1", fd));
    if (has_six()) CHECK(reaches("tcp6", "[::1]", fd));
    CHECK_EQUAL(acort_close(fd), 0);
    fd = acort_listen("tcp4", ":0", 0);
    CHECK(fd >= 0 && reaches("tcp4", "127.0.0.1", fd));
    if (has_six()) CHECK(!reaches("tcp6", "[::1]", fd));
    CHECK_EQUAL(acort_close(fd), 0);
    char address[16];
    fd = acort_listen("tcp4", ":0", 0);
    snprintf(address, sizeof address, ":%d", port_of(fd));
    CHECK_FAILS(acort_listen("tcp", address, 0), EADDRINUSE); /* half of it is no listener */
    CHECK_EQUAL(acort_close(fd), 0);
    if (has_six()) {
        fd = acort_listen("tcp6", ":0", 0);
        CHECK(fd >= 0 && reaches("tcp6", "[::1]", fd) && !reaches("tcp4", "127.0.0.1", fd));
        CHECK_EQUAL(acort_close(fd), 0);
    }
    return argument;
}

/* A port of UDP is one socket's; that of TCP can be had again while old connections linger. */
static void *ports(void *argument) {
    char address[64];
    int fd = acort_listen("udp", "127.0.0.1:0", 0);
    CHECK(fd >= 0);
    snprintf(address, sizeof address, "127.0.0.1:%d", port_of(fd));
    CHECK_FAILS(acort_listen("udp", address, 0), EADDRINUSE);
    CHECK_EQUAL(acort_close(fd), 0);
    fd = acort_listen("tcp", "127.0.0.1:0", 0);
    int port = port_of(fd), client = dial("tcp", "127.0.0.1", port), server = acort_accept(fd, NULL, NULL, ACORT_NEVER);
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    CHECK_FAILS(acort_listen("tcp", address, 0), EADDRINUSE);
    CHECK_EQUAL(acort_close(server), 0);
    CHECK_EQUAL(acort_close(fd), 0);
    CHECK_EQUAL(acort_close(client), 0);
    fd = acort_listen("tcp", address, 0);
    CHECK(fd >= 0);
    CHECK_EQUAL(acort_close(fd), 0);
    return argument;
}

static void *means_nothing(void *argument) {
    const char *wrong[] = {"127.0.0.1:65536", "127.0.0.1:99999", "127.0.0.1:", "127.0.0.1", "::1:80",
                           "127.0.0.1:340282366920938463463374607431768211456"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        errno = 0;
        CHECK(acort_dial("tcp", wrong[i], ACORT_NEVER) == -1 && errno == EINVAL);
        CHECK_FAILS(acort_listen("tcp", wrong[i], 0), EINVAL);
    }
    CHECK_FAILS(acort_dial("unix", "", ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_listen("unix", "", 0), EINVAL);
    return argument;
}

/* A unix socket whose listener has no room: who dials waits for that, as long as it may. */
static int listener;

static void *accepts_later(void *argument) {
    acort_sleep(20 * MILLISECONDS);
    for (int i = 0; i < 2; i++) acort_close(acort_accept(listener, NULL, NULL, ACORT_NEVER));
    return argument;
}

static void *unix_sockets(void *argument) {
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    int clients[8], count = 0;
    snprintf(place.sun_path, sizeof place.sun_path, "/tmp/acort-listen-%d", (int)getpid());
    unlink(place.sun_path);
    listener = acort_listen("unix", place.sun_path, 1);
    CHECK(listener >= 0);
    while ((clients[count] = acort_dial("unix", place.sun_path, 0)) >= 0) CHECK(++count < 8);
    CHECK(errno == ETIMEDOUT && count > 0);
    CHECK_FAILS(acort_dial("unix", place.sun_path, acort_after(10 * MILLISECONDS)), ETIMEDOUT);
    acort_task_t *task = acort_go(accepts_later, NULL);
    int fd = acort_dial("unix", place.sun_path, acort_after(10000 * MILLISECONDS));
    CHECK(fd >= 0);
    CHECK_EQUAL(acort_close(fd), 0);
    join(task);
    for (int i = 0; i < count; i++) acort_close(clients[i]);
    CHECK_EQUAL(acort_close(listener), 0);
    CHECK_FAILS(acort_dial("unix", place.sun_path, ACORT_NEVER), ECONNREFUSED);
    unlink(place.sun_path);
    CHECK_FAILS(acort_dial("unix", place.sun_path, ACORT_NEVER), ENOENT);
    return argument;
}

/* Options: several sockets at one port, a file's mode, the file of a listener that has ended. */
static void *shares_ports(void *argument) {
    const char *nets[] = {"tcp", "tcp4", "udp", "udp4"};
    acort_listen_opts_t shared = {.size = sizeof shared, .flags = ACORT_REUSEPORT}, alone = {.size = sizeof alone};
    for (int i = 0; i < 4; i++) {
        char address[64];
        int first = acort_listen_ex(nets[i], "127.0.0.1:0", &shared);
        CHECK(first >= 0);
        snprintf(address, sizeof address, "127.0.0.1:%d", port_of(first));
        int second = acort_listen_ex(nets[i], address, &shared);
        CHECK(second >= 0 && port_of(second) == port_of(first));
        CHECK_FAILS(acort_listen_ex(nets[i], address, &alone), EADDRINUSE);
        CHECK_FAILS(acort_listen_ex(nets[i], address, NULL), EADDRINUSE);
        CHECK_EQUAL(acort_close(first), 0);
        if (i < 2) CHECK(reaches(nets[i], "127.0.0.1", second));
        CHECK_EQUAL(acort_close(second), 0);
    }
    return argument;
}

static int option_of(int fd, int level, int option) {
    int value = -1;
    socklen_t length = sizeof value;
    CHECK_EQUAL(getsockopt(fd, level, option, &value, &length), 0);
    return value;
}

static void *has_options(void *argument) {
    acort_listen_opts_t options = {.size = sizeof options, .flags = ACORT_NODELAY, .backlog = 1};
    int fd = acort_listen_ex("tcp", "127.0.0.1:0", &options);
    CHECK(fd >= 0 && option_of(fd, IPPROTO_TCP, TCP_NODELAY) != 0);
    int client = dial("tcp", "127.0.0.1", port_of(fd)), server = acort_accept(fd, NULL, NULL, ACORT_NEVER);
    CHECK(client >= 0 && server >= 0 && option_of(server, IPPROTO_TCP, TCP_NODELAY) != 0);
    CHECK(acort_close(client) == 0 && acort_close(server) == 0 && acort_close(fd) == 0);
    CHECK((fd = acort_listen_ex("tcp", ":0", NULL)) >= 0 && option_of(fd, IPPROTO_TCP, TCP_NODELAY) == 0);
    CHECK_EQUAL(acort_close(fd), 0);
    return argument;
}

static void *unix_options(void *argument) {
    acort_listen_opts_t options = {.size = sizeof options, .flags = ACORT_UNLINK, .mode = 0640};
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/tmp/acort-options-%d", (int)getpid());
    for (int i = 0; i < 2; i++) { /* the file of the first listener is left */
        int fd = acort_listen_ex("unix", path, &options);
        CHECK(fd >= 0);
        CHECK(lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) && (status.st_mode & 07777) == 0640);
        CHECK_FAILS(acort_listen_ex("unix", path, &options), EADDRINUSE); /* it is in use */
        CHECK_FAILS(acort_listen("unix", path, 0), EADDRINUSE);
        int client = acort_dial("unix", path, acort_after(5000 * MILLISECONDS));
        CHECK(client >= 0);
        CHECK(acort_close(client) == 0 && acort_close(fd) == 0);
    }
    CHECK_FAILS(acort_listen("unix", path, 0), EADDRINUSE);
    CHECK_EQUAL(unlink(path), 0);
    int file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    CHECK(file >= 0 && close(file) == 0);
    CHECK_FAILS(acort_listen_ex("unix", path, &options), EADDRINUSE); /* it is no socket */
    CHECK(unlink(path) == 0 && symlink("/nowhere/at/all", path) == 0);
    CHECK_FAILS(acort_listen_ex("unix", path, &options), EADDRINUSE);
    CHECK_EQUAL(unlink(path), 0);
    return argument;
}

static void *wrong_options(void *argument) {
    const struct {
        const char *net, *address;
        acort_listen_opts_t options;
    } wrong[] = {
        {"tcp", "127.0.0.1:0", {.size = sizeof(acort_listen_opts_t), .flags = 8}},
        {"tcp", "127.0.0.1:0", {.size = sizeof(acort_listen_opts_t), .flags = ACORT_UNLINK}},
        {"tcp", "127.0.0.1:0", {.size = sizeof(acort_listen_opts_t), .mode = 0600}},
        {"tcp", "127.0.0.1:0", {.size = sizeof(acort_listen_opts_t), .reserved = 1}},
        {"tcp", "127.0.0.1:0", {.size = 0}},
        {"tcp", "127.0.0.1:0", {.size = 1 << 20}},
        {"udp", "127.0.0.1:0", {.size = sizeof(acort_listen_opts_t), .flags = ACORT_NODELAY}},
        {"unix", "/tmp/acort-wrong", {.size = sizeof(acort_listen_opts_t), .flags = ACORT_REUSEPORT}},
        {"unix", "/tmp/acort-wrong", {.size = sizeof(acort_listen_opts_t), .flags = ACORT_NODELAY}},
        {"unix", "/tmp/acort-wrong", {.size = sizeof(acort_listen_opts_t), .mode = 010000}},
    };
    acort_listen_opts_t options = {.size = sizeof options};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_FAILS(acort_listen_ex(wrong[i].net, wrong[i].address, &wrong[i].options), EINVAL);
    CHECK(access("/tmp/acort-wrong", F_OK) == -1);
    CHECK_FAILS(acort_listen_ex(NULL, "127.0.0.1:0", &options), EINVAL);
    CHECK_FAILS(acort_listen_ex("tcp", NULL, &options), EINVAL);
    return argument;
}

static void *(*const tests[])(void *) = {every_address, ports,       means_nothing, unix_sockets,
                                         shares_ports,  has_options, unix_options,  wrong_options};

static void *on_a_shared_stack(void *number) {
    return join(go_with(ACORT_SHARED, tests[NUMBER(number)], NULL));
}

int main(void) {
    for (long i = 0; i < (long)(sizeof tests / sizeof *tests); i++) {
        run(tests[i], NULL);
        run(on_a_shared_stack, POINTER(i));
        if (tests[i] != unix_sockets) tests[i](NULL); /* in a plain thread */
    }
    return 0;
}
