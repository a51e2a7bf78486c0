/* Signals and children. */
#include "rt.h"

static sigset_t set;
static long taken;

static void *takes_signals(void *count) {
    for (long i = 0; i < NUMBER(count); i++) {
        siginfo_t info;
        memset(&info, 0, sizeof info);
        int number = acort_signal_wait(&set, &info, ACORT_NEVER);
        CHECK(number == SIGUSR1 || number == SIGRTMIN);
        CHECK(info.si_signo == number && info.si_pid == getpid());
        if (number == SIGRTMIN) CHECK(info.si_code == SI_QUEUE && info.si_value.sival_int == 42);
        __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void *signals(void *argument) {
    enum { COUNT = 20 };
    taken = 0;
    CHECK_FAILS(acort_signal_wait(NULL, NULL, 0), EINVAL);
    CHECK_FAILS(acort_signal_wait(&set, NULL, 0), ETIMEDOUT);
    CHECK_FAILS(acort_signal_wait(&set, NULL, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK(kill(getpid(), SIGUSR1) == 0);
    CHECK_EQUAL(acort_signal_wait(&set, NULL, ACORT_NEVER), SIGUSR1);
    acort_task_t *tasks[2];
    for (int i = 0; i < 2; i++) tasks[i] = go_with(i ? ACORT_SHARED : 0, takes_signals, POINTER(COUNT / 2));
    union sigval value = {.sival_int = 42};
    for (int i = 0; i < COUNT; i++) {
        CHECK((i % 2 ? kill(getpid(), SIGUSR1) : sigqueue(getpid(), SIGRTMIN, value)) == 0);
        while (__atomic_load_n(&taken, __ATOMIC_RELAXED) != i + 1) acort_sleep(MILLISECONDS / 10);
    }
    for (int i = 0; i < 2; i++) join(tasks[i]);
    return argument;
}

static void *waits_in_vain(void *argument) {
    CHECK_FAILS(acort_signal_wait(&set, NULL, ACORT_NEVER), ECANCELED);
    return argument;
}

static void *cancelled(void *argument) {
    acort_task_t *task = acort_go(waits_in_vain, NULL);
    acort_sleep(MILLISECONDS);
    acort_cancel(task);
    join(task);
    return argument;
}

static pid_t child_that(int milliseconds, int code) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        usleep((useconds_t)milliseconds * 1000);
        _exit(code);
    }
    return child;
}

static void *waits_for_child(void *pid) {
    int status = -1;
    CHECK_EQUAL(acort_waitpid((pid_t)NUMBER(pid), &status, ACORT_NEVER), NUMBER(pid));
    CHECK(WIFEXITED(status));
    return POINTER(WEXITSTATUS(status));
}

static void *children(void *argument) {
    acort_task_t *tasks[4];
    pid_t sleeper = child_that(60000, 0);
    for (int i = 0; i < 4; i++) {
        pid_t child = child_that(i * 7, 10 + i);
        tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, waits_for_child, POINTER(child));
    }
    for (int i = 0; i < 4; i++) CHECK_EQUAL(NUMBER(join(tasks[i])), 10 + i);
    CHECK_FAILS(acort_waitpid(sleeper, NULL, 0), ETIMEDOUT);
    CHECK_FAILS(acort_waitpid(sleeper, NULL, acort_after(2 * MILLISECONDS)), ETIMEDOUT);
    int status;
    CHECK(kill(sleeper, SIGKILL) == 0);
    CHECK_EQUAL(acort_waitpid(sleeper, &status, ACORT_NEVER), sleeper);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK_FAILS(acort_waitpid(sleeper, &status, ACORT_NEVER), ECHILD);
    CHECK_FAILS(acort_waitpid(0, NULL, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_waitpid(-1, NULL, ACORT_NEVER), EINVAL);
    return argument;
}

/* In a plain thread. */
static void *sends_later(void *argument) {
    usleep(3000);
    CHECK(kill(getpid(), SIGUSR1) == 0);
    return argument;
}

static void outside(void) {
    pthread_t thread;
    CHECK_FAILS(acort_signal_wait(&set, NULL, 0), ETIMEDOUT);
    CHECK(pthread_create(&thread, NULL, sends_later, NULL) == 0);
    CHECK_EQUAL(acort_signal_wait(&set, NULL, ACORT_NEVER), SIGUSR1);
    pthread_join(thread, NULL);
    CHECK_EQUAL(NUMBER(waits_for_child(POINTER(child_that(3, 33)))), 33);
}

/* A signal that some thread of the runtime may take otherwise is not waited for. */
static sigset_t more;

static void *is_refused(void *argument) {
    CHECK_FAILS(acort_signal_wait(&more, NULL, 0), EINVAL);
    CHECK_FAILS(acort_signal_wait(&more, NULL, ACORT_NEVER), EINVAL);
    return argument;
}

static void *blocks_too_late(void *argument) {
    is_refused(NULL);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &more, NULL), 0);
    is_refused(NULL);
    CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, &set, NULL), 0);
    CHECK_FAILS(acort_signal_wait(&set, NULL, 0), ETIMEDOUT);
    return argument;
}

static void *unblocks(void *argument) {
    CHECK_EQUAL(pthread_sigmask(SIG_UNBLOCK, &more, NULL), 0);
    is_refused(NULL);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
    return argument;
}

/* Signals that cannot be blocked are ignored. */
static void *waits_for_all(void *argument) {
    sigset_t all;
    sigfillset(&all);
    CHECK_FAILS(acort_signal_wait(&all, NULL, 0), ETIMEDOUT);
    return argument;
}

static void unblocked(void) {
    more = set;
    sigaddset(&more, SIGUSR2);
    is_refused(NULL);
    run(blocks_too_late, NULL);
    run_with(1, blocks_too_late, NULL);
    run_with(2, blocks_too_late, NULL);
    acort_t *runtime = runtime_with(1);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &more, NULL), 0);
    CHECK_EQUAL(acort_enter(runtime, is_refused, NULL, NULL), 0);
    CHECK_EQUAL(acort_free(runtime), 0);
    run(unblocks, NULL);
    run_with(1, unblocks, NULL);
    sigset_t all, before;
    sigfillset(&all);
    CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, &all, &before), 0);
    waits_for_all(NULL);
    run(waits_for_all, NULL);
    run_with(2, waits_for_all, NULL);
    CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
}

int main(void) {
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    CHECK(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    run(signals, NULL);
    run(cancelled, NULL);
    run(children, NULL);
    run_with(2, signals, NULL);
    run_with(2, children, NULL);
    outside();
    unblocked();
    return 0;
}
