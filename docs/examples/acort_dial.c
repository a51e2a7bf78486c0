#include <acort.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>

static void *connects(void *address) {
    int fd = acort_dial("tcp", address, acort_after(ACORT_S(10)));
    if (fd == -1) {
        perror("acort_dial");
        return NULL;
    }
    acort_write_all(fd, "hello", 5, ACORT_NEVER);
    acort_close(fd);
    return NULL;
}

/* Two sockets listen at one port: the system deals connections out. */
static void listen_twice(void) {
    acort_listen_opts_t opts = {.size = sizeof opts,
                                .flags = ACORT_REUSEPORT};
    int first = acort_listen_ex("tcp", "127.0.0.1:0", &opts);
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    char address[32];
    getsockname(first, (struct sockaddr *)&own, &size);
    snprintf(address, sizeof address, "127.0.0.1:%d", ntohs(own.sin_port));
    int second = acort_listen_ex("tcp", address, &opts);
    if (first != -1 && second != -1) puts("two sockets listen");
    acort_close(first);
    acort_close(second);
}

static void *serves(void *argument) {
    listen_twice();
    int listener = acort_listen("tcp", "127.0.0.1:0", 0); /* any free port */
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    getsockname(listener, (struct sockaddr *)&own, &size);
    char address[32], text[5];
    snprintf(address, sizeof address, "127.0.0.1:%d", ntohs(own.sin_port));
    acort_task_t *client = acort_go(connects, address);
    int fd = acort_accept(listener, NULL, NULL, ACORT_NEVER);
    acort_read_full(fd, text, sizeof text, ACORT_NEVER);
    printf("%.5s\n", text);
    acort_close(fd);
    acort_close(listener);
    acort_join(client, NULL, ACORT_NEVER);

    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int code =
        acort_getaddrinfo("127.0.0.1", "80", &hints, &found, ACORT_NEVER);
    if (code != 0) {
        puts(gai_strerror(code));
        return argument;
    }
    printf("port %d\n",
           ntohs(((struct sockaddr_in *)found->ai_addr)->sin_port));
    freeaddrinfo(found);
    return argument;
}

int main(void) {
    return acort_run(serves, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * two sockets listen
 * hello
 * port 80
 */
