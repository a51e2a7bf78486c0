/* The server of acort: a task on its own stack for each connection. The task that accepts starts it on any worker. */
#include "server.h"

#include <acort.h>

static int listener;

static void *serve(void *argument) {
    int fd = (int)(intptr_t)argument;
    char data[ROOM];
    size_t used = 0, length;
    for (ssize_t size; (size = acort_read(fd, data + used, sizeof data - used, ACORT_NEVER)) > 0;) {
        used += (size_t)size;
        const char *answer = answer_to(data, used, &length);
        if (answer == NULL) continue;
        if (acort_write_all(fd, answer, length, ACORT_NEVER) != (ssize_t)length) break;
        used = 0;
    }
    acort_close(fd);
    return NULL;
}

static void *accept_all(void *unused) {
    for (int fd; (fd = acort_accept(listener, NULL, NULL, ACORT_NEVER)) >= 0;) {
        acort_attr_t attributes = ACORT_ATTR_INIT;
        attributes.flags = ACORT_DETACHED;
        send_at_once(fd);
        if (acort_go_ex(&attributes, serve, (void *)(intptr_t)fd) == NULL) fail("acort_go_ex");
    }
    return unused;
}

int main(int words, char **arguments) {
    acort_opts_t options = ACORT_OPTS_INIT;
    int port = 0;
    options.workers = begin(words, arguments);
    listener = listen_at(&port);
    tell_port(port);
    acort_t *runtime = acort_new(&options);
    if (runtime == NULL || acort_enter(runtime, accept_all, NULL, NULL) != 0) fail("acort");
    return 0;
}
