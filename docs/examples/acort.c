#include <acort.h>
#include <stdio.h>

/* A task: sends three numbers. */
static void *sends(void *chan) {
    for (int i = 1; i <= 3; i++) acort_chan_send(chan, &i, ACORT_NEVER);
    acort_chan_close(chan);
    return NULL;
}

/* The main task: receives them until the channel is closed. */
static void *receives(void *argument) {
    acort_chan_t *chan = acort_chan_new(sizeof(int), 0, 0);
    acort_task_t *task = acort_go(sends, chan);
    int number;
    while (acort_chan_recv(chan, &number, ACORT_NEVER) == 0)
        printf("%d\n", number);
    acort_join(task, NULL, ACORT_NEVER);
    acort_chan_unref(chan);
    return argument;
}

int main(void) {
    return acort_run(receives, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * 1
 * 2
 * 3
 */
