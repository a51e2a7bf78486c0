#include <acort.h>
#include <stdio.h>
#include <unistd.h>

static void *sleeps(void *argument) {
    acort_sleep(ACORT_MS(10));
    return argument;
}

static int shows(void *user, acort_task_t *task) {
    if (acort_name(task) != NULL)
        printf("%s%s\n", (char *)user, acort_name(task));
    return 0; /* go on */
}

static void *starts(void *argument) {
    acort_task_t *task = acort_go(sleeps, NULL);
    acort_set_name(task, "sleeper");
    acort_yield();
    acort_foreach(shows, "a task: ");
    acort_dump(
        STDERR_FILENO); /* a line for each task, and what it waits for */
    acort_stats_t stats;
    acort_stats(&stats, sizeof stats);
    printf("workers: %d, live tasks: %d\n", (int)stats.workers,
           (int)stats.live);
    acort_join(task, NULL, ACORT_NEVER);
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * a task: sleeper
 * workers: 1, live tasks: 2
 */
