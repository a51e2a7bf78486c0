/* Relay. A proxy copies both directions at the same time. The end of one direction is passed on by shutdown(2),
 * and the other one continues. An error, or silence for too long, ends both. */
#include <acort.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDLE ACORT_S(30)

typedef struct {
    int from, to;
} direction_t;

static void *copy(void *argument) {
    direction_t *ends = argument;
    char buffer[4096];
    ssize_t got;
    while ((got = acort_read(ends->from, buffer, sizeof buffer, acort_after(IDLE))) > 0)
        if (acort_write_all(ends->to, buffer, (size_t)got, acort_after(IDLE)) != got) break;
    if (got == 0) shutdown(ends->to, SHUT_WR);          /* the end of the input, passed on */
    else acort_group_fail(NULL, errno);                 /* ends the other direction, too */
    return NULL;
}

/* Copies between two sockets until both have ended. Returns 0, or -1 and errno. The caller closes them. */
static int relay(int a, int b) {
    direction_t there = {a, b}, back = {b, a};
    acort_attr_t attr = ACORT_ATTR_INIT;
    attr.arg_copy_size = sizeof there;
    attr.group = acort_group_open();
    if (attr.group == NULL) return -1;
    if (acort_go_ex(&attr, copy, &there) == NULL || acort_go_ex(&attr, copy, &back) == NULL)
        acort_group_fail(attr.group, errno);
    int outcome = acort_group_wait(attr.group, ACORT_NEVER), error = errno;
    acort_group_close(attr.group);
    errno = error;
    return outcome;
}

/* Answers with the length of what it has read. */
static void *server(void *argument) {
    int fd = (int)(intptr_t)argument;
    char text[64];
    ssize_t got = acort_read_full(fd, text, sizeof text, acort_after(IDLE));
    int length = snprintf(text, sizeof text, "%zd bytes", got);
    acort_write_all(fd, text, (size_t)length, acort_after(IDLE));
    acort_close(fd);
    return NULL;
}

static void *client(void *argument) {
    int fd = (int)(intptr_t)argument;
    char text[64];
    acort_write_all(fd, "hello", 5, acort_after(IDLE));
    shutdown(fd, SHUT_WR);
    ssize_t got = acort_read_full(fd, text, sizeof text, acort_after(IDLE));
    printf("%.*s\n", (int)(got < 0 ? 0 : got), text);
    acort_close(fd);
    return NULL;
}

static void *begin(void *unused) {
    int front[2], rear[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, front) != 0) return unused;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, rear) != 0) return close(front[0]), close(front[1]), unused;
    acort_task_t *tasks[] = {acort_go(client, (void *)(intptr_t)front[0]), acort_go(server, (void *)(intptr_t)rear[1])};
    if (tasks[0] == NULL) acort_close(front[0]);
    if (tasks[1] == NULL) acort_close(rear[1]);
    if (relay(front[1], rear[0]) != 0) perror("relay");
    acort_close(front[1]);
    acort_close(rear[0]);
    for (int i = 0; i < 2; i++)
        if (tasks[i] != NULL) acort_join(tasks[i], NULL, ACORT_NEVER);
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }

/* Prints:
 * 5 bytes
 */
