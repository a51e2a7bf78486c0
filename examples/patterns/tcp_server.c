/* TCP server. A task for each client, and a limit for how long a client may be silent. This is the smallest server
 * that survives the end of descriptors and of memory, and ends by a signal. */
#include <acort.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>

#define IDLE 30000000000LL                              /* 30 s */

static void *echo(void *client) {
    int fd = (int)(intptr_t)client;
    char buffer[4096];
    ssize_t got;
    while ((got = acort_read(fd, buffer, sizeof buffer, acort_after(IDLE))) > 0)
        if (acort_write_all(fd, buffer, (size_t)got, acort_after(IDLE)) != got) break;
    acort_close(fd);
    return NULL;
}

static void *accept_all(void *argument) {
    int listener = (int)(intptr_t)argument, fd;
    while ((fd = acort_accept(listener, NULL, NULL, ACORT_NEVER)) >= 0 || errno != ECANCELED) {
        acort_task_t *task = fd < 0 ? NULL : acort_go(echo, (void *)(intptr_t)fd);
        if (task != NULL) acort_detach(task);
        else if (fd >= 0) acort_close(fd);              /* no memory for a task */
        else acort_sleep(10000000);                     /* EMFILE, say: one may be free in 10 ms */
    }
    acort_close(listener);
    return NULL;
}

static void *serve(void *signals) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    acort_task_t *acceptor;
    int listener = acort_listen("tcp", "127.0.0.1:0", 0);       /* 0: the system chooses a port */
    if (listener < 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0 ||
        (acceptor = acort_go(accept_all, (void *)(intptr_t)listener)) == NULL) {
        acort_group_fail(NULL, errno);                  /* acort_run() gives it */
        acort_close(listener);
        return NULL;
    }
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    if (acort_signal_wait(signals, NULL, ACORT_NEVER) < 0) acort_group_fail(NULL, errno);
    acort_cancel(acceptor);
    acort_join(acceptor, NULL, ACORT_NEVER);            /* from here on no client is accepted */
    acort_group_cancel(NULL);                           /* acort_run() waits for their tasks */
    return NULL;
}

int main(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);         /* before other threads begin: they inherit it */
    if (acort_run(serve, &signals, NULL) == 0) return 0;
    perror("echo");
    return 1;
}

/* Prints:
 * port #
 */
