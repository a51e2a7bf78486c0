/* acort_new(): each call of its set-up fails once, in the caller and in the threads that it starts. It gives NULL and
 * errno, or works without what has failed; it never ends the process, and keeps nothing. Interposes the C library's
 * functions, so it needs the shared library. */
#include "rt.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

/* What can fail, and by which errno. */
enum { MALLOC, CALLOC, REALLOC, MMAP, EPOLL_CREATE, EPOLL_CTL, EVENTFD, TIMERFD, THREAD, KEY, VALUE, KINDS };
static const int errors[KINDS] = {ENOMEM, ENOMEM, ENOMEM, ENOMEM, EMFILE, ENOSPC,
                                  ENFILE, EMFILE, EAGAIN, EAGAIN, ENOMEM};

static _Atomic long countdown = -1, has_failed, blocks, mapped;
static _Atomic int kind, counting;

/* Is this call the one that fails? */
static int fails_now(int of) {
    if (!counting || of != kind || countdown < 0) return 0;
    if (countdown-- != 0) return 0;
    has_failed = 1;
    errno = errors[of];
    return 1;
}

#define REAL(name, type, parameters)                                                             \
    static type(*real) parameters;                                                               \
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, #name)

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
    REAL(mmap, void *, (void *, size_t, int, int, int, off_t));
    if (fails_now(MMAP)) return MAP_FAILED;
    void *result = real(address, size, protection, flags, file, offset);
    if (result != MAP_FAILED) mapped += (long)size;
    return result;
}

int munmap(void *address, size_t size) {
    REAL(munmap, int, (void *, size_t));
    int result = real(address, size);
    if (result == 0) mapped -= (long)size;
    return result;
}

int epoll_create1(int flags) {
    REAL(epoll_create1, int, (int));
    return fails_now(EPOLL_CREATE) ? -1 : real(flags);
}

int epoll_ctl(int epoll, int what, int file, struct epoll_event *event) {
    REAL(epoll_ctl, int, (int, int, int, struct epoll_event *));
    return fails_now(EPOLL_CTL) ? -1 : real(epoll, what, file, event);
}

int eventfd(unsigned value, int flags) {
    REAL(eventfd, int, (unsigned, int));
    return fails_now(EVENTFD) ? -1 : real(value, flags);
}

int timerfd_create(int clock, int flags) {
    REAL(timerfd_create, int, (int, int));
    return fails_now(TIMERFD) ? -1 : real(clock, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                   void *argument) {
    REAL(pthread_create, int, (pthread_t *, const pthread_attr_t *, void *(*)(void *), void *));
    return fails_now(THREAD) ? EAGAIN : real(thread, attributes, body, argument);
}

int pthread_key_create(pthread_key_t *key, void (*at_end)(void *)) {
    REAL(pthread_key_create, int, (pthread_key_t *, void (*)(void *)));
    return fails_now(KEY) ? EAGAIN : real(key, at_end);
}

int pthread_setspecific(pthread_key_t key, const void *value) {
    REAL(pthread_setspecific, int, (pthread_key_t, const void *));
    return fails_now(VALUE) ? ENOMEM : real(key, value);
}

/* Made of the C library's own. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

void *malloc(size_t size) {
    if (fails_now(MALLOC)) return NULL;
    void *result = __libc_malloc(size);
    blocks += result != NULL;
    return result;
}

void *calloc(size_t count, size_t size) {
    if (fails_now(CALLOC)) return NULL;
    void *result = __libc_calloc(count, size);
    blocks += result != NULL;
    return result;
}

void *realloc(void *block, size_t size) {
    if (fails_now(REALLOC)) return NULL;
    void *result = __libc_realloc(block, size);
    blocks += block == NULL && result != NULL;
    return result;
}

void free(void *block) {
    blocks -= block != NULL;
    __libc_free(block);
}

static void *one(void *argument) {
    return argument;
}

static int open_files(void) {
    int count = 0;
    for (int fd = 0; fd < 200; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static unsigned long threads_at_first;

static unsigned long threads_now(void) {
    struct stat status;
    CHECK_EQUAL(stat("/proc/self/task", &status), 0);
    return status.st_nlink;
}

/* A thread that was joined may be counted for a moment. */
static void check_threads(void) {
    for (int round = 0; threads_now() != threads_at_first; round++) {
        CHECK(round < 2000);
        usleep(1000);
    }
}

/* Makes a runtime, whose call number `fail_at` of `of` fails; does it work, if it is there? Was it refused? */
static int make_one(uint32_t flags, int of, long fail_at) {
    acort_opts_t options;
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    options.workers = flags & ACORT_LOOP ? 1 : 3;
    options.flags = flags;
    int files = open_files();
    kind = of;
    has_failed = 0;
    countdown = fail_at;
    counting = 1;
    errno = 0;
    acort_t *runtime = acort_new(&options);
    int error = errno;
    counting = 0;
    if (runtime == NULL) {
        /* pthread_create() has another errno where its memory fails. */
        if (error != errors[of] && error != EAGAIN && error != ENOMEM) {
            fprintf(stderr, "%d, %ld: errno %d\n", of, fail_at, error);
            exit(1);
        }
        CHECK(has_failed);
    } else {
        if (!(flags & ACORT_LOOP)) CHECK_EQUAL(acort_enter(runtime, one, NULL, NULL), 0);
        CHECK_EQUAL(acort_free(runtime), 0);
    }
    CHECK_EQUAL(open_files(), files);
    check_threads();
    return runtime == NULL;
}

static void every_call(uint32_t flags, const char *refusing) {
    for (int of = 0; of < KINDS; of++) {
        long refused = 0, called = 0;
        for (long fail_at = 0;; fail_at++) {
            enum { ROUNDS = 6, LEAST = 65536 };
            long blocks_before = 0, mapped_before = 0;
            for (int round = 0; round < ROUNDS; round++) {
                refused += make_one(flags, of, fail_at);
                if (round == 0) blocks_before = blocks, mapped_before = mapped;
            }
            /* Something may be kept for good, such as the C library's blocks for the next threads: not in each round. */
            if (blocks - blocks_before >= ROUNDS - 1 || mapped - mapped_before >= (ROUNDS - 1) * LEAST) {
                fprintf(stderr, "kind %d, call %ld: %ld blocks, %ld bytes\n", of, fail_at, blocks - blocks_before,
                        mapped - mapped_before);
                exit(1);
            }
            if (!has_failed) break;
            called++;
            CHECK(fail_at < 1000);
        }
        if (refusing[of] == '1' && called > 0 && refused == 0) { /* over kqueue some are not called */
            fprintf(stderr, "kind %d never refuses\n", of);
            exit(1);
        }
    }
}

/* Address space for so many KiB more: NULL and errno, or a runtime; never a signal. */
static long mapped_now(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;
    CHECK(file != NULL && fscanf(file, "%ld", &pages) == 1);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE) / 1024;
}

static void little_room(void) {
    long step = 48, refused = 0, good = 0;
    struct rlimit stack;
    CHECK_EQUAL(getrlimit(RLIMIT_STACK, &stack), 0);
    /* The C library gives a thread as much as the main thread may have. */
    long for_stack = stack.rlim_cur == RLIM_INFINITY ? 8192 : (long)(stack.rlim_cur / 1024);
    for (long room = for_stack - 400; room < for_stack + 1600; room += step) {
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            rlim_t most = (rlim_t)(mapped_now() + room) << 10;
            struct rlimit limit = {most, most};
            acort_opts_t options;
            acort_opts_init(&options, sizeof options);
            options.workers = 1;
            setrlimit(RLIMIT_AS, &limit);
            acort_t *runtime = acort_new(&options);
            if (runtime == NULL) _exit(errno == ENOMEM || errno == EAGAIN ? 1 : 2);
            _exit(acort_free(runtime) == 0 ? 0 : 3);
        }
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) {
            fprintf(stderr, "room of %ld KiB: status %#x\n", room, status);
            exit(1);
        }
        refused += WEXITSTATUS(status) == 1;
        good += WEXITSTATUS(status) == 0;
    }
    CHECK(good > 0);
#ifndef UNDER_EMULATION /* qemu lets a program have what it asks for */
    CHECK(refused > 0);
#endif
}

int main(void) {
    little_room(); /* before the C library has stacks of threads that have ended */
    threads_at_first = threads_now();
    /* What stays for good is made before. */
    make_one(0, KINDS, -1);
    make_one(ACORT_LOOP, KINDS, -1);
    /* '1': without this kind there is no runtime. '-': it may do without, or does not call it. */
    every_call(0, "11--111-1--");
    every_call(ACORT_LOOP, "11--1111---");
    return 0;
}
