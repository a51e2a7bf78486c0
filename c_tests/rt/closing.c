/* A wait is for a file, not for a number. A call that has begun with a file ends with ECANCELED when acort_close()
 * closes it - while it waits, when it was woken already, or between two parts - and never goes on with the next file
 * of that number. Tasks on their own stacks and on the shared one, and plain threads. */
#include "rt.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum call {
    READ, READV, RECVFROM, RECVMSG, READ_FULL, WAIT_IN, SELECT_IN, PIPE_READ, /* of what has no input */
    WRITE, WRITEV, SENDTO, SENDMSG, WRITE_ALL, WAIT_OUT, SELECT_OUT, PIPE_WRITE, /* of what is full */
    ACCEPT, CONNECT,
    CALLS
};

enum who { OWN_STACK, SHARED_STACK, THREAD, WHO };

/* ---- the victim --------------------------------------------------------------------------- */

typedef struct victim {
    enum call call;
    enum who who;
    int fd, other; /* the file, and the one at its other end; -1: none */
    int part;      /* READ_FULL, WRITE_ALL: so much is done before */
    struct sockaddr_in place; /* CONNECT: there */
    atomic_int has_begun, waits;
    _Atomic(acort_task_t *) self;
    atomic_int thread_number;
    long result;
    int error;
    char bytes[64];
    acort_task_t *task;
    pthread_t thread;
} victim_t;

static char much[1 << 20];

static int selects(int op, int fd) {
    acort_case_t one;
    memset(&one, 0, sizeof one);
    one.op = op;
    one.fd = fd;
    return acort_select(&one, 1, ACORT_NEVER);
}

static long calls(victim_t *v) {
    struct iovec in = {v->bytes, sizeof v->bytes}, out = {much, sizeof much};
    struct msghdr from = {.msg_iov = &in, .msg_iovlen = 1}, to = {.msg_iov = &out, .msg_iovlen = 1};
    switch (v->call) {
    case READ: case PIPE_READ: return acort_read(v->fd, v->bytes, sizeof v->bytes, ACORT_NEVER);
    case READV: return acort_readv(v->fd, &in, 1, ACORT_NEVER);
    case RECVFROM: return acort_recvfrom(v->fd, v->bytes, sizeof v->bytes, 0, NULL, NULL, ACORT_NEVER);
    case RECVMSG: return acort_recvmsg(v->fd, &from, 0, ACORT_NEVER);
    case READ_FULL: return acort_read_full(v->fd, v->bytes, sizeof v->bytes, ACORT_NEVER);
    case WAIT_IN: return acort_fdwait(v->fd, POLLIN, ACORT_NEVER);
    case SELECT_IN: return selects(ACORT_FD_READ, v->fd);
    case WRITE: case PIPE_WRITE: return acort_write(v->fd, much, sizeof much, ACORT_NEVER);
    case WRITEV: return acort_writev(v->fd, &out, 1, ACORT_NEVER);
    case SENDTO: return acort_sendto(v->fd, much, sizeof much, 0, NULL, 0, ACORT_NEVER);
    case SENDMSG: return acort_sendmsg(v->fd, &to, 0, ACORT_NEVER);
    case WRITE_ALL: return acort_write_all(v->fd, much, sizeof much, ACORT_NEVER);
    case WAIT_OUT: return acort_fdwait(v->fd, POLLOUT, ACORT_NEVER);
    case SELECT_OUT: return selects(ACORT_FD_WRITE, v->fd);
    case ACCEPT: return acort_accept(v->fd, NULL, NULL, ACORT_NEVER);
    default: return acort_connect(v->fd, (struct sockaddr *)&v->place, sizeof v->place, ACORT_NEVER);
    }
}

static void *is_victim(void *argument) {
    victim_t *v = argument;
    atomic_store(&v->self, acort_self());
    atomic_store(&v->thread_number, (int)syscall(SYS_gettid));
    atomic_store(&v->has_begun, 1);
    errno = 0;
    v->result = calls(v);
    v->error = errno;
    return NULL;
}

/* The victim whose wait the hook reports. */
static _Atomic(victim_t *) watched;

static void begins_to_wait(void *user, acort_task_t *task, const char *why) {
    (void)user, (void)why;
    victim_t *v = atomic_load(&watched);
    if (v != NULL && atomic_load(&v->has_begun) != 0 && atomic_load(&v->self) == task) {
        atomic_store(&v->waits, 1);
    }
}

/* A call is inside once its task waits, or its thread sleeps. One that has ended already is what finish() shows. */
static int is_inside(victim_t *v) {
    if (v->who != THREAD) return atomic_load(&v->waits) != 0;
    char name[64], line[512] = "";
    if (atomic_load(&v->has_begun) == 0) return 0;
    snprintf(name, sizeof name, "/proc/self/task/%d/stat", atomic_load(&v->thread_number));
    FILE *file = fopen(name, "r");
    int has_line = file != NULL && fgets(line, sizeof line, file) != NULL;
    if (file != NULL) fclose(file);
    return !has_line || strstr(line, ") S") != NULL;
}

static void start(victim_t *v) {
    v->has_begun = 0;
    atomic_store(&watched, v);
    if (v->who == THREAD) {
        CHECK(pthread_create(&v->thread, NULL, is_victim, v) == 0);
    } else {
        v->task = go_with(v->who == SHARED_STACK ? ACORT_SHARED : 0, is_victim, v);
    }
}

static void *joins_thread(void *thread) {
    CHECK(pthread_join(*(pthread_t *)thread, NULL) == 0);
    return NULL;
}

static void finish(victim_t *v) {
    if (v->who == THREAD) {
        CHECK_EQUAL(acort_blocking(joins_thread, &v->thread, NULL), 0);
    } else {
        join(v->task);
    }
}

/* ---- its file, and the next one of that number -------------------------------------------- */

static int is_for_output(enum call call) { return call >= WRITE && call <= PIPE_WRITE; }

static void fill(int fd) {
    for (int size = 4096; size > 0; size /= 2) {
        while (write(fd, much, (size_t)size) > 0) {
        }
    }
}

/* At an address of this process alone. Else a knock that is not answered, and which the system repeats after the
 * listener is closed, may reach the next listener of that port, in another process. */
static int listens(struct sockaddr_in *place) {
    socklen_t length = sizeof *place;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    memset(place, 0, sizeof *place);
    place->sin_family = AF_INET;
    place->sin_addr.s_addr = htonl(INADDR_LOOPBACK + ((unsigned)getpid() & 0x3fffff) * 2);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)place, length) == 0 && listen(fd, 0) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)place, &length) == 0);
    return fd;
}

static int knocks(const struct sockaddr_in *place) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0);
    (void)connect(fd, (const struct sockaddr *)place, sizeof *place);
    return fd;
}

enum { KNOCKS = 4 }; /* more than a listener lets wait: a later one is not answered */

static int knocked[KNOCKS];

static void opens(victim_t *v) {
    int ends[2];
    v->other = -1;
    if (v->call == ACCEPT) {
        v->fd = listens(&v->place);
    } else if (v->call == CONNECT) {
        v->other = listens(&v->place);
        for (int i = 0; i < KNOCKS; i++) knocked[i] = knocks(&v->place);
        /* A loaded system answers knocks until the first one is in the queue, which has room for one. */
        struct pollfd full = {v->other, POLLIN, 0};
        CHECK_EQUAL(poll(&full, 1, -1), 1);
        v->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    } else {
        if (v->call == PIPE_READ || v->call == PIPE_WRITE) {
            CHECK(pipe2(ends, O_NONBLOCK) == 0);
        } else {
            CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
        }
        int output = v->call == PIPE_WRITE;
        v->fd = ends[output];
        v->other = ends[!output];
    }
    if (is_for_output(v->call)) {
        if (v->call != WRITE_ALL) fill(v->fd);
    } else if (v->call == READ_FULL && v->part > 0) {
        CHECK_EQUAL(write(v->other, "partpart", (size_t)v->part), v->part);
    }
}

/* What would let the victim's call go on. */
static void makes_ready(victim_t *v) {
    if (v->call == ACCEPT) {
        knocked[0] = knocks(&v->place);
    } else if (is_for_output(v->call)) {
        char taken[4096];
        while (read(v->other, taken, sizeof taken) > 0) {
        }
    } else if (v->call != CONNECT) {
        CHECK(write(v->other, "late", 4) == 4 || errno == EPIPE); /* it may be closed by now */
    }
}

/* The next file, if it has the number: it has what the victim wants. */
static int next_file(victim_t *v, int *other) {
    int ends[2], next;
    *other = -1;
    if (v->call == ACCEPT || v->call == CONNECT) {
        struct sockaddr_in place;
        next = listens(&place);
        *other = knocks(&place);
        return next;
    }
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    CHECK(write(ends[1], "SECRET", 6) == 6);
    *other = ends[1];
    return ends[0];
}

/* Nothing went from it, or to it. */
static void check_next(victim_t *v, int next, int other) {
    char bytes[16];
    if (v->call == ACCEPT || v->call == CONNECT) {
        struct pollfd one = {next, POLLIN, 0};
        CHECK_EQUAL(poll(&one, 1, 5000), 1);
        int connection = accept(next, NULL, NULL);
        CHECK(connection >= 0);
        close(connection);
    } else {
        CHECK_EQUAL(read(next, bytes, sizeof bytes), 6);
        CHECK(memcmp(bytes, "SECRET", 6) == 0);
        CHECK(read(other, bytes, sizeof bytes) < 0 && errno == EAGAIN);
    }
    close(next);
    close(other);
}

/* It was cancelled, after a part or before any; or with `may_succeed` it has what the first file had. */
static void check_victim(victim_t *v, int may_succeed) {
    long part = v->call == READ_FULL ? v->part : 0;
    if (v->result == -1 || v->error == ECANCELED) {
        CHECK_EQUAL(v->error, ECANCELED);
        if (v->call == WRITE_ALL) {
            CHECK(v->result > 0 || v->part == 0);
        } else if (part > 0) {
            CHECK(v->result == part || (may_succeed && v->result > part && v->result <= part + 4));
            CHECK(memcmp(v->bytes, "partpart", (size_t)part) == 0);
            CHECK(memcmp(v->bytes + part, "late", (size_t)(v->result - part)) == 0);
        } else {
            CHECK(v->result == -1 || (may_succeed && v->call == READ_FULL && v->result <= 4));
        }
    } else {
        CHECK(may_succeed);
        if (v->call <= RECVMSG || v->call == PIPE_READ) {
            CHECK(v->result >= 1 && v->result <= 4); /* fewer under chaos */
            CHECK(memcmp(v->bytes, "late", (size_t)v->result) == 0);
        }
    }
    if (v->call == ACCEPT && v->result >= 0) close((int)v->result);
}

static void ends(victim_t *v) {
    if (v->call == CONNECT) {
        for (int i = 0; i < KNOCKS; i++) close(knocked[i]);
    }
    if (v->other >= 0) close(v->other);
}

/* It has gone as far as it can: it waits. Before that it could find the next file, which is no fault of a call. */
static void lets_wait(victim_t *v) {
    while (!is_inside(v)) acort_sleep(MILLISECONDS / 10);
    atomic_store(&watched, NULL);
    for (int left = 1; left > 0;) { /* a part is taken when it waits for the next */
        left = 0;
        if (v->call == READ_FULL) CHECK(ioctl(v->fd, FIONREAD, &left) == 0);
        if (left > 0) acort_sleep(MILLISECONDS);
    }
}

/* ---- while it waits ------------------------------------------------------------------------ */

static void while_it_waits(enum call call, enum who who, int part) {
    if (who == THREAD && (call == SELECT_IN || call == SELECT_OUT)) return; /* which is EPERM there */
    victim_t *v = calloc(1, sizeof *v);
    v->call = call;
    v->who = who;
    v->part = part;
    opens(v);
    start(v);
    lets_wait(v);
    CHECK_EQUAL(acort_close(v->fd), 0);
    int other, next = next_file(v, &other);
    finish(v);
    check_victim(v, 0);
    CHECK_EQUAL(v->result, call == READ_FULL && part > 0 ? part : call == WRITE_ALL ? v->result : -1);
    check_next(v, next, other);
    ends(v);
    free(v);
}

static void *each_waits(void *argument) {
    for (int who = 0; who < WHO; who++) {
        for (int call = 0; call < CALLS; call++) while_it_waits(call, who, 0);
        while_it_waits(READ_FULL, who, 8);
    }
    return argument;
}

/* ---- when it was woken already ------------------------------------------------------------- */

static int control[2];

/* It is woken by the same poll as the victim, and runs before it. */
static void *closes_first(void *argument) {
    victim_t *v = argument;
    char byte;
    CHECK_EQUAL(acort_read(control[0], &byte, 1, ACORT_NEVER), 1);
    CHECK_EQUAL(acort_close(v->fd), 0);
    int other, next = next_file(v, &other);
    CHECK(next != v->fd || atomic_load(&v->has_begun) == 2); /* the number is not free while the call is inside */
    while (atomic_load(&v->has_begun) != 2) acort_yield();
    check_victim(v, !IN_ORDER);
    check_next(v, next, other);
    return NULL;
}

static void *is_victim_and_says_so(void *argument) {
    is_victim(argument);
    atomic_store(&((victim_t *)argument)->has_begun, 2);
    return NULL;
}

static void *writes_a_byte(void *fd) {
    CHECK(write((int)NUMBER(fd), "x", 1) == 1);
    return NULL;
}

/* The worker polls, so that its next poll reports nothing older than what comes now, and that in order. */
static void polls_once(void) {
    int ends[2];
    char byte;
    CHECK(pipe2(ends, O_NONBLOCK) == 0);
    acort_task_t *task = acort_go(writes_a_byte, POINTER(ends[1]));
    CHECK_EQUAL(acort_read(ends[0], &byte, 1, ACORT_NEVER), 1);
    join(task);
    CHECK(acort_close(ends[0]) == 0 && close(ends[1]) == 0);
}

static void when_it_was_woken(enum call call, enum who who, int part) {
    victim_t *v = calloc(1, sizeof *v);
    v->call = call;
    v->who = who;
    v->part = part;
    CHECK(pipe2(control, O_NONBLOCK) == 0);
    opens(v);
    acort_task_t *closer = acort_go(closes_first, v);
    acort_sleep(MILLISECONDS / 10);
    atomic_store(&watched, v);
    v->task = go_with(who == SHARED_STACK ? ACORT_SHARED : 0, is_victim_and_says_so, v);
    lets_wait(v);
    polls_once();
    CHECK(write(control[1], "x", 1) == 1);
    makes_ready(v);
    join(closer);
    join(v->task);
    ends(v);
    if (call == ACCEPT) close(knocked[0]);
    close(control[0]), close(control[1]);
    free(v);
}

static void *each_was_woken(void *argument) {
    for (int who = 0; who < THREAD; who++) {
        for (int call = 0; call < CONNECT; call++) when_it_was_woken(call, who, 0);
        when_it_was_woken(READ_FULL, who, 8);
    }
    return argument;
}

/* ---- races --------------------------------------------------------------------------------- */

/* A million of them in all with ACO_TEST_ROUNDS=5000 (make test-long). */
static long rounds_of(long few) {
    const char *text = getenv("ACO_TEST_ROUNDS");
    return text != NULL ? atol(text) * few / 6 : few;
}

/* The file becomes ready and is closed at the same moment, on whichever workers, while the call is inside. */
typedef struct race {
    victim_t victim;
    atomic_int go;
} race_t;

static void *readies(void *argument) {
    race_t *race = argument;
    while (atomic_load(&race->go) == 0) acort_yield();
    makes_ready(&race->victim);
    return NULL;
}

static void one_race(enum call call, enum who who, unsigned pause) {
    race_t *race = calloc(1, sizeof *race);
    victim_t *v = &race->victim;
    v->call = call;
    v->who = who;
    v->part = call == READ_FULL ? 1 : 0;
    opens(v);
    start(v);
    acort_task_t *readier = acort_go(readies, race);
    while (!is_inside(v)) acort_yield();
    atomic_store(&watched, NULL);
    atomic_store(&race->go, 1);
    for (volatile unsigned i = 0; i < pause % 512; i++) {
    }
    if (pause % 4 == 0) acort_yield();
    CHECK_EQUAL(acort_close(v->fd), 0);
    int other, next = next_file(v, &other);
    join(readier);
    finish(v);
    check_victim(v, 1);
    check_next(v, next, other);
    if (call == ACCEPT) close(knocked[0]);
    ends(v);
    free(race);
}

static void *races(void *argument) {
    static const enum call of[] = {READ, READ_FULL, WAIT_IN, SELECT_IN, WRITE, WRITE_ALL, PIPE_READ, ACCEPT};
    enum { COUNT = sizeof of / sizeof *of };
    unsigned seed = 1;
    for (long i = 0; i < rounds_of(400); i++) {
        seed = seed * 1103515245 + 12345;
        enum call call = of[(seed >> 16) % COUNT];
        enum who who = i % 16 == 0 && call != SELECT_IN ? THREAD : (enum who)((seed >> 8) % THREAD);
        one_race(call, who, seed >> 20);
    }
    return argument;
}

/* ---- the number ---------------------------------------------------------------------------- */

static void *reads_a_byte(void *fd) {
    char byte;
    CHECK_FAILS(acort_read((int)NUMBER(fd), &byte, 1, ACORT_NEVER), ECANCELED);
    return NULL;
}

/* The file is closed at once, its number free when the last call has left; no call enters meanwhile. */
static void *number_comes_back(void *argument) {
    int ends[2];
    char byte;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    acort_task_t *reader = acort_go(reads_a_byte, POINTER(ends[0]));
    acort_sleep(MILLISECONDS);
    CHECK_EQUAL(acort_close(ends[0]), 0);
    CHECK_EQUAL(read(ends[1], &byte, 1), 0); /* its other end sees the end, while the call is inside still */
    CHECK_FAILS(acort_close(ends[0]), EBADF);
    CHECK_FAILS(acort_read(ends[0], &byte, 1, ACORT_NEVER), EBADF);
    CHECK_FAILS(acort_fdwait(ends[0], POLLIN, ACORT_NEVER), EBADF);
    join(reader);
    CHECK(fcntl(ends[0], F_GETFD) < 0 && errno == EBADF);
    CHECK_EQUAL(dup(ends[1]), ends[0]);
    close(ends[0]), close(ends[1]);
    CHECK_FAILS(acort_close(ends[0]), EBADF);
    return argument;
}

/* Without a descriptor left for what takes the number meanwhile. */
static void *no_descriptor_left(void *argument) {
    int ends[2], more[4096], count = 0;
    char byte;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    acort_task_t *reader = acort_go(reads_a_byte, POINTER(ends[0]));
    acort_sleep(MILLISECONDS);
    while (count < 4096 && (more[count] = dup(ends[1])) >= 0) count++;
    CHECK(count < 4096 && errno == EMFILE);
    CHECK_EQUAL(acort_close(ends[0]), 0);
    join(reader);
    CHECK_EQUAL(read(ends[1], &byte, 1), 0);
    CHECK(fcntl(ends[0], F_GETFD) < 0 && errno == EBADF);
    while (count > 0) close(more[--count]);
    close(ends[1]);
    return argument;
}

static atomic_int is_blocking, is_closed;

static void *blocks(void *argument) {
    is_blocking = 1;
    while (!is_closed) usleep(1000);
    return argument;
}

static void *blocks_the_thread(void *argument) {
    CHECK_EQUAL(acort_blocking(blocks, NULL, NULL), 0);
    return argument;
}

static void *writes_to_file(void *fd) {
    CHECK_FAILS(acort_pwrite((int)NUMBER(fd), "x", 1, 0, ACORT_NEVER), ECANCELED);
    return NULL;
}

static void *syncs_file(void *fd) {
    CHECK_FAILS(acort_fsync((int)NUMBER(fd), ACORT_NEVER), ECANCELED);
    return NULL;
}

static int temporary_file(void) {
    char name[] = "/tmp/aco-closing-XXXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0 && unlink(name) == 0);
    return fd;
}

/* Calls that a thread has not come to yet: the thread finds no other file under the number. */
static void *queued_for_a_thread(void *argument) {
    int fd = temporary_file();
    is_blocking = is_closed = 0;
    acort_task_t *blocker = acort_go(blocks_the_thread, NULL);
    while (!is_blocking) acort_sleep(MILLISECONDS / 10);
    acort_task_t *writer = acort_go(writes_to_file, POINTER(fd)), *syncer = acort_go(syncs_file, POINTER(fd));
    acort_sleep(5 * MILLISECONDS);
    CHECK_EQUAL(acort_close(fd), 0);
    int next = temporary_file();
    is_closed = 1;
    join(writer), join(syncer), join(blocker);
    CHECK_EQUAL(lseek(next, 0, SEEK_END), 0);
    close(next);
    return argument;
}

static void with_one_thread(void) {
    acort_opts_t options;
    acort_opts_init(&options, sizeof options);
    options.workers = 1;
    options.blocking_threads = 1;
    acort_t *runtime = acort_new(&options);
    CHECK(runtime != NULL);
    CHECK_EQUAL(acort_enter(runtime, queued_for_a_thread, NULL, NULL), 0);
    CHECK_EQUAL(acort_free(runtime), 0);
}

static void *closes_it(void *fd) {
    CHECK_EQUAL(acort_close((int)NUMBER(fd)), 0);
    return NULL;
}

/* A close that takes its time (SO_LINGER) holds nothing up: the next connection has the number, and is used. */
static void *lingers(void *argument) {
    struct sockaddr_in place;
    struct linger long_time = {1, 1};
    char byte;
    int listener = listens(&place);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(client, (struct sockaddr *)&place, sizeof place) == 0);
    int server = acort_accept(listener, NULL, NULL, ACORT_NEVER);
    CHECK(setsockopt(server, SOL_SOCKET, SO_LINGER, &long_time, sizeof long_time) == 0);
    while (write(server, much, sizeof much) > 0) { /* which does not block */
    }
    int second = knocks(&place);
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    attributes.worker = 1;
    acort_task_t *closer = acort_go_ex(&attributes, closes_it, POINTER(server));
    while (fcntl(server, F_GETFD) >= 0) acort_sleep(MILLISECONDS);
    int64_t start = acort_now();
    int connection = acort_accept(listener, NULL, NULL, ACORT_NEVER);
    CHECK_EQUAL(connection, server);
    CHECK(write(second, "x", 1) == 1);
    CHECK_EQUAL(acort_read(connection, &byte, 1, ACORT_NEVER), 1);
    CHECK(acort_now() - start < 500 * MILLISECONDS);
    join(closer);
    CHECK_EQUAL(acort_close(connection), 0);
    close(client), close(second), close(listener);
    return argument;
}

static void *starts_lingering(void *argument) {
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    attributes.worker = 0;
    join(acort_go_ex(&attributes, lingers, argument));
    return argument;
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    run(number_comes_back, NULL);
    with_one_thread();
    static const acort_hooks_t hooks = {.block = begins_to_wait};
    acort_set_hooks(&hooks);
    run(each_waits, NULL);
    run(each_was_woken, NULL);
    for (uint32_t workers = 1; workers <= 4; workers *= 2) {
        run_with(workers, each_waits, NULL);
        run_with(workers, races, NULL);
    }
    acort_set_hooks(NULL);
    run_with(2, starts_lingering, NULL);
    struct rlimit files = {256, 256};
    CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
    run(no_descriptor_left, NULL);
    return 0;
}
