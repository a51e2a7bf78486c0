/* Connections by names with several addresses: refused, stalled, both families; deadlines, cancellation,
 * nothing is left open. The names are this program's own: it has a getaddrinfo of its own. */
#include "rt.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

enum { MOST = 24 };

/* What the name "several" stands for. */
struct place {
    int family, port;
};
static struct place places[MOST];
static int place_count;

struct answer {
    struct addrinfo info;
    struct sockaddr_storage address;
};

static struct addrinfo *entry_for(struct place place, int type, struct addrinfo *next) {
    struct answer *answer = calloc(1, sizeof *answer);
    CHECK(answer != NULL);
    answer->info.ai_family = place.family;
    answer->info.ai_socktype = type;
    answer->info.ai_addr = (struct sockaddr *)&answer->address;
    answer->info.ai_next = next;
    if (place.family == AF_INET) {
        struct sockaddr_in *name = (struct sockaddr_in *)&answer->address;
        name->sin_family = AF_INET;
        name->sin_port = htons((uint16_t)place.port);
        name->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        answer->info.ai_addrlen = sizeof *name;
    } else {
        struct sockaddr_in6 *name = (struct sockaddr_in6 *)&answer->address;
        name->sin6_family = AF_INET6;
        name->sin6_port = htons((uint16_t)place.port);
        name->sin6_addr = in6addr_loopback;
        answer->info.ai_addrlen = sizeof *name;
    }
    return &answer->info;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    *found = NULL;
    if (strcmp(node, "several") != 0) return EAI_NONAME;
    if (hints->ai_flags & AI_NUMERICHOST) return EAI_NONAME;
    CHECK(strcmp(service, "1") == 0);
    for (int i = place_count; i-- > 0;) *found = entry_for(places[i], hints->ai_socktype, *found);
    return *found ? 0 : EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *list) {
    while (list) {
        struct addrinfo *next = list->ai_next;
        free(list);
        list = next;
    }
}

static void is_at(int family, int port) {
    CHECK(place_count < MOST);
    places[place_count++] = (struct place){family, port};
}

static int port_of(int fd) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    CHECK(getsockname(fd, (struct sockaddr *)&name, &length) == 0);
    return ntohs(name.ss_family == AF_INET ? ((struct sockaddr_in *)&name)->sin_port
                                           : ((struct sockaddr_in6 *)&name)->sin6_port);
}

/* A socket of that family at the loopback address: one that listens, or only has the port. */
static int socket_at(int family, int backlog) {
    struct addrinfo *found = entry_for((struct place){family, 0}, SOCK_STREAM, NULL);
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int bound = fd >= 0 ? bind(fd, found->ai_addr, found->ai_addrlen) : -1;
    freeaddrinfo(found);
    if (bound != 0) {
        close(fd);
        return -1;
    }
    if (backlog >= 0) CHECK(listen(fd, backlog) == 0);
    return fd;
}

/* A listener whose queue is full: what comes later has no answer. */
static int stalled_at(int family, int *fillers) {
    int fd = socket_at(family, 0);
    struct addrinfo *found = entry_for((struct place){family, port_of(fd)}, SOCK_STREAM, NULL);
    for (int i = 0; i < 4; i++) {
        fillers[i] = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        CHECK(connect(fillers[i], found->ai_addr, found->ai_addrlen) == 0 || errno == EINPROGRESS);
        usleep(2000);
    }
    freeaddrinfo(found);
    return fd;
}

static int open_fds(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    CHECK(folder != NULL);
    while (readdir(folder) != NULL) count++;
    closedir(folder);
    return count;
}

static int family_of(int fd) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    CHECK(getpeername(fd, (struct sockaddr *)&name, &length) == 0);
    return name.ss_family;
}

static int has_six, good4, good6, bad4, bad6, stalled, fillers[4];
static int is_alone = 1;

enum { PATIENCE = 250, SLACK = 2000, ATTEMPTS = 6 };

/* Dials; gives how many milliseconds that took. */
static int64_t dials_once(int wanted_family, int wanted_port) {
    int before = open_fds();
    int64_t start = acort_now();
    int fd = acort_dial("tcp", "several:1", acort_after(20000 * MILLISECONDS));
    int64_t took = (acort_now() - start) / MILLISECONDS;
    CHECK(fd >= 0);
    if (is_alone) CHECK_EQUAL(open_fds(), before + 1); /* the others are closed */
    CHECK_EQUAL(family_of(fd), wanted_family);
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    CHECK(getpeername(fd, (struct sockaddr *)&peer, &length) == 0);
    CHECK_EQUAL(ntohs(((struct sockaddr_in *)&peer)->sin_port), wanted_port); /* at one place in both */
    CHECK_EQUAL(acort_close(fd), 0);
    return took;
}

/* Dials, which never takes less than `least` milliseconds, and less than SLACK once in a few attempts: on a loaded
 * machine a thread may wait for a processor. */
static void dials(int wanted_family, int wanted_port, int64_t least) {
    int64_t took = SLACK;
    for (int i = 0; took >= SLACK; i++) {
        CHECK(i < ATTEMPTS);
        took = dials_once(wanted_family, wanted_port);
        CHECK(took >= least);
    }
    place_count = 0;
}

static void *refused_ones(void *argument) {
    is_at(AF_INET, port_of(good4));
    dials(AF_INET, port_of(good4), 0);
    for (int i = 0; i < 20; i++) is_at(AF_INET, port_of(bad4)); /* more than at once */
    is_at(AF_INET, port_of(good4));
    dials(AF_INET, port_of(good4), 0);
    for (int i = 0; i < 3; i++) is_at(AF_INET, port_of(bad4));
    CHECK_FAILS(acort_dial("tcp", "several:1", ACORT_NEVER), ECONNREFUSED);
    place_count = 0;
    if (!has_six) return argument;
    is_at(AF_INET6, port_of(bad6));
    is_at(AF_INET, port_of(good4));
    dials(AF_INET, port_of(good4), 0);
    is_at(AF_INET, port_of(bad4));
    is_at(AF_INET6, port_of(good6));
    dials(AF_INET6, port_of(good6), 0);
    is_at(AF_INET6, port_of(good6));
    is_at(AF_INET, port_of(good4));
    dials(AF_INET6, port_of(good6), 0); /* the first is preferred */
    return argument;
}

/* No answer: the next one after a while, and the first that connects wins. */
static void *stalled_ones(void *argument) {
    is_at(AF_INET, port_of(stalled));
    is_at(AF_INET, port_of(good4));
    dials(AF_INET, port_of(good4), PATIENCE - 1);
    is_at(AF_INET, port_of(stalled));
    is_at(AF_INET, port_of(bad4)); /* refused at once: no second wait */
    is_at(AF_INET, port_of(good4));
    dials(AF_INET, port_of(good4), PATIENCE - 1);
    is_at(AF_INET, port_of(stalled));
    is_at(AF_INET, port_of(stalled));
    is_at(AF_INET, port_of(good4));
    dials(AF_INET, port_of(good4), 2 * PATIENCE - 1);
    if (!has_six) return argument;
    for (int i = 0; i < 8; i++) is_at(AF_INET, port_of(stalled)); /* the families take turns */
    is_at(AF_INET6, port_of(good6));
    dials(AF_INET6, port_of(good6), PATIENCE - 1);
    return argument;
}

static void *has_deadlines(void *argument) {
    int before = open_fds();
    for (int i = 0; i < 6; i++) is_at(AF_INET, port_of(stalled));
    int64_t took = SLACK * MILLISECONDS;
    for (int i = 0; took >= SLACK * MILLISECONDS; i++) {
        CHECK(i < ATTEMPTS);
        int64_t start = acort_now();
        CHECK_FAILS(acort_dial("tcp", "several:1", acort_after(400 * MILLISECONDS)), ETIMEDOUT);
        took = acort_now() - start;
        CHECK(took >= 400 * MILLISECONDS);
        CHECK_EQUAL(open_fds(), before);
    }
    place_count = 0;
    return argument;
}

static void *is_cancelled(void *argument) {
    CHECK_FAILS(acort_dial("tcp", "several:1", ACORT_NEVER), ECANCELED);
    return argument;
}

static void *is_cancelled_at_any_time(void *argument) {
    int before = open_fds();
    for (int i = 0; i < 6; i++) is_at(AF_INET, port_of(stalled));
    for (int i = 0; i < 4; i++) {
        acort_task_t *task = go_with(i % 2 ? ACORT_SHARED : 0, is_cancelled, NULL);
        acort_sleep(i * 120 * MILLISECONDS);
        acort_cancel(task);
        join(task);
    }
    acort_sleep(5 * MILLISECONDS);
    CHECK_EQUAL(open_fds(), before);
    place_count = 0;
    return argument;
}

/* The first one is slow, not dead: what was begun is not given up for the next. */
static void *dials_the_slow_one(void *port) {
    dials(AF_INET, (int)NUMBER(port), 0);
    return NULL;
}

static void *slow_one_wins(void *argument) {
    int own[4], slow = stalled_at(AF_INET, own), before = open_fds();
    is_at(AF_INET, port_of(slow));
    is_at(AF_INET, port_of(stalled));
    is_at(AF_INET, port_of(stalled));
    is_alone = 0;
    acort_task_t *task = acort_go(dials_the_slow_one, POINTER(port_of(slow)));
    acort_sleep(300 * MILLISECONDS);
    for (int i = 0; i < 4; i++) close(own[i]);
    for (int fd; (fd = accept(slow, NULL, NULL)) >= 0;) close(fd); /* there is room when it asks again */
    join(task);
    place_count = 0;
    CHECK_EQUAL(open_fds(), before - 4);
    is_alone = 1;
    close(slow);
    return argument;
}

static void *datagrams(void *argument) {
    is_at(AF_INET, port_of(good4));
    int fd = acort_dial("udp", "several:1", acort_after(10000 * MILLISECONDS));
    CHECK(fd >= 0);
    CHECK_EQUAL(family_of(fd), AF_INET);
    CHECK_EQUAL(acort_close(fd), 0);
    place_count = 0;
    return argument;
}

int main(void) {
    good4 = socket_at(AF_INET, 128);
    bad4 = socket_at(AF_INET, -1);
    good6 = socket_at(AF_INET6, 128);
    bad6 = socket_at(AF_INET6, -1);
    has_six = good6 >= 0;
    stalled = stalled_at(AF_INET, fillers);
    void *(*tests[])(void *) = {refused_ones, stalled_ones, has_deadlines, datagrams};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        run(tests[i], NULL);
        tests[i](NULL); /* in a plain thread */
    }
    run_with(2, refused_ones, NULL);
    run(is_cancelled_at_any_time, NULL);
    run(slow_one_wins, NULL);
    return 0;
}
