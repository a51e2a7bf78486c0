/* Threads that the runtime knows and threads that it does not: who might still wake a task is no deadlock. */
#include "rt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

static void *gives(void *argument) {
    return argument;
}

/* One thread comes back from acort_enter(), and then wakes the task that another one has entered with. */
static acort_event_t *event;
static acort_t *runtime;
static int waits;
static pthread_barrier_t begin, end;
enum { ROUNDS = 200 };

static void *waits_for_event(void *argument) {
    __atomic_store_n(&waits, 1, __ATOMIC_SEQ_CST);
    CHECK_EQUAL(acort_event_wait(event, ACORT_NEVER), 0);
    return argument;
}

static void *enters(void *argument) {
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&begin);
        CHECK_EQUAL(acort_enter(runtime, waits_for_event, NULL, NULL), 0);
        pthread_barrier_wait(&end);
    }
    return argument;
}

static void caller_wakes_another_ones(void) {
    pthread_t thread;
    acort_event_t events[ROUNDS] = {0};
    runtime = runtime_with(1);
    pthread_barrier_init(&begin, NULL, 2);
    pthread_barrier_init(&end, NULL, 2);
    CHECK_EQUAL(pthread_create(&thread, NULL, enters, NULL), 0);
    for (int i = 0; i < ROUNDS; i++) {
        event = &events[i];
        __atomic_store_n(&waits, 0, __ATOMIC_SEQ_CST);
        pthread_barrier_wait(&begin);
        while (!__atomic_load_n(&waits, __ATOMIC_SEQ_CST)) sched_yield();
        for (int k = 0; k < 3; k++) CHECK_EQUAL(acort_enter(runtime, gives, NULL, NULL), 0);
        acort_event_set(event);
        pthread_barrier_wait(&end);
    }
    pthread_join(thread, NULL);
    CHECK_EQUAL(acort_free(runtime), 0);
}

/* A task whose stack is too large ends so, also where it is the only one that could end. */
static void *is_too_large(void *masked) {
    acort_attr_t attributes;
    CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
    attributes.stack_size = (size_t)1 << 47;
    if (masked != NULL) acort_cancel_mask(1);
    acort_task_t *task = acort_go_ex(&attributes, gives, NULL);
    CHECK(task != NULL);
    CHECK_FAILS(acort_join(task, NULL, ACORT_NEVER), ENOMEM);
    return NULL;
}

/* Tasks that are given up on several workers are out of the way of those that come next. */
static void *is_deaf(void *argument) {
    acort_cancel_mask(1);
    acort_park(ACORT_NEVER);
    return argument;
}

static void *begins_on_each(void *body) {
    acort_attr_t attributes;
    CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
    for (int i = 0; i < 6; i++) {
        attributes.worker = i % 3;
        CHECK(acort_go_ex(&attributes, body == NULL ? is_deaf : gives, NULL) != NULL);
    }
    if (body != NULL) acort_sleep(MILLISECONDS / 4);
    return NULL;
}

static void some_are_given_up(void) {
    runtime = runtime_with(3);
    int out = dup(2), nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, 2);
    for (int i = 0; i < 300; i++) {
        int stuck = acort_enter(runtime, begins_on_each, NULL, NULL), errno_of_it = errno;
        int next = acort_enter(runtime, begins_on_each, POINTER(1), NULL);
        if (stuck != -1 || errno_of_it != EDEADLK || next != 0) dup2(out, 2);
        CHECK(stuck == -1 && errno_of_it == EDEADLK && next == 0);
    }
    dup2(out, 2);
    close(out), close(nowhere);
    CHECK_EQUAL(acort_free(runtime), 0);
}

/* A worker is awake while another one gives all tasks up, for a file that no task waits for any more. No task is left in
   the queue that it has waited in. */
enum { STUCK = 20000 };
static acort_sem_t never;
static int ends_of[2][2];

static void *waits_once(void *number) {
    int fd = ends_of[NUMBER(number)][0];
    char bytes[4096];
    while (read(fd, bytes, sizeof bytes) > 0) continue;
    CHECK_EQUAL(acort_fdwait(fd, POLLIN, ACORT_NEVER), POLLIN);
    return NULL;
}

static void *is_deaf_in_a_queue(void *argument) {
    acort_cancel_mask(1);
    acort_sem_wait(&never, ACORT_NEVER);
    return argument;
}

static void *begins_many(void *argument) {
    acort_attr_t attributes;
    CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
    for (int i = 0; i < 2; i++) {
        attributes.worker = i;
        join(acort_go_ex(&attributes, waits_once, POINTER(i)));
    }
    attributes.flags = ACORT_SHARED;
    for (int i = 0; i < STUCK; i++) {
        attributes.worker = i % 2;
        CHECK(acort_go_ex(&attributes, is_deaf_in_a_queue, NULL) != NULL);
    }
    return argument;
}

static void rouses_while_there_is(pid_t parent) {
    for (; getppid() == parent; usleep(1)) {
        for (int i = 0; i < 2; i++) {
            if (write(ends_of[i][1], "", 1) == -1 && errno != EAGAIN) return;
        }
    }
}

static void no_task_is_left_in_a_queue(void) {
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(pipe(ends_of[i]), 0);
        for (int k = 0; k < 2; k++) CHECK_EQUAL(fcntl(ends_of[i][k], F_SETFL, O_NONBLOCK), 0);
    }
    pid_t parent = getpid(), child = fork();
    if (child == 0) rouses_while_there_is(parent), _exit(0);
    int out = dup(2), nowhere = open("/dev/null", O_WRONLY), left = 0;
    dup2(nowhere, 2);
    for (int i = 0; i < 12; i++) {
        runtime = runtime_with(2);
        acort_sem_init(&never, 0);
        CHECK_FAILS(acort_enter(runtime, begins_many, NULL, NULL), EDEADLK);
        left += acort_sem_init(&never, 0) != 0; /* EBUSY: a task waits */
        memset(&never, 0, sizeof never);
        CHECK_EQUAL(acort_free(runtime), 0);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    dup2(out, 2);
    close(out), close(nowhere);
    CHECK_EQUAL(left, 0);
}

/* A call that blocks runs tasks of its own: its thread is one that wakes, and one, not two. */
static acort_chan_t *between;

static void *receives(void *argument) {
    int value = 0;
    CHECK_EQUAL(acort_chan_recv(between, &value, ACORT_NEVER), 0);
    CHECK_EQUAL(value, 7);
    return argument;
}

static void *runs_inside(void *in) {
    if (in == NULL) run(receives, NULL);
    else CHECK_EQUAL(acort_enter((acort_t *)in, receives, NULL, NULL), 0);
    return NULL;
}

static void *calls_what_runs(void *in) {
    CHECK_EQUAL(acort_blocking(runs_inside, in, NULL), 0);
    return NULL;
}

static void *runs_elsewhere(void *in) {
    int value = 7;
    between = acort_chan_new(sizeof value, 1, 0);
    acort_task_t *task = acort_go(calls_what_runs, in);
    acort_sleep(50 * MILLISECONDS);
    CHECK_EQUAL(acort_chan_send(between, &value, ACORT_NEVER), 0);
    join(task);
    acort_chan_unref(between);
    return NULL;
}

static void helpers_run_tasks(void) {
    run(runs_elsewhere, NULL);
    acort_t *other = runtime_with(1);
    run(runs_elsewhere, other);
    CHECK_EQUAL(acort_free(other), 0);
}

int main(void) {
    alarm(100);
    helpers_run_tasks();
    caller_wakes_another_ones();
    if (!HAS_FOREIGN_THREADS) some_are_given_up(), no_task_is_left_in_a_queue();
    run(is_too_large, NULL);
    run(is_too_large, POINTER(1));
    return 0;
}
