#include <acort.h>
#include <errno.h>
#include <stdio.h>

static void *sends(void *chan) {
    for (int i = 1; i <= 4; i++) acort_chan_send(chan, &i, ACORT_NEVER);
    acort_chan_close(chan);
    acort_chan_unref(chan);
    return NULL;
}

static void *receives(void *argument) {
    /* Room for two numbers, for the tasks of this worker. */
    acort_chan_t *chan = acort_chan_new(sizeof(int), 2, ACORT_LOCAL);
    acort_go(sends, acort_chan_ref(chan)); /* a reference for each user */
    acort_yield();
    printf("in the buffer: %zd\n", acort_chan_len(chan));
    int number;
    while (acort_chan_recv(chan, &number, ACORT_NEVER) == 0)
        printf("%d\n", number);
    printf("closed: %d\n", errno == EPIPE);
    acort_chan_unref(chan);
    return argument;
}

int main(void) {
    return acort_run(receives, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * in the buffer: 2
 * 1
 * 2
 * 3
 * 4
 * closed: 1
 */
