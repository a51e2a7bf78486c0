#include <acort.h>
#include <errno.h>
#include <stdio.h>

static acort_event_t ready;

static void *waits(void *name) {
    acort_event_wait(&ready, ACORT_NEVER);
    printf("%s goes on\n", (char *)name);
    return NULL;
}

static void *starts(void *argument) {
    acort_task_t *tasks[] = {acort_go(waits, "first"),
                             acort_go(waits, "second")};
    acort_yield();
    puts("set");
    acort_event_set(&ready);
    for (int i = 0; i < 2; i++) acort_join(tasks[i], NULL, ACORT_NEVER);
    acort_event_reset(&ready);
    if (acort_event_wait(&ready, 0) == -1 && errno == ETIMEDOUT)
        puts("reset");
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * set
 * first goes on
 * second goes on
 * reset
 */
