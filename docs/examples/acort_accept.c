#include <acort.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>

static struct sockaddr_in address;

static void *connects(void *argument) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    acort_connect(fd, (struct sockaddr *)&address, sizeof address,
                  acort_after(ACORT_S(10)));
    acort_write_all(fd, "hello", 5, ACORT_NEVER);
    acort_close(fd);
    return argument;
}

static void *serves(void *argument) {
    int listener = acort_listen("tcp", "127.0.0.1:0", 0);
    socklen_t size = sizeof address;
    getsockname(listener, (struct sockaddr *)&address, &size);
    acort_task_t *client = acort_go(connects, NULL);

    int fd = acort_accept(listener, NULL, NULL, acort_after(ACORT_S(10)));
    if (acort_fdwait(fd, POLLIN, acort_after(ACORT_S(10))) & POLLIN)
        puts("there is input");
    struct pollfd both[] = {{listener, POLLIN, 0}, {fd, POLLIN, 0}};
    int ready = acort_poll(both, 2, ACORT_NEVER);
    printf("%d is ready: it is %s\n", ready,
           both[1].revents & POLLIN ? "the client" : "the listener");
    char text[5];
    acort_read_full(fd, text, sizeof text, ACORT_NEVER);
    printf("%.5s\n", text);
    acort_close(fd);
    acort_close(listener);
    acort_join(client, NULL, ACORT_NEVER);
    return argument;
}

int main(void) {
    return acort_run(serves, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * there is input
 * 1 is ready: it is the client
 * hello
 */
