#include <acort.h>
#include <stdio.h>

static void *adds(void *pair) {
    const int *numbers = pair;
    printf("%s: %d\n", acort_name(acort_self()), numbers[0] + numbers[1]);
    return NULL;
}

static void *starts(void *argument) {
    int pair[] = {1, 2};
    acort_task_t *plain = acort_go(adds, pair);
    acort_set_name(plain, "plain");
    acort_join(plain, NULL, ACORT_NEVER);

    acort_attr_t attr;
    acort_attr_init(&attr, sizeof attr);
    attr.name = "detached";
    attr.flags = ACORT_DETACHED | ACORT_NEXT | ACORT_UNCONSTRAINED;
    attr.stack_size = 64 * 1024;
    attr.arg_copy_size = sizeof pair; /* so `pair` may change at once */
    acort_go_ex(&attr, adds, pair);
    pair[0] = pair[1] = 0;
    acort_yield();

    attr.name = "on the shared stack";
    attr.flags = ACORT_SHARED;
    acort_join(acort_go_ex(&attr, adds, pair), NULL, ACORT_NEVER);
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * plain: 3
 * detached: 3
 * on the shared stack: 0
 */
