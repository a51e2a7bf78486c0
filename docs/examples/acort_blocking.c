#include <acort.h>
#include <stdio.h>
#include <unistd.h>

/* Blocks its thread: a call that knows nothing of tasks. */
static void *blocks(void *text) {
    usleep(20 * 1000);
    return text;
}

static void *ticks(void *argument) {
    acort_sleep(1000000);
    puts("another task runs meanwhile");
    return argument;
}

static void *starts(void *argument) {
    acort_task_t *task = acort_go(ticks, NULL);
    void *result;
    if (acort_blocking(blocks, "the call has returned", &result) == -1)
        perror("acort_blocking");
    else
        puts(result);
    acort_join(task, NULL, ACORT_NEVER);
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * another task runs meanwhile
 * the call has returned
 */
