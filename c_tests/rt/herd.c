/* One event wakes one call that takes, and all that only look; what was woken and does not take hands on. */
#include "rt.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { HERD = 300, EVENTS = 200, BURST = 64 };

static int listener, receiver;
static struct sockaddr_in place;
static atomic_long taken, looked;
static atomic_int is_over;

static uint64_t switches(void) {
    acort_stats_t stats;
    CHECK_EQUAL(acort_stats(&stats, sizeof stats), 0);
    return stats.switches;
}

static int bound(int sort) {
    socklen_t length = sizeof place;
    int fd = socket(AF_INET, sort | SOCK_NONBLOCK, 0);
    memset(&place, 0, sizeof place);
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&place, length) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&place, &length) == 0);
    return fd;
}

static void *accepts(void *argument) {
    for (;;) {
        int fd = acort_accept(listener, NULL, NULL, ACORT_NEVER);
        if (fd < 0) break;
        taken++;
        acort_close(fd);
    }
    CHECK(errno == ECANCELED || errno == EBADF); /* it waited, or came after the close */
    return argument;
}

static void *receives(void *argument) {
    char bytes[16];
    while (acort_read(receiver, bytes, sizeof bytes, ACORT_NEVER) > 0) taken++;
    CHECK(errno == ECANCELED || errno == EBADF); /* it waited, or came after the close */
    return argument;
}

static void wait_until_taken(long count) {
    int64_t limit = acort_after(30000 * MILLISECONDS);
    while (taken < count) {
        acort_sleep(MILLISECONDS / 10);
        CHECK(acort_now() < limit);
    }
}

static void one_event(int is_packet) {
    int fd = socket(AF_INET, is_packet ? SOCK_DGRAM : SOCK_STREAM, 0);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&place, sizeof place) == 0);
    if (is_packet) CHECK_EQUAL(send(fd, "x", 1, 0), 1);
    close(fd);
}

/* So many wait; an event costs a few switches, alone or in a burst. */
static void *herd(void *is_packet) {
    acort_task_t *tasks[HERD];
    if (is_packet) {
        receiver = bound(SOCK_DGRAM);
    } else {
        listener = bound(SOCK_STREAM);
        CHECK_EQUAL(listen(listener, 2 * BURST), 0);
    }
    taken = 0;
    for (int i = 0; i < HERD; i++) {
        tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, is_packet ? receives : accepts, NULL);
    }
    acort_sleep(20 * MILLISECONDS);
    long count = 0;
    uint64_t before = switches(), waits = 0;
    for (int i = 0; i < EVENTS; i++, count++, waits++) {
        one_event(is_packet != NULL);
        while (taken < count + 1) acort_yield(), waits++;
    }
    for (int i = 0; i < 3; i++, waits++) {
        for (int k = 0; k < BURST; k++, count++) one_event(is_packet != NULL);
        while (taken < count) acort_yield(), waits++;
    }
    int64_t others = (int64_t)(switches() - before - waits);
    CHECK(others < count * HERD / 10);
    CHECK_EQUAL(acort_close(is_packet ? receiver : listener), 0);
    for (int i = 0; i < HERD; i++) join(tasks[i]);
    return NULL;
}

/* ---- one edge for many -------------------------------------------------------------------------- */

static void *takes_one(void *argument) {
    char byte;
    CHECK_EQUAL(acort_read(receiver, &byte, 1, acort_after(20000 * MILLISECONDS)), 1);
    taken++;
    return argument;
}

static void *looks(void *argument) {
    CHECK_EQUAL(acort_fdwait(receiver, POLLIN, acort_after(20000 * MILLISECONDS)), POLLIN);
    looked++;
    return argument;
}

/* As many come at once as wait, and each takes one: the edge is one, or few. */
static void *each_takes_one(void *argument) {
    enum { EACH = 20 };
    acort_task_t *tasks[EACH], *lookers[2];
    receiver = bound(SOCK_DGRAM);
    for (int round = 0; round < 20; round++) {
        taken = 0;
        looked = 0;
        lookers[0] = acort_go(looks, NULL); /* which take nothing, before and behind the others */
        for (int i = 0; i < EACH; i++) tasks[i] = acort_go(takes_one, NULL);
        lookers[1] = acort_go(looks, NULL);
        acort_sleep(2 * MILLISECONDS);
        for (int i = 0; i < EACH; i++) one_event(1);
        for (int i = 0; i < EACH; i++) join(tasks[i]);
        while (looked < 2) { /* it may have come too late to see any */
            one_event(1);
            acort_sleep(MILLISECONDS / 2);
        }
        join(lookers[0]), join(lookers[1]);
        char byte;
        while (acort_read(receiver, &byte, 1, 0) > 0) {
        }
        CHECK_EQUAL(taken, EACH);
    }
    acort_close(receiver);
    return argument;
}

/* ---- all at once: none is lost --------------------------------------------------------------- */

enum { PACKETS = 3000, TAKERS = 40 };

static acort_task_t *takers[TAKERS];
static acort_chan_t *other;

/* Some are cancelled, some have short deadlines, some select and look, some take. */
static void *takes_somehow(void *number) {
    unsigned seed = (unsigned)NUMBER(number) * 2654435761u + 1;
    char bytes[16];
    int value;
    while (!is_over) {
        seed = seed * 1103515245 + 12345;
        int64_t deadline = acort_after((seed >> 16) % 300 * 1000);
        acort_case_t cases[2];
        memset(cases, 0, sizeof cases);
        cases[0].op = ACORT_FD_READ, cases[0].fd = receiver;
        cases[1].op = ACORT_RECV, cases[1].object = other, cases[1].data = &value;
        ssize_t got = -1;
        switch ((seed >> 24) % 5) {
        case 0: got = acort_read(receiver, bytes, sizeof bytes, deadline); break;
        case 1: got = acort_read(receiver, bytes, sizeof bytes, ACORT_NEVER); break;
        case 2: got = acort_recvfrom(receiver, bytes, sizeof bytes, 0, NULL, NULL, deadline); break;
        case 3:
            if (acort_select(cases, 2, deadline) == 0) {
                looked++;
                got = acort_read(receiver, bytes, sizeof bytes, 0);
            }
            break;
        case 4:
            if (acort_fdwait(receiver, POLLIN, deadline) > 0) {
                looked++;
                got = acort_read(receiver, bytes, sizeof bytes, 0);
            }
            break;
        }
        if (got > 0) taken++;
        if (got < 0 && (errno == ECANCELED || errno == EBADF)) break;
    }
    return NULL;
}

static void *none_is_lost(void *argument) {
    unsigned seed = 7;
    int buffer = 1 << 20;
    receiver = bound(SOCK_DGRAM);
    setsockopt(receiver, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    other = acort_chan_new(4, 0, 0);
    taken = 0;
    is_over = 0;
    for (int i = 0; i < TAKERS; i++) takers[i] = acort_go(takes_somehow, POINTER(i));
    int sender = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQUAL(connect(sender, (struct sockaddr *)&place, sizeof place), 0);
    for (long count = 0; count < PACKETS;) {
        seed = seed * 1103515245 + 12345;
        int burst = 1 + (int)(seed >> 20) % 8;
        for (int i = 0; i < burst && count < PACKETS; i++, count++) CHECK_EQUAL(send(sender, "x", 1, 0), 1);
        if ((seed >> 16) % 4 == 0) { /* one is cancelled, perhaps as it is woken; another one comes */
            int which = (int)(seed >> 10) % TAKERS;
            acort_cancel(takers[which]);
            join(takers[which]);
            takers[which] = acort_go(takes_somehow, POINTER(seed >> 4));
        }
        if ((seed >> 18) % 8 == 0) wait_until_taken(count);
        int value = 1;
        acort_chan_send(other, &value, 0);
        acort_yield();
    }
    wait_until_taken(PACKETS);
    CHECK_EQUAL(taken, PACKETS);
    is_over = 1;
    CHECK_EQUAL(acort_close(receiver), 0);
    for (int i = 0; i < TAKERS; i++) join(takers[i]);
    close(sender);
    acort_chan_unref(other);
    return argument;
}

/* ---- what contradicts itself ------------------------------------------------------------------ */

static struct sockaddr_un full_place;

static void *sends(void *fd) {
    CHECK_EQUAL(acort_sendto((int)NUMBER(fd), "mine", 4, 0, (struct sockaddr *)&full_place, sizeof full_place,
                             acort_after(20000 * MILLISECONDS)), 4);
    return NULL;
}

/* A queue that is full of another sender's packets: nothing tells that it has room, but for the own attempts. */
static void *does_not_spin(void *argument) {
    acort_stats_t before, after;
    char byte;
    memset(&full_place, 0, sizeof full_place);
    full_place.sun_family = AF_UNIX;
    snprintf(full_place.sun_path + 1, sizeof full_place.sun_path - 1, "aco-herd-%d", (int)getpid());
    int from = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), own = socket(AF_UNIX, SOCK_DGRAM, 0),
        another = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    CHECK(bind(from, (struct sockaddr *)&full_place, sizeof full_place) == 0);
    while (sendto(another, "x", 1, 0, (struct sockaddr *)&full_place, sizeof full_place) == 1) {
    }
    acort_task_t *task = acort_go(sends, POINTER(own));
    acort_sleep(10 * MILLISECONDS);
    acort_stats(&before, sizeof before);
    acort_sleep(100 * MILLISECONDS);
    acort_stats(&after, sizeof after);
    CHECK(after.polls - before.polls < 300);
    while (recv(from, &byte, 1, 0) > 0) {
    }
    join(task);
    acort_close(own), close(from), close(another);
    return argument;
}

int main(void) {
    for (int workers = 0; workers < 3; workers++) {
        for (intptr_t is_packet = 0; is_packet < 2; is_packet++) {
            if (workers == 0) {
                run(herd, POINTER(is_packet));
            } else {
                run_with((uint32_t)workers * 2, herd, POINTER(is_packet));
            }
        }
    }
    run(each_takes_one, NULL);
    run_with(3, each_takes_one, NULL);
    run(none_is_lost, NULL);
    run_with(2, none_is_lost, NULL);
    run_with(4, none_is_lost, NULL);
    run(does_not_spin, NULL);
    return 0;
}
