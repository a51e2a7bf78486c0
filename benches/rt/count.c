/* Repeats an operation of the runtime as often as its second argument says, for an emulator that counts instructions,
 * locked ones, and system calls. One worker, in a process that has had another thread: nothing is left out because there
 * is only one.
 *
 *   count ROW ROUNDS */
#include <acort.h>

#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static long rounds;

static void check(int is_right, const char *what) {
    if (is_right) return;
    perror(what);
    exit(1);
}
#define CHECK(condition) check(condition, #condition)

static void join(acort_task_t *task) { CHECK(task != NULL && acort_join(task, NULL, ACORT_NEVER) == 0); }

/* Runs two tasks to their ends. */
static void both(acort_body_t one, acort_body_t other, void *argument) {
    acort_task_t *first = acort_go(one, argument), *second = acort_go(other, argument);
    join(first);
    join(second);
}

static void *yields(void *unused) {
    for (long i = 0; i < rounds; i++) acort_yield();
    return unused;
}

static void *two_yield(void *unused) {
    both(yields, yields, NULL);
    return unused;
}

static void *ends(void *unused) { return unused; }

static void *go_join(void *unused) {
    for (long i = 0; i < rounds; i++) join(acort_go(ends, NULL));
    return unused;
}

static void *sends(void *channel) {
    for (int64_t i = 0; i < rounds; i++) CHECK(acort_chan_send((acort_chan_t *)channel, &i, ACORT_NEVER) == 0);
    return NULL;
}

static void *receives(void *channel) {
    int64_t value;
    for (long i = 0; i < rounds; i++) CHECK(acort_chan_recv((acort_chan_t *)channel, &value, ACORT_NEVER) == 0);
    return NULL;
}

static void *selects(void *channel) {
    int64_t value;
    acort_chan_t *silent = acort_chan_new(sizeof value, 0, 0);
    acort_case_t cases[2] = {{.op = ACORT_RECV, .object = silent, .data = &value},
                             {.op = ACORT_RECV, .object = channel, .data = &value}};
    for (long i = 0; i < rounds; i++) CHECK(acort_select(cases, 2, ACORT_NEVER) == 1);
    acort_chan_unref(silent);
    return NULL;
}

static void pass(size_t room, acort_body_t receiver) {
    acort_chan_t *channel = acort_chan_new(sizeof(int64_t), room, 0);
    both(sends, receiver, channel);
    acort_chan_unref(channel);
}

static void *chan(void *unused) {
    pass(0, receives);
    return unused;
}

static void *chan_buffered(void *unused) {
    pass(128, receives);
    return unused;
}

static void *chan_select(void *unused) {
    pass(0, selects);
    return unused;
}

/* A message that waits for no other task: the channel has room for it. */
static void *chan_free(void *unused) {
    acort_chan_t *channel = acort_chan_new(sizeof(int64_t), 1, 0);
    for (int64_t i = 0; i < rounds; i++) {
        CHECK(acort_chan_send(channel, &i, ACORT_NEVER) == 0 && acort_chan_recv(channel, &i, ACORT_NEVER) == 0);
    }
    acort_chan_unref(channel);
    return unused;
}

static void *mutex(void *unused) {
    acort_mutex_t lock;
    CHECK(acort_mutex_init(&lock, 0) == 0);
    for (long i = 0; i < rounds; i++) {
        CHECK(acort_mutex_lock(&lock, ACORT_NEVER) == 0 && acort_mutex_unlock(&lock) == 0);
    }
    return unused;
}

static void *semaphore(void *unused) {
    acort_sem_t permits;
    CHECK(acort_sem_init(&permits, 1) == 0);
    for (long i = 0; i < rounds; i++) {
        CHECK(acort_sem_wait(&permits, ACORT_NEVER) == 0 && acort_sem_post(&permits) == 0);
    }
    return unused;
}

/* Set, waited for, and reset. */
static void *event(void *unused) {
    acort_event_t happened = {0};
    for (long i = 0; i < rounds; i++) {
        CHECK(acort_event_set(&happened) == 0 && acort_event_wait(&happened, ACORT_NEVER) == 0);
        CHECK(acort_event_reset(&happened) == 0);
    }
    return unused;
}

static void *parks(void *unused) {
    for (long i = 0; i < rounds; i++) CHECK(acort_park(acort_after(ACORT_S(30))) == 0);
    return unused;
}

static void *timer(void *unused) {
    acort_task_t *sleeper = acort_go(parks, NULL);
    for (long i = 0; i < rounds; i++) {
        acort_yield();
        CHECK(acort_unpark(sleeper) == 0);
    }
    join(sleeper);
    return unused;
}

static int ends_of[2];

static void *answers(void *unused) {
    char data[256];
    for (long i = 0; i < rounds; i++) {
        ssize_t size = acort_read(ends_of[0], data, sizeof data, ACORT_NEVER);
        CHECK(size == 64 && acort_write_all(ends_of[0], data, 64, ACORT_NEVER) == 64);
    }
    return unused;
}

static void *asks(void *unused) {
    char data[256] = {0};
    for (long i = 0; i < rounds; i++) {
        CHECK(acort_write_all(ends_of[1], data, 64, ACORT_NEVER) == 64);
        CHECK(acort_read(ends_of[1], data, sizeof data, ACORT_NEVER) == 64);
    }
    return unused;
}

/* A request and its answer through a TCP connection between two tasks. */
static void *request(void *unused) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    char text[32];
    int listener = acort_listen("tcp", "127.0.0.1:0", 1);
    CHECK(listener >= 0 && getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    snprintf(text, sizeof text, "127.0.0.1:%d", ntohs(address.sin_port));
    CHECK((ends_of[1] = acort_dial("tcp", text, ACORT_NEVER)) >= 0);
    CHECK((ends_of[0] = acort_accept(listener, NULL, NULL, ACORT_NEVER)) >= 0);
    both(answers, asks, NULL);
    return unused;
}

int main(int count, char **arguments) {
    static const struct {
        const char *name;
        acort_body_t body;
    } rows[] = {
        {"yield", two_yield},         {"go-join", go_join},   {"chan", chan},   {"chan-buffered", chan_buffered},
        {"chan-select", chan_select}, {"chan-free", chan_free}, {"mutex", mutex}, {"semaphore", semaphore},
        {"event", event},             {"timer", timer},       {"request", request},
    };
    if (count < 3) return 2;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, ends, NULL) == 0 && pthread_join(thread, NULL) == 0);
    rounds = atol(arguments[2]);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(arguments[1], rows[i].name) != 0) continue;
        CHECK(acort_run(rows[i].body, NULL, NULL) == 0);
        return 0;
    }
    return 2;
}
