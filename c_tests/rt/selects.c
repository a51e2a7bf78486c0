/* acort_select(): each case that is ready has the same chance, in loops, after a wait, among cases of one object and
 * of all sorts; a case that is ready at every moment is taken with deadline 0; acort_select_ordered() goes by rank. */
#include "rt.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>

#define CASE_OF(...) ((acort_case_t){__VA_ARGS__})

/* Of `tries`, each with the chance 1 / n, so many are hits. By Hoeffding's bound the chance to be
 * 4 * sqrt(tries) away is 2 * exp(-32), 2.6e-14. The test asks fewer than 4,000 times: a right library fails
 * once in 1e10 runs. */
static void check_chance(const char *what, int hits, int tries, int n) {
    if (fabs(hits - (double)tries / n) < 4 * sqrt(tries)) return;
    fprintf(stderr, "%s: %d of %d for one of %d\n", what, hits, tries, n);
    exit(1);
}

/* ---- where a test runs ------------------------------------------------------------------------ */

static void *(*body_of_all)(void *);

static void *in_shared_task(void *unused) {
    join(go_with(ACORT_SHARED, body_of_all, NULL));
    return unused;
}

static void *in_tasks(void *unused) {
    acort_task_t *tasks[4];
    for (int i = 0; i < 4; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, body_of_all, NULL);
    for (int i = 0; i < 4; i++) join(tasks[i]);
    return unused;
}

/* In the main task, in a task on a shared stack, in several tasks of one worker and of three, in a plain thread. */
static void everywhere(void *(*body)(void *)) {
    body_of_all = body;
    run(body, NULL);
    run(in_shared_task, NULL);
    run(in_tasks, NULL);
    run_with(3, in_tasks, NULL);
    body(NULL);
}

/* ---- cases of all sorts ----------------------------------------------------------------------- */

typedef enum {
    RECV, SEND, CLOSED, EVENT, FUTURE, SEM, WAITGROUP, TIMER, TASK, MUTEX, GROUP, READ, OVER, WRITE, SORTS
} sort_t;

typedef struct {
    sort_t sort;
    int ends[2], value, received;
    acort_event_t event;
    acort_sem_t sem;
    acort_waitgroup_t waitgroup;
    acort_mutex_t mutex;
    int64_t time;
    acort_chan_t *channel;
    acort_future_t *future;
    acort_task_t *task;
    acort_group_t *group;
} object_t;

static void fill(object_t *o) {
    if (o->sort == READ) CHECK(write(o->ends[1], "x", 1) == 1);
    else CHECK_EQUAL(acort_chan_send(o->channel, &o->value, 0), 0);
}

static void empty(object_t *o) {
    char bytes[4];
    if (o->sort == READ) CHECK(read(o->ends[0], bytes, sizeof bytes) <= 1);
    else acort_chan_recv(o->channel, bytes, 0); /* a select may have taken it */
}

static void *ends_at_once(void *unused) { return unused; }

static void *waits(void *unused) {
    CHECK_FAILS(acort_park(ACORT_NEVER), ECANCELED);
    return unused;
}

static void *holds(void *object) {
    object_t *o = object;
    CHECK_EQUAL(acort_mutex_lock(&o->mutex, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_event_set(&o->event), 0);
    CHECK_FAILS(acort_park(ACORT_NEVER), ECANCELED);
    CHECK_EQUAL(acort_mutex_unlock(&o->mutex), 0);
    return NULL;
}

static acort_case_t make(object_t *o, sort_t sort, int is_ready) {
    if (sort >= TASK && sort <= GROUP && acort_self() == NULL) sort = FUTURE; /* threads start no tasks */
    o->sort = sort;
    static const char filler[4096];
    switch (sort) {
    case RECV:
    case SEND:
    case CLOSED:
        o->channel = acort_chan_new(sizeof(int), 1, 0);
        if (sort == RECV ? is_ready : sort == SEND && !is_ready) fill(o);
        if (sort == CLOSED && is_ready) CHECK_EQUAL(acort_chan_close(o->channel), 0);
        if (sort == SEND) return CASE_OF(.op = ACORT_SEND, .object = o->channel, .data = &o->value);
        return CASE_OF(.op = ACORT_RECV, .object = o->channel, .data = &o->received);
    case EVENT:
        if (is_ready) acort_event_set(&o->event);
        return CASE_OF(.op = ACORT_EVENT, .object = &o->event);
    case FUTURE:
        o->future = acort_future_new();
        if (is_ready) CHECK_EQUAL(acort_future_set(o->future, NULL), 0);
        return CASE_OF(.op = ACORT_FUTURE, .object = o->future);
    case SEM:
        CHECK_EQUAL(acort_sem_init(&o->sem, is_ready), 0);
        return CASE_OF(.op = ACORT_SEM, .object = &o->sem);
    case WAITGROUP:
        if (!is_ready) CHECK_EQUAL(acort_waitgroup_add(&o->waitgroup, 1), 0);
        return CASE_OF(.op = ACORT_WAITGROUP, .object = &o->waitgroup);
    case TIMER:
        o->time = is_ready ? acort_now() : acort_after(3600000 * MILLISECONDS);
        return CASE_OF(.op = ACORT_TIMER, .data = &o->time);
    case MUTEX:
        o->task = is_ready ? NULL : acort_go(holds, o);
        if (!is_ready) CHECK_EQUAL(acort_event_wait(&o->event, ACORT_NEVER), 0);
        return CASE_OF(.op = ACORT_MUTEX, .object = &o->mutex);
    case GROUP:
        CHECK((o->group = acort_group_open()) != NULL);
        if (!is_ready) go_in(o->group, 0, waits, NULL);
        return CASE_OF(.op = ACORT_GROUP, .object = o->group);
    case TASK:
        o->task = acort_go(is_ready ? ends_at_once : waits, NULL);
        acort_case_t ended = CASE_OF(.op = ACORT_TASK, .object = o->task);
        if (is_ready) CHECK_EQUAL(acort_select(&ended, 1, ACORT_NEVER), 0);
        return CASE_OF(.op = ACORT_TASK, .object = o->task);
    default:
        CHECK(pipe2(o->ends, O_NONBLOCK) == 0);
        if (sort == WRITE) {
            while (!is_ready && write(o->ends[1], filler, sizeof filler) > 0) continue;
            return CASE_OF(.op = ACORT_FD_WRITE, .fd = o->ends[1]);
        }
        if (is_ready && sort == READ) fill(o);
        if (is_ready && sort == OVER) close(o->ends[1]), o->ends[1] = -1; /* POLLHUP alone */
        return CASE_OF(.op = ACORT_FD_READ, .fd = o->ends[0]);
    }
}

/* What the select has done is undone. */
static void refill(object_t *o) {
    if (o->sort == RECV) fill(o);
    if (o->sort == SEND) CHECK_EQUAL(acort_chan_recv(o->channel, &o->received, 0), 0);
    if (o->sort == SEM) CHECK_EQUAL(acort_sem_post(&o->sem), 0);
    if (o->sort == MUTEX) CHECK_EQUAL(acort_mutex_unlock(&o->mutex), 0);
}

static void unmake(object_t *o) {
    if (o->sort <= CLOSED) acort_chan_unref(o->channel);
    if (o->sort == FUTURE) acort_future_unref(o->future);
    if (o->sort == TASK || (o->sort == MUTEX && o->task != NULL)) acort_cancel(o->task), join(o->task);
    if (o->sort == GROUP) CHECK_EQUAL(acort_group_close(o->group), 0);
    if (o->sort >= READ) acort_close(o->ends[0]);
    if (o->sort >= READ && o->ends[1] >= 0) acort_close(o->ends[1]);
}

enum { MOST = 12, TRIES = 400, MIXTURES = 16 };

/* Some cases of all sorts, some of which are ready: each of those has the same chance, and the first one by rank. */
static void *mixtures(void *unused) {
    static atomic_int seeds;
    uint64_t seed = 88172645463325252 + (uint64_t)atomic_fetch_add(&seeds, 1) * 1000003;
    object_t *objects = calloc(MOST, sizeof *objects);
    acort_case_t *cases = calloc(MOST, sizeof *cases);
    for (int mixture = 0; mixture < MIXTURES; mixture++) {
        int n = 2 + (int)((random_next(&seed) >> 20) % (MOST - 1)), ready = 0, first = -1;
        int is_ready[MOST], hits[MOST] = {0};
        if (mixture == 0) n = 4; /* ready, ready, not, not */
        for (int i = 0; i < n; i++) {
            sort_t sort = mixture == 0 ? RECV : (sort_t)((random_next(&seed) >> 20) % SORTS);
            is_ready[i] = mixture == 0 ? i < 2 : i == mixture % n || random_next(&seed) >> 63;
            ready += is_ready[i];
            if (is_ready[i] && first < 0) first = i;
            memset(&objects[i], 0, sizeof objects[i]);
            cases[i] = make(&objects[i], sort, is_ready[i]);
        }
        for (int i = 0; i < TRIES; i++) {
            int at = acort_select(cases, n, i % 2 ? ACORT_NEVER : 0);
            CHECK(at >= 0 && is_ready[at]);
            CHECK_EQUAL(cases[at].error, objects[at].sort == CLOSED ? EPIPE : 0);
            hits[at]++;
            refill(&objects[at]);
            if (i >= 20) continue;
            CHECK_EQUAL(acort_select_ordered(cases, n, 0), first);
            refill(&objects[first]);
        }
        for (int i = 0; i < n; i++) {
            if (is_ready[i]) check_chance("mixtures", hits[i], TRIES, ready);
        }
        for (int i = 0; i < n; i++) unmake(&objects[i]);
    }
    free(cases), free(objects);
    return unused;
}

/* ---- loops ------------------------------------------------------------------------------------ */

enum { SELECTS = 5, ROUNDS = 64 };
static acort_chan_t *quit;

/* Takes a job or hears of the end, hands it on or hears of the end, ...: the end is heard, each time with a chance of
 * one in two. */
static void *hears_of_the_end(void *selects) {
    acort_chan_t *busy[SELECTS];
    int *value = calloc(SELECTS + 1, sizeof *value), has_heard = 0;
    for (int i = 0; i < SELECTS; i++) busy[i] = acort_chan_new(sizeof(int), 1, 0);
    for (int round = 0; round < ROUNDS && !has_heard; round++) {
        for (int i = 0; i < NUMBER(selects) && !has_heard; i++) {
            acort_case_t cases[2];
            int end = 1 - i % 2;
            CHECK_EQUAL(acort_chan_send(busy[i], value, 0), 0);
            cases[end] = CASE_OF(.op = ACORT_RECV, .object = quit, .data = value);
            cases[1 - end] = CASE_OF(.op = ACORT_RECV, .object = busy[i], .data = &value[i + 1]);
            has_heard = acort_select(cases, 2, ACORT_NEVER) == end;
        }
        if (acort_self() != NULL) acort_yield();
    }
    CHECK(has_heard);
    for (int i = 0; i < SELECTS; i++) acort_chan_unref(busy[i]);
    free(value);
    return NULL;
}

static void *loops(void *unused) {
    for (int tasks = 1; tasks <= 3; tasks++) {
        for (int selects = 1; selects <= SELECTS; selects++) {
            acort_task_t *all[3];
            for (int i = 0; i < tasks; i++) {
                all[i] = go_with(i % 2 ? ACORT_SHARED : 0, hears_of_the_end, POINTER(selects));
            }
            for (int i = 0; i < tasks; i++) join(all[i]);
        }
    }
    return unused;
}

static void *loops_in_thread(void *unused) {
    for (int selects = 1; selects <= SELECTS; selects++) hears_of_the_end(POINTER(selects));
    return unused;
}

static void loops_everywhere(void) {
    pthread_t thread;
    quit = acort_chan_new(sizeof(int), 0, 0);
    acort_chan_close(quit);
    run(loops, NULL);
    run_with(3, loops, NULL);
    loops_in_thread(NULL);
    CHECK(pthread_create(&thread, NULL, loops_in_thread, NULL) == 0);
    loops_in_thread(NULL);
    CHECK(pthread_join(thread, NULL) == 0);
    acort_chan_unref(quit);
}

/* ---- several cases of one object --------------------------------------------------------------- */

enum { SAME = 3, TIMES = 300 };

typedef struct {
    acort_chan_t *channel;
    acort_event_t event;
    acort_future_t *future;
    int ends[2], values[SAME];
    acort_case_t cases[SAME];
    atomic_int hits[SAME];
} same_t;

static same_t *same_cases(int op, void *object, int fd) {
    same_t *s = calloc(1, sizeof *s);
    for (int i = 0; i < SAME; i++) {
        s->values[i] = i;
        s->cases[i] = CASE_OF(.op = op, .fd = fd, .object = object, .data = &s->values[i]);
    }
    return s;
}

static void check_same(const char *what, same_t *s) {
    for (int i = 0; i < SAME; i++) check_chance(what, s->hits[i], TIMES, SAME);
    free(s);
}

static void *selects_same(void *same) {
    same_t *s = same;
    for (int i = 0; i < TIMES; i++) {
        int at = acort_select(s->cases, SAME, ACORT_NEVER);
        CHECK(at >= 0);
        s->hits[at]++;
    }
    return NULL;
}

/* Beside the caller, on whichever stack. */
static void same_in(uint32_t flags, int op, int is_later) {
    acort_chan_t *channel = acort_chan_new(sizeof(int), 0, 0);
    same_t *s = same_cases(op, channel, -1);
    acort_task_t *task = go_with(flags, selects_same, s);
    int *value = calloc(1, sizeof *value);
    for (int i = 0; i < TIMES; i++) {
        /* The other task waits in its select by then, or does not yet. */
        if (is_later) acort_yield();
        if (op == ACORT_SEND) CHECK_EQUAL(acort_chan_recv(channel, value, ACORT_NEVER), 0);
        if (op == ACORT_RECV) CHECK_EQUAL(acort_chan_send(channel, value, ACORT_NEVER), 0);
    }
    join(task);
    check_same(op == ACORT_SEND ? "sends on one channel" : "receives from one channel", s);
    free(value);
    acort_chan_unref(channel);
}

static void *one_channel(void *unused) {
    for (int i = 0; i < 8; i++) {
        same_in(i & 1 ? ACORT_SHARED : 0, i & 2 ? ACORT_SEND : ACORT_RECV, i & 4);
    }
    return unused;
}

static void *receives(void *channel) {
    int value = 0;
    for (int i = 0; i < TIMES; i++) {
        /* A thread lets the other one wait in its select. */
        if (acort_self() == NULL) usleep(50);
        CHECK_EQUAL(acort_chan_recv(channel, &value, ACORT_NEVER), 0);
    }
    return NULL;
}

static void one_channel_of_threads(void) {
    pthread_t thread;
    acort_chan_t *channel = acort_chan_new(sizeof(int), 0, 0);
    same_t *s = same_cases(ACORT_SEND, channel, -1);
    CHECK(pthread_create(&thread, NULL, receives, channel) == 0);
    selects_same(s);
    CHECK(pthread_join(thread, NULL) == 0);
    check_same("sends on one channel, threads", s);
    acort_chan_unref(channel);
}

static void *selects_once(void *same) {
    same_t *s = same;
    int at = acort_select(s->cases, SAME, ACORT_NEVER);
    CHECK(at >= 0);
    s->hits[at]++;
    return NULL;
}

/* Events, futures, tasks and descriptors, of which each has several cases, and which become ready after the wait. */
static void *one_object(void *unused) {
    same_t *of_event = same_cases(ACORT_EVENT, NULL, -1), *of_future = same_cases(ACORT_FUTURE, NULL, -1);
    same_t *of_task = same_cases(ACORT_TASK, NULL, -1), *of_pipe = same_cases(ACORT_FD_READ, NULL, -1);
    for (int i = 0; i < TIMES; i++) {
        acort_task_t *ended = acort_go(waits, NULL);
        CHECK(pipe(of_pipe->ends) == 0);
        of_future->future = acort_future_new();
        memset(&of_event->event, 0, sizeof of_event->event);
        for (int k = 0; k < SAME; k++) {
            of_event->cases[k].object = &of_event->event;
            of_future->cases[k].object = of_future->future;
            of_task->cases[k].object = ended;
            of_pipe->cases[k].fd = of_pipe->ends[0];
        }
        same_t *all[] = {of_event, of_future, of_task, of_pipe};
        acort_task_t *tasks[4];
        for (int k = 0; k < 4; k++) tasks[k] = go_with(i % 2 ? ACORT_SHARED : 0, selects_once, all[k]);
        acort_yield();
        acort_event_set(&of_event->event);
        CHECK_EQUAL(acort_future_set(of_future->future, NULL), 0);
        CHECK_EQUAL(acort_cancel(ended), 0);
        CHECK(write(of_pipe->ends[1], "x", 1) == 1);
        for (int k = 0; k < 4; k++) join(tasks[k]);
        join(ended);
        acort_future_unref(of_future->future);
        acort_close(of_pipe->ends[0]), acort_close(of_pipe->ends[1]);
    }
    check_same("one event", of_event);
    check_same("one future", of_future);
    check_same("one task", of_task);
    check_same("one descriptor", of_pipe);
    return unused;
}

/* By rank the first of them is taken, after a wait, too. */
static void *one_channel_by_rank(void *unused) {
    acort_chan_t *channel = acort_chan_new(sizeof(int), 0, 0);
    same_t *s = same_cases(ACORT_SEND, channel, -1);
    acort_task_t *task = acort_go(receives, channel);
    for (int i = 0; i < TIMES; i++) {
        if (i % 2) acort_yield();
        CHECK_EQUAL(acort_select_ordered(s->cases, SAME, ACORT_NEVER), 0);
    }
    join(task);
    free(s);
    acort_chan_unref(channel);
    return unused;
}

/* ---- deadline 0 -------------------------------------------------------------------------------- */

/* At every moment one of two is ready, the first or the last of many: the last is emptied after the first was
 * filled. */
enum { FILL = 50, RACES = 1000 };

typedef struct {
    object_t objects[FILL + 2];
    acort_case_t cases[FILL + 2];
    atomic_int turn, chosen;
} race_t;

static void until(atomic_int *word, int value) {
    for (int i = 1; *word != value; i++) {
        if (i % 1000 == 0) sched_yield();
    }
}

static void *looks(void *race) {
    race_t *r = race;
    for (int i = 0; i < RACES; i++) {
        until(&r->turn, 2 * i + 1);
        r->chosen = i % 2 ? acort_select(r->cases, FILL + 2, 0)
                          : acort_select_ordered(r->cases, FILL + 2, 0);
        r->turn = 2 * i + 2;
    }
    return NULL;
}

static void *moves(void *race) {
    race_t *r = race;
    object_t *first = &r->objects[0], *last = &r->objects[FILL + 1];
    uint64_t seed = 1234567;
    int missed = 0;
    for (int i = 0; i < RACES; i++) {
        fill(last);
        r->turn = 2 * i + 1;
        for (volatile int k = (int)(random_next(&seed) & 4095); k > 0; k--) continue;
        fill(first);
        empty(last);
        until(&r->turn, 2 * i + 2);
        missed += r->chosen < 0;
        empty(first);
    }
    CHECK_EQUAL(missed, 0);
    return NULL;
}

static void *races_in_tasks(void *race) {
    acort_task_t *one = go_on_worker(1, 0, looks, race), *other = go_on_worker(2, 0, moves, race);
    join(one), join(other);
    return NULL;
}

static void races(sort_t first, sort_t between, sort_t last) {
    race_t *r = calloc(1, sizeof *r);
    for (int i = 0; i < FILL + 2; i++) {
        sort_t sort = i == 0 ? first : i <= FILL ? between : last;
        r->cases[i] = make(&r->objects[i], sort, 0);
    }
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, moves, r) == 0);
    looks(r);
    CHECK(pthread_join(thread, NULL) == 0);
    r->turn = 0;
    run_with(3, races_in_tasks, r);
    for (int i = 0; i < FILL + 2; i++) unmake(&r->objects[i]);
    free(r);
}

/* ---- the deadline, and edges -------------------------------------------------------------------- */

/* What comes when the deadline has passed, and before the task goes on, is given: a hook brings it. */
static acort_chan_t *late;
static int late_pipe[2], late_value = 7;
static acort_task_t *_Atomic sleeper;

static void brings(void *unused, acort_task_t *task) {
    (void)unused;
    if (task != sleeper) return;
    sleeper = NULL;
    if (late != NULL) CHECK_EQUAL(acort_chan_send(late, &late_value, 0), 0);
    else CHECK(write(late_pipe[1], "x", 1) == 1);
}

static void *waits_for_late(void *unused) {
    int *value = calloc(1, sizeof *value);
    acort_chan_t *never = acort_chan_new(sizeof(int), 0, 0);
    acort_case_t *cases = calloc(2, sizeof *cases);
    cases[0] = CASE_OF(.op = ACORT_RECV, .object = never, .data = value);
    cases[1] = late != NULL ? CASE_OF(.op = ACORT_RECV, .object = late, .data = value)
                            : CASE_OF(.op = ACORT_FD_READ, .fd = late_pipe[0]);
    sleeper = acort_self();
    CHECK_EQUAL(acort_select(cases, 2, acort_after(MILLISECONDS)), 1);
    CHECK_EQUAL(*value, late != NULL ? late_value : 0);
    CHECK_FAILS(acort_select(cases, 1, acort_after(MILLISECONDS)), ETIMEDOUT);
    acort_chan_unref(never);
    free(cases), free(value);
    return unused;
}

static void *comes_late(void *unused) {
    static const acort_hooks_t hooks = {.wake = brings};
    acort_set_hooks(&hooks);
    for (int i = 0; i < 2; i++) {
        late = acort_chan_new(sizeof(int), 1, 0);
        join(go_with(i ? ACORT_SHARED : 0, waits_for_late, NULL));
        acort_chan_unref(late);
        late = NULL;
        CHECK(pipe(late_pipe) == 0);
        join(go_with(i ? ACORT_SHARED : 0, waits_for_late, NULL));
        acort_close(late_pipe[0]), acort_close(late_pipe[1]);
    }
    acort_set_hooks(NULL);
    return unused;
}

/* An edge of which nothing is left wakes the call, which goes on waiting. */
static void takes(void *unused, acort_task_t *task) {
    char byte;
    (void)unused;
    if (task != sleeper) return;
    sleeper = NULL;
    CHECK(read(late_pipe[0], &byte, 1) == 1);
}

static int sleeps;

static void begins_to_sleep(void *unused, acort_task_t *task, const char *why) {
    (void)unused, (void)why;
    if (task == sleeper) __atomic_store_n(&sleeps, 1, __ATOMIC_RELEASE);
}

static void *is_roused_in_vain(void *unused) {
    int *value = calloc(1, sizeof *value);
    acort_case_t *cases = calloc(2, sizeof *cases);
    cases[0] = CASE_OF(.op = ACORT_FD_READ, .fd = late_pipe[0]);
    cases[1] = CASE_OF(.op = ACORT_RECV, .object = late, .data = value);
    sleeper = acort_self();
    CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 1);
    free(cases), free(value);
    return unused;
}

static void *old_edges(void *unused) {
    static const acort_hooks_t hooks = {.wake = takes, .block = begins_to_sleep};
    acort_set_hooks(&hooks);
    late = acort_chan_new(sizeof(int), 0, 0);
    CHECK(pipe(late_pipe) == 0);
    for (int i = 0; i < 2; i++) {
        acort_task_t *task = go_with(i ? ACORT_SHARED : 0, is_roused_in_vain, NULL);
        while (!__atomic_load_n(&sleeps, __ATOMIC_ACQUIRE)) acort_yield();
        sleeps = 0;
        CHECK(write(late_pipe[1], "x", 1) == 1);
        while (sleeper != NULL) acort_sleep(MILLISECONDS);
        CHECK_EQUAL(acort_chan_send(late, &late_value, ACORT_NEVER), 0);
        join(task);
    }
    acort_close(late_pipe[0]), acort_close(late_pipe[1]);
    acort_chan_unref(late);
    acort_set_hooks(NULL);
    return unused;
}

/* ---- hooks -------------------------------------------------------------------------------------- */

/* A hook that is told of a task's wait or wake selects, in the same task: more cases than the task does itself. */
static acort_chan_t *nothing;
static atomic_int nested, is_nested;

static void selects_in_hook(void) {
    acort_case_t cases[FILL];
    int value;
    if (is_nested++ == 0) {
        for (int i = 0; i < FILL; i++) {
            cases[i] = CASE_OF(.op = ACORT_RECV, .object = nothing, .data = &value);
        }
        CHECK_FAILS(acort_select(cases, FILL, 0), ETIMEDOUT);
        CHECK_FAILS(acort_chan_recv(nothing, &value, 0), ETIMEDOUT);
        nested++;
    }
    is_nested--;
}

static void blocks(void *unused, acort_task_t *task, const char *why) {
    (void)unused, (void)task, (void)why;
    selects_in_hook();
}

static void wakes(void *unused, acort_task_t *task) {
    (void)unused, (void)task;
    selects_in_hook();
}

static void *receives_of_two(void *channels) {
    acort_chan_t **both = channels;
    for (int i = 0; i < TIMES; i++) {
        int values[2] = {-1, -1};
        acort_case_t cases[2];
        for (int k = 0; k < 2; k++) {
            cases[k] = CASE_OF(.op = ACORT_RECV, .object = both[k], .data = &values[k]);
        }
        CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), i % 2);
        CHECK_EQUAL(values[i % 2], i);
    }
    return NULL;
}

static void *sends_on_two(void *channels) {
    acort_chan_t **both = channels;
    for (int i = 0; i < TIMES; i++) CHECK_EQUAL(acort_chan_send(both[i % 2], &i, ACORT_NEVER), 0);
    return NULL;
}

static void *hooks_select(void *unused) {
    static const acort_hooks_t hooks = {.block = blocks, .wake = wakes};
    acort_chan_t *both[2] = {acort_chan_new(sizeof(int), 0, 0), acort_chan_new(sizeof(int), 0, 0)};
    nothing = acort_chan_new(sizeof(int), 0, 0);
    acort_set_hooks(&hooks);
    for (int i = 0; i < 4; i++) {
        acort_task_t *one = go_with(i % 2 ? ACORT_SHARED : 0, receives_of_two, both);
        acort_task_t *other = go_with(i / 2 ? ACORT_SHARED : 0, sends_on_two, both);
        join(one), join(other);
    }
    acort_set_hooks(NULL);
    CHECK(nested > TIMES);
    acort_chan_unref(both[0]), acort_chan_unref(both[1]), acort_chan_unref(nothing);
    return unused;
}

/* ---- errors of poll(2) -------------------------------------------------------------------------- */

static void *poll_fails(void *unused) {
    struct rlimit limit, small;
    acort_case_t *cases = calloc(5, sizeof *cases);
    int ends[2];
    CHECK(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
    for (int i = 0; i < 5; i++) cases[i] = CASE_OF(.op = ACORT_FD_READ, .fd = ends[0]);
    CHECK(acort_select(cases, 5, 0) >= 0);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    small = limit;
    small.rlim_cur = 4;
    CHECK(setrlimit(RLIMIT_NOFILE, &small) == 0);
    struct pollfd polled[5];
    for (int i = 0; i < 5; i++) polled[i] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    if (poll(polled, 5, 0) < 0) { /* not under valgrind, which keeps the limit to itself */
        CHECK_FAILS(acort_select(cases, 5, 0), EINVAL);
        CHECK_FAILS(acort_select(cases, 5, ACORT_NEVER), EINVAL);
    }
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(acort_select(cases, 5, ACORT_NEVER) >= 0);
    close(ends[0]), close(ends[1]); /* not by acort */
    CHECK_FAILS(acort_select(cases, 5, 0), EBADF);
    CHECK_FAILS(acort_select(cases, 5, ACORT_NEVER), EBADF);
    free(cases);
    return unused;
}

int main(void) {
    everywhere(mixtures);
    loops_everywhere();
    void *(*tests[])(void *) = {one_channel, one_object, one_channel_by_rank, comes_late, old_edges};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        run(tests[i], NULL);
        run_with(3, tests[i], NULL);
    }
    one_channel_of_threads();
    races(RECV, RECV, RECV);
    races(READ, READ, READ);
    races(RECV, READ, READ);
    races(READ, READ, RECV);
    run(hooks_select, NULL);
    run(poll_fails, NULL);
    poll_fails(NULL);
    return 0;
}
