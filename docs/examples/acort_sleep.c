#include <acort.h>
#include <errno.h>
#include <stdio.h>

static void *waits(void *argument) {
    int64_t start = acort_now();
    acort_sleep(ACORT_MS(5));
    printf("5 ms have passed: %d\n", acort_now() - start >= ACORT_MS(5));
    /* A period without drift: the next time is that of the last one and 2 ms.
     */
    int64_t next = acort_now();
    for (int i = 0; i < 3; i++) acort_sleep_until(next += ACORT_MS(2));
    printf("6 ms more: %d\n", acort_now() - start >= ACORT_MS(11));
    /* One deadline for several calls. */
    int64_t deadline = acort_after_ms(1);
    acort_chan_t *chan = acort_chan_new(1, 0, 0);
    char byte;
    if (acort_chan_recv(chan, &byte, deadline) == -1 && errno == ETIMEDOUT)
        puts("nothing came");
    acort_chan_unref(chan);
    /* Half a second is less than 600,000 us. */
    printf("%d\n", acort_after(ACORT_S(0.5)) < acort_after(ACORT_US(600000)));
    return argument;
}

int main(void) {
    return acort_run(waits, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * 5 ms have passed: 1
 * 6 ms more: 1
 * nothing came
 * 1
 */
