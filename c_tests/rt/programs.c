/* Programs: what they are given, what they inherit, how they fail to start, and how they end. */
#include "rt.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>

/* A program that is linked statically has the function only if it names it. */
int (*volatile changes_directory)(posix_spawn_file_actions_t *, const char *) = posix_spawn_file_actions_addchdir_np;

enum { LEN = 4096 };

static int64_t soon(void) { return acort_after(200000 * MILLISECONDS); }

/* qemu makes fork(2) of vfork(2): an error of execve(2) is the status 127 there. */
#ifdef UNDER_EMULATION
#define CHECK_STARTS_NOT(attr, error) check_starts_127(attr)
static void check_starts_127(const acort_proc_attr_t *attr) {
    int status, pipes[3];
    pid_t pid = acort_proc_start(attr, pipes, soon());
    if (pid < 0) return;
    CHECK(acort_waitpid(pid, &status, soon()) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 127);
    for (int i = 0; i < 3; i++) CHECK(pipes[i] < 0 || acort_close(pipes[i]) == 0);
}
#else
#define CHECK_STARTS_NOT(attr, error)                         \
    do {                                                      \
        int no_pipes[3];                                      \
        CHECK_FAILS(acort_proc_start(attr, no_pipes, soon()), error); \
    } while (0)
#endif

static int wait_status(pid_t pid) {
    int status = -1;
    CHECK(pid > 0);
    CHECK_EQUAL(acort_waitpid(pid, &status, soon()), pid);
    return status;
}

static void check_exit(pid_t pid, int code) {
    int status = wait_status(pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code) {
        fprintf(stderr, "status %#x and not the exit %d\n", (unsigned)status, code);
        exit(1);
    }
}

/* The arguments of a shell that runs a script. */
typedef struct {
    char *words[6];
} script_t;
static script_t script_of(const char *script) {
    return (script_t){{"sh", "-c", (char *)script, "sh", "an argument", NULL}};
}
static acort_proc_attr_t shell(const script_t *script) {
    return (acort_proc_attr_t){.size = sizeof(acort_proc_attr_t), .argv = script->words};
}

static size_t read_all(int fd, char *text, size_t size) {
    ssize_t got = acort_read_full(fd, text, size - 1, soon());
    if (got < 0) perror("read_all");
    CHECK(got >= 0 && (size_t)got < size);
    text[got] = 0;
    CHECK_EQUAL(acort_close(fd), 0);
    return (size_t)got;
}

/* What a script writes to its standard output. */
static void check_prints(const char *script, acort_proc_attr_t attr, const char *wanted) {
    char text[LEN];
    int pipes[3];
    script_t words = script_of(script);
    attr.size = sizeof attr;
    attr.argv = words.words;
    attr.out = ACORT_PROC_PIPE;
    pid_t pid = acort_proc_start(&attr, pipes, soon());
    CHECK(pid > 0 && pipes[0] == -1 && pipes[1] > 2 && pipes[2] == -1);
    read_all(pipes[1], text, sizeof text);
    check_exit(pid, 0);
    if (strcmp(text, wanted) != 0) {
        fprintf(stderr, "%s prints: %sand not: %s", script, text, wanted);
        exit(1);
    }
}

static void *is_given(void *argument) {
    acort_proc_attr_t none = {0}, there = {.directory = "/dev"};
    char *names[] = {"NAME=some value", "OTHER=", NULL};
    acort_proc_attr_t with_names = {.env = names, .path = "/bin/sh"};
    check_prints("printf '%s,' \"$0\" \"$@\"; echo", none, "sh,an argument,\n");
    check_prints("pwd", there, "/dev\n");
    check_prints("echo $NAME $OTHER .", with_names, "some value .\n");
    setenv("ACORT_PROGRAMS", "inherited", 1);
    check_prints("echo $ACORT_PROGRAMS", none, "inherited\n");
    /* The path is not the name. */
    char *words[] = {"a name", "-c", "exit 5", NULL};
    acort_proc_attr_t by_path = {.size = sizeof by_path, .argv = words, .path = "/bin/sh"};
    check_exit(acort_proc_start(&by_path, NULL, soon()), 5);
    return argument;
}

/* To and fro, in and out. */
static void *has_pipes(void *argument) {
    char text[LEN];
    int pipes[3];
    script_t script = script_of("read line; echo \"got $line\"; echo wrong >&2; cat");
    acort_proc_attr_t attr = shell(&script);
    attr.in = attr.out = attr.err = ACORT_PROC_PIPE;
    pid_t pid = acort_proc_start(&attr, pipes, soon());
    CHECK(pid > 0);
    for (int i = 0; i < 3; i++) CHECK(pipes[i] > 2 && (fcntl(pipes[i], F_GETFD) & FD_CLOEXEC));
    acort_stream_t *in = acort_stream_open(pipes[0], NULL), *out = acort_stream_open(pipes[1], NULL);
    CHECK(acort_stream_printf(in, soon(), "%s\n%s", "line", "the rest") > 0);
    CHECK_EQUAL(acort_stream_flush(in, soon()), 0);
    CHECK(strcmp(acort_stream_read_line(out, NULL, soon()), "got line") == 0);
    CHECK_EQUAL(acort_stream_shutdown(in, soon()), 0);
    CHECK(strcmp(acort_stream_read_line(out, NULL, soon()), "the rest") == 0);
    CHECK(acort_stream_read_line(out, NULL, soon()) == NULL && errno == 0);
    read_all(pipes[2], text, sizeof text);
    CHECK(strcmp(text, "wrong\n") == 0);
    CHECK(acort_stream_close(in, 0) == 0 && acort_stream_close(out, 0) == 0);
    check_exit(pid, 0);
    acort_proc_attr_t joined = {.in = ACORT_PROC_NULL, .err = ACORT_PROC_STDOUT};
    check_prints("cat; echo one; echo two >&2", joined, "one\ntwo\n");
    return argument;
}

/* More than a pipe holds, both ways. */
static void *feeds(void *fd) {
    char block[1000];
    memset(block, 'b', sizeof block);
    for (int i = 0; i < 600; i++) CHECK_EQUAL(acort_write_all((int)NUMBER(fd), block, sizeof block, soon()), sizeof block);
    CHECK_EQUAL(acort_close((int)NUMBER(fd)), 0);
    return NULL;
}
static void *has_much(void *argument) {
    int pipes[3];
    char block[5000];
    script_t script = script_of("cat");
    acort_proc_attr_t attr = shell(&script);
    attr.in = attr.out = ACORT_PROC_PIPE;
    pid_t pid = acort_proc_start(&attr, pipes, soon());
    CHECK(pid > 0);
    acort_task_t *feeder = acort_go(feeds, POINTER(pipes[0]));
    long total = 0;
    for (ssize_t got; (got = acort_read(pipes[1], block, sizeof block, soon())) != 0; total += got) CHECK(got > 0);
    CHECK_EQUAL(total, 600000);
    join(feeder);
    CHECK_EQUAL(acort_close(pipes[1]), 0);
    check_exit(pid, 0);
    return argument;
}

/* Numbers that are equal, crossing, in a circle, and far away. */
static int file_with(const char *text, int number, int flags) {
    char path[] = "/tmp/acort-programs-XXXXXX";
    int fd = mkstemp(path), moved;
    CHECK(fd >= 0 && unlink(path) == 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    moved = dup3(fd, number, flags);
    CHECK(moved == number && close(fd) == 0);
    return number;
}

/* The standard output is one of the pairs. So the standard error is that one, and both block. */
static void check_prints_to_given(void) {
    char text[LEN];
    int ends[2];
    CHECK_EQUAL(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    script_t script = script_of("echo one; echo two >&2");
    acort_proc_fd_t given[] = {{ends[1], 1}};
    acort_proc_attr_t attr = shell(&script);
    attr.err = ACORT_PROC_STDOUT, attr.fds = given, attr.nfds = 1;
    pid_t pid = acort_proc_start(&attr, NULL, soon());
    CHECK(pid > 0 && (fcntl(ends[1], F_GETFL) & O_NONBLOCK) == 0);
    CHECK_EQUAL(acort_close(ends[1]), 0);
    read_all(ends[0], text, sizeof text);
    CHECK(strcmp(text, "one\ntwo\n") == 0);
    check_exit(pid, 0);
}

static void *has_descriptors(void *argument) {
    enum { A = 50, B = 51, C = 52 };
    acort_proc_fd_t same[] = {{A, A}}, crossing[] = {{A, B}, {B, A}}, circle[] = {{A, 5}, {B, A}, {C, B}, {A, C}};
    acort_proc_attr_t attr = {.fds = same, .nfds = 1};
#define AGAIN() (file_with("a\n", A, O_CLOEXEC), file_with("b\n", B, O_CLOEXEC), file_with("c\n", C, O_CLOEXEC))
    AGAIN();
    /* Number by number: only some shells have numbers of two digits. */
    check_prints("cat /dev/fd/50; test ! -e /dev/fd/51 && echo none", attr, "a\nnone\n");
    AGAIN();
    attr = (acort_proc_attr_t){.fds = crossing, .nfds = 2};
    check_prints("cat /dev/fd/51 /dev/fd/50", attr, "a\nb\n");
    AGAIN();
    attr = (acort_proc_attr_t){.fds = circle, .nfds = 4};
    check_prints("cat /dev/fd/50 /dev/fd/51; cat <&5", attr, "b\nc\na\n");
    AGAIN();
    attr = (acort_proc_attr_t){.in = A, .err = B};
    check_prints("cat; cat <&2", attr, "a\nb\n");
    check_prints_to_given();
    /* Standard ones that cross: ours are not touched. */
    acort_proc_fd_t none[] = {{A, 7}, {B, 7}}, closed[] = {{1000, 7}}, below[] = {{A, -1}}, twice[] = {{A, 1}};
    attr = (acort_proc_attr_t){.size = sizeof attr, .argv = (char *[]){"true", NULL}, .fds = none, .nfds = 2};
    CHECK_FAILS(acort_proc_start(&attr, NULL, soon()), EINVAL);
    attr.fds = closed, attr.nfds = 1;
    CHECK_FAILS(acort_proc_start(&attr, NULL, soon()), EBADF);
    attr.fds = below;
    CHECK_FAILS(acort_proc_start(&attr, NULL, soon()), EINVAL);
    attr.fds = twice, attr.out = ACORT_PROC_NULL;
    CHECK_FAILS(acort_proc_start(&attr, NULL, soon()), EINVAL);
    attr.fds = NULL;
    CHECK_FAILS(acort_proc_start(&attr, NULL, soon()), EINVAL);
    for (int i = A; i <= C; i++) CHECK_EQUAL(close(i), 0);
    return argument;
}

/* The library's own are not inherited, and the standard ones block, whatever the caller has made of them. */
static void *inherits(void *argument) {
    int ends[2], pipes[3];
    char text[LEN];
    acort_proc_attr_t none = {.in = ACORT_PROC_NULL};
    CHECK_EQUAL(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    int count = 4; /* 0 to 2, and that of ls; and what this program has inherited */
    for (int fd = 3; fd < 1024; fd++) count += fcntl(fd, F_GETFD) == 0;
    snprintf(text, sizeof text, "%d\n", count);
    check_prints("ls /dev/fd | wc -l", none, text);
    script_t script = script_of("cat"); /* it waits for its input, and then echoes it */
    acort_proc_attr_t attr = shell(&script);
    attr.in = ends[0];
    attr.out = ACORT_PROC_PIPE;
    pid_t pid = acort_proc_start(&attr, pipes, soon());
    CHECK(pid > 0 && (fcntl(ends[0], F_GETFL) & O_NONBLOCK) == 0);
    CHECK_EQUAL(acort_sleep(5 * MILLISECONDS), 0);
    CHECK_EQUAL(acort_write_all(ends[1], "late", 4, soon()), 4);
    CHECK(acort_close(ends[1]) == 0 && acort_close(ends[0]) == 0);
    read_all(pipes[1], text, sizeof text);
    CHECK(strcmp(text, "late") == 0);
    check_exit(pid, 0);
    return argument;
}

/* Signals that are blocked or ignored here. */
static void *has_signals(void *argument) {
    sigset_t blocked, defaults;
    sigemptyset(&blocked);
    sigemptyset(&defaults);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&defaults, SIGUSR2);
    script_t own = script_of("kill -USR1 $$; exit 3"), piped = script_of("kill -PIPE $$; exit 3"), two = script_of("kill -USR2 $$; exit 3");
    acort_proc_attr_t attr = shell(&own);
    int status = wait_status(acort_proc_start(&attr, NULL, soon()));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1); /* it is blocked in this process */
    attr.mask = &blocked;
    check_exit(acort_proc_start(&attr, NULL, soon()), 3);
    attr = shell(&piped);
    status = wait_status(acort_proc_start(&attr, NULL, soon()));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
    attr.defaults = &defaults;
    check_exit(acort_proc_start(&attr, NULL, soon()), 3);
    attr = shell(&two);
    check_exit(acort_proc_start(&attr, NULL, soon()), 3);
    attr.defaults = &defaults;
    status = wait_status(acort_proc_start(&attr, NULL, soon()));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR2);
    return argument;
}

static void *fails(void *argument) {
    char *missing[] = {"/nowhere/at all", NULL}, *unknown[] = {"acort-no-such-program", NULL}, *no_words[] = {NULL};
    char *folder[] = {"/tmp", NULL}, *fine[] = {"true", NULL};
    static char *many[40000];
    acort_proc_attr_t attr = {.size = sizeof attr, .argv = missing, .in = ACORT_PROC_PIPE, .out = ACORT_PROC_PIPE, .err = ACORT_PROC_PIPE};
    int pipes[3] = {-7, -7, -7}, before = dup(0);
    CHECK(before > 2 && close(before) == 0);
    CHECK_STARTS_NOT(&attr, ENOENT);
    attr.argv = unknown;
    CHECK_STARTS_NOT(&attr, ENOENT);
    attr.argv = folder;
    CHECK_STARTS_NOT(&attr, EACCES);
    attr.argv = fine;
    attr.directory = "/nowhere";
    CHECK_STARTS_NOT(&attr, ENOENT);
    attr.directory = NULL;
    for (int i = 0; i < 39999; i++) many[i] = "a text of some two hundred bytes a text of some two hundred bytes a text of some two hundred bytes a text of some two hundred bytes a text of some two hundred bytes a text of some two hundred bytes";
    many[0] = "true";
    attr.argv = many;
    CHECK_STARTS_NOT(&attr, E2BIG);
    CHECK_FAILS(acort_proc_start(NULL, pipes, soon()), EINVAL);
    attr.argv = no_words;
    CHECK_FAILS(acort_proc_start(&attr, pipes, soon()), EINVAL);
    attr.argv = NULL;
    CHECK_FAILS(acort_proc_start(&attr, pipes, soon()), EINVAL);
    attr.argv = fine;
    CHECK_FAILS(acort_proc_start(&attr, NULL, soon()), EINVAL);
    CHECK_FAILS(acort_proc_start(&attr, pipes, 0), ETIMEDOUT);
    CHECK_FAILS(acort_proc_start(&attr, pipes, 1), ETIMEDOUT);
    attr.flags = 4;
    CHECK_FAILS(acort_proc_start(&attr, pipes, soon()), EINVAL);
    attr.flags = 0;
    attr.out = -4;
    CHECK_FAILS(acort_proc_start(&attr, pipes, soon()), EINVAL);
    attr.out = ACORT_PROC_STDOUT;
    CHECK_FAILS(acort_proc_start(&attr, pipes, soon()), EINVAL);
    attr.out = 1000;
    CHECK_FAILS(acort_proc_start(&attr, pipes, soon()), EBADF);
    attr.size = 3;
    CHECK_FAILS(acort_proc_start(&attr, pipes, soon()), EINVAL);
    CHECK(pipes[0] == -7 && pipes[1] == -7 && pipes[2] == -7);
    int after = dup(0);
    CHECK_EQUAL(after, before); /* no descriptor is left */
    CHECK_EQUAL(close(after), 0);
    CHECK_FAILS(waitpid(-1, NULL, WNOHANG), ECHILD);
    return argument;
}

/* No numbers are left. */
static void *has_no_numbers(void *argument) {
    struct rlimit limit, few;
    int pipes[3], fd;
    char *words[] = {"true", NULL};
    acort_proc_attr_t attr = {.size = sizeof attr, .argv = words, .in = ACORT_PROC_PIPE, .out = ACORT_PROC_PIPE};
    check_exit(acort_proc_start(&(acort_proc_attr_t){.size = sizeof attr, .argv = words}, NULL, soon()), 0);
    CHECK_EQUAL(getrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK((fd = dup(0)) > 2);
    few = limit;
    for (int more = 0; more < 5; more++) {
        few.rlim_cur = (rlim_t)(fd + more);
        CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &few), 0);
        pid_t pid = acort_proc_start(&attr, pipes, soon());
        int error = errno;
        CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
        CHECK(pid > 0 || error == EMFILE);
        if (pid < 0) continue;
        CHECK(acort_close(pipes[0]) == 0 && acort_close(pipes[1]) == 0);
        wait_status(pid);
    }
    CHECK_EQUAL(close(fd), 0);
    int again = dup(0);
    CHECK_EQUAL(again, fd);
    CHECK_EQUAL(close(again), 0);
    return argument;
}

/* A program that writes when it is ready, and then sleeps. */
static pid_t start_ready(const char *script, uint32_t flags) {
    int pipes[3];
    char byte;
    script_t words = script_of(script);
    acort_proc_attr_t attr = shell(&words);
    attr.out = ACORT_PROC_PIPE;
    attr.flags = flags;
    pid_t pid = acort_proc_start(&attr, pipes, soon());
    CHECK(pid > 0 && acort_read(pipes[1], &byte, 1, soon()) == 1);
    CHECK_EQUAL(acort_close(pipes[1]), 0);
    return pid;
}

static void *stops_cancelled(void *argument) {
    int status;
    pid_t pid = start_ready("echo; exec sleep 100", 0);
    CHECK_EQUAL(acort_cancel(acort_self()), 0);
    CHECK_FAILS(acort_waitpid(pid, &status, ACORT_NEVER), ECANCELED);
    CHECK_EQUAL(acort_proc_stop(pid, &status, 200000 * MILLISECONDS), 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    CHECK_EQUAL(acort_cancelled(), 1);
    return argument;
}

static void *ends(void *argument) {
    int status = -1;
    pid_t pid = start_ready("echo; exec sleep 100", 0);
    CHECK_FAILS(acort_waitpid(pid, &status, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_EQUAL(acort_proc_stop(pid, &status, 200000 * MILLISECONDS), 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    CHECK_FAILS(acort_proc_stop(pid, &status, 0), ECHILD);
    /* One that does not want to. */
    pid = start_ready("trap '' TERM; echo; exec sleep 100", 0);
    CHECK_EQUAL(acort_proc_stop(pid, &status, 2 * MILLISECONDS), 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    /* One that has ended keeps its status. */
    script_t script = script_of("exit 9");
    acort_proc_attr_t attr = shell(&script);
    pid = acort_proc_start(&attr, NULL, soon());
    siginfo_t info;
    CHECK(pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
    CHECK_EQUAL(acort_proc_stop(pid, &status, 0), 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    CHECK_FAILS(acort_proc_stop(0, NULL, 0), EINVAL);
    CHECK_FAILS(acort_proc_stop(-1, NULL, 0), EINVAL);
    CHECK_FAILS(acort_proc_stop(1, NULL, -1), EINVAL);
    CHECK_FAILS(acort_proc_stop(getpid(), NULL, 0), ECHILD);
    return argument;
}

/* The whole group ends, though its leader has, or does not care: a pipe that all of them have reaches its end. */
static void *ends_groups(void *argument) {
    static const uint32_t flags[] = {ACORT_PROC_GROUP, ACORT_PROC_SESSION};
    static const char *const scripts[] = {
        "(trap '' TERM; echo; exec sleep 100) & wait",
        "trap '' TERM; (echo; exec sleep 100) & wait; wait",
        "(trap '' TERM; echo; exec sleep 100) & exit 0",
    };
    for (int i = 0; i < 6; i++) {
        int pipes[3], status;
        char byte;
        script_t words = script_of(scripts[i / 2]);
        acort_proc_attr_t attr = shell(&words);
        attr.out = ACORT_PROC_PIPE;
        attr.flags = flags[i % 2];
        pid_t pid = acort_proc_start(&attr, pipes, soon());
        CHECK(pid > 0 && acort_read(pipes[1], &byte, 1, soon()) == 1);
        CHECK_EQUAL(getpgid(pid), pid);
        CHECK_EQUAL(getsid(pid), i % 2 == 0 ? getsid(0) : pid);
        CHECK_EQUAL(acort_proc_stop(pid, &status, 2 * MILLISECONDS), 0);
        CHECK_EQUAL(acort_read(pipes[1], &byte, 1, soon()), 0);
        CHECK_EQUAL(acort_close(pipes[1]), 0);
    }
    return argument;
}

/* Many at once. */
static void *runs_one(void *number) {
    char wanted[20], script[40];
    snprintf(script, sizeof script, "echo %ld", NUMBER(number));
    snprintf(wanted, sizeof wanted, "%ld\n", NUMBER(number));
    acort_proc_attr_t none = {.in = ACORT_PROC_NULL};
    check_prints(script, none, wanted);
    return NULL;
}

static void *runs_many(void *argument) {
    enum { MANY = 12 };
    acort_task_t *tasks[MANY];
    for (int i = 0; i < MANY; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, runs_one, POINTER(i));
    for (int i = 0; i < MANY; i++) join(tasks[i]);
    return argument;
}

/* One that waits for a thread is cancelled: nothing is started. */
static void *starts_none(void *argument) {
    char *words[] = {"true", NULL};
    acort_proc_attr_t attr = {.size = sizeof attr, .argv = words};
    CHECK_EQUAL(acort_cancel(acort_self()), 0);
    CHECK_FAILS(acort_proc_start(&attr, NULL, ACORT_NEVER), ECANCELED);
    return argument;
}

/* The caller has no standard descriptors. */
static void has_no_standard(void) {
    int pipes[3], status;
    char text[20] = "";
    script_t script = script_of("cat; echo out; echo err >&2");
    acort_proc_attr_t attr = shell(&script);
    attr.in = attr.out = attr.err = ACORT_PROC_PIPE;
    int saved = dup(2);
    for (int i = 0; i < 3; i++) close(i);
    pid_t pid = acort_proc_start(&attr, pipes, soon());
    dup2(saved, 2);
    CHECK(pid > 0 && pipes[0] > 2 && pipes[1] > 2 && pipes[2] > 2);
    CHECK_EQUAL(acort_write_all(pipes[0], "in\n", 3, soon()), 3);
    CHECK_EQUAL(acort_close(pipes[0]), 0);
    read_all(pipes[1], text, sizeof text);
    CHECK(strcmp(text, "in\nout\n") == 0);
    read_all(pipes[2], text, sizeof text);
    CHECK(strcmp(text, "err\n") == 0);
    CHECK_EQUAL(acort_waitpid(pid, &status, soon()), pid);
}

/* Numbers that the library's own pipes would get: a file for the program at one of them, and a source that is closed. */
static void *has_numbers_of_pipes(void *argument) {
    int ends[2], pipes[3];
    char *words[] = {"sh", "-c", "echo out; echo err >&2", NULL}, text[64];
    for (int which = 0; which < 2; which++) {
        CHECK(pipe2(ends, O_CLOEXEC) == 0 && close(ends[0]) == 0 && close(ends[1]) == 0);
        acort_proc_fd_t file = {0, ends[which]};
        acort_proc_attr_t attr = {.size = sizeof attr, .argv = words, .out = ACORT_PROC_PIPE, .err = ACORT_PROC_STDOUT};
        attr.fds = &file, attr.nfds = 1;
        pid_t pid = acort_proc_start(&attr, pipes, soon());
        CHECK(pid > 0);
        CHECK_EQUAL(acort_read_full(pipes[1], text, sizeof text, soon()), 8);
        CHECK(memcmp(text, "out\nerr\n", 8) == 0 && acort_close(pipes[1]) == 0);
        check_exit(pid, 0);
        file = (acort_proc_fd_t){ends[which], 10};
        CHECK_FAILS(acort_proc_start(&attr, pipes, soon()), EBADF);
    }
    return argument;
}

static void *(*const without_tasks[])(void *) = {is_given, has_pipes, has_descriptors, inherits, has_signals, fails, ends, ends_groups,
                                                 has_numbers_of_pipes};
enum { WITHOUT_TASKS = sizeof without_tasks / sizeof *without_tasks };

static void *all(void *argument) {
    static const uint32_t flags[] = {0, ACORT_SHARED};
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < WITHOUT_TASKS; j++) join(go_with(flags[i], without_tasks[j], NULL));
        join(go_with(flags[i], has_much, NULL));
        join(go_with(flags[i], stops_cancelled, NULL));
        join(go_with(flags[i], starts_none, NULL));
    }
    if (!IS_WATCHED) has_no_numbers(NULL);
    return runs_many(argument);
}

int main(void) {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &blocked, NULL), 0);
    CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR && signal(SIGUSR2, SIG_IGN) != SIG_ERR);
    for (int i = 0; i < WITHOUT_TASKS; i++) without_tasks[i](NULL);
    run(all, NULL);
    run_with(2, all, NULL);
    has_no_standard();
    return 0;
}
