/* A program closes descriptors that are the runtime's own (its epoll, eventfd, timerfd, signalfd), as daemons do that
 * close all from 3 on. The loop says so in one line and ends the process; it never spins, and never sleeps for good. */
#include "rt.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Past the interceptors of sanitizers, to whom such a close is a race. */
static void close_number(int fd) {
    syscall(SYS_close, fd);
}

/* The descriptor number `which`, counted from 0, that is a `sort` by its link in /proc. -1: there is none. */
static int find(const char *sort, int which) {
    for (int fd = 3; fd < 100; fd++) {
        char path[40], link[100] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, link, sizeof link - 1) > 0 && strstr(link, sort) != NULL && which-- == 0) return fd;
    }
    return -1;
}

static void close_own(const char *sort, int which) {
    int fd = find(sort, which);
    if (fd < 0) _exit(50);
    close_number(fd);
}

/* Longer than this process is ever preempted for: a timer that is over asks nothing of the system. */
static void *sleeps(void *argument) {
    acort_sleep(50000 * MILLISECONDS);
    return argument;
}

static void *closes_all(void *argument) {
    for (int fd = 3; fd < 100; fd++) close_number(fd);
    return sleeps(argument);
}

static void all_from_3_on(void) {
    acort_run(closes_all, NULL, NULL);
}

/* The loop's epoll is another file by now. */
static void *replaces_epoll(void *argument) {
    int null = open("/dev/null", O_RDWR), epoll = find("eventpoll", 0);
    if (epoll < 0 || dup2(null, epoll) < 0) _exit(50);
    return sleeps(argument);
}

static void another_file(void) {
    acort_run(replaces_epoll, NULL, NULL);
}

static void *nothing(void *argument) {
    return argument;
}

/* A worker that sleeps: nothing wakes it, and who tries says so. */
static void eventfd_of_a_worker(void) {
    acort_t *runtime = runtime_with(1);
    usleep(20000);
    close_own("eventfd", 0);
    acort_enter(runtime, nothing, NULL, NULL);
}

static void all_of_workers(void) {
    acort_t *runtime = runtime_with(3);
    usleep(20000);
    for (int fd = 3; fd < 100; fd++) close_number(fd);
    acort_enter(runtime, nothing, NULL, NULL);
}

static acort_t *loop_with_a_sleeper(void) {
    acort_opts_t options;
    acort_opts_init(&options, sizeof options);
    options.flags = ACORT_LOOP;
    acort_t *runtime = acort_new(&options);
    CHECK(runtime != NULL);
    acort_task_t *task = acort_loop_go(runtime, sleeps, NULL);
    CHECK(task != NULL);
    acort_detach(task);
    return runtime;
}

static void epoll_of_a_loop(void) {
    acort_t *runtime = loop_with_a_sleeper();
    close_number(acort_loop_fd(runtime));
    while (acort_loop_step(runtime, 0) > 0) usleep(1000);
}

static void timerfd_of_a_loop(void) {
    acort_t *runtime = loop_with_a_sleeper();
    close_own("timerfd", 0);
    while (acort_loop_step(runtime, 0) > 0) usleep(1000);
}

static void *waits_for(void *signals) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    if (NUMBER(signals) == 2) sigaddset(&set, SIGUSR2);
    acort_signal_wait(&set, NULL, acort_after(50000 * MILLISECONDS));
    return NULL;
}

/* The second call is given SIGUSR1 by the first, which leaves. */
static void *two_waits(void *argument) {
    acort_task_t *second;
    acort_task_t *first = acort_go(waits_for, POINTER(1));
    while (find("signalfd", 0) < 0) acort_yield();
    second = acort_go(waits_for, POINTER(2));
    while (find("signalfd", 1) < 0) acort_yield();
    close_own("signalfd", 1);
    kill(getpid(), SIGUSR1);
    acort_join(first, NULL, ACORT_NEVER);
    acort_join(second, NULL, ACORT_NEVER);
    return argument;
}

static void signalfd_of_a_call(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    acort_run(two_waits, NULL, NULL);
}

static const struct {
    void (*body)(void);
    const char *what;
} cases[] = {
    {all_from_3_on, "epoll_wait fails: errno 9 "},
    {another_file, "epoll_wait fails: errno 22 "},
    {eventfd_of_a_worker, "write to the eventfd fails: errno 9 "},
    {all_of_workers, "fails: errno 9 "},
    {epoll_of_a_loop, "epoll_wait fails: errno 9 "},
    {timerfd_of_a_loop, "timerfd_settime fails: errno 9 "},
    {signalfd_of_a_call, "signalfd4 fails: errno 9 "},
};

int main(void) {
    struct rusage used;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2000];
        int status = run_in_child(cases[i].body, text, sizeof text);
        const char *end = strchr(text, '\n');
        int is_one_line = strncmp(text, "aco: fatal: acort(", 18) == 0 && end != NULL && end[1] == 0;
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || !is_one_line || strstr(text, cases[i].what) == NULL) {
            fprintf(stderr, "case %d: status %#x, wanted %s, got: %s\n", (int)i, status, cases[i].what, text);
            return 1;
        }
    }
    CHECK_EQUAL(getrusage(RUSAGE_CHILDREN, &used), 0);
#ifndef UNDER_EMULATION
    if (!IS_WATCHED) CHECK(used.ru_utime.tv_sec + used.ru_stime.tv_sec == 0);
#endif
    return 0;
}
