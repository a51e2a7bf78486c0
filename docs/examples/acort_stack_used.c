#include <acort.h>
#include <stdio.h>

static void *works(void *argument) {
    volatile char buffer[20000];
    for (size_t i = 0; i < sizeof buffer; i++) buffer[i] = 1;
    return argument;
}

static void *starts(void *argument) {
    acort_attr_t attr = ACORT_ATTR_INIT;
    attr.flags = ACORT_MEASURE;
    acort_task_t *task = acort_go_ex(&attr, works, NULL);
    acort_yield(); /* it runs to its end */
    ssize_t used = acort_stack_used(task);
    printf("more than 20000 bytes: %d, more than 25000: %d\n", used > 20000,
           used > 25000);
    acort_join(task, NULL, ACORT_NEVER);
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * more than 20000 bytes: 1, more than 25000: 0
 */
