/* acort_select() with children and signals: the chosen case, and no other, waits for the child or takes the signal. */
#include "rt.h"

#include <signal.h>

#define CASE_OF(...) ((acort_case_t){__VA_ARGS__})
#define LATER acort_after(20000 * MILLISECONDS)

/* A child that waits for a byte from `*gate`, and exits with `code`. */
static pid_t child_of(int *gate, int code) {
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        char byte;
        close(ends[1]);
        while (read(ends[0], &byte, 1) < 0) {}
        _exit(code);
    }
    close(ends[0]);
    *gate = ends[1];
    return child;
}

static void open_gate(int gate) {
    CHECK_EQUAL(write(gate, "x", 1), 1);
    close(gate);
}

/* Waits for the end of a child, which can still be waited for. */
static void end(pid_t child, int gate) {
    siginfo_t info;
    open_gate(gate);
    while (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) != 0) CHECK_EQUAL(errno, EINTR);
}

static int has_exited(int status, int code) { return WIFEXITED(status) && WEXITSTATUS(status) == code; }

/* ---- children -------------------------------------------------------------------------------------- */

/* What needs no wait: also in plain threads. */
static void *are_ready(void *unused) {
    int gates[2], value = 5, statuses[2] = {-1, -1};
    pid_t children[2];
    acort_chan_t *channel = acort_chan_new(sizeof value, 1, 0);
    for (int round = 0; round < 4; round++) {
        acort_case_t cases[3] = {CASE_OF(.op = ACORT_RECV, .object = channel, .data = &value)};
        for (int i = 0; i < 2; i++) {
            children[i] = child_of(&gates[i], 10 + i);
            cases[1 + i] = CASE_OF(.op = ACORT_CHILD, .fd = children[i], .data = &statuses[i]);
        }
        CHECK_FAILS(acort_select(cases, 3, 0), ETIMEDOUT);
        end(children[1], gates[1]);
        CHECK_EQUAL(acort_select(cases, 3, 0), 2);
        CHECK(has_exited(statuses[1], 11) && cases[2].error == 0 && statuses[0] == -1);
        CHECK_FAILS(acort_select(cases, 3, 0), ECHILD);
        CHECK_FAILS(acort_waitpid(children[1], NULL, 0), ECHILD);
        CHECK_EQUAL(acort_chan_send(channel, &value, 0), 0);
        end(children[0], gates[0]);
        /* Not chosen: it can still be waited for. */
        CHECK_EQUAL(acort_select_ordered(cases, 2, 0), 0);
        cases[1].data = NULL;
        CHECK_EQUAL(acort_select_ordered(cases, 2, round & 1 ? ACORT_NEVER : 0), 1);
        CHECK_FAILS(acort_waitpid(children[0], NULL, 0), ECHILD);
    }
    acort_chan_unref(channel);
    return unused;
}

/* Twice the same child; of two that have ended one is chosen. */
static void *are_equal(void *unused) {
    int gates[2], statuses[2], counts[2] = {0, 0};
    for (int round = 0; round < 16; round++) {
        pid_t children[2] = {child_of(&gates[0], 1), child_of(&gates[1], 2)};
        end(children[0], gates[0]);
        end(children[1], gates[1]);
        acort_case_t cases[3];
        for (int i = 0; i < 3; i++) {
            cases[i] = CASE_OF(.op = ACORT_CHILD, .fd = children[i / 2], .data = &statuses[i / 2]);
        }
        int which = acort_select(cases, 3, ACORT_NEVER) / 2;
        CHECK(which == 0 || which == 1);
        counts[which]++;
        CHECK(has_exited(statuses[which], 1 + which));
        CHECK_EQUAL(acort_waitpid(children[1 - which], &statuses[0], 0), children[1 - which]);
        CHECK(has_exited(statuses[0], 2 - which));
    }
    CHECK(counts[0] > 0 && counts[1] > 0);
    return unused;
}

static void *waits_for_child(void *child) {
    int status = -1;
    acort_case_t cases[2] = {CASE_OF(.op = 0), CASE_OF(.op = ACORT_CHILD, .fd = (pid_t)NUMBER(child), .data = &status)};
    int which = acort_select(cases, 2, LATER);
    if (which == 1) CHECK(has_exited(status, 3));
    return POINTER(which < 0 ? -errno : which);
}

static void *ends_later(void *unused) {
    int gate, found = 0, gone = 0;
    pid_t child = child_of(&gate, 3);
    acort_task_t *tasks[3];
    for (int i = 0; i < 3; i++) tasks[i] = go_with(i & 1 ? ACORT_SHARED : 0, waits_for_child, POINTER(child));
    for (int i = 0; i < 3; i++) acort_yield();
    open_gate(gate);
    for (int i = 0; i < 3; i++) {
        long outcome = NUMBER(join(tasks[i]));
        found += outcome == 1;
        gone += outcome == -ECHILD;
    }
    CHECK(found == 1 && gone == 2);
    return unused;
}

/* A deadline, and a cancellation: the child can still be waited for. */
static void *are_kept(void *unused) {
    int gate, status;
    pid_t child = child_of(&gate, 3);
    acort_case_t cases[2] = {CASE_OF(.op = ACORT_CHILD, .fd = child), CASE_OF(.op = 0)};
    for (int i = 0; i < 3; i++) CHECK_FAILS(acort_select(cases, 2, acort_after(MILLISECONDS)), ETIMEDOUT);
    int64_t time = acort_after(MILLISECONDS);
    cases[1] = CASE_OF(.op = ACORT_TIMER, .data = &time);
    CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 1);
    for (int i = 0; i < 2; i++) {
        acort_task_t *task = go_with(i ? ACORT_SHARED : 0, waits_for_child, POINTER(child));
        for (int k = 0; k < 2; k++) acort_yield();
        CHECK_EQUAL(acort_cancel(task), 0);
        CHECK_EQUAL(NUMBER(join(task)), -ECANCELED);
    }
    open_gate(gate);
    CHECK_EQUAL(acort_waitpid(child, &status, LATER), child);
    CHECK(has_exited(status, 3));
    return unused;
}

static void *are_refused(void *unused) {
    acort_case_t cases[2] = {CASE_OF(.op = 0), CASE_OF(.op = ACORT_CHILD)};
    static const pid_t invalid[] = {0, -1, -5};
    for (int i = 0; i < 3; i++) {
        cases[1].fd = invalid[i];
        CHECK_FAILS(acort_select(cases, 2, 0), EINVAL);
    }
    cases[1].fd = getppid();
    CHECK_FAILS(acort_select(cases, 2, ACORT_NEVER), ECHILD);
    cases[1] = CASE_OF(.op = ACORT_SIGNAL);
    CHECK_FAILS(acort_select(cases, 2, 0), EINVAL);
    sigset_t open_signals;
    sigemptyset(&open_signals);
    sigaddset(&open_signals, SIGHUP);
    cases[1].object = &open_signals;
    CHECK_FAILS(acort_select(cases, 2, 0), EINVAL);
    return unused;
}

/* ---- signals --------------------------------------------------------------------------------------- */

static sigset_t one, both;

static void *are_taken(void *unused) {
    int value = 1;
    acort_chan_t *channel = acort_chan_new(sizeof value, 1, 0);
    siginfo_t info;
    acort_case_t cases[3] = {CASE_OF(.op = ACORT_RECV, .object = channel, .data = &value),
                             CASE_OF(.op = ACORT_SIGNAL, .object = &both, .data = &info),
                             CASE_OF(.op = ACORT_SIGNAL, .object = &one)};
    for (int round = 0; round < 4; round++) {
        CHECK_FAILS(acort_select(cases, 3, 0), ETIMEDOUT);
        CHECK_EQUAL(kill(getpid(), SIGUSR2), 0);
        CHECK_EQUAL(acort_chan_send(channel, &value, 0), 0);
        CHECK_EQUAL(acort_select_ordered(cases, 3, 0), 0); /* the signal stays */
        CHECK_EQUAL(acort_select(cases, 3, round & 1 ? ACORT_NEVER : 0), 1);
        CHECK(cases[1].fd == SIGUSR2 && info.si_signo == SIGUSR2 && info.si_pid == getpid());
        CHECK_FAILS(acort_signal_wait(&both, NULL, 0), ETIMEDOUT);
        CHECK_EQUAL(kill(getpid(), SIGUSR1), 0);
        CHECK_EQUAL(acort_select(cases, 2, 0), 1);
        CHECK_EQUAL(cases[1].fd, SIGUSR1);
    }
    acort_chan_unref(channel);
    return unused;
}

static void *waits_for_signal(void *set) {
    acort_case_t cases[2] = {CASE_OF(.op = ACORT_SIGNAL, .object = set), CASE_OF(.op = 0)};
    int which = acort_select(cases, 2, LATER);
    return POINTER(which < 0 ? -errno : cases[which].fd);
}

/* The earlier call gets the signal; one that is cancelled passes it on. */
static void *have_turns(void *unused) {
    acort_task_t *first = go_with(0, waits_for_signal, &one);
    for (int k = 0; k < 3; k++) acort_yield();
    acort_task_t *second = go_with(ACORT_SHARED, waits_for_signal, &both);
    for (int k = 0; k < 3; k++) acort_yield();
    CHECK_EQUAL(kill(getpid(), SIGUSR2), 0);
    CHECK_EQUAL(NUMBER(join(second)), SIGUSR2);
    second = go_with(0, waits_for_signal, &one);
    CHECK_EQUAL(acort_cancel(first), 0);
    CHECK_EQUAL(NUMBER(join(first)), -ECANCELED);
    CHECK_EQUAL(kill(getpid(), SIGUSR1), 0);
    CHECK_EQUAL(NUMBER(join(second)), SIGUSR1);
    return unused;
}

/* ---- where ----------------------------------------------------------------------------------------- */

static void *in_shared_task(void *body) {
    join(go_with(ACORT_SHARED, (void *(*)(void *))body, NULL));
    return NULL;
}

static void in_thread(void) {
    int gate;
    pid_t child = child_of(&gate, 0);
    acort_case_t cases[2] = {CASE_OF(.op = ACORT_CHILD, .fd = child), CASE_OF(.op = ACORT_SIGNAL, .object = &both)};
    CHECK_FAILS(acort_select(cases, 2, ACORT_NEVER), EPERM);
    CHECK_FAILS(acort_select(cases, 2, acort_after(-MILLISECONDS)), ETIMEDOUT);
    end(child, gate);
    CHECK_EQUAL(acort_select(cases, 2, ACORT_NEVER), 0);
}

int main(void) {
    sigemptyset(&one), sigemptyset(&both);
    sigaddset(&one, SIGUSR1), sigaddset(&both, SIGUSR1), sigaddset(&both, SIGUSR2);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &both, NULL), 0);
    void *(*bodies[])(void *) = {are_ready, are_equal, are_refused, are_taken, ends_later, are_kept, have_turns};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        run(bodies[i], NULL);
        run(in_shared_task, (void *)bodies[i]);
        run_with(3, bodies[i], NULL);
        if (bodies[i] == are_refused || bodies[i] == are_taken) bodies[i](NULL);
    }
    in_thread();
    return 0;
}
