/* What is no deadline is refused by every call, and nothing is done. The same in a cancelled task: each of the calls is a
 * cancellation point. */
#include "rt.h"

#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/un.h>

static acort_t *loop;
static acort_task_t *ended;
static acort_group_t *group;
static acort_chan_t *channel;
static acort_future_t *future;
static acort_mutex_t mutex, held;
static acort_cond_t cond;
static acort_event_t event;
static acort_sem_t sem;
static acort_waitgroup_t waitgroup;
static acort_barrier_t barrier;
static acort_rwlock_t rwlock, read_held;
static acort_once_t once;
static acort_stream_t *in, *out;
static int pair[2], pipe_ends[2], listener, outside, watch;
static char path[64];
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static void sets_flag(void *flag) { *(int *)flag = 1; }

static void *returns(void *argument) { return argument; }

static void *returns_flag(void *flag) {
    sets_flag(flag);
    return flag;
}

static int vprint(int64_t deadline, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int result = (int)acort_stream_vprintf(out, deadline, format, arguments);
    va_end(arguments);
    return result;
}

/* A stream whose bytes nothing takes is closed in a cancelled task. */
static void refuse_close(int64_t deadline, int error) {
    acort_stream_opts_t options = {.size = sizeof options, .flags = ACORT_STREAM_KEEP_FD};
    acort_stream_t *full = acort_stream_open(pipe_ends[1], &options);
    CHECK(full != NULL && acort_stream_write(full, "x", 1, 0) == 1);
    CHECK_FAILS(acort_stream_close(full, deadline), error);
    if (error == EINVAL) CHECK_FAILS(acort_stream_close(full, 0), ETIMEDOUT);
}

/* Every function of the header with a deadline (tests/header.rs looks whether one is missing). Each call would
 * succeed at once with another deadline. */
static void refuse(int64_t deadline, int error) {
    char byte = 0;
    long value = 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    acort_case_t one = {.op = ACORT_RECV, .object = channel, .data = &value};
    struct addrinfo *found = NULL;
    sigset_t signals;
    sigemptyset(&signals);
    char *words[] = {"true", NULL};
    acort_proc_attr_t program = {.size = sizeof program, .argv = words};
    int ran = 0, file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    CHECK(file >= 0);
    CHECK_FAILS(acort_loop_step(loop, deadline), error);
    CHECK_FAILS(acort_join(ended, NULL, deadline), error);
    CHECK_FAILS(acort_sleep_until(deadline), error);
    CHECK_FAILS(acort_park(deadline), error);
    CHECK_FAILS(acort_group_wait(group, deadline), error);
    CHECK_REFUSES(acort_group_next(group, NULL, deadline), error);
    CHECK_FAILS(acort_chan_send(channel, &value, deadline), error);
    CHECK_FAILS(acort_chan_recv(channel, &value, deadline), error);
    CHECK_FAILS(acort_select(&one, 1, deadline), error);
    CHECK_FAILS(acort_select_ordered(&one, 1, deadline), error);
    CHECK_FAILS(acort_mutex_lock(&mutex, deadline), error);
    CHECK_FAILS(acort_cond_wait(&cond, &held, deadline), error);
    CHECK_FAILS(acort_cond_wait_rwlock(&cond, &read_held, deadline), error);
    CHECK_FAILS(acort_event_wait(&event, deadline), error);
    CHECK_FAILS(acort_sem_wait(&sem, deadline), error);
    CHECK_FAILS(acort_waitgroup_wait(&waitgroup, deadline), error);
    CHECK_FAILS(acort_barrier_wait(&barrier, deadline), error);
    CHECK_FAILS(acort_rwlock_rdlock(&rwlock, deadline), error);
    CHECK_FAILS(acort_rwlock_wrlock(&rwlock, deadline), error);
    CHECK_FAILS(acort_once(&once, sets_flag, &ran, deadline), error);
    CHECK_FAILS(acort_future_wait(future, NULL, deadline), error);
    CHECK_FAILS(acort_fdwait(pair[0], POLLIN, deadline), error);
    CHECK_FAILS(acort_poll(&(struct pollfd){pair[0], POLLIN, 0}, 1, deadline), error);
    CHECK_FAILS(acort_read(pair[0], &byte, 1, deadline), error);
    CHECK_FAILS(acort_write(pair[1], &byte, 1, deadline), error);
    CHECK_FAILS(acort_readv(pair[0], &part, 1, deadline), error);
    CHECK_FAILS(acort_writev(pair[1], &part, 1, deadline), error);
    CHECK_FAILS(acort_recvfrom(pair[0], &byte, 1, 0, NULL, NULL, deadline), error);
    CHECK_FAILS(acort_sendto(pair[1], &byte, 1, 0, NULL, 0, deadline), error);
    CHECK_FAILS(acort_recvmsg(pair[0], &message, 0, deadline), error);
    CHECK_FAILS(acort_sendmsg(pair[1], &message, 0, deadline), error);
    CHECK_FAILS(acort_read_full(pair[0], &byte, 1, deadline), error);
    CHECK_FAILS(acort_write_all(pair[1], &byte, 1, deadline), error);
    CHECK_FAILS(acort_stream_read(in, &byte, 1, deadline), error);
    CHECK_FAILS(acort_stream_read_full(in, &byte, 1, deadline), error);
    CHECK_REFUSES(acort_stream_read_line(in, NULL, deadline), error);
    CHECK_REFUSES(acort_stream_read_until(in, "x", 1, NULL, deadline), error);
    CHECK_REFUSES(acort_stream_peek(in, 1, NULL, deadline), error);
    CHECK_FAILS(acort_stream_write(out, &byte, 1, deadline), error);
    CHECK_FAILS(acort_stream_printf(out, deadline, "x"), error);
    CHECK_FAILS(vprint(deadline, "x"), error); /* (acort_stream_vprintf( */
    CHECK_FAILS(acort_stream_flush(out, deadline), error);
    CHECK_FAILS(acort_stream_shutdown(out, deadline), error);
    refuse_close(deadline, error); /* (acort_stream_close( */
    CHECK_FAILS(acort_accept(listener, NULL, NULL, deadline), error);
    CHECK_FAILS(acort_connect(outside, (struct sockaddr *)&address, sizeof address, deadline), error);
    CHECK_FAILS(acort_open(path, O_RDWR | O_CREAT, 0600, deadline), error);
    CHECK_FAILS(acort_pread(file, &byte, 1, 0, deadline), error);
    CHECK_FAILS(acort_pwrite(file, &byte, 1, 0, deadline), error);
    CHECK_FAILS(acort_fsync(file, deadline), error);
    CHECK_FAILS(acort_sendfile(pair[1], file, NULL, 1, deadline), error);
    CHECK_FAILS(acort_copy_range(file, NULL, file, NULL, 1, deadline), error);
    struct stat status;
    struct dirent **list = NULL;
    acort_watch_event_t event_of_file;
    char name[] = "/tmp/acort-deadlines-XXXXXX";
    CHECK_FAILS(acort_ftruncate(outside, 0, deadline), error);
    CHECK_FAILS(acort_fstat(file, &status, deadline), error);
    CHECK_FAILS(acort_stat("/", &status, deadline), error);
    CHECK_FAILS(acort_lstat("/", &status, deadline), error);
    CHECK_FAILS(acort_unlink(address.sun_path, deadline), error);
    CHECK_FAILS(acort_rename(address.sun_path, path, deadline), error);
    CHECK_FAILS(acort_truncate(address.sun_path, 0, deadline), error);
    CHECK_FAILS(acort_mkdir(path, 0700, deadline), error);
    CHECK_FAILS(acort_rmdir(path, deadline), error);
    CHECK_FAILS(acort_scandir("/", &list, deadline), error);
    CHECK_FAILS(acort_mkstemp(name, deadline), error);
    CHECK_FAILS(acort_watch("/tmp", IN_CREATE, deadline), error);
    CHECK_FAILS(acort_watch_next(watch, &event_of_file, deadline), error);
    CHECK_FAILS(acort_blocking_until(returns_flag, &ran, NULL, deadline), error);
    CHECK_FAILS(acort_dial("unix", address.sun_path, deadline), error);
    errno = 0;
    CHECK(acort_getaddrinfo("127.0.0.1", "1", NULL, &found, deadline) == EAI_SYSTEM && errno == error);
    CHECK_FAILS(acort_signal_wait(&signals, NULL, deadline), error);
    CHECK_FAILS(acort_waitpid(1, NULL, deadline), error);
    CHECK_FAILS(acort_proc_start(&program, NULL, deadline), error);
    CHECK(ran == 0 && found == NULL && list == NULL && close(file) == 0);
}

/* None of them has done anything. */
static void check_untouched(void) {
    char bytes[4];
    CHECK_EQUAL(acort_chan_len(channel), 1);
    CHECK_EQUAL(recv(pair[0], bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT), 1);
    CHECK_EQUAL(recv(pair[1], bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT), -1);
    CHECK(access(path, F_OK) == -1);
    struct pollfd waits = {.fd = listener, .events = POLLIN};
    CHECK_EQUAL(poll(&waits, 1, 0), 1);
    CHECK_EQUAL(acort_mutex_lock(&mutex, 0), 0);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    CHECK_EQUAL(acort_rwlock_wrlock(&rwlock, 0), 0);
    CHECK_EQUAL(acort_rwlock_unlock(&rwlock), 0);
    CHECK_EQUAL(acort_sem_wait(&sem, 0), 0);
    CHECK_FAILS(acort_sem_wait(&sem, 0), ETIMEDOUT);
    CHECK_EQUAL(acort_sem_post(&sem), 0);
    CHECK_EQUAL(acort_barrier_init(&barrier, 1), 0);
}

static void *refuses(void *argument) {
    CHECK_EQUAL(acort_mutex_lock(&held, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_rwlock_rdlock(&read_held, ACORT_NEVER), 0);
    refuse(-2, EINVAL);
    refuse(INT64_MIN, EINVAL);
    CHECK_EQUAL(acort_mutex_unlock(&held), 0);
    CHECK_EQUAL(acort_rwlock_unlock(&read_held), 0);
    check_untouched();
    return argument;
}

static void *refuses_cancelled(void *argument) {
    CHECK_EQUAL(acort_mutex_lock(&held, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_rwlock_rdlock(&read_held, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_cancel(acort_self()), 0);
    refuse(ACORT_NEVER, ECANCELED);
    CHECK_FAILS(acort_sleep(1), ECANCELED);
    CHECK_FAILS(acort_yield(), ECANCELED);
    CHECK_EQUAL(acort_mutex_unlock(&held), 0);
    CHECK_EQUAL(acort_rwlock_unlock(&read_held), 0);
    CHECK_EQUAL(acort_cancel_mask(1), 0);
    check_untouched();
    return argument;
}

static void *all_refuse(void *argument) {
    long value = 1;
    pthread_t thread;
    group = acort_group_open();
    ended = acort_go(returns, NULL);
    future = acort_future_new();
    channel = acort_chan_new(sizeof value, 2, 0);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && write(pair[1], "x", 1) == 1);
    acort_stream_opts_t options = {.size = sizeof options, .flags = ACORT_STREAM_KEEP_FD};
    in = acort_stream_open(pair[0], &options);
    out = acort_stream_open(pair[1], &options);
    CHECK(in != NULL && out != NULL && pipe(pipe_ends) == 0);
    while (acort_write(pipe_ends[1], path, sizeof path, 0) > 0) continue;
    while (acort_write(pipe_ends[1], path, 1, 0) > 0) continue;
    snprintf(address.sun_path, sizeof address.sun_path, "%s.socket", path);
    listener = acort_listen("unix", address.sun_path, 0);
    int client = acort_dial("unix", address.sun_path, ACORT_NEVER);
    outside = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(group != NULL && ended != NULL && future != NULL && channel != NULL);
    CHECK(listener >= 0 && client >= 0 && outside >= 0);
    CHECK_EQUAL(acort_chan_send(channel, &value, 0), 0);
    CHECK(acort_future_set(future, NULL) == 0 && acort_event_set(&event) == 0);
    CHECK(acort_barrier_init(&barrier, 1) == 0 && acort_sem_init(&sem, 1) == 0);
    watch = acort_watch(address.sun_path, IN_ATTRIB, ACORT_NEVER);
    CHECK(watch >= 0 && chmod(address.sun_path, 0600) == 0); /* an event */
    acort_yield();
    refuses(NULL);
    join(go_with(ACORT_SHARED, refuses, NULL));
    join(acort_go(refuses_cancelled, NULL));
    join(go_with(ACORT_SHARED, refuses_cancelled, NULL));
    CHECK(pthread_create(&thread, NULL, refuses, NULL) == 0 && pthread_join(thread, NULL) == 0);
    join(ended);
    acort_chan_unref(channel);
    acort_future_unref(future);
    CHECK_EQUAL(acort_group_close(group), 0);
    CHECK(acort_stream_close(in, 0) == 0 && acort_stream_close(out, 0) == 0);
    const int files[] = {pair[0], pair[1], pipe_ends[0], pipe_ends[1], listener, client, outside, watch};
    for (int i = 0; i < 8; i++) CHECK_EQUAL(acort_close(files[i]), 0);
    CHECK(unlink(address.sun_path) == 0);
    return argument;
}

int main(void) {
    snprintf(path, sizeof path, "/tmp/acort-deadlines-%d", (int)getpid());
    acort_opts_t options;
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    options.flags = ACORT_LOOP;
    CHECK((loop = acort_new(&options)) != NULL);
    CHECK_FAILS(acort_loop_step(loop, -2), EINVAL);
    run(all_refuse, NULL);
    CHECK_EQUAL(acort_free(loop), 0);
    return 0;
}
