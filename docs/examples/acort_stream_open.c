#include <acort.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int ends[2];

/* One function for all answers. */
static void answer(acort_stream_t *stream, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    acort_stream_vprintf(stream, ACORT_NEVER, format, arguments);
    va_end(arguments);
    acort_stream_flush(stream, ACORT_NEVER);
}

/* Answers each line; then gives back the bytes that follow them. */
static void *serves(void *argument) {
    acort_stream_opts_t opts = {.size = sizeof opts, .limit = 100};
    acort_stream_t *stream = acort_stream_open(ends[1], &opts);
    char *line, rest[8];
    size_t length;
    while ((line = acort_stream_read_line(stream, &length, ACORT_NEVER)) &&
           length > 0)
        answer(stream, "%s has %zu bytes\n", line, length);

    line = acort_stream_read_until(stream, "--", 2, NULL, ACORT_NEVER);
    printf("before the mark: %s\n", line);
    acort_stream_unread(stream, "*", 1);
    char *next = acort_stream_peek(stream, 3, &length, ACORT_NEVER);
    printf("next: %.3s\n", next);
    acort_stream_read(stream, rest, 1, ACORT_NEVER);
    ssize_t n = acort_stream_read_full(stream, rest, 8, ACORT_NEVER);
    printf("%zd bytes are the rest: %.*s\n", n, (int)n, rest);
    printf("buffered: %zd\n", acort_stream_buffered(stream));
    acort_stream_write(stream, rest, n, ACORT_NEVER);
    acort_stream_close(stream, ACORT_NEVER); /* flushes */
    return argument;
}

static void *asks(void *argument) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1) return argument;
    acort_task_t *server = acort_go(serves, NULL);
    acort_stream_t *stream = acort_stream_open(ends[0], NULL);
    const char *words[] = {"one", "eleven"};
    for (int i = 0; i < 2; i++) {
        acort_stream_printf(stream, ACORT_NEVER, "%s\n", words[i]);
        acort_stream_flush(stream, ACORT_NEVER);
        puts(acort_stream_read_line(stream, NULL, ACORT_NEVER));
    }
    acort_stream_printf(stream, ACORT_NEVER, "\nhead--%d", 12345);
    acort_stream_shutdown(stream, ACORT_NEVER); /* nothing follows */

    char *last = acort_stream_read_line(stream, NULL, ACORT_NEVER);
    printf("back comes %s\n", last);
    errno = 0;
    if (acort_stream_read_line(stream, NULL, ACORT_NEVER) == NULL)
        printf("the end: %s\n", errno == 0 ? "yes" : strerror(errno));
    printf("on its descriptor: %d\n", acort_stream_fd(stream) == ends[0]);
    acort_stream_close(stream, ACORT_NEVER);
    acort_join(server, NULL, ACORT_NEVER);
    return argument;
}

int main(void) {
    return acort_run(asks, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * one has 3 bytes
 * eleven has 6 bytes
 * before the mark: head
 * next: *12
 * 5 bytes are the rest: 12345
 * buffered: 0
 * back comes 12345
 * the end: yes
 * on its descriptor: 1
 */
