#include <acort.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* Sorts words by sort(1): they go in by one pipe, and come by another. */
static void sort(void) {
    char *argv[] = {"sort", NULL};
    acort_proc_attr_t attr = {.size = sizeof attr,
                              .argv = argv,
                              .in = ACORT_PROC_PIPE,
                              .out = ACORT_PROC_PIPE};
    int pipes[3], status;
    pid_t pid = acort_proc_start(&attr, pipes, ACORT_NEVER);
    if (pid == -1) return;
    acort_stream_t *in = acort_stream_open(pipes[0], NULL);
    acort_stream_t *out = acort_stream_open(pipes[1], NULL);
    acort_stream_printf(in, ACORT_NEVER, "pear\nfig\nplum\n");
    acort_stream_close(in, ACORT_NEVER); /* nothing follows */
    char *line;
    while ((line = acort_stream_read_line(out, NULL, ACORT_NEVER)))
        puts(line);
    acort_stream_close(out, ACORT_NEVER);
    if (acort_waitpid(pid, &status, ACORT_NEVER) == pid)
        printf("its exit: %d\n", WEXITSTATUS(status));
}

/* A program that takes too long is stopped, with its children. */
static void stop(void) {
    char *argv[] = {"sh", "-c", "sleep 100; true", NULL};
    acort_proc_attr_t attr = {.size = sizeof attr,
                              .argv = argv,
                              .flags = ACORT_PROC_GROUP};
    int status;
    pid_t pid = acort_proc_start(&attr, NULL, ACORT_NEVER);
    if (pid == -1) return;
    if (acort_waitpid(pid, &status, acort_after(5000000)) == -1 &&
        acort_proc_stop(pid, &status, ACORT_S(1)) == 0)
        printf("stopped by SIGTERM: %d\n",
               WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void *starts(void *argument) {
    sort();
    stop();
    char *argv[] = {"no-such-program", NULL};
    acort_proc_attr_t attr = {.size = sizeof attr, .argv = argv};
    if (acort_proc_start(&attr, NULL, ACORT_NEVER) == -1)
        printf("%s: %s\n", argv[0], strerror(errno));
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * fig
 * pear
 * plum
 * its exit: 0
 * stopped by SIGTERM: 1
 * no-such-program: No such file or directory
 */
