#include <acort.h>
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void *works(void *chan) {
    acort_sleep(ACORT_MS(5));
    int number = 7;
    acort_chan_send(chan, &number, ACORT_NEVER);
    return NULL;
}

static void *waits(void *argument) {
    acort_chan_t *numbers = acort_chan_new(sizeof(int), 0, 0);
    acort_event_t stop = {0};
    acort_task_t *task = acort_go(works, numbers);
    int number = 0;
    acort_case_t cases[] = {
        {.op = ACORT_EVENT, .object = &stop},
        {.op = ACORT_RECV, .object = numbers, .data = &number},
    };
    if (acort_select(cases, 2, acort_after(ACORT_MS(1))) == -1 &&
        errno == ETIMEDOUT)
        puts("nothing after a millisecond");
    if (acort_select(cases, 2, ACORT_NEVER) == 1)
        printf("received %d\n", number);

    /* Both are ready: the first of them counts. */
    acort_event_set(&stop);
    acort_chan_close(numbers);
    if (acort_select_ordered(cases, 2, ACORT_NEVER) == 0) puts("stop");

    /* A channel that is closed is disabled: only the timer is left. */
    int64_t time = acort_after(ACORT_MS(1));
    cases[1].object = NULL;
    cases[0] = (acort_case_t){.op = ACORT_TIMER, .data = &time};
    if (acort_select(cases, 2, ACORT_NEVER) == 0) puts("a millisecond");

    /* The case waits for the child. */
    int status;
    pid_t child = fork();
    if (child == 0) _exit(3);
    cases[0] = (acort_case_t){.op = ACORT_CHILD, .fd = child, .data = &status};
    if (acort_select(cases, 2, ACORT_NEVER) == 0)
        printf("exit %d\n", WEXITSTATUS(status));
    acort_join(task, NULL, ACORT_NEVER);
    acort_chan_unref(numbers);
    return argument;
}

int main(void) {
    return acort_run(waits, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * nothing after a millisecond
 * received 7
 * stop
 * a millisecond
 * exit 3
 */
