/* TCP server. A task for each client, and a limit for how long a client may be silent. This is the smallest server
 * that survives the end of descriptors and of memory, and ends by a signal. */
#include <acort.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#define IDLE ACORT_S(30)

static void *echo(void *client) {
    int fd = (int)(intptr_t)client;
    char buffer[4096];
    ssize_t got;
    while ((got = acort_read(fd, buffer, sizeof buffer, acort_after(IDLE))) > 0)
        if (acort_write_all(fd, buffer, (size_t)got, acort_after(IDLE)) != got) break;
    acort_close(fd);
    return NULL;
}

static void accept_all(int listener) {
    int fd;
    while ((fd = acort_accept(listener, NULL, NULL, ACORT_NEVER)) >= 0 || errno != ECANCELED) {
        if (fd < 0) acort_sleep(ACORT_MS(10));          /* EMFILE, say: one may be free in 10 ms */
        else if (acort_go_detached(echo, (void *)(intptr_t)fd) != 0) acort_close(fd);
    }
}

static void *serve(void *unused) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listener = acort_listen("tcp", "127.0.0.1:0", 0);       /* 0: the system chooses a port */
    if (listener < 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0 ||
        acort_cancel_on_signals(NULL) != 0) {
        acort_group_fail(NULL, errno);                  /* acort_run() gives it */
    } else {
        printf("port %d\n", ntohs(address.sin_port));
        fflush(stdout);
        accept_all(listener);                           /* until SIGINT or SIGTERM cancels this task */
        acort_group_cancel(NULL);                       /* acort_run() waits for the clients' tasks */
    }
    acort_close(listener);
    return unused;
}

int main(void) {
    if (acort_run(serve, NULL, NULL) == 0) return 0;
    perror("echo");
    return 1;
}

/* Prints:
 * port #
 */
