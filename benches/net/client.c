/* The load of `make bench-net`, a plain epoll loop of one thread.
 *
 *   client PORT PID PROTOCOL CONNECTIONS MILLISECONDS RATE
 *
 * PID is the server's, PROTOCOL is echo-SIZE or http. With RATE 0 each connection sends its next request when the
 * answer has come. Otherwise RATE requests a second are due, at even distances, on one connection after another. A
 * request that its connection cannot send in time is sent later, and its latency counts from the time at which it was
 * due.
 *
 * Prints: requests a second, the server's CPU nanoseconds for each, the 50th, 99th and 99.9th percentile of the latency
 * in microseconds, all without the first fifth of the time, and how many requests were answered in all of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1024, ROOM = 4096, SAMPLES = 1 << 22 };

typedef struct {
    int fd;
    size_t missing;  /* bytes of the answer that have not come; 0: the connection is idle */
    uint64_t number; /* how many requests it has begun */
    int64_t start;   /* when its last request began or was due */
} connection_t;

static connection_t connections[MOST];
static int count;
static char request[ROOM];
static size_t request_size, answer_size;
static double distance; /* nanoseconds from one request that is due to the next; 0: closed loop */
static int64_t begin;   /* when the first request was due */
static uint32_t *samples;
static uint64_t sampled, answered, total;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) fail("clock_gettime");
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int connect_to(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("setsockopt");
    return fd;
}

/* When the next request of a connection is due. */
static int64_t due(int index) {
    double place = (double)index + (double)connections[index].number * (double)count;
    return begin + (int64_t)(place * distance);
}

static void send_request(int index, int64_t start) {
    connection_t *self = &connections[index];
    self->start = start;
    self->number++;
    self->missing = answer_size;
    if (send(self->fd, request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size) fail("send");
}

/* Sends what is due on connections that are idle. Returns nanoseconds until more is due, at most `limit`. */
static int64_t send_due(int64_t limit) {
    static int first; /* the connection whose turn it is, unless it is late */
    int64_t time = now(CLOCK_MONOTONIC);
    for (int looked = 0; looked < count; looked++) {
        int64_t left = due(first) - time;
        if (left > 0) return left < limit ? left : limit;
        if (connections[first].missing == 0) send_request(first, due(first));
        else break; /* its answer sends the next one */
        first = (first + 1) % count;
    }
    return connections[first].missing > 0 ? limit : 0;
}

static void receive(int index) {
    char data[ROOM];
    connection_t *self = &connections[index];
    ssize_t got = recv(self->fd, data, sizeof data, 0);
    if (got <= 0 || (size_t)got > self->missing) fail("recv");
    self->missing -= (size_t)got;
    if (self->missing > 0) return;
    int64_t time = now(CLOCK_MONOTONIC);
    answered++;
    total++;
    if (sampled < SAMPLES) samples[sampled++] = (uint32_t)(time - self->start);
    if (distance == 0) send_request(index, time);
    else if (due(index) <= time) send_request(index, due(index));
}

static void run_until(int poller, int64_t end) {
    for (int64_t left; (left = end - now(CLOCK_MONOTONIC)) > 0;) {
        if (distance != 0) left = send_due(left);
        struct timespec limit = {left / 1000000000, left % 1000000000};
        struct epoll_event events[128];
        int found = epoll_pwait2(poller, events, 128, &limit, NULL);
        if (found < 0) fail("epoll_pwait2");
        for (int i = 0; i < found; i++) receive((int)events[i].data.u32);
    }
}

static int compare(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static double percentile(double share) {
    uint64_t place = (uint64_t)((double)sampled * share);
    return (double)samples[place < sampled ? place : sampled - 1] / 1000;
}

static void set_protocol(const char *protocol) {
    static const char get[] = "GET / HTTP/1.1\r\nHost: here\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n";
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 19\r\n\r\n"
                                 "Coroutines answer.\n";
    if (sscanf(protocol, "echo-%zu", &request_size) == 1 && request_size > 0 && request_size <= ROOM) {
        answer_size = request_size;
        memset(request, 'x', request_size);
    } else {
        request_size = sizeof get - 1;
        answer_size = sizeof answer - 1;
        memcpy(request, get, request_size);
    }
}

int main(int words, char **arguments) {
    if (words < 7) return 2;
    clockid_t server;
    int port = atoi(arguments[1]), poller = epoll_create1(EPOLL_CLOEXEC);
    int64_t length = atoll(arguments[5]) * 1000000;
    double rate = atof(arguments[6]);
    count = atoi(arguments[4]);
    samples = (uint32_t *)malloc(SAMPLES * sizeof *samples);
    if (count < 1 || count > MOST || length < 1 || samples == NULL) return 2;
    if (clock_getcpuclockid(atoi(arguments[2]), &server) != 0) fail("the server");
    set_protocol(arguments[3]);
    for (int i = 0; i < count; i++) {
        connections[i].fd = connect_to(port);
        struct epoll_event event = {.events = EPOLLIN, .data = {.u32 = (uint32_t)i}};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, connections[i].fd, &event) != 0) fail("epoll_ctl");
    }
    distance = rate > 0 ? 1e9 / rate : 0;
    begin = now(CLOCK_MONOTONIC);
    for (int i = 0; i < count && distance == 0; i++) send_request(i, begin);
    run_until(poller, begin + length / 5);
    sampled = answered = 0;
    int64_t start = now(CLOCK_MONOTONIC), spent = now(server);
    run_until(poller, begin + length);
    double seconds = (double)(now(CLOCK_MONOTONIC) - start) / 1e9;
    spent = now(server) - spent;
    if (answered == 0) return 1;
    qsort(samples, sampled, sizeof *samples, compare);
    printf("%.0f %.1f %.1f %.1f %.1f %.0f\n", (double)answered / seconds, (double)spent / (double)answered,
           percentile(0.5), percentile(0.99), percentile(0.999), (double)total);
    return 0;
}
