/* A line protocol server on streams, and its own client. */
#include <acort.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE ACORT_S(30)

/* Adds the numbers of a client: "add NUMBER", "total", "quit". */
static void *serve(void *client) {
    acort_stream_opts_t opts = {.size = sizeof opts, .limit = 100};    /* of a line */
    acort_stream_t *stream = acort_stream_open((int)(intptr_t)client, &opts);
    char *line;
    long sum = 0;
    if (stream == NULL) acort_close((int)(intptr_t)client);
    while (stream != NULL && (line = acort_stream_read_line(stream, NULL, acort_after(IDLE))) != NULL) {
        int64_t deadline = acort_after(IDLE);
        if (strcmp(line, "quit") == 0) break;
        if (strncmp(line, "add ", 4) == 0) sum += atol(line + 4);
        else if (strcmp(line, "total") == 0) acort_stream_printf(stream, deadline, "%ld\n", sum);
        else acort_stream_printf(stream, deadline, "what is %s?\n", line);
        if (acort_stream_flush(stream, deadline) != 0) break;
    }
    acort_stream_close(stream, acort_after(IDLE));      /* EINVAL if it is NULL */
    return NULL;
}

static void *accept_all(void *argument) {
    int listener = (int)(intptr_t)argument, fd;
    while ((fd = acort_accept(listener, NULL, NULL, ACORT_NEVER)) >= 0 || errno != ECANCELED) {
        if (fd < 0) acort_sleep(ACORT_MS(10));          /* EMFILE, say */
        else if (acort_go_detached(serve, (void *)(intptr_t)fd) != 0) acort_close(fd);
    }
    acort_close(listener);
    return NULL;
}

static void *begin(void *unused) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    char place[32], *line;
    int listener = acort_listen("tcp", "127.0.0.1:0", 0);
    if (listener < 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0) return unused;
    acort_task_t *acceptor = acort_go(accept_all, (void *)(intptr_t)listener);
    snprintf(place, sizeof place, "127.0.0.1:%d", ntohs(address.sin_port));
    acort_stream_t *server = acort_stream_open(acort_dial("tcp", place, ACORT_NEVER), NULL);
    acort_stream_printf(server, ACORT_NEVER, "add 20\nadd %d\ntotal\nhello\nquit\n", 22);
    acort_stream_flush(server, ACORT_NEVER);
    while ((line = acort_stream_read_line(server, NULL, ACORT_NEVER)) != NULL) puts(line);
    acort_stream_close(server, ACORT_NEVER);
    acort_cancel(acceptor);
    acort_join(acceptor, NULL, ACORT_NEVER);
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }

/* Prints:
 * 42
 * what is hello?
 */
