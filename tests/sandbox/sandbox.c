/* The runtime where a sandbox refuses a call. Without arguments: prints the table. With the name of a call, an errno
 * and `early` or `late`: a child has a filter that refuses the call, from before its first runtime or from within
 * its first task; it serves, reads files, sleeps, takes signals and calls a pool. What comes of it is in the table. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenario.h"

#ifdef __GLIBC__
enum { IS_GLIBC = 1 };
#else
enum { IS_GLIBC = 0 };
#endif

/* What comes of a refusal. */
enum outcome {
    WORKS,  /* all of it, without a word */
    NAMED,  /* one line names the call: all works, a call fails, or SIGABRT */
    ERRNO,  /* the program's own call gives the errno, without a word */
};

static const struct row {
    const char *name;
    long number;
    enum outcome outcome;
    const char *line; /* what the line names, if not the call */
} rows[] = {
#define ROW(name, outcome) {#name, SYS_##name, outcome, #name}
    ROW(epoll_pwait2, WORKS),
    ROW(epoll_pwait, WORKS),
    ROW(epoll_create1, WORKS),
    ROW(eventfd2, WORKS),
    ROW(accept4, WORKS),
    ROW(dup3, WORKS),
    ROW(newfstatat, WORKS),
    ROW(fstat, WORKS),
    ROW(ppoll, WORKS),
    ROW(preadv2, WORKS),
    ROW(copy_file_range, WORKS),
    ROW(io_uring_setup, WORKS),
    ROW(io_uring_register, WORKS),
    ROW(io_uring_enter, WORKS),
    ROW(signalfd4, WORKS),
    ROW(pidfd_open, WORKS),
    {"process_madvise", 440, WORKS, "process_madvise"},
#ifdef SYS_epoll_wait
    ROW(epoll_wait, WORKS),
    ROW(epoll_create, WORKS),
    ROW(poll, WORKS),
    ROW(dup2, WORKS),
    ROW(accept, WORKS),
#endif
    /* Advice, and what is looked at without need. */
    ROW(madvise, WORKS),
    ROW(mincore, WORKS),
    ROW(sched_getaffinity, WORKS),
    ROW(sched_setaffinity, WORKS),
    ROW(sched_yield, WORKS),
    ROW(sigaltstack, WORKS),
    ROW(pipe2, WORKS),
    ROW(clock_gettime, WORKS),
    ROW(rt_sigpending, WORKS),
    ROW(munmap, WORKS),
    /* Nothing stands in. */
    ROW(epoll_ctl, NAMED),
    ROW(timerfd_create, NAMED),
    ROW(timerfd_settime, NAMED),
    ROW(futex, NAMED),
    ROW(getsockopt, NAMED),
    ROW(fcntl, NAMED),
    ROW(rt_sigtimedwait, NAMED),
    ROW(rt_sigprocmask, NAMED),
    {"clone3", SYS_clone3, NAMED, "pthread_create"},
#ifdef __GLIBC__ /* another C library runs a new thread on a stack that it could not make writable */
    {"mprotect", SYS_mprotect, NAMED, "pthread_create"},
#endif
    /* The program's own. */
    ROW(socket, ERRNO),
    ROW(bind, ERRNO),
    ROW(listen, ERRNO),
    ROW(setsockopt, ERRNO),
    ROW(connect, ERRNO),
    ROW(sendto, ERRNO),
    ROW(recvfrom, ERRNO),
#ifdef __GLIBC__
    ROW(openat, ERRNO),
#elif defined(SYS_open)
    ROW(open, ERRNO),
#endif
    ROW(pwrite64, ERRNO),
    ROW(fsync, ERRNO),
    ROW(sendfile, ERRNO),
    ROW(ftruncate, ERRNO),
    ROW(truncate, ERRNO),
    ROW(getdents64, ERRNO),
    ROW(inotify_init1, ERRNO),
    ROW(inotify_add_watch, ERRNO),
#ifdef SYS_unlink
    ROW(chmod, ERRNO),
    ROW(mkdir, ERRNO),
    ROW(rename, ERRNO),
    ROW(rmdir, ERRNO),
    ROW(unlink, ERRNO),
#endif
    ROW(wait4, ERRNO),
#ifdef __GLIBC__ /* another C library makes more calls for a program */
    ROW(waitid, ERRNO),
    ROW(getpgid, WORKS),
    ROW(execve, ERRNO),
#endif
};
enum { ROWS = sizeof rows / sizeof *rows };

/* Refuses the call `number` by `error`, in every thread of the process. */
static void refuse(long number, int error) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0) {
        perror("seccomp");
        _exit(99);
    }
}

static long refused_number;
static int refused_error;

static void refuse_now(void) {
    refuse(refused_number, refused_error);
}

/* Is the text what the table says? */
static const char *judge(const struct row *row, int error, int status, const char *text, const struct result *result) {
    const char *end = strchr(text, '\n');
    int is_silent = text[0] == 0;
    int is_one_line = end != NULL && end[1] == 0;
    int died = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    int failed = WIFEXITED(status) && WEXITSTATUS(status) == 1;
    int worked = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) return "it hangs";
    switch (row->outcome) {
    case WORKS: return worked && is_silent ? NULL : "it works, without a word";
    case NAMED:
        if (!(died || failed || worked)) return "an errno, or a line";
        /* The C library's own call, for which it may have an older one, or which it may not make. */
        if (worked && is_silent && strcmp(row->name, "clone3") == 0 && (error == ENOSYS || !IS_GLIBC)) return NULL;
        if (worked && is_silent && result->is_late) return NULL; /* it was not called any more */
        return is_one_line && strstr(text, row->line) != NULL ? NULL : "one line names it";
    case ERRNO: return failed && is_silent && result->error == error ? NULL : "its errno, without a word";
    }
    return "the table";
}

/* What a child could not remove. */
static void remove_files(pid_t child) {
    char name[64], file[320];
    snprintf(name, sizeof name, "/tmp/acort-sandbox-%d", (int)child);
    unlink(name);
    strcat(name, ".d");
    DIR *folder = opendir(name);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        snprintf(file, sizeof file, "%s/%s", name, entry->d_name);
        unlink(file);
    }
    if (folder != NULL) closedir(folder);
    rmdir(name);
}

static int run_row(const struct row *row, int error, int is_late) {
    struct result *result = mmap(NULL, sizeof *result, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char text[4000] = "";
    size_t length = 0;
    int ends[2], status = 0;
    if (result == MAP_FAILED || pipe(ends) != 0) return 2;
    result->is_late = is_late;
    result->is_loops = strstr(row->name, "epoll") != NULL || strstr(row->name, "eventfd") != NULL;
    refused_number = row->number;
    refused_error = error;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        prepare();
        alarm(10);
        if (!is_late) refuse_now();
        _exit(scenario(result, is_late ? refuse_now : NULL));
    }
    close(ends[1]);
    for (ssize_t got; length < sizeof text - 1 && (got = read(ends[0], text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)got;
    waitpid(child, &status, 0);
    remove_files(child);
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    long spent = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
    const char *wanted = judge(row, error, status, text, result);
    if (wanted == NULL && spent > 60) wanted = "next to no processor time";
    if (wanted != NULL || getenv("VERBOSE") != NULL)
        printf("%s, %s, %s: wanted: %s; status %#x, at %s: %s; %ld ms; it says: %s\n", row->name, strerror(error),
               is_late ? "late" : "early", wanted ? wanted : "that", status, result->step, strerror(result->error), spent, text);
    return wanted != NULL;
}

int main(int count, char **arguments) {
    if (count == 1) {
        static const char *const outcomes[] = {"works", "named", "errno"};
        for (int i = 0; i < ROWS; i++) printf("%s %s\n", rows[i].name, outcomes[rows[i].outcome]);
        return 0;
    }
    if (count != 4) return 2;
    for (int i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, arguments[1]) == 0)
            return run_row(&rows[i], atoi(arguments[2]), strcmp(arguments[3], "late") == 0);
    return 2;
}
