/* An HTTP/1.1 server that is small enough to read: connections that stay open, requests that come before
 * the last answer has gone, limits for what a client may send and for how long it may take.
 *
 *   http_server [address [workers [milliseconds for a request [own|shared]]]]    127.0.0.1:0 2 5000 own
 *
 *   GET /            a text
 *   GET /bytes/N     N bytes, up to a megabyte; their FNV-1a checksum is the ETag
 *   POST /echo       what was sent, up to 64 KiB
 *
 * A connection has a buffer while a request is read or answered. An idle one has its task alone: with its own
 * stack that is a page and some hundred bytes, on the worker's shared stack less than two kilobytes.
 *
 * On SIGTERM nothing more is accepted, connections without a request are closed, and a request that has
 * begun is answered, with `Connection: close`. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include <acort.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

enum { HEAD_LIMIT = 8192, BODY_LIMIT = 65536, BYTES_LIMIT = 1 << 20 };
#define IDLE ACORT_S(30)

typedef struct {
    const char *text;
    size_t length;
} slice_t;

typedef struct {
    slice_t method, target;
    size_t head, body; /* bytes of each */
    bool has_length, is_1_1, closes, keeps, expects;
    int hosts;
} request_t;

/* A request lies at the beginning of `data`; behind it what came early of the next ones. An idle connection has
 * none: its first bytes come into a place on its stack. */
typedef struct {
    char *data;
    int fd;
    unsigned used; /* bytes in `data` */
} connection_t;

static int listener, signals;
static int64_t request_time;
static bool is_shared;
static acort_group_t *connections;
static atomic_bool is_ending;
static atomic_long accepted, answered, refused;

/* ---- reading a request ---- */

static bool is(slice_t slice, const char *text) {
    return slice.length == strlen(text) && memcmp(slice.text, text, slice.length) == 0;
}

/* Names of fields, and most words in them, may be written in any case. */
static bool is_word(slice_t slice, const char *text) {
    return slice.length == strlen(text) && strncasecmp(slice.text, text, slice.length) == 0;
}

/* Takes what stands before `separator` off the front of `rest`; all of it where there is none. */
static slice_t cut(slice_t *rest, const char *separator) {
    const char *end = (const char *)memmem(rest->text, rest->length, separator, strlen(separator));
    slice_t first = {rest->text, end == NULL ? rest->length : (size_t)(end - rest->text)};
    size_t gone = first.length + (end == NULL ? 0 : strlen(separator));
    *rest = (slice_t){rest->text + gone, rest->length - gone};
    return first;
}

static bool is_space(char c) { return c == ' ' || c == '\t'; }

static slice_t trim(slice_t slice) {
    while (slice.length > 0 && is_space(slice.text[0])) slice.text++, slice.length--;
    while (slice.length > 0 && is_space(slice.text[slice.length - 1])) slice.length--;
    return slice;
}

static bool has_token(slice_t list, const char *token) {
    while (list.length > 0) {
        if (is_word(trim(cut(&list, ",")), token)) return true;
    }
    return false;
}

/* Digits alone, once: two readings of one length are how requests are smuggled past others. */
static bool parse_length(request_t *request, slice_t value) {
    if (request->has_length || value.length == 0 || value.length > 9) return false;
    request->has_length = true;
    for (size_t i = 0; i < value.length; i++) {
        if (value.text[i] < '0' || value.text[i] > '9') return false;
        request->body = request->body * 10 + (size_t)(value.text[i] - '0');
    }
    return true;
}

static int parse_field(request_t *request, slice_t line) {
    slice_t value = line, name = cut(&value, ":");
    if (name.length == 0 || name.length == line.length || trim(name).length != name.length) return 400;
    for (size_t i = 0; i < line.length; i++) {
        if ((unsigned char)line.text[i] < ' ' && line.text[i] != '\t') return 400;
    }
    value = trim(value);
    if (is_word(name, "Content-Length")) return parse_length(request, value) ? 200 : 400;
    if (is_word(name, "Transfer-Encoding")) return 501;
    if (is_word(name, "Host")) request->hosts++;
    if (is_word(name, "Expect")) request->expects = is_word(value, "100-continue");
    if (is_word(name, "Connection")) {
        request->closes |= has_token(value, "close");
        request->keeps |= has_token(value, "keep-alive");
    }
    return 200;
}

static int parse(request_t *request, slice_t head) {
    slice_t version = cut(&head, "\r\n");
    request->method = cut(&version, " ");
    request->target = cut(&version, " ");
    request->is_1_1 = is(version, "HTTP/1.1");
    if (!request->is_1_1 && !is(version, "HTTP/1.0")) return 400;
    while (head.length > 0) {
        int status = parse_field(request, cut(&head, "\r\n"));
        if (status != 200) return status;
    }
    if (request->hosts > 1 || (request->is_1_1 && request->hosts == 0)) return 400;
    request->closes |= !request->is_1_1 && !request->keeps;
    return request->body > BODY_LIMIT ? 413 : 200;
}

/* What a client sends until `limit` bytes are there: 200, 408 where it stalls, 0 where it is gone. */
static int read_more(connection_t *self, size_t limit, int64_t deadline) {
    ssize_t got = acort_read(self->fd, self->data + self->used, limit - self->used, deadline);
    if (got <= 0) return got < 0 && errno == ETIMEDOUT ? 408 : 0;
    self->used += (unsigned)got;
    return 200;
}

/* Waits until a request begins, and takes a buffer then. False: the client is silent or gone. */
static bool begin(connection_t *self, char *first, size_t room) {
    /* Cancellation, on SIGTERM, reaches a connection here alone, while nothing has begun. */
    acort_cancel_mask(0);
    ssize_t got = acort_read(self->fd, first, room, acort_after(IDLE));
    /* With deadline 0 nothing looks for cancellation: a request that has come by then is answered. */
    if (got < 0 && errno == ECANCELED) got = acort_read(self->fd, first, room, 0);
    acort_cancel_mask(1);
    if (got <= 0 || (self->data = (char *)malloc(HEAD_LIMIT + BODY_LIMIT)) == NULL) return false;
    self->used = (unsigned)got;
    memcpy(self->data, first, self->used);
    return true;
}

/* The request that has begun: 200, 0 where the client is gone, or why it is refused. */
static int receive(connection_t *self, request_t *request) {
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    int status;
    int64_t deadline = acort_after(request_time);
    const char *end;
    size_t seen = 0;
    while ((end = (const char *)memmem(self->data + seen, self->used - seen, "\r\n\r\n", 4)) == NULL) {
        if (self->used >= HEAD_LIMIT) return 431;
        seen = self->used < 3 ? 0 : self->used - 3;
        if ((status = read_more(self, HEAD_LIMIT, deadline)) != 200) return status;
    }
    request->head = (size_t)(end - self->data) + 4;
    if (request->head > HEAD_LIMIT) return 431;
    status = parse(request, (slice_t){self->data, request->head - 2});
    if (status != 200) return status;
    size_t whole = request->head + request->body;
    if (request->expects && self->used < whole &&
        acort_write_all(self->fd, go_on, sizeof go_on - 1, deadline) < 0) {
        return 0;
    }
    while (self->used < whole) {
        if ((status = read_more(self, HEAD_LIMIT + BODY_LIMIT, deadline)) != 200) return status;
    }
    return 200;
}

/* ---- answering it ---- */

static const char *reason(int status) {
    switch (status) {
    case 200: return "OK";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return "Bad Request";
    }
}

/* Head and body in one packet where they fit. */
static bool send_both(int fd, slice_t head, slice_t body) {
    int64_t deadline = acort_after(request_time);
    struct iovec parts[] = {{(void *)head.text, head.length}, {(void *)body.text, body.length}};
    ssize_t sent = acort_writev(fd, parts, body.length > 0 ? 2 : 1, deadline);
    for (int i = 0; i < 2 && sent >= 0; i++) {
        size_t gone = (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
        size_t left = parts[i].iov_len - gone;
        sent -= (ssize_t)gone;
        const char *from = (const char *)parts[i].iov_base + gone;
        if (left > 0 && acort_write_all(fd, from, left, deadline) != (ssize_t)left) return false;
    }
    return sent >= 0;
}

static bool answer(connection_t *self, request_t *request, int status, slice_t body, const char *fields) {
    char text[512];
    request->closes |= is_ending;
    int length = snprintf(text, sizeof text, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n%s%s\r\n", status,
                          reason(status), body.length, fields,
                          request->closes    ? "Connection: close\r\n"
                          : request->is_1_1 ? ""
                                             : "Connection: keep-alive\r\n");
    if (is(request->method, "HEAD")) body.length = 0;
    *(status < 400 ? &answered : &refused) += 1;
    return send_both(self->fd, (slice_t){text, (size_t)length}, body);
}

/* An error in words; a request that is not understood is the last one of its connection. */
static bool refuse(connection_t *self, request_t *request, int status, const char *fields) {
    const char *why = reason(status);
    return answer(self, request, status, (slice_t){why, strlen(why)}, fields);
}

/* Bytes without a pattern, the same for the same number, and their checksum. */
static uint64_t make_bytes(unsigned char *bytes, size_t count) {
    uint64_t random = count + 1, checksum = 0xcbf29ce484222325;
    for (size_t i = 0; i < count; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        bytes[i] = (unsigned char)random;
        checksum = (checksum ^ bytes[i]) * 0x100000001b3;
    }
    return checksum;
}

static bool answer_bytes(connection_t *self, request_t *request) {
    slice_t number = {request->target.text + 7, request->target.length - 7};
    size_t count = 0;
    if (number.length == 0 || number.length > 7) return refuse(self, request, 404, "");
    for (size_t i = 0; i < number.length; i++) {
        if (number.text[i] < '0' || number.text[i] > '9') return refuse(self, request, 404, "");
        count = count * 10 + (size_t)(number.text[i] - '0');
    }
    if (count > BYTES_LIMIT) return refuse(self, request, 404, "");
    unsigned char *bytes = (unsigned char *)malloc(count + 1);
    if (bytes == NULL) return refuse(self, request, 503, "");
    char fields[64];
    snprintf(fields, sizeof fields, "ETag: \"%016llx\"\r\n", (unsigned long long)make_bytes(bytes, count));
    bool is_sent = answer(self, request, 200, (slice_t){(char *)bytes, count}, fields);
    free(bytes);
    return is_sent;
}

static bool respond(connection_t *self, request_t *request) {
    static const char text[] = "Coroutines answer.\n";
    bool gets = is(request->method, "GET") || is(request->method, "HEAD");
    bool is_bytes = request->target.length >= 7 && memcmp(request->target.text, "/bytes/", 7) == 0;
    if (is(request->target, "/echo")) {
        if (!is(request->method, "POST")) return refuse(self, request, 405, "Allow: POST\r\n");
        return answer(self, request, 200, (slice_t){self->data + request->head, request->body}, "");
    }
    if (!is_bytes && !is(request->target, "/")) return refuse(self, request, 404, "");
    if (!gets) return refuse(self, request, 405, "Allow: GET, HEAD\r\n");
    if (is_bytes) return answer_bytes(self, request);
    return answer(self, request, 200, (slice_t){text, sizeof text - 1}, "Content-Type: text/plain\r\n");
}

/* Reads what is still coming, for a second: closing with unread input would reset what was just sent. */
static void leave_kindly(connection_t *self) {
    int64_t deadline = acort_after(ACORT_S(1));
    shutdown(self->fd, SHUT_WR);
    while (acort_now() < deadline && acort_read(self->fd, self->data, HEAD_LIMIT + BODY_LIMIT, deadline) > 0) {
    }
}

/* Drops `count` bytes, and the buffer where nothing else has come. */
static void drop(connection_t *self, size_t count) {
    self->used -= (unsigned)count;
    if (self->used > 0) {
        memmove(self->data, self->data + count, self->used);
    } else {
        free(self->data);
        self->data = NULL;
    }
}

/* Answers one request. False: it was the last one. Not inlined: its frame is gone while the connection is idle. */
__attribute__((noinline)) static bool serve_one(connection_t *self) {
    request_t request = {0};
    int status = receive(self, &request);
    if (status == 0) return false;
    request.closes |= status != 200;
    if (!(status == 200 ? respond(self, &request) : refuse(self, &request, status, ""))) return false;
    if (request.closes) leave_kindly(self);
    else drop(self, request.head + request.body);
    return !request.closes;
}

static inline void *serve(connection_t *self, char *first, size_t room) {
    while ((self->data != NULL || begin(self, first, room)) && serve_one(self)) {
    }
    acort_close(self->fd);
    free(self->data);
    return NULL;
}

/* Has room for a request that comes whole, by one read: the task's own stack has at least a page. */
static void *serve_own(void *fd) {
    char first[256];
    connection_t connection = {NULL, (int)(intptr_t)fd, 0};
    return serve(&connection, first, sizeof first);
}

/* The frames of a task that waits are copied from a shared stack: they are kept small. */
static void *serve_shared(void *fd) {
    char first[1];
    connection_t connection = {NULL, (int)(intptr_t)fd, 0};
    return serve(&connection, first, sizeof first);
}

/* ---- the server ---- */

static bool start(int fd) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.group = connections;
    attributes.flags = ACORT_DETACHED | (is_shared ? ACORT_SHARED : 0); /* on any worker, where it stays */
    return acort_go_ex(&attributes, is_shared ? serve_shared : serve_own, (void *)(intptr_t)fd) != NULL;
}

static void *accept_all(void *unused) {
    int fd;
    while ((fd = acort_accept(listener, NULL, NULL, ACORT_NEVER)) >= 0 || errno != ECANCELED) {
        if (fd >= 0 && start(fd)) accepted++;
        else if (fd >= 0) acort_close(fd);
        else acort_sleep(ACORT_MS(10)); /* it waits until a number is free */
    }
    return unused;
}

static void *run(void *unused) {
    connections = acort_group_open();
    acort_task_t *acceptor = connections == NULL ? NULL : acort_go(accept_all, NULL);
    struct signalfd_siginfo signal;
    /* acort_enter() gives what has failed. */
    if (acceptor == NULL || acort_read(signals, &signal, sizeof signal, ACORT_NEVER) < 0) acort_group_fail(NULL, errno);
    acort_cancel(acceptor);
    acort_join(acceptor, NULL, ACORT_NEVER);
    acort_close(listener);
    is_ending = true;
    acort_group_close(connections); /* no longer than a request and its answer may take */
    return unused;
}

/* SIGTERM and SIGINT become something that a task can read. Before any thread begins: all inherit it. */
static int catch_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int main(int count, char **arguments) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    signals = catch_signals();
    listener = acort_listen("tcp4", count > 1 ? arguments[1] : "127.0.0.1:0", 0);
    request_time = ACORT_MS(count > 3 ? atol(arguments[3]) : 5000);
    is_shared = count > 4 && strcmp(arguments[4], "shared") == 0;
    acort_opts_t options = ACORT_OPTS_INIT;
    options.workers = count > 2 ? (uint32_t)atoi(arguments[2]) : 2;
    acort_t *runtime = acort_new(&options);
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    if (signals < 0 || runtime == NULL || listener < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
        perror("http_server");
        return 1;
    }
    printf("port %d with %u workers\n", ntohs(address.sin_port), options.workers);
    fflush(stdout);
    if (acort_enter(runtime, run, NULL, NULL) != 0) {
        perror("http_server");
        return 1;
    }
    acort_free(runtime);
    printf("%ld connections: %ld answers and %ld refusals\n", accepted, answered, refused);
    return 0;
}
/* Prints:
 * port # with # workers
 * # connections: # answers and # refusals
 */
