/* The chat server of chapter 6: no client waits without a limit. */
#include "scene.h"
#include <stdarg.h>
#include <stdlib.h>

enum { LINE = 512 };

static int64_t idle = ACORT_S(30);                      /* the time that a client has for a line */

typedef struct client {
    struct client *next;
    int fd, error;                                      /* the error of the last read; 0: the end */
    size_t used;                                        /* bytes in `input` */
    char input[LINE], name[LINE];
} client_t;

static client_t *clients;                               /* in the room */

/* Reads a line, without its end. Returns 0 if there is none: the client has left, its line is too long, or late. */
static int read_line(client_t *client, char line[LINE], int64_t deadline) {
    char *end;
    while ((end = memchr(client->input, '\n', client->used)) == NULL) {
        size_t room = LINE - client->used;              /* all reads of a line have the same deadline */
        ssize_t got = acort_read(client->fd, client->input + client->used, room, deadline);
        client->error = got < 0 ? errno : 0;
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
    if (!acort_cancelled()) tell_all("* %s has left\n", client->name);
}

/* The last line for a client. Clean-up that waits: cancellation is masked, and the wait has a limit. */
static void say_goodbye(client_t *client, const char *line) {
    int mask = acort_cancel_mask(1);
    acort_write_all(client->fd, line, strlen(line), acort_after(ACORT_S(1)));
    acort_cancel_mask(mask);
}

static void *session(void *argument) {
    client_t *client = argument;
    char line[LINE];
    int64_t deadline = acort_after(ACORT_S(30));        /* for the question and the answer */
    acort_write_all(client->fd, "name?\n", 6, deadline);
    if (read_line(client, client->name, deadline)) {
        enter(client);
        while (read_line(client, line, acort_after(idle))) tell_all("%s: %s\n", client->name, line);
        leave(client);
    }
    if (acort_cancelled()) say_goodbye(client, "* the room closes\n");
    else if (client->error == ETIMEDOUT) say_goodbye(client, "* you were silent for too long\n");
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
    return NULL;
}

/* Runs the room: until the scene has ended, or, without a scene, for good. Returns 0, or an error number. */
static int run_room(int listener, void (*scene)(int)) {
    acort_attr_t attr = ACORT_ATTR_INIT;
    attr.group = acort_group_open();
    if (attr.group == NULL) return errno;
    int error = acort_go_ex(&attr, accept_all, (void *)(intptr_t)listener) == NULL ? errno : 0;
    if (error == 0 && scene != NULL) scene(listener);
    else if (error == 0) acort_group_wait(attr.group, ACORT_NEVER);
    acort_group_close(attr.group);                      /* cancels the tasks, and waits for them */
    return error;
}

static void scene(int listener) {
    visitor_t ann = visit(listener, "ann");
    hears(&ann);
    idle = 20000000;                                    /* 20 ms, for clients that come from now on */
    visitor_t bob = visit(listener, "bob");
    for (int i = 0; i < 3; i++) hears(&bob);
    idle = ACORT_S(30);
    for (int i = 0; i < 2; i++) hears(&ann);
    says(&ann, "too late");
    hears(&ann);
    leaves(&bob);
    leaves(&ann);
}

static void *begin(void *address) {
    int listener = acort_listen("tcp", address != NULL ? address : "127.0.0.1:0", 0);
    int error = listener < 0 ? errno : run_room(listener, address == NULL ? scene : NULL);
    if (listener >= 0) acort_close(listener);
    if (error != 0) acort_group_fail(NULL, error);      /* acort_run() returns it */
    return NULL;
}

/* chat [address]: serves at the address; without one it plays the scene. */
int main(int count, char **arguments) {
    if (acort_run(begin, count > 1 ? arguments[1] : NULL, NULL) == 0) return 0;
    perror("chat");
    return 1;
}
