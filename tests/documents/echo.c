/* The rest of an echo server, around the part that README.md shows. */
#include <acort.h>
#include <errno.h>
#include <netinet/in.h>
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

static void *serve(void *unused) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listener = acort_listen("tcp", "127.0.0.1:0", 0);
    if (listener < 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
        acort_group_fail(NULL, errno);
    } else {
        printf("port %d\n", ntohs(address.sin_port));
        fflush(stdout);
        accept_all(listener);
        acort_group_cancel(NULL);
    }
    acort_close(listener);
    return unused;
}

int main(void) {
    if (acort_run(serve, NULL, NULL) == 0) return 0;
    perror("echo");
    return 1;
}
