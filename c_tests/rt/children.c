/* A child has the signal mask of the thread that made the runtime, whichever thread of the runtime makes the child, and
 * by whatever call. */
#include "rt.h"

#include <spawn.h>

extern char **environ;

/* Each sends itself a signal: that ends the shell, unless it is blocked. */
static char open_signal[] = "kill -TERM $$; exit 7", blocked_signal[] = "kill -USR1 $$; exit 7";

static int wait_for(pid_t child) {
    int status = -1;
    CHECK(child > 0);
    while (waitpid(child, &status, 0) != child) CHECK_EQUAL(errno, EINTR);
    return status;
}

static int by_fork(char *script) {
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    return wait_for(child);
}

static int by_system(char *script) {
    return system(script);
}

static int by_popen(char *script) {
    FILE *output = popen(script, "r");
    CHECK(output != NULL);
    return pclose(output);
}

static int by_spawn(char *script) {
    char shell[] = "sh", flag[] = "-c", *words[] = {shell, flag, script, NULL};
    pid_t child;
    CHECK_EQUAL(posix_spawn(&child, "/bin/sh", NULL, NULL, words, environ), 0);
    return wait_for(child);
}

static int (*const ways[])(char *) = {by_fork, by_system, by_popen, by_spawn};
enum { WAYS = sizeof ways / sizeof ways[0] };

static void *has_children(void *argument) {
    for (int i = 0; i < WAYS; i++) {
        int status = ways[i](open_signal);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
        status = ways[i](blocked_signal);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    }
    return argument;
}

/* In a task, and on a thread of the pool. */
static void *begins(void *argument) {
    has_children(NULL);
    CHECK_EQUAL(acort_blocking(has_children, NULL, NULL), 0);
    return argument;
}

static void *begins_everywhere(void *argument) {
    enum { TASKS = 3 };
    acort_task_t *tasks[TASKS];
    for (int i = 0; i < TASKS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, begins, NULL);
    for (int i = 0; i < TASKS; i++) CHECK(join(tasks[i]) == NULL);
    return argument;
}

/* A child that has not replaced its program, and that its parent ends. */
static void *ends_a_child(void *argument) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        for (;;) pause();
    }
    int status;
    CHECK_EQUAL(kill(child, SIGTERM), 0);
    CHECK_EQUAL(acort_waitpid(child, &status, acort_after(20000 * MILLISECONDS)), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    return argument;
}

/* What a call does to its own mask is gone for the next one. */
static void *blocks_all(void *argument) {
    sigset_t all;
    sigfillset(&all);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &all, NULL), 0);
    return argument;
}

static void *has_the_first_mask(void *argument) {
    sigset_t mask;
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    for (int i = 1; i < 32; i++) CHECK_EQUAL(sigismember(&mask, i), i == SIGUSR1);
    return argument;
}

static void *calls(void *argument) {
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(acort_blocking(has_the_first_mask, NULL, NULL), 0);
        CHECK_EQUAL(acort_blocking(blocks_all, NULL, NULL), 0);
    }
    return has_the_first_mask(argument);
}

static sigset_t mask_of(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return set;
}

/* What the maker, or a task that asks, has blocked afterwards does not count. */
static void *asks_with_others(void *argument) {
    sigset_t others = mask_of(SIGTERM);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &others, NULL), 0);
    CHECK_EQUAL(acort_blocking(has_children, NULL, NULL), 0);
    CHECK_EQUAL(acort_blocking(has_the_first_mask, NULL, NULL), 0);
    CHECK_EQUAL(pthread_sigmask(SIG_UNBLOCK, &others, NULL), 0);
    return argument;
}

static void maker_changes_its_own(void) {
    sigset_t later = mask_of(SIGUSR2);
    acort_t *runtime = runtime_with(2);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &later, NULL), 0);
    CHECK_EQUAL(acort_enter(runtime, calls, NULL, NULL), 0);
    CHECK_EQUAL(pthread_sigmask(SIG_UNBLOCK, &later, NULL), 0);
    CHECK_EQUAL(acort_free(runtime), 0);
}

int main(void) {
    sigset_t set = mask_of(SIGUSR1);
    CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, &set, NULL), 0);
    run(begins, NULL);
    run(ends_a_child, NULL);
    run(calls, NULL);
    run(asks_with_others, NULL);
    for (uint32_t workers = 1; workers <= 2; workers++) {
        run_with(workers, begins_everywhere, NULL);
        run_with(workers, ends_a_child, NULL);
        run_with(workers, calls, NULL);
        run_with(workers, asks_with_others, NULL);
    }
    maker_changes_its_own();
    return 0;
}
