/* The rest of an echo server, around the part that README.md shows. */
#include <acort.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>

static void *echo(void *client) {
    int fd = (int)(intptr_t)client;
    char buffer[4096];
    ssize_t got;
    while ((got = acort_read(fd, buffer, sizeof buffer, ACORT_NEVER)) > 0)
        if (acort_write_all(fd, buffer, (size_t)got, ACORT_NEVER) != got) break;
    acort_close(fd);
    return NULL;
}

@@

static void *serve(void *signals) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    acort_task_t *acceptor;
    int listener = acort_listen("tcp", "127.0.0.1:0", 0);
    if (listener < 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0 ||
        (acceptor = acort_go(accept_all, (void *)(intptr_t)listener)) == NULL) {
        acort_group_fail(NULL, errno);
        acort_close(listener);
        return NULL;
    }
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    if (acort_signal_wait(signals, NULL, ACORT_NEVER) < 0) acort_group_fail(NULL, errno);
    acort_cancel(acceptor);
    acort_join(acceptor, NULL, ACORT_NEVER);
    acort_group_cancel(NULL);
    return NULL;
}

int main(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (acort_run(serve, &signals, NULL) == 0) return 0;
    perror("echo");
    return 1;
}
