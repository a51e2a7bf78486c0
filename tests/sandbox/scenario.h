/* What the runtime does under a filter: servers, files, timers, signals, a child, a pool; in a runtime of one thread, in
 * one of two workers, in plain threads, and in another loop. Nothing of it but the library makes a call of the table. */
#include <acort.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <netinet/in.h>
#include <arpa/inet.h>

/* What the parent sees of the child. */
struct result {
    int error;       /* of the call that has failed */
    int is_late;
    int is_loops;    /* loops sleep by this call */
    char step[160]; /* which call that was */
};

static struct result *seen;
static void (*before_first)(void);
static char path[64];
#define MS 1000000LL

/* A call that fails ends the child: with 1, and what it was. */
#define MUST(call) must((long)(call), #call)
static long must(long value, const char *what) {
    if (value >= 0) return value;
    seen->error = errno;
    snprintf(seen->step, sizeof seen->step, "%s", what);
    _exit(1);
}
#define EXPECT(condition)                                                                                            \
    do {                                                                                                             \
        if (!(condition)) {                                                                                          \
            snprintf(seen->step, sizeof seen->step, "line %d: %s", __LINE__, #condition);                            \
            _exit(3);                                                                                                \
        }                                                                                                            \
    } while (0)

/* pipe(2), which the C library makes of pipe2(2). */
static int old_pipe(int *ends) {
#ifdef SYS_pipe
    return (int)syscall(SYS_pipe, ends);
#else
    return pipe(ends);
#endif
}

/* What the program does itself, before the filter. */
static void prepare(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    fcntl(2, F_SETFD, FD_CLOEXEC); /* a program that its own filter stops says so */
    snprintf(path, sizeof path, "/tmp/acort-sandbox-%d", (int)getpid());
}

static void timers(void) {
    int64_t start = acort_now();
    for (int i = 0; i < 3; i++) MUST(acort_sleep(2 * MS));
    EXPECT(acort_now() - start >= 6 * MS);
}

static void files(void) {
    char text[6] = "";
    int fd = (int)MUST(acort_open(path, O_CREAT | O_RDWR | O_TRUNC, 0600, ACORT_NEVER));
    unlink(path);
    EXPECT(MUST(acort_pwrite(fd, "seven", 5, 0, ACORT_NEVER)) == 5);
    MUST(acort_fsync(fd, ACORT_NEVER));
    off_t from = 0, to = 5;
    EXPECT(MUST(acort_sendfile(fd, fd, &from, 3, ACORT_NEVER)) == 3 && from == 3);
    from = 2;
    EXPECT(MUST(acort_copy_range(fd, &from, fd, &to, 3, ACORT_NEVER)) == 3 && from == 5 && to == 8);
    EXPECT(MUST(acort_pread(fd, text, 5, 3, ACORT_NEVER)) == 5 && strcmp(text, "enven") == 0);
    /* EPERM of epoll_ctl that is the file's own. */
    EXPECT(MUST(acort_fdwait(fd, POLLIN, acort_after(1000 * MS))) == POLLIN);
    MUST(acort_close(fd));
}

/* Past the page cache, where the file system lets it: the kernel reads and writes while the worker goes on. */
static void direct(void) {
    static _Alignas(4096) char block[4096];
    int fd = open(path, O_CREAT | O_RDWR | O_TRUNC | O_DIRECT | O_CLOEXEC, 0600);
    if (fd < 0) return;
    unlink(path);
    for (int i = 1; i < 4; i++) {
        memset(block, i, sizeof block);
        EXPECT(MUST(acort_pwrite(fd, block, sizeof block, 0, ACORT_NEVER)) == sizeof block);
        memset(block, 0, sizeof block);
        EXPECT(MUST(acort_pread(fd, block, sizeof block, 0, ACORT_NEVER)) == sizeof block && block[9] == i);
    }
    MUST(acort_close(fd));
}

/* Names and directories. The C library may need fstat(2) to list one. */
static void names(void) {
    char folder[80], file[100], name[100];
    struct stat status;
    struct dirent **list;
    acort_watch_event_t event;
    snprintf(folder, sizeof folder, "%s.d", path);
    snprintf(file, sizeof file, "%s/file-XXXXXX", folder);
    snprintf(name, sizeof name, "%s/name", folder);
    MUST(acort_mkdir(folder, 0700, ACORT_NEVER));
    int watch = (int)MUST(acort_watch(folder, IN_DELETE, ACORT_NEVER));
    int fd = (int)MUST(acort_mkstemp(file, ACORT_NEVER));
    MUST(acort_ftruncate(fd, 7, ACORT_NEVER));
    MUST(acort_close(fd));
    MUST(acort_rename(file, name, ACORT_NEVER));
    MUST(acort_truncate(name, 5, ACORT_NEVER));
    if (stat(name, &status) == 0) {
        EXPECT(MUST(acort_stat(name, &status, ACORT_NEVER)) == 0 && status.st_size == 5);
        EXPECT(MUST(acort_scandir(folder, &list, ACORT_NEVER)) == 1);
        free(list[0]);
        free(list);
    }
    MUST(acort_unlink(name, ACORT_NEVER));
    MUST(acort_watch_next(watch, &event, acort_after(2000 * MS)));
    MUST(acort_close(watch));
    MUST(acort_rmdir(folder, ACORT_NEVER));
    acort_listen_opts_t options = {.size = sizeof options, .mode = 0600, .flags = ACORT_UNLINK};
    MUST(acort_close((int)MUST(acort_listen_ex("unix", path, &options))));
    unlink(path);
}

static void *in_the_pool(void *argument) {
    return argument;
}

static void pool(void) {
    void *result = NULL;
    MUST(acort_blocking(in_the_pool, &result, &result));
    EXPECT(result == &result);
}

static void *echo(void *argument) {
    char text[8];
    int fd = (int)(intptr_t)argument;
    for (ssize_t got; (got = MUST(acort_read(fd, text, sizeof text, acort_after(2000 * MS)))) > 0;)
        MUST(acort_write_all(fd, text, (size_t)got, acort_after(2000 * MS)));
    MUST(acort_close(fd));
    return NULL;
}

static void *serve(void *argument) {
    int fd = (int)MUST(acort_accept((int)(intptr_t)argument, NULL, NULL, acort_after(2000 * MS)));
    return echo((void *)(intptr_t)fd);
}

static void server(void) {
    char text[8] = "", place[32];
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int listener = (int)MUST(acort_listen("tcp4", "127.0.0.1:0", 8));
    MUST(getsockname(listener, (struct sockaddr *)&address, &size));
    acort_task_t *task = acort_go(serve, (void *)(intptr_t)listener);
    MUST(task == NULL ? -1 : 0);
    snprintf(place, sizeof place, "127.0.0.1:%d", ntohs(address.sin_port));
    int fd = (int)MUST(acort_dial("tcp4", place, acort_after(2000 * MS)));
    MUST(acort_sleep(2 * MS));
    for (int i = 0; i < 3; i++) {
        EXPECT(MUST(acort_write_all(fd, "hello", 5, acort_after(2000 * MS))) == 5);
        EXPECT(MUST(acort_read_full(fd, text, 5, acort_after(2000 * MS))) == 5 && strcmp(text, "hello") == 0);
    }
    MUST(acort_close(fd));
    MUST(acort_join(task, NULL, ACORT_NEVER));
    MUST(acort_close(listener));
}

static void *reads(void *argument) {
    char byte;
    ssize_t got = acort_read((int)(intptr_t)argument, &byte, 1, acort_after(3000 * MS));
    if (got < 0 && errno == ECANCELED) return NULL;
    MUST(got);
    return argument;
}

/* A descriptor is closed with a call inside. */
static void closing(void) {
    int ends[2];
    void *result = NULL;
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    acort_task_t *task = acort_go(reads, (void *)(intptr_t)ends[0]);
    MUST(task == NULL ? -1 : 0);
    MUST(acort_sleep(2 * MS));
    MUST(acort_close(ends[0]));
    MUST(acort_join(task, &result, ACORT_NEVER));
    EXPECT(result == NULL);
    MUST(acort_close(ends[1]));
}

static void broken_pipe(void) {
    int ends[2];
    MUST(old_pipe(ends));
    close(ends[0]);
    errno = 0;
    if (acort_write(ends[1], "x", 1, ACORT_NEVER) >= 0 || errno != EPIPE) MUST(-1);
    MUST(acort_close(ends[1]));
}

static void *sends_signal(void *argument) {
    MUST(acort_sleep(2 * MS));
    kill(getpid(), SIGUSR1);
    return argument;
}

static void signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    acort_task_t *task = acort_go(sends_signal, NULL);
    MUST(task == NULL ? -1 : 0);
    EXPECT(MUST(acort_signal_wait(&set, NULL, acort_after(2000 * MS))) == SIGUSR1);
    MUST(acort_join(task, NULL, ACORT_NEVER));
}

static void child(void) {
    pid_t pid = fork();
    if (pid == 0) {
        select(0, NULL, NULL, NULL, &(struct timeval){0, 3000});
        _exit(0);
    }
    MUST(pid);
    EXPECT(MUST(acort_waitpid(pid, NULL, acort_after(2000 * MS))) == pid);
}

#ifdef __GLIBC__
/* A program, which has the same filter: what it does under it is not looked at. */
static void program(void) {
    char *words[] = {"/bin/true", NULL};
    acort_proc_attr_t attr = {.size = sizeof attr, .argv = words};
    pid_t pid = (pid_t)MUST(acort_proc_start(&attr, NULL, acort_after(2000 * MS)));
    MUST(acort_proc_stop(pid, NULL, 2000 * MS));
}
#endif

static void *everything(void *argument) {
    if (before_first != NULL) before_first();
    before_first = NULL;
    timers();
    files();
    direct();
    names();
    pool();
    server();
    closing();
    broken_pipe();
    signals();
    child();
#ifdef __GLIBC__
    program();
#endif
    return argument;
}

/* A plain thread's calls. */
static void *writes_later(void *argument) {
    select(0, NULL, NULL, NULL, &(struct timeval){0, 5000});
    return write((int)(intptr_t)argument, "x", 1) == 1 ? argument : NULL;
}

static void plain_thread(void) {
    int ends[2];
    char byte;
    pthread_t thread;
    MUST(old_pipe(ends));
    errno = pthread_create(&thread, NULL, writes_later, (void *)(intptr_t)ends[1]);
    if (errno != 0) return; /* the C library's own */
    EXPECT(MUST(acort_read(ends[0], &byte, 1, acort_after(2000 * MS))) == 1);
    pthread_join(thread, NULL);
    MUST(acort_close(ends[0]));
    MUST(acort_close(ends[1]));
}

/* While one worker sleeps until a deadline, and the other without one: next to no processor time. */
static void *sleeps_long(void *argument) {
    MUST(acort_sleep(seen->is_loops ? 400 * MS : MS));
    return argument;
}

static void *in_a_loop(void *argument) {
    timers();
    server();
    return argument;
}

static void another_loop(void) {
    acort_opts_t options;
    acort_opts_init(&options, sizeof options);
    options.flags = ACORT_LOOP;
    acort_t *runtime = acort_new(&options);
    MUST(runtime == NULL ? -1 : 0);
    acort_task_t *task = acort_loop_go(runtime, in_a_loop, NULL);
    MUST(task == NULL ? -1 : 0);
    acort_detach(task);
    while (MUST(acort_loop_step(runtime, 0)) > 0) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(acort_loop_fd(runtime), &set);
        EXPECT(select(acort_loop_fd(runtime) + 1, &set, NULL, NULL, &(struct timeval){3, 0}) == 1);
    }
    MUST(acort_free(runtime));
}

/* 0: all of it works; 1: a call has failed, as `result` says. */
static int scenario(struct result *result, void (*first)(void)) {
    seen = result;
    before_first = first;
    MUST(acort_run(everything, NULL, NULL));
    acort_opts_t options;
    acort_opts_init(&options, sizeof options);
    options.workers = 2;
    acort_t *runtime = acort_new(&options);
    MUST(runtime == NULL ? -1 : 0);
    MUST(acort_enter(runtime, everything, NULL, NULL));
    MUST(acort_enter(runtime, sleeps_long, NULL, NULL));
    MUST(acort_free(runtime));
    plain_thread();
    another_loop();
    return 0;
}
