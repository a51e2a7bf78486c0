#include <acort.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Knows nothing of deadlines. */
static int fetch(acort_chan_t *chan) {
    int value;
    return acort_chan_recv(chan, &value, ACORT_NEVER) == 0 ? value : -1;
}

static void *starts(void *argument) {
    acort_chan_t *chan = acort_chan_new(sizeof(int), 1, 0);
    int value = 7;
    acort_chan_send(chan, &value, ACORT_NEVER);
    ACORT_WITH_DEADLINE(acort_after(ACORT_MS(5))) {
        printf("%d\n", fetch(chan));
        if (fetch(chan) == -1) puts(strerror(errno));
        printf("it is late: %d\n", acort_deadline_passed());
    }

    /* The same without a macro. */
    int64_t outer;
    if (acort_deadline_push(acort_after(ACORT_MS(5)), &outer) != 0)
        return argument;
    value = fetch(chan);
    if (acort_deadline_pop(&outer) == 1) puts("it was late");
    printf("a limit is left: %d\n", acort_deadline() != ACORT_NEVER);
    acort_chan_unref(chan);
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * 7
 * Connection timed out
 * it is late: 1
 * it was late
 * a limit is left: 0
 */
