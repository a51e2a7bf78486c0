/* What the echo servers in C share: the row is of the server's process alone; the client is another program,
 * client.c, on another processor.
 *
 *   SERVER echo CLIENT          CPU nanoseconds for a request
 *   SERVER echo-calls CLIENT    system calls for a request, where the program counts them
 *
 * Accepting and closing the connections is part of it. */
#ifndef ECHO_H
#define ECHO_H

#include "../measure.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { CONNECTIONS = 100, REQUESTS = 120 };
/* What a server reads at most: more than the client sends, as it does not know how much that is. */
enum { ROOM = 4096 };

/* A listening socket of any free port, on loopback. */
static inline int listen_anywhere(int flags, int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, CONNECTIONS) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        perror("listen");
        exit(1);
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static inline void start_client(const char *program, int port) {
    char texts[3][16];
    const int numbers[3] = {port, CONNECTIONS, REQUESTS};
    for (int i = 0; i < 3; i++) snprintf(texts[i], sizeof texts[i], "%d", numbers[i]);
    if (fork() != 0) return;
    execl(program, program, texts[0], texts[1], texts[2], (char *)NULL);
    _exit(127);
}

static inline void end_client(void) {
    int status = 0;
    if (wait(&status) < 0 || status != 0) {
        fprintf(stderr, "the client failed: %d\n", status);
        exit(1);
    }
}

#endif
