/* The chat server of chapter 4: a task for each client. */
#include "scene.h"
#include <stdarg.h>
#include <stdlib.h>

enum { LINE = 512 };

typedef struct client {
    struct client *next;
    int fd;
    size_t used;                                        /* bytes in `input` */
    char input[LINE], name[LINE];
} client_t;

static client_t *clients;                               /* in the room */

/* Reads a line, without its end. Returns 0 if there is none: the client has left, or its line is too long. */
static int read_line(client_t *client, char line[LINE]) {
    char *end;
    while ((end = memchr(client->input, '\n', client->used)) == NULL) {
        size_t room = LINE - client->used;
        ssize_t got = acort_read(client->fd, client->input + client->used, room, ACORT_NEVER);
        if (got <= 0) return 0;
        client->used += (size_t)got;
    }
    size_t length = (size_t)(end - client->input);
    memcpy(line, client->input, length);
    line[length] = 0;
    client->used -= length + 1;
    memmove(client->input, end + 1, client->used);
    return 1;
}

/* Sends a line to all clients in the room. Does not wait. */
static void tell_all(const char *format, ...) {
    char line[2 * LINE + 8];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    for (client_t *client = clients; client != NULL; client = client->next)
        acort_write_all(client->fd, line, (size_t)length, 0);
}

static void enter(client_t *client) {
    client->next = clients;
    clients = client;
    tell_all("* %s is here\n", client->name);
}

static void leave(client_t *client) {
    client_t **at = &clients;
    while (*at != client) at = &(*at)->next;
    *at = client->next;
    tell_all("* %s has left\n", client->name);
}

static void *session(void *argument) {
    client_t *client = argument;
    char line[LINE];
    acort_write_all(client->fd, "name?\n", 6, ACORT_NEVER);
    if (read_line(client, client->name)) {
        enter(client);
        while (read_line(client, line)) tell_all("%s: %s\n", client->name, line);
        leave(client);
    }
    acort_close(client->fd);
    free(client);
    return NULL;
}

/* Starts a session. Returns -1 if there is no memory for it. */
static int welcome(int fd) {
    client_t *client = calloc(1, sizeof *client);
    if (client == NULL) return -1;
    client->fd = fd;
    if (acort_go_detached(session, client) == 0) return 0;
    free(client);
    return -1;
}

static void *accept_all(void *argument) {
    int listener = (int)(intptr_t)argument, fd;
    while ((fd = acort_accept(listener, NULL, NULL, ACORT_NEVER)) >= 0 || errno != ECANCELED) {
        if (fd < 0) acort_sleep(ACORT_MS(10));          /* EMFILE: a descriptor may be free in 10 ms */
        else if (welcome(fd) != 0) acort_close(fd);
    }
    acort_close(listener);
    return NULL;
}

static void scene(int listener) {
    visitor_t ann = visit(listener, "ann");
    hears(&ann);
    visitor_t bob = visit(listener, "bob");
    hears(&bob);
    hears(&ann);
    says(&bob, "hello");
    hears(&bob);
    hears(&ann);
    leaves(&bob);
    hears(&ann);
    leaves(&ann);
}

static void *begin(void *address) {
    int listener = acort_listen("tcp", address != NULL ? address : "127.0.0.1:0", 0);
    acort_task_t *acceptor = listener < 0 ? NULL : acort_go(accept_all, (void *)(intptr_t)listener);
    if (acceptor == NULL) {
        acort_group_fail(NULL, errno);                  /* acort_run() returns it */
        if (listener >= 0) acort_close(listener);
        return NULL;
    }
    if (address == NULL) {
        scene(listener);
        acort_cancel(acceptor);
    }
    acort_join(acceptor, NULL, ACORT_NEVER);
    return NULL;
}

/* chat [address]: serves at the address; without one it plays the scene. */
int main(int count, char **arguments) {
    if (acort_run(begin, count > 1 ? arguments[1] : NULL, NULL) == 0) return 0;
    perror("chat");
    return 1;
}
