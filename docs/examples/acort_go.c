#include <acort.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *adds(void *pair) {
    const int *numbers = pair;
    const char *name = acort_name(acort_self());
    printf("%s: %d\n", name != NULL ? name : "plain", numbers[0] + numbers[1]);
    return NULL;
}

static void *says(void *text) {
    puts(text);
    return NULL;
}

static void *starts(void *argument) {
    int pair[] = {1, 2};
    acort_join(acort_go(adds, pair), NULL, ACORT_NEVER);
    acort_join(acort_go_flags(ACORT_SHARED, adds, pair), NULL, ACORT_NEVER);
    acort_go_detached(says, "detached");
    acort_yield();

    acort_attr_t attr = ACORT_ATTR_INIT;
    attr.name = "with attributes";
    attr.flags = ACORT_DETACHED | ACORT_NEXT | ACORT_UNCONSTRAINED;
    attr.stack_size = 64 * 1024;
    attr.arg_copy_size = sizeof pair; /* so `pair` may change at once */
    acort_go_ex(&attr, adds, pair);
    pair[0] = pair[1] = 0;
    acort_yield();

    acort_attr_init(&attr, sizeof attr);
    attr.arg_destroy = free; /* also if there is no memory for the task */
    acort_task_t *owner = acort_go_ex(&attr, says, strdup("owns its text"));
    if (owner != NULL) acort_join(owner, NULL, ACORT_NEVER);
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * plain: 3
 * plain: 3
 * detached
 * with attributes: 3
 * owns its text
 */
