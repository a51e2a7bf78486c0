/* Deadline scopes: no wait in one lasts longer than the nearest deadline, whatever its own; in tasks on own and shared
 * stacks, and in plain threads. How a scope is left does not matter. */
#include "rt.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/un.h>

static acort_t *loop;
static acort_task_t *sleeper;
static acort_group_t *group;
static acort_chan_t *empty, *full;
static acort_future_t *future;
static acort_mutex_t mutex;
static acort_cond_t cond;
static acort_event_t event, is_running;
static acort_sem_t sem;
static acort_waitgroup_t waitgroup;
static acort_barrier_t barrier;
static acort_rwlock_t rwlock, read_held;
static acort_once_t once;
static int silent[2], stuffed[2], listener, crowded, outside;
static pid_t child;
static char path[64], crowd[80];
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int64_t in(int64_t nanoseconds) { return nanoseconds == 0 ? 1 : acort_after(nanoseconds); }

/* call waits for good, but for the scope. */
#define IN_SCOPE(call)                                                                           \
    do {                                                                                         \
        int64_t until = in(nanoseconds), outer;                                                  \
        CHECK_EQUAL(acort_deadline_push(until, &outer), 0);                                      \
        CHECK_EQUAL(acort_deadline(), until);                                                    \
        CHECK_FAILS(call, ETIMEDOUT);                                                            \
        CHECK(acort_now() >= until && acort_deadline_passed());                                  \
        CHECK_EQUAL(acort_deadline_pop(&outer), 1);                                              \
        CHECK(outer == ACORT_NEVER && acort_deadline() == ACORT_NEVER);                          \
    } while (0)

static void never_runs(void *unused) {
    (void)unused;
    CHECK(0);
}

static void *returns_never(void *unused) {
    never_runs(unused);
    return NULL;
}

static int vprint(acort_stream_t *stream, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int result = (int)acort_stream_vprintf(stream, ACORT_NEVER, format, arguments);
    va_end(arguments);
    return result;
}

/* Streams on a socket without input, and on one that takes no output: two bytes fill the buffer. */
static void bound_streams(int64_t nanoseconds) {
    char byte = 0;
    acort_stream_opts_t options = {.size = sizeof options, .write_size = 2, .flags = ACORT_STREAM_KEEP_FD};
    acort_stream_t *in_stream = acort_stream_open(silent[0], &options);
    acort_stream_t *out = acort_stream_open(stuffed[1], &options);
    CHECK(in_stream != NULL && out != NULL);
    for (int i = 0; i < 2; i++) CHECK_EQUAL(acort_stream_write(out, &byte, 1, 0), 1);
    IN_SCOPE(acort_stream_read(in_stream, &byte, 1, ACORT_NEVER));
    IN_SCOPE(acort_stream_read_full(in_stream, &byte, 1, ACORT_NEVER));
    IN_SCOPE(acort_stream_read_line(in_stream, NULL, ACORT_NEVER) != NULL ? 0 : -1);
    IN_SCOPE(acort_stream_read_until(in_stream, "x", 1, NULL, ACORT_NEVER) != NULL ? 0 : -1);
    IN_SCOPE(acort_stream_peek(in_stream, 1, NULL, ACORT_NEVER) != NULL ? 0 : -1);
    IN_SCOPE(acort_stream_write(out, &byte, 1, ACORT_NEVER));
    IN_SCOPE(acort_stream_printf(out, ACORT_NEVER, "x"));
    IN_SCOPE(vprint(out, "x")); /* (acort_stream_vprintf( */
    IN_SCOPE(acort_stream_flush(out, ACORT_NEVER));
    IN_SCOPE(acort_stream_shutdown(out, ACORT_NEVER));
    IN_SCOPE(acort_stream_close(out, ACORT_NEVER)); /* closed, although bytes are left */
    CHECK_EQUAL(acort_stream_close(in_stream, 0), 0);
}

/* poll(2) returns 0 at its time. */
static void bound_poll(int64_t nanoseconds) {
    int64_t until = in(nanoseconds), outer;
    struct pollfd one = {silent[0], POLLIN, 0};
    CHECK_EQUAL(acort_deadline_push(until, &outer), 0);
    CHECK_EQUAL(acort_poll(&one, 1, ACORT_NEVER), 0);
    CHECK(acort_now() >= until && one.revents == 0);
    CHECK_EQUAL(acort_deadline_pop(&outer), 1);
}

/* Every function of the header with a deadline (tests/header.rs looks whether one is missing). */
static void bound(int64_t nanoseconds) {
    char byte = 0;
    long value = 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    acort_case_t one = {.op = ACORT_RECV, .object = empty, .data = &value};
    acort_case_t two[] = {one, {.op = ACORT_FD_READ, .fd = silent[0]}};
    sigset_t signals;
    CHECK(sigemptyset(&signals) == 0 && sigaddset(&signals, SIGUSR2) == 0);
    acort_mutex_t own;
    acort_mutex_t *held = malloc(sizeof own);
    memset(held, 0, sizeof own);
    CHECK_EQUAL(acort_mutex_lock(held, 0), 0);
    IN_SCOPE(acort_join(sleeper, NULL, ACORT_NEVER));
    IN_SCOPE(acort_sleep_until(ACORT_NEVER));
    IN_SCOPE(acort_sleep(3600000 * MILLISECONDS));
    if (acort_self() != NULL) IN_SCOPE(acort_park(ACORT_NEVER));
    IN_SCOPE(acort_group_wait(group, ACORT_NEVER));
    IN_SCOPE(acort_group_next(group, NULL, ACORT_NEVER) != NULL ? 0 : -1);
    IN_SCOPE(acort_chan_send(full, &value, ACORT_NEVER));
    IN_SCOPE(acort_chan_recv(empty, &value, ACORT_NEVER));
    IN_SCOPE(acort_select(&one, 1, ACORT_NEVER));
    IN_SCOPE(acort_select_ordered(&one, 1, ACORT_NEVER));
    if (acort_self() != NULL) IN_SCOPE(acort_select(two, 2, ACORT_NEVER));
    IN_SCOPE(acort_mutex_lock(&mutex, ACORT_NEVER));
    IN_SCOPE(acort_cond_wait(&cond, held, ACORT_NEVER));
    CHECK_EQUAL(acort_rwlock_rdlock(&read_held, 0), 0);
    IN_SCOPE(acort_cond_wait_rwlock(&cond, &read_held, ACORT_NEVER));
    CHECK_EQUAL(acort_rwlock_unlock(&read_held), 0);
    IN_SCOPE(acort_event_wait(&event, ACORT_NEVER));
    IN_SCOPE(acort_sem_wait(&sem, ACORT_NEVER));
    IN_SCOPE(acort_waitgroup_wait(&waitgroup, ACORT_NEVER));
    IN_SCOPE(acort_barrier_wait(&barrier, ACORT_NEVER));
    IN_SCOPE(acort_rwlock_rdlock(&rwlock, ACORT_NEVER));
    IN_SCOPE(acort_rwlock_wrlock(&rwlock, ACORT_NEVER));
    IN_SCOPE(acort_once(&once, never_runs, NULL, ACORT_NEVER));
    IN_SCOPE(acort_future_wait(future, NULL, ACORT_NEVER));
    IN_SCOPE(acort_fdwait(silent[0], POLLIN, ACORT_NEVER));
    IN_SCOPE(acort_read(silent[0], &byte, 1, ACORT_NEVER));
    IN_SCOPE(acort_write(stuffed[1], &byte, 1, ACORT_NEVER));
    IN_SCOPE(acort_readv(silent[0], &part, 1, ACORT_NEVER));
    IN_SCOPE(acort_writev(stuffed[1], &part, 1, ACORT_NEVER));
    IN_SCOPE(acort_recvfrom(silent[0], &byte, 1, 0, NULL, NULL, ACORT_NEVER));
    IN_SCOPE(acort_sendto(stuffed[1], &byte, 1, 0, NULL, 0, ACORT_NEVER));
    IN_SCOPE(acort_recvmsg(silent[0], &message, 0, ACORT_NEVER));
    IN_SCOPE(acort_sendmsg(stuffed[1], &message, 0, ACORT_NEVER));
    IN_SCOPE(acort_read_full(silent[0], &byte, 1, ACORT_NEVER));
    IN_SCOPE(acort_write_all(stuffed[1], &byte, 1, ACORT_NEVER));
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    IN_SCOPE(acort_sendfile(stuffed[1], self, NULL, 1, ACORT_NEVER));
    CHECK_EQUAL(acort_close(self), 0);
    IN_SCOPE(acort_accept(listener, NULL, NULL, ACORT_NEVER));
    IN_SCOPE(acort_connect(outside, (struct sockaddr *)&address, sizeof address, ACORT_NEVER));
    IN_SCOPE(acort_dial("unix", crowd, ACORT_NEVER));
    IN_SCOPE(acort_signal_wait(&signals, NULL, ACORT_NEVER));
    IN_SCOPE(acort_waitpid(child, NULL, ACORT_NEVER));
    acort_watch_event_t change;
    int watch = acort_watch(crowd, IN_DELETE_SELF, ACORT_NEVER);
    CHECK(watch >= 0);
    IN_SCOPE(acort_watch_next(watch, &change, ACORT_NEVER));
    CHECK_EQUAL(acort_close(watch), 0);
    bound_poll(nanoseconds);
    bound_streams(nanoseconds);
    CHECK_EQUAL(acort_mutex_unlock(held), 0);
    free(held);
}

/* What does not wait for another: only a scope that has passed ends it. */
static void bound_what_is_quick(void) {
    const int64_t nanoseconds = 0;
    char byte = 0;
    struct addrinfo *found = NULL;
    int64_t before;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(file >= 0);
    IN_SCOPE(acort_open("/dev/null", O_RDONLY, 0, ACORT_NEVER));
    IN_SCOPE(acort_pwrite(file, &byte, 1, 0, ACORT_NEVER));
    IN_SCOPE(acort_fsync(file, ACORT_NEVER));
    IN_SCOPE(acort_copy_range(file, NULL, file, NULL, 1, ACORT_NEVER));
    char absent[96], template[96], *words[] = {"true", NULL};
    struct stat status;
    struct dirent **list = NULL;
    snprintf(absent, sizeof absent, "%s.absent", path);
    snprintf(template, sizeof template, "%s.XXXXXX", path);
    acort_proc_attr_t program = {.size = sizeof program, .argv = words};
    IN_SCOPE(acort_ftruncate(file, 0, ACORT_NEVER));
    IN_SCOPE(acort_fstat(file, &status, ACORT_NEVER));
    IN_SCOPE(acort_stat(path, &status, ACORT_NEVER));
    IN_SCOPE(acort_lstat(path, &status, ACORT_NEVER));
    IN_SCOPE(acort_unlink(absent, ACORT_NEVER));
    IN_SCOPE(acort_rename(absent, absent, ACORT_NEVER));
    IN_SCOPE(acort_truncate(absent, 0, ACORT_NEVER));
    IN_SCOPE(acort_mkdir(path, 0700, ACORT_NEVER)); /* it is a file */
    IN_SCOPE(acort_rmdir(absent, ACORT_NEVER));
    IN_SCOPE(acort_scandir("/", &list, ACORT_NEVER));
    IN_SCOPE(acort_mkstemp(template, ACORT_NEVER));
    IN_SCOPE(acort_watch("/tmp", IN_CREATE, ACORT_NEVER));
    IN_SCOPE(acort_blocking_until(returns_never, NULL, NULL, ACORT_NEVER));
    IN_SCOPE(acort_proc_start(&program, NULL, ACORT_NEVER));
    CHECK(list == NULL);
    IN_SCOPE(acort_listen("tcp", "localhost:0", 0)); /* it has to resolve a name */
    CHECK_EQUAL(acort_deadline_push(1, &before), 0);
    CHECK_EQUAL(acort_getaddrinfo("localhost", "1", NULL, &found, ACORT_NEVER), EAI_SYSTEM);
    CHECK(errno == ETIMEDOUT && found == NULL);
    ssize_t got = acort_pread(file, &byte, 1, 0, ACORT_NEVER); /* the page cache may have it */
    CHECK(got == 0 || (got == -1 && errno == ETIMEDOUT));
    CHECK_EQUAL(acort_deadline_pop(&before), 1);
    CHECK(close(file) == 0 && unlink(path) == 0);
}

static void *is_bounded(void *argument) {
    bound(0);
    bound(MILLISECONDS);
    bound_what_is_quick();
    return argument;
}

static void *sleeps(void *argument) {
    CHECK_FAILS(acort_sleep_until(ACORT_NEVER), ECANCELED);
    return argument;
}

static void keeps_running(void *unused) {
    (void)unused;
    CHECK_EQUAL(acort_event_set(&is_running), 0);
    CHECK_FAILS(acort_sleep_until(ACORT_NEVER), ECANCELED);
}

static void *runs_once(void *argument) {
    CHECK_EQUAL(acort_once(&once, keeps_running, NULL, ACORT_NEVER), 0);
    return argument;
}

/* Fills what the socket holds, and the queue of the listener. */
static void fill(void) {
    char bytes[1024] = "";
    while (send(stuffed[1], bytes, sizeof bytes, MSG_DONTWAIT) > 0) continue;
    while (send(stuffed[1], bytes, 1, MSG_DONTWAIT) > 0) continue;
    CHECK_EQUAL(errno, EAGAIN);
    snprintf(crowd, sizeof crowd, "%s.crowd", path);
    strcpy(address.sun_path, crowd);
    CHECK((crowded = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0);
    CHECK(bind(crowded, (struct sockaddr *)&address, sizeof address) == 0 && listen(crowded, 0) == 0);
    CHECK((outside = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) >= 0);
    for (int i = 0; i < 2; i++) { /* a backlog of 0 has room for one */
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        CHECK(fd >= 0);
        int result = connect(fd, (struct sockaddr *)&address, sizeof address);
        CHECK(result == 0 || errno == EAGAIN);
        CHECK(close(fd) == 0); /* it stays in the queue */
    }
}

static void *all_are_bounded(void *workers) {
    long value = 1;
    pthread_t thread;
    acort_attr_t attributes;
    CHECK((group = acort_group_open()) != NULL && acort_attr_init(&attributes, sizeof attributes) == 0);
    attributes.group = group;
    memset(&once, 0, sizeof once);
    CHECK_EQUAL(acort_event_reset(&is_running), 0);
    CHECK((sleeper = acort_go_ex(&attributes, sleeps, NULL)) != NULL);
    CHECK(acort_go_ex(&attributes, runs_once, NULL) != NULL);
    CHECK_EQUAL(acort_event_wait(&is_running, ACORT_NEVER), 0);
    CHECK((future = acort_future_new()) != NULL && (empty = acort_chan_new(sizeof value, 1, 0)) != NULL);
    CHECK((full = acort_chan_new(sizeof value, 1, 0)) != NULL && acort_chan_send(full, &value, 0) == 0);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, silent) == 0);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, stuffed) == 0);
    CHECK((listener = acort_listen("tcp", "127.0.0.1:0", 0)) >= 0);
    fill();
    CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_rwlock_wrlock(&rwlock, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_waitgroup_add(&waitgroup, 1), 0);
    CHECK_EQUAL(acort_barrier_init(&barrier, 2), 0);
    join(acort_go(is_bounded, NULL));
    join(go_with(ACORT_SHARED, is_bounded, NULL));
    CHECK(pthread_create(&thread, NULL, is_bounded, NULL) == 0 && pthread_join(thread, NULL) == 0);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    CHECK_EQUAL(acort_waitgroup_done(&waitgroup), 0);
    acort_chan_unref(empty);
    acort_chan_unref(full);
    acort_future_unref(future);
    CHECK_EQUAL(acort_group_close(group), 0);
    const int files[] = {silent[0], silent[1], stuffed[0], stuffed[1], listener, crowded, outside};
    for (int i = 0; i < 7; i++) CHECK_EQUAL(acort_close(files[i]), 0);
    CHECK(unlink(crowd) == 0);
    return workers;
}

/* A loop's step waits in a scope of its thread. */
static void loop_is_bounded(void) {
    const int64_t nanoseconds = 2 * MILLISECONDS;
    acort_opts_t options;
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    options.flags = ACORT_LOOP;
    CHECK((loop = acort_new(&options)) != NULL);
    acort_task_t *task = acort_loop_go(loop, sleeps, NULL);
    CHECK(task != NULL);
    int64_t until = in(nanoseconds), outer;
    CHECK_EQUAL(acort_deadline_push(until, &outer), 0);
    while (acort_now() < until) CHECK_EQUAL(acort_loop_step(loop, ACORT_NEVER), 1);
    CHECK_EQUAL(acort_deadline_pop(&outer), 1);
    CHECK_EQUAL(acort_cancel(task), 0);
    CHECK_EQUAL(acort_loop_step(loop, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_free(loop), 0);
}

/* What is there is given, although the time has passed. */
static void *makes_its_attempt(void *argument) {
    long value = 7;
    int64_t outer;
    acort_chan_t *channel = acort_chan_new(sizeof value, 1, 0);
    memset(&mutex, 0, sizeof mutex);
    CHECK_EQUAL(acort_sem_init(&sem, 1), 0);
    for (int64_t until = 0; until < 2; until++) {
        CHECK_EQUAL(acort_deadline_push(until, &outer), 0);
        CHECK_EQUAL(acort_chan_send(channel, &value, ACORT_NEVER), 0);
        CHECK_FAILS(acort_chan_send(channel, &value, ACORT_NEVER), ETIMEDOUT);
        CHECK_EQUAL(acort_chan_recv(channel, &value, ACORT_NEVER), 0);
        CHECK_FAILS(acort_chan_recv(channel, &value, ACORT_NEVER), ETIMEDOUT);
        CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
        CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
        CHECK_EQUAL(acort_sem_wait(&sem, ACORT_NEVER), 0);
        CHECK_FAILS(acort_sem_wait(&sem, ACORT_NEVER), ETIMEDOUT);
        CHECK_EQUAL(acort_sem_post(&sem), 0);
        if (acort_self() != NULL) CHECK_EQUAL(acort_yield(), 0);
        CHECK_EQUAL(acort_sleep(0), 0);
        CHECK_FAILS(acort_sleep(1), ETIMEDOUT);
        CHECK_FAILS(acort_sleep_until(ACORT_NEVER), ETIMEDOUT);
        CHECK_FAILS(acort_sleep_until(-2), EINVAL);
        CHECK_EQUAL(acort_deadline_pop(&outer), 1);
    }
    acort_chan_unref(channel);
    return argument;
}

/* The nearest counts, the scope's or the call's; the end of a scope brings the one around back. */
static void *nests(void *argument) {
    int64_t outer[4], far = acort_after(3600000 * MILLISECONDS), farther = far + 1;
    memset(&event, 0, sizeof event);
    CHECK(acort_deadline() == ACORT_NEVER && !acort_deadline_passed());
    CHECK_EQUAL(acort_deadline_push(ACORT_NEVER, &outer[0]), 0);
    CHECK_EQUAL(acort_deadline(), ACORT_NEVER);
    CHECK_EQUAL(acort_deadline_push(far, &outer[1]), 0);
    CHECK_EQUAL(acort_deadline_push(farther, &outer[2]), 0);
    CHECK_EQUAL(acort_deadline(), far);
    CHECK_FAILS(acort_event_wait(&event, acort_after(MILLISECONDS)), ETIMEDOUT); /* its own */
    CHECK_EQUAL(acort_sleep(1), 0);
    CHECK_EQUAL(acort_sleep_until(acort_after(1)), 0);
    CHECK(!acort_deadline_passed());
    CHECK_EQUAL(acort_deadline_push(1, &outer[3]), 0);
    CHECK_FAILS(acort_event_wait(&event, far), ETIMEDOUT);
    CHECK(acort_deadline() == 1 && acort_deadline_passed());
    errno = E2BIG;
    CHECK_EQUAL(acort_deadline_pop(&outer[3]), 1);
    CHECK_EQUAL(errno, E2BIG);
    CHECK_EQUAL(acort_deadline(), far);
    CHECK_EQUAL(acort_deadline_pop(&outer[2]), 0);
    CHECK_EQUAL(acort_deadline_pop(&outer[1]), 0);
    CHECK_EQUAL(acort_deadline(), ACORT_NEVER);
    CHECK_EQUAL(acort_deadline_pop(&outer[0]), 0);
    CHECK_FAILS(acort_event_wait(&event, acort_after(1)), ETIMEDOUT);
    return argument;
}

static void *refuses(void *argument) {
    int64_t outer, inner, wrong = -2;
    CHECK_FAILS(acort_deadline_push(1, NULL), EINVAL);
    CHECK_FAILS(acort_deadline_push(-2, &outer), EINVAL);
    CHECK_FAILS(acort_deadline_push(INT64_MIN, &outer), EINVAL);
    CHECK_EQUAL(acort_deadline(), ACORT_NEVER);
    CHECK_EQUAL(acort_deadline_push(INT64_MAX, &outer), 0);
    CHECK_EQUAL(acort_deadline(), INT64_MAX);
    CHECK_EQUAL(acort_deadline_push(7, &inner), 0);
    CHECK_FAILS(acort_deadline_pop(NULL), EINVAL);
    CHECK_FAILS(acort_deadline_pop(&wrong), EINVAL);
    wrong = 6; /* no scope around has that one */
    CHECK_FAILS(acort_deadline_pop(&wrong), EINVAL);
    CHECK_EQUAL(acort_deadline(), 7);
    CHECK_EQUAL(acort_deadline_pop(&outer), 1); /* and the one inside */
    CHECK_EQUAL(acort_deadline(), ACORT_NEVER);
    return argument;
}

static int returns_from(int64_t until) {
    ACORT_WITH_DEADLINE(until) {
        ACORT_WITH_DEADLINE(until - 1) {
            CHECK_EQUAL(acort_deadline(), until - 1);
            return acort_deadline() == until - 1;
        }
    }
    return 0;
}

static void *leaves_in_all_ways(void *argument) {
    int runs = 0;
    jmp_buf back;
    const int64_t far = acort_after(3600000 * MILLISECONDS);
    ACORT_WITH_DEADLINE(far) runs++;
    CHECK(runs == 1 && acort_deadline() == ACORT_NEVER);
    for (int i = 0; i < 3; i++) {
        ACORT_WITH_DEADLINE(far) {
            CHECK_EQUAL(acort_deadline(), far);
            if (i == 1) break;
            if (i == 2) continue;
            runs++;
        }
        CHECK_EQUAL(acort_deadline(), ACORT_NEVER);
        runs += 10; /* both have left the block alone */
    }
    CHECK_EQUAL(runs, 32);
    CHECK_EQUAL(returns_from(far), 1);
    CHECK_EQUAL(acort_deadline(), ACORT_NEVER);
    ACORT_WITH_DEADLINE(far) {
        ACORT_WITH_DEADLINE(far - 5) goto out;
    }
    CHECK(0);
out:
    CHECK_EQUAL(acort_deadline(), ACORT_NEVER);
    errno = 0;
    ACORT_WITH_DEADLINE(-7) CHECK(0);
    CHECK(errno == EINVAL && acort_deadline() == ACORT_NEVER);
    ACORT_WITH_DEADLINE(1) errno = EDOM;
    CHECK_EQUAL(errno, EDOM);
    volatile int64_t outer;
    int64_t kept;
    CHECK_EQUAL(acort_deadline_push(far, &kept), 0);
    outer = kept;
    if (setjmp(back) == 0) {
        int64_t inner[2];
        CHECK(acort_deadline_push(far - 1, &inner[0]) == 0 && acort_deadline_push(far - 2, &inner[1]) == 0);
        longjmp(back, 1);
    }
    CHECK_EQUAL(acort_deadline(), far - 2);
    kept = outer;
    CHECK_EQUAL(acort_deadline_pop(&kept), 0);
    CHECK_EQUAL(acort_deadline(), ACORT_NEVER);
    return argument;
}

/* The lock that acort_cond_wait() takes again is not bounded, nor is the wait for a group that is closed. */
static acort_event_t may_go;

static void *holds(void *held) {
    CHECK_EQUAL(acort_mutex_lock(held, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_event_set(&is_running), 0);
    CHECK_EQUAL(acort_event_wait(&may_go, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_mutex_unlock(held), 0);
    return NULL;
}

static void *lets_go_later(void *argument) {
    for (int i = 0; i < 3; i++) CHECK_EQUAL(acort_sleep(MILLISECONDS), 0);
    CHECK_EQUAL(acort_event_set(&may_go), 0);
    return argument;
}

static void *cleans_up(void *argument) {
    acort_cancel_mask(1);
    CHECK_EQUAL(acort_event_wait(&may_go, ACORT_NEVER), 0);
    return argument;
}

static void *some_are_not_bounded(void *argument) {
    memset(&mutex, 0, sizeof mutex);
    CHECK(acort_event_reset(&may_go) == 0 && acort_event_reset(&is_running) == 0);
    CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
    acort_task_t *holder = acort_go(holds, &mutex), *later = acort_go(lets_go_later, NULL);
    ACORT_WITH_DEADLINE(acort_after(MILLISECONDS)) {
        CHECK_FAILS(acort_cond_wait(&cond, &mutex, ACORT_NEVER), ETIMEDOUT);
        CHECK_EQUAL(acort_event_wait(&may_go, 0), 0);
        CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    }
    join(holder);
    join(later);
    CHECK_EQUAL(acort_event_reset(&may_go), 0);
    acort_attr_t attributes;
    CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
    CHECK((attributes.group = acort_group_open()) != NULL);
    CHECK(acort_go_ex(&attributes, cleans_up, NULL) != NULL);
    acort_yield();
    later = acort_go(lets_go_later, NULL);
    ACORT_WITH_DEADLINE(1) CHECK_EQUAL(acort_group_close(attributes.group), 0);
    join(later);
    return argument;
}

/* A cancellation comes first; masked, it leaves the scope as it is. */
static void *is_cancelled(void *argument) {
    ACORT_WITH_DEADLINE(1) {
        CHECK_EQUAL(acort_cancel(acort_self()), 0);
        CHECK_FAILS(acort_sleep(MILLISECONDS), ECANCELED);
        CHECK_FAILS(acort_event_wait(&event, ACORT_NEVER), ECANCELED);
        CHECK_FAILS(acort_event_wait(&event, 0), ETIMEDOUT);
        CHECK_EQUAL(acort_cancel_mask(1), 0);
        CHECK_FAILS(acort_event_wait(&event, ACORT_NEVER), ETIMEDOUT);
        CHECK_EQUAL(acort_cancel_mask(0), 1);
    }
    CHECK_FAILS(acort_event_wait(&event, ACORT_NEVER), ECANCELED);
    return argument;
}

/* A scope is one task's or one thread's. */
static void *has_none(void *deadline) {
    *(int64_t *)deadline = acort_deadline();
    return NULL;
}

static void *leaves_it_open(void *deadline) {
    int64_t outer;
    has_none(deadline);
    CHECK_EQUAL(acort_deadline_push(5, &outer), 0);
    return NULL;
}

static void *exits_in_it(void *argument) {
    static int64_t seen;
    seen = 0;
    leaves_it_open(&seen);
    CHECK_EQUAL(seen, ACORT_NEVER);
    acort_exit(argument);
}

static void *is_one_tasks(void *argument) {
    int64_t *seen = malloc(sizeof *seen);
    pthread_t thread;
    ACORT_WITH_DEADLINE(acort_after(3600000 * MILLISECONDS)) {
        for (int i = 0; i < 4; i++) {
            *seen = 0;
            CHECK_EQUAL(acort_blocking(i % 2 ? has_none : leaves_it_open, seen, NULL), 0);
            CHECK_EQUAL(*seen, ACORT_NEVER);
            *seen = 0;
            join(go_with(i % 2 ? ACORT_SHARED : 0, has_none, seen));
            CHECK_EQUAL(*seen, ACORT_NEVER);
            join(go_with(i % 2 ? ACORT_SHARED : 0, exits_in_it, NULL));
        }
        *seen = 0;
        CHECK(pthread_create(&thread, NULL, has_none, seen) == 0 && pthread_join(thread, NULL) == 0);
        CHECK_EQUAL(*seen, ACORT_NEVER);
    }
    free(seen);
    return argument;
}

static void *sleeps_unbounded(void *argument) {
    CHECK_EQUAL(acort_deadline(), ACORT_NEVER);
    CHECK_EQUAL(acort_sleep(MILLISECONDS), 0);
    return argument;
}

static void threads_scope_is_not_its_tasks(void) {
    ACORT_WITH_DEADLINE(3) {
        run(sleeps_unbounded, NULL);
        run_with(2, sleeps_unbounded, NULL);
        CHECK_EQUAL(acort_deadline(), 3);
    }
    CHECK_EQUAL(acort_deadline(), ACORT_NEVER);
}

/* What comes before a task has seen its deadline is given: also at that of a scope. */
static int64_t late;

static void *gives_after(void *channel) {
    long value = 7;
    while (acort_now() < late) continue;
    CHECK_EQUAL(acort_chan_send(channel, &value, ACORT_NEVER), 0);
    return NULL;
}

static void *takes_late(void *channel) {
    long value = 0;
    int result = -1;
    late = acort_after(2 * MILLISECONDS);
    acort_task_t *giver = acort_go(gives_after, channel);
    ACORT_WITH_DEADLINE(late) result = acort_chan_recv(channel, &value, ACORT_NEVER);
    CHECK(result == 0 ? value == 7 : errno == ETIMEDOUT && !IN_ORDER);
    join(giver);
    return NULL;
}

static void *comes_late(void *argument) {
    for (uint32_t flags = 0; flags <= ACORT_SHARED; flags++) {
        acort_chan_t *channel = acort_chan_new(sizeof(long), 1, 0);
        join(go_with(flags, takes_late, channel));
        acort_chan_unref(channel);
    }
    return argument;
}

static void *in_all(void *body) {
    void *(*const function)(void *) = *(void *(**)(void *))body;
    pthread_t thread;
    join(acort_go(function, NULL));
    join(go_with(ACORT_SHARED, function, NULL));
    CHECK(pthread_create(&thread, NULL, function, NULL) == 0 && pthread_join(thread, NULL) == 0);
    return NULL;
}

static void *in_tasks(void *body) {
    void *(*const function)(void *) = *(void *(**)(void *))body;
    join(acort_go(function, NULL));
    join(go_with(ACORT_SHARED, function, NULL));
    return NULL;
}

int main(void) {
    static void *(*const everywhere[])(void *) = {makes_its_attempt, nests, refuses, leaves_in_all_ways};
    static void *(*const tasks[])(void *) = {some_are_not_bounded, is_cancelled, is_one_tasks};
    sigset_t signals;
    CHECK(sigemptyset(&signals) == 0 && sigaddset(&signals, SIGUSR2) == 0);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &signals, NULL), 0);
    snprintf(path, sizeof path, "/tmp/acort-scopes-%d", (int)getpid());
    if ((child = fork()) == 0) {
        alarm(120); /* if the parent fails */
        pause();
        _exit(0);
    }
    CHECK(child > 0);
    loop_is_bounded();
    run(all_are_bounded, NULL);
    run_with(2, all_are_bounded, NULL);
    for (int i = 0; i < 4; i++) {
        run(in_all, (void *)&everywhere[i]);
        run_with(2, in_all, (void *)&everywhere[i]);
    }
    for (int i = 0; i < 3; i++) {
        run(in_tasks, (void *)&tasks[i]);
        run_with(2, in_tasks, (void *)&tasks[i]);
    }
    threads_scope_is_not_its_tasks();
    run(comes_late, NULL);
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    return 0;
}
