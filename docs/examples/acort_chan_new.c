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
    printf("in the buffer: %zd of %zd\n", acort_chan_len(chan),
           acort_chan_cap(chan));
    int number;
    while (acort_chan_recv(chan, &number, ACORT_NEVER) == 0)
        printf("%d\n", number);
    printf("closed: %d\n", acort_chan_is_closed(chan));
    acort_chan_unref(chan);

    /* Signals: values without a size. Nothing waits. */
    acort_chan_t *signals = acort_chan_new(0, 1, 0);
    acort_chan_try_send(signals, NULL);
    if (acort_chan_try_send(signals, NULL) == -1 && errno == EAGAIN)
        puts("one signal is enough");
    acort_chan_try_recv(signals, NULL);
    acort_chan_unref(signals);

    /* In memory of the program. Every receiver gets the last value. */
    static uint64_t memory[ACORT_CHAN_SIZE / 8];
    chan = acort_chan_init(memory, sizeof memory, sizeof(int), 0, 0);
    number = -1;
    acort_chan_close_with(chan, &number);
    for (int i = 0; i < 2; i++) {
        acort_chan_recv(chan, &number, ACORT_NEVER);
        printf("the last value is %d\n", number);
    }
    acort_chan_unref(chan);
    return argument;
}

int main(void) {
    return acort_run(receives, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * in the buffer: 2 of 2
 * 1
 * 2
 * 3
 * 4
 * closed: 1
 * one signal is enough
 * the last value is -1
 * the last value is -1
 */
