/* acort_test_run(): a clock that jumps, deadlocks at once, an order that comes from the seed, and a closed outside. */
#include "rt.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECONDS (1000 * MILLISECONDS)
#define HOUR (3600 * SECONDS)

/* The flags of the tasks: own stacks, or the shared one. */
static uint32_t flags;

static int64_t real_now(void) {
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * SECONDS + now.tv_nsec;
}

static acort_task_t *go(void *(*body)(void *), void *argument) {
    return go_with(flags, body, argument);
}

static void test_run(uint64_t seed, void *(*body)(void *), void *argument) {
    CHECK_EQUAL(acort_test_run(seed, body, argument), 0);
}

static int outside_run(uint64_t seed, void *(*body)(void *), void *argument) {
    acort_opts_t options;
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    options.flags = ACORT_TEST | ACORT_TEST_OUTSIDE;
    options.test_seed = seed;
    return acort_run_ex(&options, body, argument, NULL);
}

/* What has happened: a letter for each. */
static char events[4096];
static size_t count_of_events;

static void event(char letter) {
    CHECK(count_of_events + 1 < sizeof events);
    events[count_of_events++] = letter;
    events[count_of_events] = 0;
}

static void no_events(void) { events[count_of_events = 0] = 0; }

/* --- the clock --- */

static int64_t before;

static void *sleeps_an_hour(void *argument) {
    int64_t start = acort_now();
    CHECK(start >= before && start <= real_now());
    CHECK_EQUAL(acort_sleep(HOUR), 0);
    CHECK_EQUAL(acort_now(), start + HOUR);
    CHECK_EQUAL(acort_after(5), start + HOUR + 5);
    return argument;
}

static void *hour_in_a_task(void *argument) {
    join(go(sleeps_an_hour, NULL));
    return argument;
}

static void an_hour_takes_no_time(void) {
    for (uint64_t seed = 0; seed < 3; seed++) {
        before = real_now();
        test_run(seed, hour_in_a_task, NULL);
        CHECK(real_now() - before < 1000 * SECONDS);
        CHECK(acort_now() - before < 1000 * SECONDS);
    }
}

/* The clock is the sum of the sleeps of the task that sleeps longest, and never goes back. */
static int64_t latest;

static void *sleeps_at_random(void *number) {
    uint64_t random = (uint64_t)NUMBER(number) * 77 + 1;
    int64_t expected = acort_now();
    for (int i = 0; i < 20; i++) {
        int64_t time = (int64_t)(random_next(&random) % 1000);
        CHECK_EQUAL(acort_sleep(time * SECONDS), 0);
        expected += time * SECONDS;
        CHECK_EQUAL(acort_now(), expected);
        CHECK(expected >= latest);
        latest = expected;
    }
    return NULL;
}

static void *many_sleep(void *argument) {
    latest = acort_now();
    for (int i = 0; i < 20; i++) go(sleeps_at_random, POINTER(i));
    return argument;
}

static void *in_the_past(void *argument) {
    acort_chan_t *chan = acort_chan_new(sizeof(int), 0, 0);
    acort_event_t *never = calloc(1, sizeof *never);
    int *value = calloc(1, sizeof *value);
    // The machine may have begun less than an hour ago: an earlier time would be negative.
    CHECK_EQUAL(acort_sleep(HOUR), 0);
    int64_t start = acort_now();
    CHECK_EQUAL(acort_sleep_until(start - HOUR), 0);
    CHECK_EQUAL(acort_sleep_until(1), 0);
    CHECK_EQUAL(acort_sleep_until(0), 0);
    CHECK_FAILS(acort_chan_recv(chan, value, start), ETIMEDOUT);
    CHECK_FAILS(acort_chan_recv(chan, value, 1), ETIMEDOUT);
    CHECK_FAILS(acort_event_wait(never, start - 1), ETIMEDOUT);
    CHECK_FAILS(acort_event_wait(never, -2), EINVAL);
    CHECK_EQUAL(acort_now(), start);
    CHECK_FAILS(acort_event_wait(never, start + 1), ETIMEDOUT);
    CHECK_EQUAL(acort_now(), start + 1);
    CHECK_EQUAL(acort_sleep_until(INT64_MAX), 0);
    CHECK_EQUAL(acort_now(), INT64_MAX);
    CHECK_EQUAL(acort_after(1), ACORT_NEVER);
    acort_chan_unref(chan), free(never), free(value);
    return argument;
}

/* --- equal deadlines --- */

enum { SLEEPERS = 12 };

static void *sleeps_till_noon(void *letter) {
    CHECK_EQUAL(acort_sleep_until(before + HOUR), 0);
    CHECK_EQUAL(acort_now(), before + HOUR);
    event((char)NUMBER(letter));
    return NULL;
}

static void *all_till_noon(void *argument) {
    before = acort_now();
    for (int i = 0; i < SLEEPERS; i++) go(sleeps_till_noon, POINTER('a' + i));
    return argument;
}

static void equal_deadlines(void) {
    char first[SLEEPERS + 1];
    int different = 0;
    for (uint64_t seed = 0; seed < 8; seed++) {
        no_events(), test_run(seed, all_till_noon, NULL);
        CHECK_EQUAL(count_of_events, SLEEPERS);
        memcpy(first, events, sizeof first);
        no_events(), test_run(seed, all_till_noon, NULL);
        CHECK(strcmp(first, events) == 0);
        int is_natural = strcmp(first, "abcdefghijkl") == 0;
        CHECK(seed != 0 || is_natural);
        different += !is_natural;
    }
    CHECK(different >= 6);
}

/* A deadline and what it waits for come at the same instant: either wins, but a value is never lost. */
static acort_chan_t *values;

static void *sends_at_noon(void *argument) {
    CHECK_EQUAL(acort_sleep_until(before + HOUR), 0);
    int *value = calloc(1, sizeof *value);
    event(acort_chan_send(values, value, before + HOUR) == 0 ? 's' : 'x');
    free(value);
    return argument;
}

static void *receives_until_noon(void *argument) {
    int *value = calloc(1, sizeof *value);
    event(acort_chan_recv(values, value, before + HOUR) == 0 ? 'r' : 't');
    free(value);
    return argument;
}

static void *meet_at_noon(void *argument) {
    values = acort_chan_new(sizeof(int), 0, 0);
    before = acort_now();
    acort_task_t *sends = go(sends_at_noon, NULL), *receives = go(receives_until_noon, NULL);
    join(sends), join(receives);
    CHECK_EQUAL(acort_now(), before + HOUR);
    acort_chan_unref(values);
    return argument;
}

static void races_at_one_instant(void) {
    int met = 0, missed = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        no_events(), test_run(seed, meet_at_noon, NULL);
        int has_sent = strchr(events, 's') != NULL;
        CHECK_EQUAL(has_sent, strchr(events, 'r') != NULL);
        CHECK_EQUAL(count_of_events, 2);
        met += has_sent, missed += !has_sent;
    }
    CHECK(met > 0 && missed > 0);
}

/* --- replay --- */

enum { ACTORS = 50 };
static acort_chan_t *chans[4];
static acort_mutex_t mutex;

static void *acts(void *number) {
    struct {
        acort_case_t cases[5];
        int value;
    } *own = calloc(1, sizeof *own);
    uint64_t random = (uint64_t)NUMBER(number) + 1;
    for (int i = 0; i < 6; i++) {
        for (int at = 0; at < 4; at++) {
            own->cases[at].op = (random_next(&random) & 8) != 0 ? ACORT_SEND : ACORT_RECV;
            own->cases[at].object = chans[at];
            own->cases[at].data = &own->value;
        }
        int64_t pause = (int64_t)(random_next(&random) % 4) * SECONDS;
        int chosen = acort_select(own->cases, 4, acort_after(pause));
        event((char)('A' + NUMBER(number)));
        event((char)('0' + chosen + 1));
        CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
        acort_sleep((int64_t)(random_next(&random) % 3));
        acort_mutex_unlock(&mutex);
        acort_yield();
    }
    event((char)('a' + (acort_now() - before) / SECONDS % 20));
    free(own);
    return NULL;
}

static void *all_act(void *argument) {
    before = acort_now();
    for (int i = 0; i < 4; i++) chans[i] = acort_chan_new(sizeof(int), (size_t)i, 0);
    acort_task_t *tasks[ACTORS];
    for (int i = 0; i < ACTORS; i++) tasks[i] = go(acts, POINTER(i));
    for (int i = 0; i < ACTORS; i++) join(tasks[i]);
    for (int i = 0; i < 4; i++) acort_chan_unref(chans[i]);
    return argument;
}

static uint64_t seed_of_child;

static void says_events(void) {
    no_events(), test_run(seed_of_child, all_act, NULL);
    fprintf(stderr, "%s", events);
}

static void replay(void) {
    static char first[sizeof events], again[sizeof events];
    for (uint64_t seed = 0; seed < 4; seed++) {
        no_events(), test_run(seed, all_act, NULL);
        strcpy(first, events);
        CHECK(strlen(first) > ACTORS * 6 * 2);
        /* Neither the runs of the process nor its environment make a difference. */
        for (int i = 0; i < 3; i++) test_run((uint64_t)i, hour_in_a_task, NULL);
        no_events(), test_run(seed, all_act, NULL);
        CHECK(strcmp(first, events) == 0);
        seed_of_child = seed;
        CHECK(setenv("ACORT_CHAOS", seed % 2 == 0 ? "5" : "0", 1) == 0);
        CHECK_EQUAL(run_in_child(says_events, again, sizeof again), 0);
        CHECK(strcmp(first, again) == 0);
        no_events(), test_run(seed + 1, all_act, NULL);
        CHECK(strcmp(first, events) != 0);
    }
    unsetenv("ACORT_CHAOS");
}

/* --- deadlocks --- */

static acort_event_t never;

static void *sleeps_and_ends(void *argument) {
    CHECK_EQUAL(acort_sleep(HOUR), 0);
    return argument;
}

static void *waits_for_ever(void *is_stubborn) {
    CHECK_FAILS(acort_event_wait(&never, ACORT_NEVER), ECANCELED);
    event('c');
    if (is_stubborn != NULL) {
        acort_cancel_mask(1);
        acort_event_wait(&never, ACORT_NEVER);
        event('!');
    }
    return NULL;
}

static void *deadlock(void *is_stubborn) {
    go(sleeps_and_ends, NULL);
    go(waits_for_ever, is_stubborn);
    return NULL;
}

/* A thread that the runtime does not know, until main unlocks. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *passes_the_gate(void *argument) {
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return argument;
}

static void deadlocks_beside_a_thread(void) {
    pthread_t thread;
    pthread_mutex_lock(&gate);
    CHECK(pthread_create(&thread, NULL, passes_the_gate, NULL) == 0);
    for (intptr_t is_stubborn = 0; is_stubborn < 2; is_stubborn++) {
        no_events();
        CHECK_FAILS(acort_test_run(3, deadlock, POINTER(is_stubborn)), EDEADLK);
        CHECK(strcmp(events, "c") == 0);
    }
    pthread_mutex_unlock(&gate);
    pthread_join(thread, NULL);
}

static void deadlocks(void) {
    char said[4096];
    CHECK_EQUAL(run_in_child(deadlocks_beside_a_thread, said, sizeof said), 0);
    const char *line = "acort: deadlock: nothing can wake any task\n";
    char *first = strstr(said, line);
    CHECK(first != NULL && strstr(first + 1, line) != NULL);
    CHECK(strstr(said, "waits for an event") != NULL);
}

/* --- blocking calls --- */

static void *takes_real_time(void *argument) {
    /* This is no thread of the run: its clock is the real one. */
    int64_t start = real_now(), now = acort_now();
    CHECK(now >= start && now <= real_now());
    CHECK_EQUAL(acort_sleep(20 * MILLISECONDS), 0);
    CHECK(real_now() - start >= 20 * MILLISECONDS);
    event('b');
    return argument;
}

static void *blocks(void *argument) {
    int64_t start = acort_now();
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(acort_blocking(takes_real_time, NULL, NULL), 0);
        CHECK_EQUAL(acort_now(), start);
    }
    event('d');
    return argument;
}

static void *sleeps_meanwhile(void *argument) {
    CHECK_EQUAL(acort_sleep(1), 0);
    event('w');
    return argument;
}

static void *block_and_sleep(void *argument) {
    go(sleeps_meanwhile, NULL);
    go(blocks, NULL);
    return argument;
}

static void blocking_calls_hold_the_clock(void) {
    for (uint64_t seed = 0; seed < 2; seed++) {
        no_events(), test_run(seed, block_and_sleep, NULL);
        CHECK(strcmp(events, "bbdw") == 0);
        no_events();
        CHECK_EQUAL(outside_run(seed, block_and_sleep, NULL), 0);
        CHECK(strcmp(events, "bbdw") == 0);
    }
}

/* --- the outside --- */

static void *cannot_get_out(void *argument) {
    int ends[2];
    char *byte = calloc(1, 64);
    acort_case_t *readable = calloc(1, sizeof *readable);
    struct addrinfo *found = NULL;
    sigset_t *set = calloc(1, sizeof *set);
    sigemptyset(set), sigaddset(set, SIGUSR1);
    CHECK(pipe(ends) == 0);
    readable->op = ACORT_FD_READ, readable->fd = ends[0];
    int64_t start = acort_now(), deadlines[] = {0, 1, acort_after(HOUR), ACORT_NEVER};
    for (int i = 0; i < 4; i++) {
        int64_t deadline = deadlines[i];
        CHECK_FAILS(acort_read(ends[0], byte, 1, deadline), EPERM);
        CHECK_FAILS(acort_write(ends[1], byte, 1, deadline), EPERM);
        CHECK_FAILS(acort_write_all(ends[1], byte, 1, deadline), EPERM);
        CHECK_FAILS(acort_fdwait(ends[0], POLLIN, deadline), EPERM);
        CHECK_FAILS(acort_select(readable, 1, deadline), EPERM);
        CHECK_FAILS(acort_accept(ends[0], NULL, NULL, deadline), EPERM);
        CHECK_FAILS(acort_pread(ends[0], byte, 1, 0, deadline), EPERM);
        CHECK_FAILS(acort_signal_wait(set, NULL, deadline), EPERM);
        CHECK_FAILS(acort_waitpid(getpid(), NULL, deadline), EPERM);
        CHECK_FAILS(acort_dial("tcp", "127.0.0.1:9", deadline), EPERM);
        if (deadline == 0 || deadline == 1) continue; /* these have no time to ask a thread */
        CHECK_FAILS(acort_open("/dev/null", O_RDONLY, 0, deadline), EPERM);
        CHECK_EQUAL(acort_getaddrinfo("localhost.", NULL, NULL, &found, deadline), EAI_SYSTEM);
        CHECK_EQUAL(errno, EPERM);
    }
    CHECK_FAILS(acort_listen("tcp", "127.0.0.1:0", 1), EPERM);
    CHECK_EQUAL(acort_close(ends[0]), 0);
    CHECK_EQUAL(acort_close(ends[1]), 0);
    CHECK_EQUAL(acort_now(), start);
    free(byte), free(readable), free(set);
    return argument;
}

static int pair[2];

static void *answers(void *argument) {
    char *byte = calloc(1, 1);
    CHECK_EQUAL(acort_read(pair[1], byte, 1, acort_after(HOUR)), 1);
    CHECK_EQUAL(acort_sleep(2 * SECONDS), 0);
    CHECK_EQUAL(acort_write(pair[1], byte, 1, ACORT_NEVER), 1);
    free(byte);
    return argument;
}

static void *talks(void *argument) {
    char *byte = calloc(1, 1);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    int64_t start = acort_now();
    acort_task_t *other = go(answers, NULL);
    CHECK_FAILS(acort_read(pair[0], byte, 1, start + HOUR / 2), ETIMEDOUT);
    CHECK_EQUAL(acort_now(), start + HOUR / 2);
    CHECK_EQUAL(acort_write(pair[0], byte, 1, ACORT_NEVER), 1);
    CHECK_EQUAL(acort_read(pair[0], byte, 1, acort_after(3 * SECONDS)), 1);
    CHECK_EQUAL(acort_now(), start + HOUR / 2 + 2 * SECONDS);
    join(other);
    acort_close(pair[0]), acort_close(pair[1]);
    free(byte);
    return argument;
}

/* A child's end may come when no timer is left: the worker waits for it. */
static void *reaps(void *argument) {
    pid_t child = fork();
    if (child == 0) _exit(7);
    CHECK(child > 0);
    int *status = calloc(1, sizeof *status);
    CHECK_EQUAL(acort_waitpid(child, status, ACORT_NEVER), child);
    CHECK_EQUAL(WEXITSTATUS(*status), 7);
    free(status);
    return argument;
}

static acort_event_t from_outside;

static void *sets_from_outside(void *argument) {
    acort_event_set(&from_outside);
    return argument;
}

static void *waits_for_a_thread(void *argument) {
    static pthread_t thread;
    acort_event_reset(&from_outside);
    CHECK(pthread_create(&thread, NULL, sets_from_outside, NULL) == 0);
    CHECK_EQUAL(acort_event_wait(&from_outside, ACORT_NEVER), 0);
    pthread_join(thread, NULL);
    return argument;
}

/* --- plain threads --- */

static acort_event_t unset, set_later;
static acort_mutex_t owned;
static acort_cond_t no_signal;
static acort_chan_t *one;
static acort_t *other_runtime;

static void *is_plain(void *in_run) {
    int expected = in_run != NULL ? EINVAL : ETIMEDOUT, value = 0;
    acort_case_t cases[1] = {{.op = ACORT_EVENT, .object = &unset}};
    int64_t soon = acort_after(MILLISECONDS);
    CHECK_FAILS(acort_event_wait(&unset, soon), expected);
    CHECK_FAILS(acort_event_wait(&unset, 0), ETIMEDOUT);
    CHECK_FAILS(acort_select(cases, 1, soon), expected);
    CHECK_FAILS(acort_select(cases, 1, 0), ETIMEDOUT);
    CHECK_FAILS(acort_chan_recv(one, &value, soon), expected);
    CHECK_EQUAL(acort_chan_send(one, &value, soon), 0); /* no wait */
    CHECK_EQUAL(acort_chan_recv(one, &value, soon), 0);
    CHECK_EQUAL(acort_mutex_lock(&owned, soon), 0);
    CHECK_FAILS(acort_cond_wait(&no_signal, &owned, soon), expected);
    CHECK_EQUAL(acort_mutex_unlock(&owned), 0); /* the wait has locked it again */
    CHECK_EQUAL(acort_sleep(1), 0);
    CHECK_EQUAL(acort_sleep_until(acort_after(1)), 0);
    if (in_run != NULL) CHECK_EQUAL(acort_event_wait(&set_later, ACORT_NEVER), 0);
    return NULL;
}

/* The thread is another one than the pool's, and the worker waits for its end. */
static void *is_plain_in_a_thread(void *argument) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, is_plain, POINTER(1)) == 0);
    pthread_join(thread, NULL);
    return argument;
}

static void *has_a_plain_thread(void *argument) {
    acort_event_set(&set_later);
    CHECK_EQUAL(acort_blocking(is_plain, POINTER(1), NULL), 0);
    CHECK_EQUAL(acort_blocking(is_plain_in_a_thread, NULL, NULL), 0);
    return argument;
}

static void *waits_really(void *argument) {
    acort_event_t *event = calloc(1, sizeof *event);
    int64_t start = real_now();
    CHECK_FAILS(acort_event_wait(event, acort_after(10 * MILLISECONDS)), ETIMEDOUT);
    CHECK(real_now() - start >= 10 * MILLISECONDS);
    free(event);
    return argument;
}

/* Tasks of another runtime have its clock, the real one. */
static void *enters(void *argument) {
    CHECK_EQUAL(acort_enter(other_runtime, waits_really, NULL, NULL), 0);
    return argument;
}

static void *enters_another_runtime(void *argument) {
    CHECK_EQUAL(acort_blocking(enters, NULL, NULL), 0);
    return argument;
}

static void plain_threads(void) {
    one = acort_chan_new(sizeof(int), 1, 0);
    is_plain(NULL);
    test_run(1, has_a_plain_thread, NULL);
    is_plain(NULL);
    acort_chan_unref(one);
    other_runtime = runtime_with(2);
    test_run(1, enters_another_runtime, NULL);
    CHECK_EQUAL(acort_free(other_runtime), 0);
}

/* --- several runs --- */

static void *fails_inside(void *argument) {
    CHECK_FAILS(acort_test_run(1, fails_inside, NULL), EBUSY);
    return argument;
}

/* A function of the pool is no task: it may have a run of its own, with another clock. */
static void *runs_inside(void *argument) {
    test_run(1, sleeps_and_ends, NULL);
    return argument;
}

static void *blocks_for_a_run(void *argument) {
    int64_t start = acort_now();
    CHECK_EQUAL(acort_blocking(runs_inside, NULL, NULL), 0);
    CHECK_EQUAL(acort_now(), start);
    return argument;
}

static void *sleeps_hours(void *count) {
    int64_t start = acort_now();
    for (long i = 0; i < NUMBER(count); i++) {
        CHECK_EQUAL(acort_sleep(HOUR), 0);
        CHECK_EQUAL(acort_now(), start + (i + 1) * HOUR);
    }
    return NULL;
}

static acort_event_t no_event;

static void *waits_in_vain(void *argument) {
    acort_event_wait(&no_event, ACORT_NEVER);
    return argument;
}

static void *runs_in_a_thread(void *count) {
    for (int i = 0; i < 20; i++) {
        test_run((uint64_t)i, sleeps_hours, count);
        CHECK_FAILS(acort_test_run(1, waits_in_vain, NULL), EDEADLK);
    }
    return NULL;
}

static void in_two_threads(void) {
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, runs_in_a_thread, POINTER(10 + i)) == 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
}

static void beside_each_other(void) {
    static char said[1 << 16];
    int status = run_in_child(in_two_threads, said, sizeof said);
    if (status != 0) fprintf(stderr, "%s", said);
    CHECK_EQUAL(status, 0);
}

static void *returns_7(void *argument) {
    (void)argument;
    return POINTER(7);
}

static void bad_options(void) {
    acort_opts_t options;
    void *result = NULL;
    CHECK_FAILS(acort_test_run(1, NULL, NULL), EINVAL);
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    CHECK_EQUAL(options.test_seed, 0);
    options.test_seed = 1; /* without ACORT_TEST */
    CHECK_FAILS(acort_run_ex(&options, returns_7, NULL, NULL), EINVAL);
    options.test_seed = 0, options.flags = ACORT_TEST_OUTSIDE;
    CHECK_FAILS(acort_run_ex(&options, returns_7, NULL, NULL), EINVAL);
    options.flags = ACORT_TEST;
    CHECK_REFUSES(acort_new(&options), EINVAL);
    options.flags = ACORT_TEST | ACORT_LOOP;
    CHECK_REFUSES(acort_new(&options), EINVAL);
    CHECK_FAILS(acort_run_ex(&options, returns_7, NULL, NULL), EINVAL);
    options.flags = ACORT_TEST, options.workers = 2;
    CHECK_FAILS(acort_run_ex(&options, returns_7, NULL, NULL), EINVAL);
    options.workers = 1;
    CHECK_EQUAL(acort_run_ex(&options, returns_7, NULL, &result), 0);
    CHECK(result == POINTER(7));
    /* A program that was compiled before `test_seed` was there. */
    options.size = offsetof(acort_opts_t, test_seed);
    options.test_seed = 99;
    CHECK_EQUAL(acort_run_ex(&options, returns_7, NULL, NULL), 0);
}

/* --- what tests are made of --- */

static int attempts;

static int try_it(void) { return ++attempts == 7 ? 0 : -1; }

static void *retries(void *argument) {
    int64_t start = acort_now(), pause = 100 * MILLISECONDS;
    for (attempts = 0; try_it() == -1; pause *= 2) CHECK_EQUAL(acort_sleep(pause), 0);
    CHECK_EQUAL(acort_now() - start, 6300 * MILLISECONDS);
    return argument;
}

static acort_sem_t tokens;

static void *fills(void *argument) {
    (void)argument;
    while (acort_sleep(SECONDS) == 0) acort_sem_post(&tokens);
    return NULL;
}

static void *limited(void *argument) {
    acort_sem_init(&tokens, 3);
    acort_task_t *filler = go(fills, NULL);
    int64_t start = acort_now();
    for (int i = 0; i < 10; i++) {
        CHECK_EQUAL(acort_sem_wait(&tokens, ACORT_NEVER), 0);
        CHECK_EQUAL(acort_now() - start, (i < 3 ? 0 : i - 2) * SECONDS);
    }
    acort_cancel(filler), join(filler);
    return argument;
}

/* A task is cancelled at a time. */
static void *is_cancelled_at_noon(void *argument) {
    int64_t start = acort_now();
    acort_task_t *task = go(waits_in_vain, NULL);
    CHECK_FAILS(acort_join(task, NULL, acort_after(HOUR)), ETIMEDOUT);
    CHECK_EQUAL(acort_now(), start + HOUR);
    acort_cancel(task), join(task);
    CHECK_EQUAL(acort_now(), start + HOUR);
    return argument;
}

int main(void) {
    /* Before the pool has threads: a child of such a process could start none under ThreadSanitizer. */
    deadlocks();
    beside_each_other();
    replay();
    for (flags = 0; flags <= ACORT_SHARED; flags += ACORT_SHARED) {
        an_hour_takes_no_time();
        for (uint64_t seed = 0; seed < 3; seed++) {
            test_run(seed, many_sleep, NULL);
            test_run(seed, in_the_past, NULL);
            test_run(seed, retries, NULL);
            test_run(seed, limited, NULL);
            test_run(seed, is_cancelled_at_noon, NULL);
            test_run(seed, cannot_get_out, NULL);
            CHECK_EQUAL(outside_run(seed, talks, NULL), 0);
        }
        equal_deadlines();
        races_at_one_instant();
        blocking_calls_hold_the_clock();
        CHECK_EQUAL(outside_run(1, reaps, NULL), 0);
        CHECK_EQUAL(outside_run(1, waits_for_a_thread, NULL), 0);
        test_run(1, fails_inside, NULL);
        test_run(1, blocks_for_a_run, NULL);
    }
    plain_threads();
    bad_options();
    return 0;
}
