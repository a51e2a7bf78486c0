/* Many downloads, a few at a time, each checked: sizes and FNV-1a checksums as the server tells them.
 *
 *   downloader host:port [most at a time [milliseconds for all]]       8 30000
 *
 * A task for each file; a semaphore lets so many begin. Each says how it went through a channel, where the
 * main task waits for the next word, or for the end of the time: then all that still run are cancelled. */
#include <acort.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FILES = 60, HEAD_LIMIT = 4096, BODY_LIMIT = 1 << 20 };

typedef struct {
    long size; /* of the file that is asked for */
    long got;
    const char *fault; /* NULL: none */
} outcome_t;

static const char *server;
static long most_at_once, time_for_all;
static acort_sem_t places;
static acort_chan_t *outcomes;

/* The value of a field of the head, or NULL. */
static const char *field(const char *head, const char *name) {
    size_t length = strlen(name);
    for (const char *line = head; (line = strstr(line, "\r\n")) != NULL;) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            return line + length + 1 + strspn(line + length + 1, " ");
        }
    }
    return NULL;
}

/* Reads up to the empty line, which becomes the end of the text. Gives how many bytes of the body came with
 * it, two bytes behind that end; or -1. */
static ssize_t read_head(int fd, char *head, int64_t deadline) {
    size_t used = 0;
    for (;;) {
        ssize_t got = acort_read(fd, head + used, HEAD_LIMIT - 1 - used, deadline);
        if (got <= 0) return -1;
        used += (size_t)got;
        head[used] = 0;
        char *end = strstr(head, "\r\n\r\n");
        if (end != NULL) {
            end[2] = 0;
            return (ssize_t)used - (end + 4 - head);
        }
    }
}

static uint64_t checksum_of(const unsigned char *bytes, size_t count) {
    uint64_t checksum = 0xcbf29ce484222325;
    for (size_t i = 0; i < count; i++) checksum = (checksum ^ bytes[i]) * 0x100000001b3;
    return checksum;
}

/* One answer: what is wrong with it, or NULL. */
static const char *receive(int fd, outcome_t *outcome, unsigned char *body, int64_t deadline) {
    char head[HEAD_LIMIT];
    ssize_t early = read_head(fd, head, deadline);
    if (early < 0) return "no answer";
    if (strncmp(head, "HTTP/1.1 200 ", 13) != 0) return "refused";
    const char *length = field(head, "Content-Length"), *tag = field(head, "ETag");
    if (length == NULL || tag == NULL || *tag != '"') return "no length or no checksum";
    if (strtol(length, NULL, 10) != outcome->size) return "wrong length";
    if (early > outcome->size) return "more than was announced";
    memcpy(body, head + strlen(head) + 2, (size_t)early);
    ssize_t rest = acort_read_full(fd, body + early, (size_t)(outcome->size - early), deadline);
    outcome->got = early + (rest > 0 ? rest : 0);
    if (outcome->got != outcome->size) return "cut short";
    uint64_t wanted = strtoull(tag + 1, NULL, 16);
    return checksum_of(body, (size_t)outcome->size) == wanted ? NULL : "wrong checksum";
}

static const char *download(outcome_t *outcome, int64_t deadline) {
    char request[256];
    int length = snprintf(request, sizeof request,
                          "GET /bytes/%ld HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", outcome->size,
                          server);
    int fd = acort_dial("tcp", server, deadline);
    if (fd < 0) return "no connection";
    const char *fault = "no memory";
    unsigned char *body = (unsigned char *)malloc(BODY_LIMIT);
    if (body != NULL) {
        fault = acort_write_all(fd, request, (size_t)length, deadline) == length
                    ? receive(fd, outcome, body, deadline)
                    : "not sent";
    }
    free(body);
    acort_close(fd);
    return fault;
}

/* Sizes of every order, from nothing to half a megabyte. */
static long size_of(long number) { return number == 0 ? 0 : (1L << number % 20) + number / 20; }

static void *fetch(void *number) {
    outcome_t outcome = {.size = size_of((long)(intptr_t)number), .fault = "cancelled"};
    if (acort_sem_wait(&places, ACORT_NEVER) == 0) {
        outcome.fault = download(&outcome, acort_after_ms(time_for_all));
        acort_sem_post(&places);
    }
    /* A cancelled task has its word, too. */
    acort_cancel_mask(1);
    acort_chan_send(outcomes, &outcome, ACORT_NEVER);
    return NULL;
}

static void *run(void *bad) {
    acort_group_t *group = acort_group_open();
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.group = group;
    long started = 0, done = 0, bytes = 0;
    while (started < FILES && acort_go_ex(&attributes, fetch, (void *)(intptr_t)started) != NULL) started++;

    outcome_t outcome;
    acort_case_t next = {.op = ACORT_RECV, .object = outcomes, .data = &outcome};
    int64_t deadline = acort_after_ms(time_for_all);
    while (done < started && acort_select(&next, 1, deadline) == 0) {
        done++;
        bytes += outcome.got;
        if (outcome.fault == NULL) continue;
        printf("/bytes/%ld: %s after %ld bytes\n", outcome.size, outcome.fault, outcome.got);
        ++*(long *)bad;
    }
    if (done < started) printf("the time is up: %ld are cancelled\n", started - done);
    acort_group_close(group);
    *(long *)bad += FILES - done;
    printf("%ld files, %ld bytes, %ld faults\n", done, bytes, *(long *)bad);
    return NULL;
}

int main(int count, char **arguments) {
    server = count > 1 ? arguments[1] : "";
    most_at_once = count > 2 ? atol(arguments[2]) : 8;
    time_for_all = count > 3 ? atol(arguments[3]) : 30000;
    if (strchr(server, ':') == NULL || strlen(server) > 100 || most_at_once < 1 || time_for_all < 1) {
        fprintf(stderr, "usage: downloader host:port [most at a time [milliseconds for all]]\n");
        return 2;
    }
    static long bad;
    /* Room for every word: no task waits for it, also when the main task takes none any more. */
    outcomes = acort_chan_new(sizeof(outcome_t), FILES, 0);
    acort_sem_init(&places, (unsigned)most_at_once);
    if (outcomes == NULL || acort_run(run, &bad, NULL) != 0) {
        perror("downloader");
        return 1;
    }
    acort_chan_unref(outcomes);
    return bad != 0;
}
/* Prints:
 * 60 files, 3145784 bytes, 0 faults
 */
