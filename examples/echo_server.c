/* A TCP echo server: an acceptor for each worker, a task for each connection, an orderly end on SIGTERM.
 *
 *   echo_server [port [workers [idle milliseconds [grace milliseconds]]]]
 *
 * Each worker has a socket of its own at the same port (SO_REUSEPORT), among which the system deals
 * connections out; a connection stays with the worker that has accepted it. On SIGTERM nothing more is
 * accepted, connections may finish for the time of grace, and those that are left then are cut off. */
#include <acort.h>
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

enum { MOST_WORKERS = 64, BACKLOG = 1024 };

typedef struct {
    int listener;
    int worker;
} acceptor_t;

static acceptor_t acceptors[MOST_WORKERS];
static int workers, signals;
static int64_t idle, grace;
static acort_group_t *connections;
static atomic_long accepted, echoed, cut_off;

static void *echo(void *argument) {
    int fd = (int)(intptr_t)argument;
    char buffer[4096];
    ssize_t got, sent = 0;
    while ((got = acort_read(fd, buffer, sizeof buffer, acort_after(idle))) > 0) {
        sent = acort_write_all(fd, buffer, (size_t)got, acort_after(idle));
        if (sent > 0) echoed += sent;
        if (sent != got) break;
    }
    /* A reset is the client's way to end; an idle or cancelled connection is cut off by us. */
    if (got != 0 && (errno == ETIMEDOUT || errno == ECANCELED)) cut_off++;
    acort_close(fd);
    return NULL;
}

static void serve(int fd, int worker) {
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.group = connections;
    attributes.flags = ACORT_DETACHED;
    attributes.worker = worker;
    if (acort_go_ex(&attributes, echo, (void *)(intptr_t)fd) == NULL) {
        acort_close(fd);
        return;
    }
    accepted++;
}

static void *accept_all(void *argument) {
    const acceptor_t *self = (const acceptor_t *)argument;
    int fd;
    while ((fd = acort_accept(self->listener, NULL, NULL, ACORT_NEVER)) >= 0 || errno != ECANCELED) {
        if (fd >= 0) serve(fd, self->worker);
        /* No file descriptor is free, say: the connection waits for one in the system's queue. */
        else acort_sleep(ACORT_MS(10));
    }
    /* To these the system has said yes already; closing the socket would reset them. With deadline 0 no call looks for
     * cancellation. */
    for (int i = 0; i < BACKLOG; i++) {
        if ((fd = acort_accept(self->listener, NULL, NULL, 0)) < 0) break;
        serve(fd, self->worker);
    }
    acort_close(self->listener);
    return NULL;
}

static int start_acceptors(acort_group_t *accepting) {
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.group = accepting;
    for (int i = 0; i < workers; i++) {
        attributes.worker = acceptors[i].worker = i;
        if (acort_go_ex(&attributes, accept_all, &acceptors[i]) == NULL) return -1;
    }
    return 0;
}

static void *run(void *fault) {
    acort_group_t *accepting = acort_group_open();
    connections = acort_group_open();
    struct signalfd_siginfo signal;
    if (accepting == NULL || connections == NULL || start_acceptors(accepting) != 0) fault = "no memory";
    else if (acort_read(signals, &signal, sizeof signal, ACORT_NEVER) < 0) fault = "no signals";

    acort_group_close(accepting); /* cancels the acceptors, and waits for them */
    acort_group_wait(connections, acort_after(grace));
    acort_group_close(connections);
    return fault;
}

/* A socket that listens at `port` of this machine, beside others; 0: any port, which is written there. */
static int listen_at(uint16_t *port) {
    char name[32];
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    acort_listen_opts_t options = {
        .size = sizeof options,
        .flags = ACORT_REUSEPORT | ACORT_NODELAY,
        .backlog = BACKLOG,
    };
    snprintf(name, sizeof name, "127.0.0.1:%d", *port);
    int fd = acort_listen_ex("tcp4", name, &options);
    if (fd < 0 || getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        perror("echo_server: listen");
        exit(1);
    }
    *port = ntohs(address.sin_port);
    return fd;
}

/* SIGTERM and SIGINT become something that a task can read. Before any thread begins: all inherit it. */
static int catch_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* As many connections as the system allows. */
static void raise_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static long option(int count, char **arguments, int place, long otherwise, long least, long most) {
    if (place >= count) return otherwise;
    char *end;
    long value = strtol(arguments[place], &end, 10);
    if (end == arguments[place] || *end != 0 || value < least || value > most) {
        fprintf(stderr, "usage: echo_server [port [workers [idle ms [grace ms]]]]\n");
        exit(2);
    }
    return value;
}

int main(int count, char **arguments) {
    uint16_t port = (uint16_t)option(count, arguments, 1, 0, 0, 65535);
    workers = (int)option(count, arguments, 2, 2, 1, MOST_WORKERS);
    idle = ACORT_MS(option(count, arguments, 3, 60000, 0, 1000000));
    grace = ACORT_MS(option(count, arguments, 4, 2000, 0, 1000000));
    signals = catch_signals();
    raise_limit();
    acort_opts_t options = ACORT_OPTS_INIT;
    options.workers = (uint32_t)workers;
    for (int i = 0; i < workers; i++) acceptors[i].listener = listen_at(&port);

    void *fault = NULL;
    acort_t *runtime = acort_new(&options);
    printf("port %d with %d workers\n", port, workers);
    fflush(stdout);
    if (signals < 0 || runtime == NULL || acort_enter(runtime, run, NULL, &fault) != 0) {
        perror("echo_server");
        return 1;
    }
    acort_free(runtime);
    printf("%ld connections and %ld bytes, %ld cut off\n", accepted, echoed, cut_off);
    if (fault != NULL) fprintf(stderr, "echo_server: %s\n", (const char *)fault);
    return fault != NULL;
}
/* Prints:
 * port # with # workers
 * # connections and # bytes, # cut off
 */
