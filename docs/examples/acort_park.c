#include <acort.h>
#include <errno.h>
#include <stdio.h>

static void *waits(void *argument) {
    puts("parks");
    acort_park(ACORT_NEVER);
    puts("unparked");
    if (acort_park(0) == -1 && errno == ETIMEDOUT) puts("no token");
    return argument;
}

static void *starts(void *argument) {
    acort_task_t *task = acort_go(waits, NULL);
    acort_yield();
    puts("unparks it");
    acort_unpark(task);
    acort_join(task, NULL, ACORT_NEVER);
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * parks
 * unparks it
 * unparked
 * no token
 */
