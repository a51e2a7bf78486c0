#include <acort.h>
#include <errno.h>
#include <stdio.h>

static void *squares(void *number) {
    *(int *)number *= *(int *)number;
    return NULL;
}

static void *works(void *argument) {
    int numbers[] = {1, 2, 3, 4};
    acort_task_t *tasks[4];
    for (int i = 0; i < 4; i++) tasks[i] = acort_go(squares, &numbers[i]);
    for (int i = 0; i < 4; i++) acort_join(tasks[i], NULL, ACORT_NEVER);
    printf("%d %d %d %d\n", numbers[0], numbers[1], numbers[2], numbers[3]);
    return argument;
}

int main(void) {
    acort_opts_t opts;
    acort_opts_init(&opts, sizeof opts);
    opts.workers = 2;
    opts.flags = ACORT_PIN_CPUS | ACORT_NO_OVERFLOW_REPORT;
    acort_t *rt = acort_new(&opts);
    if (rt == NULL) {
        perror("acort_new");
        return 1;
    }
    for (int i = 0; i < 2; i++)
        if (acort_enter(rt, works, NULL, NULL) == -1) return 1;
    return acort_free(rt) == 0 ? 0 : 1;
}
/* Prints:
 * 1 4 9 16
 * 1 4 9 16
 */
