#include <acort.h>
#include <errno.h>
#include <stdio.h>

static void *returns(void *text) {
    return text;
}

static void *exits(void *text) {
    acort_exit(text);
}

static void *sleeps(void *argument) {
    acort_sleep(ACORT_S(1));
    return argument;
}

static void *starts(void *argument) {
    void *result;
    acort_join(acort_go(returns, "returned"), &result, ACORT_NEVER);
    puts(result);
    acort_join(acort_go(exits, "exited"), &result, ACORT_NEVER);
    puts(result);

    acort_task_t *task = acort_go(sleeps, NULL);
    if (acort_join(task, NULL, acort_after(ACORT_MS(1))) == -1 &&
        errno == ETIMEDOUT)
        puts("not after a millisecond");
    acort_cancel(task);
    acort_join(task, NULL, ACORT_NEVER);

    task = acort_go(returns, NULL);
    acort_detach(task); /* it is freed when it ends */
    acort_yield();      /* it runs now */
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * returned
 * exited
 * not after a millisecond
 */
