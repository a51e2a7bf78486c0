/* acort_cancel_on_signals(): the first signal cancels the main task, or its group after its end; the second one takes its
 * action; afterwards the mask is as before. */
#include "rt.h"

#include <sys/wait.h>

static sigset_t both;

static int is_blocked(int number) {
    sigset_t mask;
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    return sigismember(&mask, number);
}

static void *kills(void *number) {
    acort_yield();
    CHECK_EQUAL(kill(getpid(), (int)NUMBER(number)), 0);
    return NULL;
}

/* The main task's wait ends, and those of its helpers do not. */
static acort_event_t may_end;

static void *helps(void *unused) {
    CHECK_EQUAL(acort_event_wait(&may_end, ACORT_NEVER), 0);
    return unused;
}

static void *hears(void *number) {
    CHECK_EQUAL(acort_event_reset(&may_end), 0);
    CHECK_EQUAL(acort_cancel_on_signals(NULL), 0);
    CHECK_FAILS(acort_cancel_on_signals(NULL), EBUSY);
    CHECK(is_blocked(SIGINT) && is_blocked(SIGTERM));
    acort_task_t *helper = acort_go(helps, NULL);
    CHECK(helper != NULL);
    CHECK_EQUAL(acort_go_detached(kills, number), 0);
    CHECK_FAILS(acort_park(ACORT_NEVER), ECANCELED);
    CHECK_EQUAL(acort_cancelled(), 1);
    acort_cancel_mask(1);
    CHECK_EQUAL(acort_event_set(&may_end), 0);
    join(helper);
    return NULL;
}

/* From a task of an inner group; with a set of the program's. */
static void *calls(void *unused) {
    CHECK_EQUAL(acort_cancel_on_signals(&both), 0);
    CHECK_EQUAL(kill(getpid(), SIGUSR1), 0);
    return unused;
}

static void *hears_inside(void *unused) {
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.group = acort_group_open();
    CHECK(acort_go_ex(&attributes, calls, NULL) != NULL);
    CHECK_FAILS(acort_park(ACORT_NEVER), ECANCELED);
    CHECK_EQUAL(acort_group_close(attributes.group), 0);
    return unused;
}

/* The main task has ended: its group is cancelled. */
static void *is_left(void *unused) {
    CHECK_EQUAL(kill(getpid(), SIGTERM), 0);
    CHECK_FAILS(acort_park(ACORT_NEVER), ECANCELED);
    return unused;
}

static void *leaves(void *unused) {
    CHECK_EQUAL(acort_cancel_on_signals(NULL), 0);
    acort_go_detached(is_left, NULL);
    return unused;
}

/* No signal comes: the run ends all the same. */
static void *hears_nothing(void *unused) {
    CHECK_EQUAL(acort_cancel_on_signals(NULL), 0);
    CHECK_EQUAL(acort_sleep(MILLISECONDS / 10), 0);
    return unused;
}

static void *hears_nothing_at_all(void *unused) {
    CHECK_EQUAL(acort_cancel_on_signals(NULL), 0);
    return unused;
}

/* A function on a thread of the pool has the signals blocked, too. */
static void *asks(void *unused) {
    CHECK(is_blocked(SIGINT) && is_blocked(SIGTERM));
    return unused;
}

static void *blocks(void *unused) {
    CHECK_EQUAL(acort_cancel_on_signals(NULL), 0);
    CHECK_EQUAL(acort_blocking(asks, NULL, NULL), 0);
    return unused;
}

/* The second signal takes its action: it ends the process. */
static void *is_stubborn(void *unused) {
    CHECK_EQUAL(acort_cancel_on_signals(NULL), 0);
    CHECK_EQUAL(kill(getpid(), SIGINT), 0);
    CHECK_FAILS(acort_park(ACORT_NEVER), ECANCELED);
    acort_cancel_mask(1);
    CHECK_EQUAL(kill(getpid(), SIGTERM), 0);
    for (;;) acort_sleep(MILLISECONDS);
    return unused;
}

static void run_alone(void) { acort_run(is_stubborn, NULL, NULL); }

static void run_with_workers(void) {
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGTERM);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &stops, NULL), 0);
    run_with(2, is_stubborn, NULL);
}

static void is_killed(void (*body)(void)) {
    int status;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        body();
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void *is_refused(void *unused) {
    sigset_t empty;
    sigemptyset(&empty);
    CHECK_FAILS(acort_cancel_on_signals(&empty), EINVAL);
    return unused;
}

static void *is_not_blocked(void *unused) {
    CHECK_FAILS(acort_cancel_on_signals(NULL), EINVAL);
    CHECK_FAILS(acort_cancel_on_signals(NULL), EINVAL);
    return unused;
}

static void *in_a_loop(void *unused) {
    CHECK_FAILS(acort_cancel_on_signals(NULL), EPERM);
    return unused;
}

static void refused(void) {
    CHECK_FAILS(acort_cancel_on_signals(NULL), EPERM);
    run(is_refused, NULL);
    run_with(1, is_not_blocked, NULL);
    CHECK(!is_blocked(SIGINT) && !is_blocked(SIGTERM));
    acort_opts_t options = ACORT_OPTS_INIT;
    options.flags = ACORT_LOOP;
    acort_t *loop = acort_new(&options);
    CHECK(loop != NULL && acort_loop_go(loop, in_a_loop, NULL) != NULL);
    while (acort_loop_step(loop, 0) == 1) continue;
    CHECK_EQUAL(acort_free(loop), 0);
}

int main(void) {
    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    is_killed(run_alone); /* while the process has one thread, which ThreadSanitizer wants */
    is_killed(run_with_workers);
    refused();
    for (int round = 0; round < 3; round++) {
        run(hears, POINTER(round & 1 ? SIGINT : SIGTERM));
        CHECK(!is_blocked(SIGINT) && !is_blocked(SIGTERM));
    }
    run(hears_inside, NULL);
    CHECK(!is_blocked(SIGUSR1) && !is_blocked(SIGUSR2));
    run(leaves, NULL);
    run(hears_nothing, NULL);
    run(hears_nothing_at_all, NULL);
    run(blocks, NULL);
    CHECK(!is_blocked(SIGINT) && !is_blocked(SIGTERM));

    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &both, NULL), 0);
    run(hears, POINTER(SIGINT));
    run_with(1, hears, POINTER(SIGINT));
    run_with(2, hears, POINTER(SIGTERM));
    run_with(2, hears_inside, NULL);
    run_with(2, hears_nothing, NULL);
    acort_t *runtime = runtime_with(2);
    for (int round = 0; round < 3; round++) { /* the mask of its workers is as before */
        CHECK_EQUAL(acort_enter(runtime, hears, POINTER(SIGINT), NULL), 0);
    }
    CHECK_EQUAL(acort_free(runtime), 0);
    CHECK(is_blocked(SIGINT) && is_blocked(SIGTERM));
    return 0;
}
