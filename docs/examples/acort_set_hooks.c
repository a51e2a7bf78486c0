#include <acort.h>
#include <stdio.h>

static void created(void *user, acort_task_t *task) {
    (void)task;
    printf("%s: create\n", (char *)user);
}

static void blocked(void *user, acort_task_t *task, const char *why) {
    (void)task;
    printf("%s: waits for %s\n", (char *)user, why);
}

static void finished(void *user, acort_task_t *task) {
    (void)task;
    printf("%s: finish\n", (char *)user);
}

static void *sleeps(void *argument) {
    acort_sleep(ACORT_MS(1));
    return argument;
}

int main(void) {
    static const acort_hooks_t hooks = {.user = "trace",
                                        .create = created,
                                        .block = blocked,
                                        .finish = finished};
    acort_set_hooks(&hooks);
    int result = acort_run(sleeps, NULL, NULL);
    acort_set_hooks(NULL);
    return result == 0 ? 0 : 1;
}
/* Prints:
 * trace: create
 * trace: waits for a time
 * trace: finish
 */
