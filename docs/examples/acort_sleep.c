#include <acort.h>
#include <errno.h>
#include <stdio.h>

static void *waits(void *argument) {
    int64_t start = acort_now();
    acort_sleep(5 * 1000000);
    printf("5 ms have passed: %d\n", acort_now() - start >= 5 * 1000000);
    /* A period without drift: the next time is that of the last one and 2 ms.
     */
    int64_t next = acort_now();
    for (int i = 0; i < 3; i++) acort_sleep_until(next += 2 * 1000000);
    printf("6 ms more: %d\n", acort_now() - start >= 11 * 1000000);
    /* One deadline for several calls. */
    int64_t deadline = acort_after(1000000);
    acort_chan_t *chan = acort_chan_new(1, 0, 0);
    char byte;
    if (acort_chan_recv(chan, &byte, deadline) == -1 && errno == ETIMEDOUT)
        puts("nothing came");
    acort_chan_unref(chan);
    return argument;
}

int main(void) {
    return acort_run(waits, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * 5 ms have passed: 1
 * 6 ms more: 1
 * nothing came
 */
