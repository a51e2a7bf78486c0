#include <acort.h>
#include <errno.h>
#include <stdio.h>

static void *works(void *argument) {
    if (acort_sleep(ACORT_S(1)) == -1 && errno == ECANCELED)
        printf("cancelled: %d\n", acort_cancelled());
    if (acort_sleep(ACORT_MS(1)) == -1 && errno == ECANCELED)
        puts("and so is each later wait");
    acort_cancel_mask(1); /* clean-up that has to wait */
    printf("masked: %d, sleeps: %d\n", acort_cancelled(),
           acort_sleep(ACORT_MS(1)));
    acort_cancel_mask(0);
    return argument;
}

static void *serves(void *argument) {
    while (acort_sleep(ACORT_S(1)) == -1 && errno == EAGAIN)
        puts("asked to look again");
    printf("ended by ECANCELED: %d\n", errno == ECANCELED);
    return argument;
}

static void *starts(void *argument) {
    acort_task_t *task = acort_go(works, NULL);
    acort_yield();
    acort_cancel(task);
    acort_join(task, NULL, ACORT_NEVER);

    task = acort_go(serves, NULL);
    acort_yield();
    acort_interrupt(task, EAGAIN); /* ends one wait */
    acort_yield();
    acort_cancel(task);
    acort_join(task, NULL, ACORT_NEVER);
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * cancelled: 1
 * and so is each later wait
 * masked: 0, sleeps: 0
 * asked to look again
 * ended by ECANCELED: 1
 */
