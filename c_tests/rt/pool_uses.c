/* One pool of threads, three uses: names, files, and the program's calls. No use takes all threads from the others, and
 * a call that was given up takes none. Stands in for getaddrinfo(3) and open(2): needs the shared library. */
#include "rt.h"

#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/stat.h>

enum { NAMES, FILES, CALLS, USES };

static char folder[32], fifo[64];

/* What hangs does so until this pipe has no writer. */
static int gate[2];
/* Names and calls that hang, and opens of the FIFO that have begun. */
static int hanging, opens;

static void hang(void) {
    struct pollfd closed = {gate[0], POLLIN, 0};
    __atomic_add_fetch(&hanging, 1, __ATOMIC_SEQ_CST);
    while (poll(&closed, 1, -1) != 1) continue;
}

/* In the place of the C library's. */
int getaddrinfo(const char *__restrict node, const char *__restrict service,
                const struct addrinfo *__restrict hints, struct addrinfo **__restrict found) {
    (void)service;
    *found = NULL;
    if (hints != NULL && (hints->ai_flags & AI_NUMERICHOST)) return EAI_NONAME;
    if (strcmp(node, "hangs") == 0) hang();
    return EAI_FAIL;
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (strcmp(path, fifo) == 0) __atomic_add_fetch(&opens, 1, __ATOMIC_SEQ_CST);
    return openat(AT_FDCWD, path, flags, mode);
}

static void *hangs(void *argument) {
    hang();
    return argument;
}

static void *returns(void *argument) {
    return argument;
}

static int ask(const char *name, int64_t deadline) {
    struct addrinfo *found;
    return acort_getaddrinfo(name, "1", NULL, &found, deadline);
}

/* A call of each use that hangs until all may go on. */
static void *name_hangs(void *argument) {
    CHECK_EQUAL(ask("hangs", ACORT_NEVER), EAI_FAIL);
    return argument;
}

static void *file_hangs(void *argument) {
    int fd = acort_open(fifo, O_RDONLY, 0, ACORT_NEVER);
    CHECK(fd >= 0);
    acort_close(fd);
    return argument;
}

static void *call_hangs(void *argument) {
    CHECK_EQUAL(acort_blocking(hangs, NULL, NULL), 0);
    return argument;
}

/* A call that comes back as soon as it has a thread: 0, or errno. */
static int try_use(long use) {
    int64_t deadline = acort_after(5000 * MILLISECONDS);
    void *result = NULL;
    int fd;
    switch (use) {
    case NAMES: return ask("answers", deadline) == EAI_FAIL ? 0 : errno;
    case FILES:
        if ((fd = acort_open("/dev/null", O_RDONLY, 0, deadline)) < 0) return errno;
        acort_close(fd);
        return 0;
    default:
        if (acort_blocking(returns, &gate, &result) != 0) return errno;
        CHECK(result == &gate);
        return 0;
    }
}

static void *is_answered(void *use) {
    CHECK_EQUAL(try_use(NUMBER(use)), 0);
    return NULL;
}

/* So many of `count` there are, and no more come. */
static void settles_at(const int *count, int wanted) {
    for (int i = 0; i < 5000 && __atomic_load_n(count, __ATOMIC_SEQ_CST) < wanted; i++) acort_sleep(MILLISECONDS);
    acort_sleep(10 * MILLISECONDS);
    CHECK_EQUAL(__atomic_load_n(count, __ATOMIC_SEQ_CST), wanted);
}

/* What hangs goes on. The FIFO has both sides until its file is closed. */
static int let_go(void) {
    int fd = openat(AT_FDCWD, fifo, O_RDWR);
    CHECK(fd >= 0);
    close(gate[1]);
    return fd;
}

/* Calls of one use hang, more than have threads: the other uses have threads, and the rest has them later. */
static int use_that_hangs, threads_that_hang;

static void *flood(void *has_others) {
    enum { TASKS = 80, OTHERS = 20 };
    void *(*const hogs[])(void *) = {name_hangs, file_hangs, call_hangs};
    acort_task_t *tasks[TASKS], *others[OTHERS];
    for (int i = 0; i < TASKS; i++) tasks[i] = acort_go(hogs[use_that_hangs], NULL);
    settles_at(use_that_hangs == FILES ? &opens : &hanging, threads_that_hang);
    for (int i = 0; has_others != NULL && i < OTHERS; i++) {
        others[i] = acort_go(is_answered, POINTER((use_that_hangs + 1 + i % 2) % USES));
    }
    for (int i = 0; has_others != NULL && i < OTHERS; i++) join(others[i]);
    int fd = let_go();
    for (int i = 0; i < TASKS; i++) join(tasks[i]);
    close(fd);
    for (long use = 0; use < USES; use++) is_answered(POINTER(use));
    return NULL;
}

/* Two uses hang at once: the third one has its threads, and what is common is the others'. */
static void *two_floods(void *argument) {
    enum { TASKS = 80 };
    acort_task_t *calls[TASKS], *files[TASKS];
    for (int i = 0; i < TASKS; i++) calls[i] = acort_go(call_hangs, NULL);
    settles_at(&hanging, 56);
    for (int i = 0; i < TASKS; i++) files[i] = acort_go(file_hangs, NULL);
    settles_at(&opens, 4);
    CHECK_EQUAL(try_use(NAMES), 0);
    int fd = let_go();
    for (int i = 0; i < TASKS; i++) join(calls[i]), join(files[i]);
    close(fd);
    return argument;
}

/* With one thread: first come, first served. */
static long arrivals;

static void *in_turn(void *number) {
    is_answered(POINTER(NUMBER(number) % USES));
    if (IN_ORDER) CHECK_EQUAL(arrivals, NUMBER(number));
    arrivals++;
    return NULL;
}

static void *first_come(void *argument) {
    enum { TASKS = 12 };
    acort_task_t *tasks[TASKS], *first = acort_go(call_hangs, NULL);
    settles_at(&hanging, 1);
    for (long i = 0; i < TASKS; i++) tasks[i] = acort_go(in_turn, POINTER(i));
    acort_sleep(10 * MILLISECONDS);
    close(let_go());
    for (int i = 0; i < TASKS; i++) join(tasks[i]);
    join(first);
    return argument;
}

static void *open_is_given_up(void *milliseconds) {
    int64_t deadline = milliseconds != NULL ? acort_after(NUMBER(milliseconds) * MILLISECONDS) : ACORT_NEVER;
    int fd = acort_open(fifo, O_RDONLY, 0, deadline);
    CHECK(fd == -1 && (errno == ETIMEDOUT || errno == ECANCELED || errno == EAGAIN));
    return POINTER(errno);
}

/* A thread whose call was given up is none: what waited has another one. */
static void *leaves_room(void *argument) {
    for (long i = 0; i < 6; i++) {
        /* A thread comes to it within that time. */
        acort_task_t *stuck = acort_go(open_is_given_up, POINTER(i % 2 * 400));
        settles_at(&opens, (int)i + 1);
        acort_task_t *waits = acort_go(is_answered, POINTER(i % USES));
        acort_sleep(MILLISECONDS);
        if (i % 2 == 0) CHECK_EQUAL(acort_cancel(stuck), 0);
        CHECK_EQUAL(NUMBER(join(stuck)), i % 2 ? ETIMEDOUT : ECANCELED);
        join(waits);
    }
    /* What was given up before a thread had come to it is never called. */
    acort_task_t *hog = acort_go(call_hangs, NULL);
    settles_at(&hanging, 1);
    CHECK_FAILS(acort_open(fifo, O_RDONLY, 0, acort_after(MILLISECONDS)), ETIMEDOUT);
    int fd = let_go();
    join(hog);
    is_answered(POINTER(FILES));
    CHECK_EQUAL(opens, 6);
    close(fd);
    return argument;
}

static int entries(const char *path) {
    DIR *all = opendir(path);
    CHECK(all != NULL);
    int count = 0;
    while (readdir(all) != NULL) count++;
    closedir(all);
    return count - 2;
}

/* In less time than the 5 s after which a thread without work ends; longer where a loaded processor makes sleeps longer. */
static void comes_down(const char *path, int most) {
    int count, sleeps = 0;
    while ((count = entries(path)) > most && sleeps++ < 3000) acort_sleep(MILLISECONDS);
    if (count > most) fprintf(stderr, "%s has %d entries\n", path, count);
    CHECK(count <= most);
}

/* Gives up opens, by deadlines and cancellation, until all of a round are refused. One refused open does not do: a
 * thread whose call was given up before it began is idle, and takes the next open. */
static void until_refused(void) {
    enum { TASKS = 20, MOST = 4000 };
    acort_task_t *tasks[TASKS];
    int refused = 0;
    for (int tried = 0; refused < TASKS && tried < MOST; tried += TASKS) {
        refused = 0;
        int before = __atomic_load_n(&opens, __ATOMIC_SEQ_CST);
        for (long i = 0; i < TASKS; i++) tasks[i] = acort_go(open_is_given_up, POINTER(i % 2 * 30));
        for (int i = 0; i < 30 && __atomic_load_n(&opens, __ATOMIC_SEQ_CST) < before + TASKS; i++) {
            acort_sleep(MILLISECONDS);
        }
        for (int i = 0; i < TASKS; i++) CHECK_EQUAL(acort_cancel(tasks[i]), 0);
        for (int i = 0; i < TASKS; i++) refused += NUMBER(join(tasks[i])) == EAGAIN;
    }
    CHECK_EQUAL(refused, TASKS);
}

/* 256 calls that were given up hang; no more threads are made, until they come back. */
static void *hundreds(void *argument) {
    acort_sleep(MILLISECONDS);
    int files = entries("/proc/self/fd");
    for (int round = 0; round < 3; round++) {
        until_refused();
        /* A thread that has a call may not have had a processor for it yet. */
        for (int i = 0; i < 10000 && __atomic_load_n(&opens, __ATOMIC_SEQ_CST) < 256; i++) acort_sleep(MILLISECONDS);
        if (opens < 256 || opens >= 256 + 64) fprintf(stderr, "%d calls hang\n", opens);
        CHECK(opens >= 256 && opens < 256 + 64);
        CHECK(entries("/proc/self/task") <= 256 + 64 + 8);
        int64_t start = acort_now();
        for (int i = 0; i < 44; i++) CHECK_FAILS(acort_open(fifo, O_RDONLY, 0, ACORT_NEVER), EAGAIN);
        for (long use = 0; use < USES; use++) CHECK_EQUAL(try_use(use), EAGAIN);
        CHECK(acort_now() - start < 2000 * MILLISECONDS);
        int fd = openat(AT_FDCWD, fifo, O_RDWR);
        /* As many go on as have room; each closes what it has opened. */
        comes_down("/proc/self/fd", files + 1);
        comes_down("/proc/self/task", 64 + 8);
        for (int i = 0; i < 100; i++) is_answered(POINTER(i % USES));
        close(fd);
        comes_down("/proc/self/fd", files);
        opens = 0;
    }
    return argument;
}

/* In a process of its own: threads of one test are none of another's. */
static void with_threads(uint32_t threads, void *(*body)(void *), void *argument) {
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(250); /* on a loaded machine a sleep of a millisecond takes fifty */
        acort_opts_t options;
        CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
        options.workers = 1;
        options.blocking_threads = threads;
        acort_t *runtime = acort_new(&options);
        CHECK(runtime != NULL && pipe(gate) == 0);
        void *result = POINTER(-1);
        CHECK_EQUAL(acort_enter(runtime, body, argument, &result), 0);
        CHECK(result == NULL);
        CHECK_EQUAL(acort_free(runtime), 0);
        exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    if (status != 0) fprintf(stderr, "with %u threads, %d of use %d\n", threads, threads_that_hang, use_that_hangs);
    CHECK_EQUAL(status, 0);
}

int main(void) {
    /* What one use can have of so many threads. */
    const struct {
        uint32_t threads;
        int one_use;
    } pools[] = {{64, 56}, {13, 5}, {12, 4}, {7, 3}, {3, 1}, {2, 2}, {1, 1}};
    snprintf(folder, sizeof folder, "/tmp/acort-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    CHECK(mkfifo(fifo, 0600) == 0);
    for (size_t i = 0; i < sizeof pools / sizeof *pools; i++) {
        threads_that_hang = pools[i].one_use;
        for (use_that_hangs = 0; use_that_hangs < USES; use_that_hangs++) {
            with_threads(pools[i].threads, flood, POINTER(pools[i].threads >= 3));
        }
    }
    with_threads(64, two_floods, NULL);
    with_threads(1, first_come, NULL);
    with_threads(1, leaves_room, NULL);
    with_threads(64, hundreds, NULL);
    CHECK(unlink(fifo) == 0 && rmdir(folder) == 0);
    return 0;
}
