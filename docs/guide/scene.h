/* The clients of the scenes in this folder. A scene waits for each line, so it always prints the same. */
#ifndef SCENE_H
#define SCENE_H
#include <acort.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const char *name;
    int fd;
    size_t used;
    char input[1024], line[1024];
} visitor_t;

/* The port of a listener. */
static inline int port_of(int listener) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    return getsockname(listener, (struct sockaddr *)&address, &length) == 0 ? ntohs(address.sin_port) : -1;
}

/* Receives a line, without its end. Returns NULL at the end. The text is valid until the next call. */
static inline const char *receives(visitor_t *visitor) {
    char *end;
    while ((end = memchr(visitor->input, '\n', visitor->used)) == NULL) {
        size_t room = sizeof visitor->input - visitor->used;
        ssize_t got = acort_read(visitor->fd, visitor->input + visitor->used, room, acort_after(ACORT_S(30)));
        if (got <= 0) return NULL;
        visitor->used += (size_t)got;
    }
    *end = 0;
    strcpy(visitor->line, visitor->input);
    visitor->used -= (size_t)(end + 1 - visitor->input);
    memmove(visitor->input, end + 1, visitor->used);
    return visitor->line;
}

static inline void hears(visitor_t *visitor) {
    const char *line = receives(visitor);
    if (line != NULL) printf("%s hears: %s\n", visitor->name, line);
    else printf("%s is disconnected\n", visitor->name);
}

static inline void says(visitor_t *visitor, const char *text) {
    char line[sizeof visitor->input];
    int length = snprintf(line, sizeof line, "%s\n", text);
    acort_write_all(visitor->fd, line, (size_t)length, ACORT_NEVER);
}

static inline void leaves(visitor_t *visitor) { acort_close(visitor->fd); }

/* Connects, waits for the question, and answers with the name. */
static inline visitor_t visit(int listener, const char *name) {
    visitor_t visitor = {.name = name};
    char address[32];
    int on = 1;
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);     /* inherited: no line waits for the next one */
    snprintf(address, sizeof address, "127.0.0.1:%d", port_of(listener));
    visitor.fd = acort_dial("tcp", address, ACORT_NEVER);
    if (visitor.fd < 0 || receives(&visitor) == NULL) perror(name);
    setsockopt(visitor.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    says(&visitor, name);
    return visitor;
}
#endif
