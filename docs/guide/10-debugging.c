/* The chat server of chapter 10: its tasks have names, and it tells what they wait for. */
#include "scene.h"
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE = 512, OUTBOX = 64 };

#define PAUSE ACORT_MS(1)                               /* between two lines, so that a flood fills no outbox */
static int64_t idle = ACORT_S(30);                      /* the time that a client has for a line */

typedef struct {
    char text[2 * LINE + 8];
} message_t;

typedef struct client {
    struct client *next;
    acort_task_t *task;
    acort_chan_t *outbox;                               /* of messages */
    int fd, error;                                      /* the error of the last read; 0: the end */
    int is_slow;
    size_t used;                                        /* bytes in `input` */
    char input[LINE], name[LINE];
} client_t;

static acort_mutex_t lock;                              /* guards `clients`, and `is_slow` of each */
static client_t *clients;                               /* in the room */

/* Takes a line from the input, without its end. Returns 0 if there is none. */
static int take_line(client_t *client, char line[LINE]) {
    char *end = memchr(client->input, '\n', client->used);
    if (end == NULL) return 0;
    size_t length = (size_t)(end - client->input);
    memcpy(line, client->input, length);
    line[length] = 0;
    client->used -= length + 1;
    memmove(client->input, end + 1, client->used);
    return 1;
}

/* Reads what there is, or waits for it. Returns 0 at the end, after an error, and if the line is too long. */
static int read_more(client_t *client, int64_t deadline) {
    size_t room = LINE - client->used;
    ssize_t got = acort_read(client->fd, client->input + client->used, room, deadline);
    client->error = got < 0 ? errno : 0;
    if (got <= 0) return 0;
    client->used += (size_t)got;
    return 1;
}

/* Sends a line to all clients in the room. The lock is held, so this must not wait. A full outbox: cut off. */
static void tell_all(const char *format, ...) {
    message_t message;
    va_list values;
    va_start(values, format);
    vsnprintf(message.text, sizeof message.text, format, values);
    va_end(values);
    for (client_t *client = clients; client != NULL; client = client->next) {
        if (acort_chan_send(client->outbox, &message, 0) == 0) continue;
        client->is_slow = 1;
        acort_cancel(client->task);                     /* its write ends, too */
    }
}

/* Locks, also in a cancelled task. */
static void lock_room(void) {
    int mask = acort_cancel_mask(1);
    acort_mutex_lock(&lock, ACORT_NEVER);
    acort_cancel_mask(mask);
}

static void enter(client_t *client) {
    lock_room();
    client->task = acort_self();
    acort_set_name(client->task, client->name);
    client->next = clients;
    clients = client;
    tell_all("* %s is here\n", client->name);
    acort_mutex_unlock(&lock);
}

static void say_to_all(client_t *client, const char *line) {
    lock_room();
    tell_all("%s: %s\n", client->name, line);
    acort_mutex_unlock(&lock);
}

static void leave(client_t *client) {
    client_t **at = &clients;
    lock_room();
    while (*at != client) at = &(*at)->next;
    *at = client->next;
    if (client->is_slow || !acort_cancelled()) tell_all("* %s has left\n", client->name);
    acort_mutex_unlock(&lock);
}

/* Reads lines and writes messages, until one of both fails, or no line comes for too long. */
static void talk(client_t *client) {
    char line[LINE];
    message_t message;
    acort_case_t cases[] = {
        {.op = ACORT_RECV, .object = client->outbox, .data = &message},
        {.op = ACORT_FD_READ, .fd = client->fd},
    };
    int64_t pause = 0, deadline = acort_after(idle);
    for (;;) {
        int pauses = acort_now() < pause;               /* after a line of its client: messages only */
        if (!pauses && take_line(client, line)) {
            say_to_all(client, line);
            pause = acort_after(PAUSE);
            deadline = acort_after(idle);
            continue;
        }
        int chosen = acort_select(cases, pauses ? 1 : 2, pauses ? pause : deadline);
        if (chosen < 0 && pauses && errno == ETIMEDOUT) continue;
        if (chosen < 0) client->error = errno;
        if (chosen < 0 || (chosen == 1 && !read_more(client, 0))) return;
        if (chosen == 1) continue;
        ssize_t length = (ssize_t)strlen(message.text);
        if (acort_write_all(client->fd, message.text, (size_t)length, ACORT_NEVER) != length) return;
    }
}

/* The last line for a client. Clean-up that waits: cancellation is masked, and the wait has a limit. */
static void say_goodbye(client_t *client, const char *line) {
    int mask = acort_cancel_mask(1);
    acort_write_all(client->fd, line, strlen(line), acort_after(ACORT_S(1)));
    acort_cancel_mask(mask);
}

static void free_client(client_t *client) {
    acort_chan_unref(client->outbox);
    free(client);
}

static void *session(void *argument) {
    client_t *client = argument;
    int64_t deadline = acort_after(ACORT_S(30));        /* for the question and the answer */
    int has_name;
    acort_write_all(client->fd, "name?\n", 6, deadline);
    while (!(has_name = take_line(client, client->name)) && read_more(client, deadline)) continue;
    if (has_name) {
        enter(client);
        talk(client);
        leave(client);
    }
    if (client->is_slow) puts("a slow client is cut off");
    else if (acort_cancelled()) say_goodbye(client, "* the room closes\n");
    else if (client->error == ETIMEDOUT) say_goodbye(client, "* you were silent for too long\n");
    acort_close(client->fd);
    free_client(client);
    return NULL;
}

/* Starts a session. Returns -1 if there is no memory for it. */
static int welcome(int fd) {
    client_t *client = calloc(1, sizeof *client);
    if (client == NULL) return -1;
    client->fd = fd;
    client->outbox = acort_chan_new(sizeof(message_t), OUTBOX, 0);
    if (client->outbox != NULL && acort_go_detached(session, client) == 0) return 0;
    free_client(client);
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

typedef struct {
    const char *address;                                /* NULL: the scene is played */
    sigset_t signals;
    acort_group_t *sessions;
    int listener;
} server_t;

/* The time of grace ends at its limit, or by a second signal. */
static void *end_grace(void *argument) {
    server_t *server = argument;
    if (acort_signal_wait(&server->signals, NULL, acort_after(ACORT_S(10))) >= 0 || errno != ECANCELED)
        acort_group_cancel(server->sessions);
    return NULL;
}

static void shut_down(server_t *server) {
    lock_room();
    tell_all("* the server ends soon\n");
    acort_mutex_unlock(&lock);
    acort_task_t *limit = acort_go(end_grace, server);
    if (limit == NULL) acort_group_cancel(server->sessions);
    acort_group_wait(server->sessions, ACORT_NEVER);    /* until the last client has left */
    if (limit == NULL) return;
    acort_cancel(limit);
    acort_join(limit, NULL, ACORT_NEVER);
}

void stop_here(void) {
    fflush(stdout);
    acort_dump(STDOUT_FILENO);
}

static void *scene(void *argument) {
    int listener = ((server_t *)argument)->listener;
    visitor_t ann = visit(listener, "ann");
    hears(&ann);
    visitor_t bob = visit(listener, "bob");
    hears(&ann);
    hears(&bob);
    stop_here();
    leaves(&ann);
    leaves(&bob);
    kill(getpid(), SIGTERM);
    return NULL;
}

static int serve(server_t *server) {
    acort_attr_t attr = ACORT_ATTR_INIT;
    attr.group = server->sessions;                      /* the acceptor, too: its tasks are in its group */
    attr.name = "acceptor";
    acort_task_t *acceptor = acort_go_ex(&attr, accept_all, (void *)(intptr_t)server->listener);
    if (acceptor == NULL) return errno;
    acort_task_t *player = server->address == NULL ? acort_go(scene, server) : NULL;
    if (player != NULL) acort_set_name(player, "scene"), acort_detach(player);
    int error = acort_signal_wait(&server->signals, NULL, ACORT_NEVER) < 0 ? errno : 0;
    acort_cancel(acceptor);
    acort_join(acceptor, NULL, ACORT_NEVER);            /* from here on no client is accepted */
    if (error == 0) shut_down(server);
    return error;
}

static void *begin(void *argument) {
    server_t *server = argument;
    acort_set_name(acort_self(), "main");
    server->listener = acort_listen("tcp", server->address != NULL ? server->address : "127.0.0.1:0", 0);
    server->sessions = server->listener < 0 ? NULL : acort_group_open();
    if (server->address != NULL) printf("port %d\n", port_of(server->listener)), fflush(stdout);
    int error = server->sessions == NULL ? errno : serve(server);
    if (server->sessions != NULL) acort_group_close(server->sessions);
    if (server->listener >= 0) acort_close(server->listener);
    if (error != 0) acort_group_fail(NULL, error);      /* acort_enter() returns it */
    return NULL;
}

/* chat [address]: serves at the address; without one it plays the scene. */
int main(int count, char **arguments) {
    server_t server = {.address = count > 1 ? arguments[1] : NULL};
    sigemptyset(&server.signals);
    sigaddset(&server.signals, SIGINT);
    sigaddset(&server.signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &server.signals, NULL);  /* before other threads begin: they inherit it */
    acort_opts_t options = ACORT_OPTS_INIT;
    options.workers = 1;                                /* one thread: the list below has one order */
    acort_t *runtime = acort_new(&options);
    int result = runtime == NULL ? -1 : acort_enter(runtime, begin, &server, NULL);
    if (result != 0) perror("chat");
    if (runtime != NULL) acort_free(runtime);
    return result != 0;
}
