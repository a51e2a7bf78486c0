#include <acort.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static acort_key_t key;

static void frees(void *value) {
    printf("destroyed: %s\n", (char *)value);
    free(value);
}

static void *works(void *name) {
    acort_key_set(key, strdup(name));
    acort_yield();
    printf("value: %s\n", (char *)acort_key_get(key));
    return NULL;
}

static void *starts(void *argument) {
    acort_task_t *tasks[] = {acort_go(works, "first"),
                             acort_go(works, "second")};
    for (int i = 0; i < 2; i++) acort_join(tasks[i], NULL, ACORT_NEVER);
    return argument;
}

int main(void) {
    if (acort_key_create(&key, frees) == -1) return 1;
    int result = acort_run(starts, NULL, NULL);
    acort_key_delete(key);
    return result == 0 ? 0 : 1;
}
/* Prints:
 * value: first
 * destroyed: first
 * value: second
 * destroyed: second
 */
