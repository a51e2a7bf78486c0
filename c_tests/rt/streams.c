/* Buffered streams: what was written is read, once and in order, by whatever calls; limits, ends, errors. */
#include "rt.h"

#include <fcntl.h>

enum { LIMIT = 100 };

static int pair[2];
static acort_stream_t *ours, *theirs;

static int64_t soon(void) { return acort_after(20000 * MILLISECONDS); }

static acort_stream_t *stream_on(int fd, size_t limit, size_t read_size, size_t write_size) {
    acort_stream_opts_t options = {.size = sizeof options, .limit = limit, .read_size = read_size, .write_size = write_size};
    acort_stream_t *stream = acort_stream_open(fd, &options);
    CHECK(stream != NULL);
    CHECK_EQUAL(acort_stream_fd(stream), fd);
    return stream;
}

/* A pair of streams, with buffers of a few bytes. */
static void connect_with(size_t limit, size_t size) {
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ours = stream_on(pair[0], limit, size, size);
    theirs = stream_on(pair[1], limit, size, size);
}

static void disconnect(void) {
    CHECK_EQUAL(acort_stream_close(ours, 0), 0);
    CHECK_EQUAL(acort_stream_close(theirs, 0), 0);
}

static void put_text(const char *text, size_t size) {
    CHECK_EQUAL(acort_stream_write(ours, text, size, soon()), size);
    CHECK_EQUAL(acort_stream_flush(ours, soon()), 0);
}

static void check_line(const char *text, size_t size) {
    size_t length = 12345;
    char *line = acort_stream_read_line(theirs, &length, soon());
    CHECK(line != NULL && length == size && memcmp(line, text, size + 1) == 0);
}

static void check_end(void) {
    for (int i = 0; i < 2; i++) {
        size_t length = 12345;
        char byte;
        errno = EIO;
        CHECK(acort_stream_read_line(theirs, &length, soon()) == NULL && errno == 0 && length == 0);
        errno = EIO;
        CHECK(acort_stream_read_until(theirs, "x", 1, NULL, soon()) == NULL && errno == 0);
        errno = EIO;
        CHECK(acort_stream_peek(theirs, 1, NULL, soon()) == NULL && errno == 0);
        CHECK_EQUAL(acort_stream_read(theirs, &byte, 1, soon()), 0);
        CHECK_EQUAL(acort_stream_read_full(theirs, &byte, 1, soon()), 0);
    }
}

static void *lines(void *argument) {
    static const size_t sizes[] = {1, 3, 8, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        connect_with(LIMIT, sizes[i]);
        put_text("one\n\ntwo\r\n\r\nth\rree\na\0b\nla", 25);
        check_line("one", 3);
        check_line("", 0);
        check_line("two", 3);
        check_line("", 0);
        check_line("th\rree", 6);
        check_line("a\0b", 3);
        errno = 0;
        CHECK(acort_stream_read_line(theirs, NULL, 0) == NULL && errno == ETIMEDOUT);
        put_text("st", 2);
        CHECK_EQUAL(acort_stream_shutdown(ours, soon()), 0);
        CHECK_FAILS(acort_stream_write(ours, "x", 1, soon()), EPIPE);
        CHECK_FAILS(acort_stream_printf(ours, soon(), "x"), EPIPE);
        CHECK_FAILS(acort_stream_shutdown(ours, soon()), EPIPE);
        check_line("last", 4);
        check_end();
        CHECK_EQUAL(acort_stream_write(theirs, "back\n", 5, soon()), 5);
        CHECK_EQUAL(acort_stream_flush(theirs, soon()), 0);
        CHECK(strcmp(acort_stream_read_line(ours, NULL, soon()), "back") == 0);
        disconnect();
    }
    return argument;
}

/* A line may have so many bytes, and a stream holds no more. */
static void *limits(void *argument) {
    char text[4 * LIMIT], got[4 * LIMIT];
    for (size_t size = 1; size <= 64; size *= 8) {
        connect_with(LIMIT, size);
        memset(text, 'x', sizeof text);
        text[LIMIT] = '\n';
        put_text(text, LIMIT + 1);
        text[LIMIT] = 0;
        check_line(text, LIMIT);
        text[LIMIT] = 'x';
        text[LIMIT + 1] = '\n';
        put_text(text, LIMIT + 2);
        for (int i = 0; i < 2; i++) {
            CHECK_REFUSES(acort_stream_read_line(theirs, NULL, soon()), EMSGSIZE);
            CHECK_REFUSES(acort_stream_read_until(theirs, "\n", 1, NULL, soon()), EMSGSIZE);
        }
        CHECK_REFUSES(acort_stream_peek(theirs, LIMIT + 1, NULL, soon()), EMSGSIZE);
        CHECK(acort_stream_buffered(theirs) <= LIMIT + 2);
        CHECK_EQUAL(acort_stream_read_full(theirs, got, LIMIT + 2, soon()), LIMIT + 2);
        CHECK(memcmp(got, text, LIMIT + 2) == 0);
        text[LIMIT + 1] = 'x';
        put_text(text, sizeof text); /* no newline in sight */
        CHECK_REFUSES(acort_stream_read_line(theirs, NULL, soon()), EMSGSIZE);
        CHECK(acort_stream_buffered(theirs) <= LIMIT + 2);
        CHECK_EQUAL(acort_stream_read_full(theirs, got, sizeof got, soon()), sizeof got);
        put_text("12345", 5);
        size_t length = 0;
        CHECK(acort_stream_peek(theirs, 5, &length, soon()) != NULL && length == 5);
        CHECK_FAILS(acort_stream_unread(theirs, text, LIMIT - 4), EMSGSIZE);
        CHECK_FAILS(acort_stream_unread(theirs, text, SIZE_MAX), EMSGSIZE);
        CHECK_EQUAL(acort_stream_unread(theirs, text, LIMIT - 5), 0);
        CHECK_EQUAL(acort_stream_buffered(theirs), LIMIT);
        CHECK_EQUAL(acort_stream_read_full(theirs, got, LIMIT, soon()), LIMIT);
        CHECK(memcmp(got + LIMIT - 6, "x12345", 6) == 0);
        disconnect();
    }
    connect_with(LIMIT, 4096); /* a buffer that holds more changes nothing */
    memset(text, 'x', sizeof text);
    text[LIMIT + 1] = '\n';
    put_text(text, LIMIT + 2);
    CHECK_REFUSES(acort_stream_read_line(theirs, NULL, soon()), EMSGSIZE);
    CHECK_EQUAL(acort_stream_read(theirs, got, 1, soon()), 1);
    text[LIMIT] = 0;
    check_line(text, LIMIT);
    disconnect();
    return argument;
}

static void *delimiters(void *argument) {
    char rest[8];
    size_t length;
    connect_with(LIMIT, 4);
    put_text("Host: x\r\nA: b\r\n\r\r\n\r\nbody--", 26);
    const char *head = acort_stream_read_until(theirs, "\r\n\r\n", 4, &length, soon());
    CHECK(head != NULL && length == 16 && strcmp(head, "Host: x\r\nA: b\r\n\r") == 0);
    CHECK_EQUAL(acort_stream_shutdown(ours, soon()), 0);
    CHECK_REFUSES(acort_stream_read_until(theirs, "---", 3, NULL, soon()), EBADMSG);
    CHECK_REFUSES(acort_stream_read_until(theirs, "---", 3, NULL, soon()), EBADMSG);
    CHECK(strcmp(acort_stream_read_until(theirs, "y", 1, NULL, soon()), "bod") == 0);
    CHECK_EQUAL(acort_stream_unread(theirs, "y", 1), 0);
    CHECK_EQUAL(acort_stream_read_full(theirs, rest, sizeof rest, soon()), 3);
    CHECK(errno == 0 && memcmp(rest, "y--", 3) == 0);
    check_end();
    CHECK_EQUAL(acort_stream_unread(theirs, "again", 5), 0); /* also after the end */
    check_line("again", 5);
    check_end();
    disconnect();
    return argument;
}

/* Bytes from a generator, written and read by calls of all sorts. */
enum { TOTAL = 60000 };

static char byte_at(size_t place) {
    uint64_t random = place / 7 + 1;
    random_next(&random);
    return (char)((random_next(&random) >> 32) % 11 == 0 ? '\n' : 'a' + (place % 26));
}

static void *writes_all_sorts(void *seed) {
    uint64_t random = (uint64_t)NUMBER(seed) + 77;
    char text[400];
    for (size_t done = 0; done < TOTAL;) {
        size_t size = random_next(&random) % sizeof text;
        if (size > TOTAL - done) size = TOTAL - done;
        for (size_t i = 0; i < size; i++) text[i] = byte_at(done + i);
        switch (random_next(&random) % 4) {
        case 0: CHECK_EQUAL(acort_stream_printf(ours, soon(), "%.*s", (int)size, text), size); break;
        case 1: CHECK_EQUAL(acort_stream_flush(ours, soon()), 0); /* fall through */
        default: CHECK_EQUAL(acort_stream_write(ours, text, size, soon()), size);
        }
        done += size;
    }
    CHECK_EQUAL(acort_stream_shutdown(ours, soon()), 0);
    return NULL;
}

static void check_bytes(const char *bytes, size_t size, size_t place) {
    for (size_t i = 0; i < size; i++) CHECK(bytes[i] == byte_at(place + i));
}

static void *reads_all_sorts(void *seed) {
    uint64_t random = (uint64_t)NUMBER(seed) + 99;
    char text[400];
    for (size_t done = 0; done < TOTAL;) {
        size_t size = random_next(&random) % sizeof text, length = 0;
        ssize_t got = 0;
        char *shown = NULL;
        switch (random_next(&random) % 5) {
        case 0:
            got = acort_stream_read(theirs, text, size, soon());
            CHECK(got >= (size > 0 ? 1 : 0));
            check_bytes(text, (size_t)got, done);
            break;
        case 1:
            got = acort_stream_read_full(theirs, text, size, soon());
            CHECK(got == (ssize_t)size || done + (size_t)got == TOTAL);
            check_bytes(text, (size_t)got, done);
            break;
        case 2:
            shown = acort_stream_read_line(theirs, &length, soon());
            if (shown == NULL) {
                CHECK_EQUAL(errno, EMSGSIZE);
                break;
            }
            CHECK(shown[length] == 0 && memchr(shown, '\n', length) == NULL);
            got = (ssize_t)length + (done + length < TOTAL);
            if (done + length < TOTAL) CHECK(byte_at(done + length) == '\n');
            check_bytes(shown, length, done);
            /* Some of it once more. */
            size %= length + 1;
            if (got == (ssize_t)length + 1) CHECK_EQUAL(acort_stream_unread(theirs, "\n", 1), 0);
            CHECK_EQUAL(acort_stream_unread(theirs, shown + length - size, size), 0);
            got = (ssize_t)(length - size);
            if (got == 0 && random_next(&random) % 4 == 0) {
                CHECK_EQUAL(acort_stream_read_full(theirs, text, 1, soon()), 1);
                check_bytes(text, 1, done);
                got = 1;
            }
            break;
        case 3:
            shown = acort_stream_peek(theirs, 1 + size % 60, &length, soon());
            CHECK(shown != NULL && (length >= 1 + size % 60 || done + length == TOTAL));
            check_bytes(shown, length, done);
            CHECK_EQUAL(acort_stream_buffered(theirs), length);
            break;
        default:
            shown = acort_stream_read_until(theirs, "a", 1, &length, soon());
            if (shown == NULL) CHECK(errno == EBADMSG || errno == EMSGSIZE);
            if (shown != NULL) check_bytes(shown, length, done);
            got = shown == NULL ? 0 : (ssize_t)length + 1;
        }
        done += (size_t)got;
    }
    check_end();
    return NULL;
}

static void *passes_all_sorts(void *flags) {
    for (size_t size = 1; size <= 1000; size *= 10) {
        connect_with(500, size);
        acort_task_t *writer = go_with((uint32_t)NUMBER(flags), writes_all_sorts, POINTER(size));
        acort_task_t *reader = go_with((uint32_t)NUMBER(flags), reads_all_sorts, POINTER(size));
        join(writer);
        join(reader);
        disconnect();
    }
    return NULL;
}

static void threads_pass_all_sorts(void) {
    pthread_t writer;
    connect_with(500, 64);
    CHECK_EQUAL(pthread_create(&writer, NULL, writes_all_sorts, NULL), 0);
    reads_all_sorts(NULL);
    CHECK_EQUAL(pthread_join(writer, NULL), 0);
    disconnect();
}

/* Fills the socket, and then the stream's buffer. Returns how many bytes the stream has taken. */
static size_t fill(void) {
    static char block[100000];
    size_t taken = 0;
    for (ssize_t got; (got = acort_stream_write(ours, block, sizeof block, 0)) > 0;) taken += (size_t)got;
    CHECK_EQUAL(errno, ETIMEDOUT);
    CHECK_EQUAL(acort_stream_write(ours, block, 5, 0), 5);
    CHECK_FAILS(acort_stream_flush(ours, 0), ETIMEDOUT);
    return taken + 5;
}

static size_t drain(acort_stream_t *from) {
    static char block[70000];
    size_t total = 0;
    for (ssize_t got; (got = acort_stream_read(from, block, sizeof block, soon())) != 0; total += (size_t)got) CHECK(got > 0);
    return total;
}

static void *drains(void *from) { return POINTER(drain(from)); }

static void *waits_for_line(void *argument) {
    CHECK_REFUSES(acort_stream_read_line(theirs, NULL, ACORT_NEVER), ECANCELED);
    return argument;
}
static void *waits_for_flush(void *argument) {
    CHECK_FAILS(acort_stream_flush(ours, ACORT_NEVER), ECANCELED);
    return argument;
}

/* A call that is cancelled, or too late, takes nothing along. */
static void *is_cancelled(void *flags) {
    connect_with(LIMIT, 8);
    put_text("half a li", 9);
    acort_task_t *reader = go_with((uint32_t)NUMBER(flags), waits_for_line, NULL);
    acort_sleep(MILLISECONDS);
    CHECK_EQUAL(acort_cancel(reader), 0);
    join(reader);
    CHECK_REFUSES(acort_stream_read_line(theirs, NULL, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_REFUSES(acort_stream_read_line(theirs, NULL, 0), ETIMEDOUT);
    put_text("ne\n", 3);
    check_line("half a line", 11);
    size_t taken = fill();
    acort_task_t *writer = go_with((uint32_t)NUMBER(flags), waits_for_flush, NULL);
    acort_sleep(MILLISECONDS);
    CHECK_EQUAL(acort_cancel(writer), 0);
    join(writer);
    CHECK_FAILS(acort_stream_flush(ours, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK_EQUAL(acort_stream_printf(ours, 0, "%s", "more than the buffer has"), 3);
    CHECK_EQUAL(errno, ETIMEDOUT);
    CHECK_FAILS(acort_stream_printf(ours, 0, "%s", "more than the buffer has"), ETIMEDOUT);
    taken += 3;
    CHECK_FAILS(acort_stream_shutdown(ours, 0), ETIMEDOUT);
    acort_task_t *closer = go_with(0, drains, theirs);
    CHECK_EQUAL(acort_stream_close(ours, soon()), 0);
    CHECK_EQUAL(NUMBER(join(closer)), taken);
    CHECK_EQUAL(acort_stream_close(theirs, 0), 0);
    return NULL;
}

/* The last close waits for nothing, and closes. */
static void *closes_cancelled(void *argument) {
    CHECK_EQUAL(acort_cancel(acort_self()), 0);
    CHECK_FAILS(acort_stream_close(ours, ACORT_NEVER), ECANCELED);
    return argument;
}
static void *is_lost(void *argument) {
    connect_with(LIMIT, 8);
    size_t taken = fill();
    CHECK_FAILS(acort_stream_close(ours, -2), EINVAL);
    CHECK_FAILS(acort_stream_close(ours, 0), ETIMEDOUT);
    size_t got = drain(theirs);
    CHECK(got < taken && taken - got <= 8);
    CHECK_EQUAL(acort_stream_close(theirs, 0), 0);
    connect_with(LIMIT, 8);
    fill();
    join(acort_go(closes_cancelled, NULL));
    CHECK(fcntl(pair[0], F_GETFD) == -1 && errno == EBADF);
    CHECK_EQUAL(acort_stream_close(theirs, 0), 0);
    connect_with(LIMIT, 8); /* what can be written is */
    CHECK_EQUAL(acort_stream_write(ours, "line\n", 5, soon()), 5);
    CHECK_EQUAL(acort_cancel(acort_self()), 0);
    CHECK_EQUAL(acort_stream_close(ours, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_cancel_mask(1), 0);
    check_line("line", 4);
    check_end();
    CHECK_EQUAL(acort_stream_close(theirs, 0), 0);
    return argument;
}

/* The bytes before an error come first; then the error, again and again, and no end. */
static void *is_broken(void *argument) {
    char byte[4];
    connect_with(LIMIT, 8);
    put_text("abc", 3);
    CHECK_EQUAL(send(pair[1], "unread", 6, 0), 6);
    CHECK_EQUAL(acort_stream_close(ours, 0), 0); /* with input that nothing has read: a reset */
    for (int i = 0; i < 2; i++) CHECK_REFUSES(acort_stream_read_line(theirs, NULL, soon()), ECONNRESET);
    CHECK_EQUAL(acort_stream_read_full(theirs, byte, 4, soon()), 3);
    CHECK(errno == ECONNRESET && memcmp(byte, "abc", 3) == 0);
    for (int i = 0; i < 2; i++) CHECK_FAILS(acort_stream_read(theirs, byte, 1, soon()), ECONNRESET);
    CHECK_EQUAL(acort_stream_write(theirs, "xx", 2, soon()), 2);
    for (int i = 0; i < 2; i++) {
        CHECK_FAILS(acort_stream_flush(theirs, soon()), EPIPE);
        CHECK_FAILS(acort_stream_write(theirs, "xx", 2, soon()), EPIPE);
    }
    CHECK_FAILS(acort_stream_close(theirs, 0), EPIPE);
    return argument;
}

/* One reads and one writes, but not two. */
static void *is_busy(void *flags) {
    char byte;
    connect_with(LIMIT, 8);
    acort_task_t *reader = go_with((uint32_t)NUMBER(flags), waits_for_line, NULL);
    acort_sleep(MILLISECONDS);
    while (acort_stream_buffered(theirs) == 0) acort_sleep(MILLISECONDS);
    CHECK_FAILS(acort_stream_buffered(theirs), EBUSY);
    CHECK_FAILS(acort_stream_read(theirs, &byte, 1, 0), EBUSY);
    CHECK_FAILS(acort_stream_read_full(theirs, &byte, 1, 0), EBUSY);
    CHECK_FAILS(acort_stream_unread(theirs, &byte, 1), EBUSY);
    CHECK_REFUSES(acort_stream_read_line(theirs, NULL, 0), EBUSY);
    CHECK_REFUSES(acort_stream_read_until(theirs, "x", 1, NULL, 0), EBUSY);
    CHECK_REFUSES(acort_stream_peek(theirs, 1, NULL, 0), EBUSY);
    CHECK_FAILS(acort_stream_close(theirs, ACORT_NEVER), EBUSY);
    CHECK_EQUAL(acort_stream_printf(theirs, soon(), "%s %d\n", "back", 5), 7);
    CHECK_EQUAL(acort_stream_flush(theirs, soon()), 0);
    CHECK(strcmp(acort_stream_read_line(ours, NULL, soon()), "back 5") == 0);
    CHECK_EQUAL(acort_cancel(reader), 0);
    join(reader);
    fill();
    acort_task_t *writer = go_with((uint32_t)NUMBER(flags), waits_for_flush, NULL);
    acort_sleep(MILLISECONDS);
    while (acort_stream_write(ours, "", 0, 0) == 0) acort_sleep(MILLISECONDS);
    CHECK_FAILS(acort_stream_write(ours, "x", 1, 0), EBUSY);
    CHECK_FAILS(acort_stream_printf(ours, 0, "x"), EBUSY);
    CHECK_FAILS(acort_stream_flush(ours, 0), EBUSY);
    CHECK_FAILS(acort_stream_shutdown(ours, 0), EBUSY);
    CHECK_FAILS(acort_stream_close(ours, 0), EBUSY);
    CHECK_EQUAL(acort_cancel(writer), 0);
    join(writer);
    CHECK_FAILS(acort_stream_close(ours, 0), ETIMEDOUT);
    CHECK_EQUAL(acort_stream_close(theirs, 0), 0);
    return NULL;
}

/* Pipes, files, and a descriptor that the program keeps. */
static void *on_others(void *argument) {
    char path[] = "/tmp/acort-streams-XXXXXX", text[3] = "";
    acort_stream_opts_t keeps = {.size = sizeof keeps, .flags = ACORT_STREAM_KEEP_FD};
    CHECK_EQUAL(pipe(pair), 0);
    theirs = stream_on(pair[0], 0, 0, 0);
    acort_stream_t *kept = acort_stream_open(pair[1], &keeps);
    CHECK_EQUAL(acort_stream_printf(kept, soon(), "%d %s %g\n", 1, "two", 3.5), 10);
    CHECK_FAILS(acort_stream_shutdown(kept, soon()), ENOTSOCK);
    CHECK_EQUAL(acort_stream_close(kept, soon()), 0);
    check_line("1 two 3.5", 9);
    ours = acort_stream_open(pair[1], NULL);
    CHECK_EQUAL(acort_stream_printf(ours, soon(), "rest"), 4);
    CHECK_EQUAL(acort_stream_shutdown(ours, soon()), 0);
    CHECK_FAILS(acort_stream_fd(ours), EBADF);
    CHECK(fcntl(pair[1], F_GETFD) == -1);
    check_line("rest", 4);
    check_end();
    disconnect();
    int file = mkstemp(path);
    CHECK(file >= 0 && unlink(path) == 0);
    ours = acort_stream_open(file, &keeps);
    for (int i = 0; i < 5000; i++) CHECK(acort_stream_printf(ours, soon(), "line %d\n", i) > 6);
    CHECK_EQUAL(acort_stream_close(ours, soon()), 0);
    CHECK_EQUAL(lseek(file, 0, SEEK_SET), 0);
    theirs = acort_stream_open(file, NULL);
    for (int i = 0; i < 5000; i++) CHECK_EQUAL(atoi(acort_stream_read_line(theirs, NULL, soon()) + 5), i);
    check_end();
    CHECK_FAILS(acort_stream_shutdown(theirs, soon()), ENOTSOCK);
    CHECK_EQUAL(acort_stream_close(theirs, soon()), 0);
    /* One that is not for reading, or not for writing. */
    ours = acort_stream_open(open("/dev/null", O_WRONLY), NULL);
    for (int i = 0; i < 2; i++) CHECK_FAILS(acort_stream_read(ours, text, 1, soon()), EBADF);
    CHECK_EQUAL(acort_stream_close(ours, soon()), 0);
    return argument;
}

static int vprint(acort_stream_t *stream, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = (int)acort_stream_vprintf(stream, soon(), format, arguments);
    va_end(arguments);
    return length;
}

/* Each sort of argument, in registers and on the stack; into the buffer, and longer than that. */
static void *formats(void *argument) {
    char wanted[400];
    for (size_t size = 1; size <= 1000; size *= 10) {
        connect_with(1000, size);
        int length = snprintf(wanted, sizeof wanted, "%d %g %s %ld %g %c %d %g %d %g %d %g %d %g %d %g %d %g %.200s", 1, 2.5, "three",
                              4L, 5.5, '6', 7, 8.5, 9, 10.5, 11, 12.5, 13, 14.5, 15, 16.5, 17, 18.5, "nineteen");
        CHECK_EQUAL(acort_stream_printf(ours, soon(), "%d %g %s %ld %g %c %d %g %d %g %d %g %d %g %d %g %d %g %.200s", 1, 2.5, "three",
                                        4L, 5.5, '6', 7, 8.5, 9, 10.5, 11, 12.5, 13, 14.5, 15, 16.5, 17, 18.5, "nineteen"),
                    length);
        CHECK_EQUAL(acort_stream_printf(ours, soon(), "\n"), 1);
        CHECK_EQUAL(vprint(ours, "%d %g %s %ld %g %c %d %g %d %g %d %g %d %g %d %g %d %g %.200s", 1, 2.5, "three",
                           4L, 5.5, '6', 7, 8.5, 9, 10.5, 11, 12.5, 13, 14.5, 15, 16.5, 17, 18.5, "nineteen"),
                    length);
        CHECK_EQUAL(acort_stream_printf(ours, soon(), "\n%s", ""), 1);
        CHECK_EQUAL(acort_stream_printf(ours, soon(), "%*d\n", 700, 5), 701);
        CHECK_EQUAL(acort_stream_flush(ours, soon()), 0);
        check_line(wanted, (size_t)length);
        check_line(wanted, (size_t)length);
        CHECK_EQUAL(atoi(acort_stream_read_line(theirs, NULL, soon())), 5);
        disconnect();
    }
    return argument;
}

static void *bad_inputs(void *argument) {
    acort_stream_opts_t options = {.size = sizeof options, .flags = 2};
    char byte;
    size_t length;
    CHECK_REFUSES(acort_stream_open(-1, NULL), EBADF);
    CHECK_REFUSES(acort_stream_open(1000000, NULL), EBADF);
    CHECK_REFUSES(acort_stream_open(0, &options), EINVAL);
    options = (acort_stream_opts_t){.size = 3};
    CHECK_REFUSES(acort_stream_open(0, &options), EINVAL);
    options = (acort_stream_opts_t){.size = sizeof options, .reserved = 1};
    CHECK_REFUSES(acort_stream_open(0, &options), EINVAL);
    CHECK_FAILS(acort_stream_close(NULL, 0), EINVAL);
    CHECK_FAILS(acort_stream_fd(NULL), EINVAL);
    CHECK_FAILS(acort_stream_buffered(NULL), EINVAL);
    CHECK_FAILS(acort_stream_read(NULL, &byte, 1, 0), EINVAL);
    CHECK_FAILS(acort_stream_read_full(NULL, &byte, 1, 0), EINVAL);
    CHECK_REFUSES(acort_stream_read_line(NULL, &length, 0), EINVAL);
    CHECK_REFUSES(acort_stream_read_until(NULL, "x", 1, &length, 0), EINVAL);
    CHECK_REFUSES(acort_stream_peek(NULL, 1, &length, 0), EINVAL);
    CHECK_FAILS(acort_stream_unread(NULL, "x", 1), EINVAL);
    CHECK_FAILS(acort_stream_write(NULL, "x", 1, 0), EINVAL);
    CHECK_FAILS(acort_stream_printf(NULL, 0, "x"), EINVAL);
    CHECK_FAILS(acort_stream_flush(NULL, 0), EINVAL);
    CHECK_FAILS(acort_stream_shutdown(NULL, 0), EINVAL);
    connect_with(LIMIT, 8);
    CHECK_FAILS(acort_stream_read(theirs, NULL, 1, 0), EINVAL);
    CHECK_EQUAL(acort_stream_read(theirs, NULL, 0, 0), 0);
    CHECK_FAILS(acort_stream_read_full(theirs, NULL, 1, 0), EINVAL);
    CHECK_FAILS(acort_stream_unread(theirs, NULL, 1), EINVAL);
    CHECK_EQUAL(acort_stream_unread(theirs, NULL, 0), 0);
    CHECK_FAILS(acort_stream_write(ours, NULL, 1, 0), EINVAL);
    CHECK_REFUSES(acort_stream_read_until(theirs, NULL, 1, NULL, 0), EINVAL);
    CHECK_REFUSES(acort_stream_read_until(theirs, "x", 0, NULL, 0), EINVAL);
    CHECK_REFUSES(acort_stream_peek(theirs, 0, NULL, 0), EINVAL);
    const char *no_format = NULL;
    CHECK_FAILS(vprint(ours, no_format, 1), EINVAL);
    disconnect();
    return argument;
}

/* The limit is for the line: neither LF nor CR counts. */
static void *ends_do_not_count(void *argument) {
    char text[LIMIT + 4];
    for (int more = 0; more < 2; more++) {
        connect_with(LIMIT, 8);
        memset(text, 'a', sizeof text);
        memcpy(text + LIMIT + more, "\r\n", 2);
        CHECK_EQUAL(write(pair[0], text, (size_t)(LIMIT + more + 2)), LIMIT + more + 2);
        size_t length = 0;
        char *line = acort_stream_read_line(theirs, &length, soon());
        CHECK(more ? line == NULL && errno == EMSGSIZE : line != NULL && length == LIMIT);
        disconnect();
    }
    return argument;
}

/* What peek shows is in the buffer, which may move. */
static void *puts_back_what_peek_shows(void *argument) {
    const char text[] = "abcdefghijklmnop";
    char twice[2 * sizeof text];
    size_t shown;
    connect_with(256, 16);
    CHECK_EQUAL(write(pair[0], text, 16), 16);
    char *bytes = acort_stream_peek(theirs, 16, &shown, soon());
    CHECK(bytes != NULL && shown == 16);
    CHECK_EQUAL(acort_stream_unread(theirs, bytes, 16), 0);
    CHECK_EQUAL(acort_stream_read_full(theirs, twice, 32, soon()), 32);
    CHECK(memcmp(twice, text, 16) == 0 && memcmp(twice + 16, text, 16) == 0);
    disconnect();
    return argument;
}

static void *(*const without_tasks[])(void *) = {lines, limits, delimiters, is_broken, on_others, formats, bad_inputs,
                                                 ends_do_not_count, puts_back_what_peek_shows};
enum { WITHOUT_TASKS = sizeof without_tasks / sizeof *without_tasks };

static void *is_interrupted(void *stream) {
    CHECK_REFUSES(acort_stream_read_line(stream, NULL, ACORT_NEVER), EINTR);
    return NULL;
}

/* An interruption ends one call of a stream, and not the stream. */
static void outlives_interruptions(uint32_t flags) {
    connect_with(LIMIT, 8);
    acort_task_t *task = go_with(flags, is_interrupted, theirs);
    acort_sleep(MILLISECONDS);
    CHECK_EQUAL(acort_interrupt(task, EINTR), 0);
    join(task);
    put_text("hello\n", 6);
    check_line("hello", 5);
    CHECK_EQUAL(acort_stream_write(ours, "x", 1, 0), 1);
    CHECK_EQUAL(acort_interrupt(acort_self(), EINTR), 0);
    CHECK_EQUAL(acort_stream_close(ours, soon()), 0); /* whatever is pending: written and closed */
    acort_interrupt(acort_self(), 0);
    char byte;
    CHECK(acort_stream_read(theirs, &byte, 1, soon()) == 1 && byte == 'x');
    CHECK_EQUAL(acort_stream_close(theirs, 0), 0);
}

static void *all(void *argument) {
    static const uint32_t flags[] = {0, ACORT_SHARED};
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < WITHOUT_TASKS; j++) join(go_with(flags[i], without_tasks[j], NULL));
        join(go_with(0, is_lost, NULL));
        passes_all_sorts(POINTER(flags[i]));
        is_cancelled(POINTER(flags[i]));
        is_busy(POINTER(flags[i]));
        outlives_interruptions(flags[i]);
    }
    return argument;
}

int main(void) {
    for (int i = 0; i < WITHOUT_TASKS; i++) without_tasks[i](NULL);
    threads_pass_all_sorts();
    run(all, NULL);
    run_with(2, all, NULL);
    return 0;
}
