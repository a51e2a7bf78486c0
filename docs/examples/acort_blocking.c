#include <acort.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int ends[2];

/* Blocks its thread: a call that knows nothing of tasks. */
static void *blocks(void *text) {
    char byte;
    return read(ends[0], &byte, 1) == 1 ? text : NULL;
}

static void *writes(void *argument) {
    puts("another task runs meanwhile");
    acort_write(ends[1], "x", 1, ACORT_NEVER);
    return argument;
}

static void *starts(void *argument) {
    if (pipe(ends) == -1) return argument;
    acort_task_t *task = acort_go(writes, NULL);
    void *result;
    if (acort_blocking(blocks, "the call has returned", &result) == -1)
        perror("acort_blocking");
    else
        puts(result);
    acort_join(task, NULL, ACORT_NEVER);
    /* A deadline: with 0 no call is begun. */
    if (acort_blocking_until(blocks, "", NULL, 0) == -1 && errno == ETIMEDOUT)
        puts("not called");
    close(ends[0]);
    acort_close(ends[1]);
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * another task runs meanwhile
 * the call has returned
 * not called
 */
