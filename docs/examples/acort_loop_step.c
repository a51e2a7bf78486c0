#include <acort.h>
#include <poll.h>
#include <stdio.h>

static void *sleeps(void *text) {
    acort_sleep(ACORT_MS(10));
    puts(text);
    return NULL;
}

int main(void) {
    acort_opts_t opts = ACORT_OPTS_INIT;
    opts.flags = ACORT_LOOP;
    acort_t *rt = acort_new(&opts);
    if (rt == NULL) return 1;
    acort_loop_go(rt, sleeps, "a task in the program's own loop");
    /* The program's loop: it may wait for other file descriptors, too. */
    struct pollfd fds[] = {{.fd = acort_loop_fd(rt), .events = POLLIN}};
    while (acort_loop_step(rt, 0) == 1) poll(fds, 1, -1);
    return acort_free(rt) == 0 ? 0 : 1;
}
/* Prints:
 * a task in the program's own loop
 */
