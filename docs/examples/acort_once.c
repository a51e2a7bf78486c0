#include <acort.h>
#include <stdio.h>

typedef struct {
    acort_once_t once;
    int value;
} config_t;

static void loads(void *config) {
    puts("loads");
    acort_sleep(ACORT_MS(1));
    ((config_t *)config)->value = 42;
}

static void *uses(void *argument) {
    config_t *config = argument;
    acort_once(&config->once, loads, config, ACORT_NEVER);
    printf("uses %d\n", config->value);
    return NULL;
}

static void *starts(void *argument) {
    config_t config = {0};
    acort_task_t *tasks[] = {acort_go(uses, &config),
                             acort_go(uses, &config)};
    for (int i = 0; i < 2; i++) acort_join(tasks[i], NULL, ACORT_NEVER);
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * loads
 * uses 42
 * uses 42
 */
