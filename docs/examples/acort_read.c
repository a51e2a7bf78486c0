#include <acort.h>
#include <stdio.h>

static int ends[2];

static void *answers(void *argument) {
    char text[16];
    ssize_t n = acort_read(ends[1], text, sizeof text, ACORT_NEVER);
    acort_write(ends[1], text, n, ACORT_NEVER);

    n = acort_recvfrom(ends[1], text, sizeof text, 0, NULL, NULL,
                       ACORT_NEVER);
    acort_sendto(ends[1], text, n, 0, NULL, 0, ACORT_NEVER);

    acort_read_full(ends[1], text, 6, ACORT_NEVER); /* all six bytes */
    acort_write_all(ends[1], text, 6, ACORT_NEVER);
    acort_close(ends[1]);
    return argument;
}

static void *asks(void *argument) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1) return argument;
    acort_task_t *task = acort_go(answers, NULL);
    char text[16];
    ssize_t n;
    acort_write(ends[0], "one", 3, ACORT_NEVER);
    n = acort_read(ends[0], text, sizeof text, ACORT_NEVER);
    printf("%.*s\n", (int)n, text);

    acort_sendto(ends[0], "two", 3, MSG_NOSIGNAL, NULL, 0, ACORT_NEVER);
    n = acort_recvfrom(ends[0], text, sizeof text, 0, NULL, NULL,
                       ACORT_NEVER);
    printf("%.*s\n", (int)n, text);

    /* From two buffers, and into two. */
    char first[3], second[3];
    struct iovec out[] = {{"thr", 3}, {"ee.", 3}},
                 in[] = {{first, 3}, {second, 3}};
    struct msghdr message = {.msg_iov = out, .msg_iovlen = 1};
    acort_sendmsg(ends[0], &message, 0, ACORT_NEVER);
    acort_writev(ends[0], &out[1], 1, ACORT_NEVER);
    n = acort_readv(ends[0], in, 2, ACORT_NEVER);
    printf("%zd bytes: %.3s%.3s\n", n, first, second);
    message.msg_iov = in;
    printf("the end: %zd\n",
           acort_recvmsg(ends[0], &message, 0, ACORT_NEVER));
    acort_join(task, NULL, ACORT_NEVER);
    acort_close(ends[0]);
    return argument;
}

int main(void) {
    return acort_run(asks, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * one
 * two
 * 6 bytes: three.
 * the end: 0
 */
