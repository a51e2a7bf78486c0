#include <acort.h>
#include <errno.h>
#include <stdio.h>

static void *says(void *text) {
    puts(text);
    return NULL;
}

static void *starts(void *argument) {
    acort_go(says, "a task that nothing joins");
    puts("the main task");
    return argument;
}

static void *uses_much(void *argument) {
    volatile char buffer[2000000];
    buffer[0] = 1;
    printf("%d of %zu bytes\n", buffer[0], sizeof buffer);
    return argument;
}

int main(void) {
    void *result;
    if (acort_run(starts, "result", &result) == -1)
        return 1; /* waits for both */
    puts(result);
    acort_opts_t opts = ACORT_OPTS_INIT;
    opts.main_stack_size = 4 << 20;
    if (acort_run_ex(&opts, uses_much, NULL, NULL) == -1) return 1;
    if (acort_run(NULL, NULL, NULL) == -1 && errno == EINVAL)
        puts("no function: EINVAL");
    return 0;
}
/* Prints:
 * the main task
 * a task that nothing joins
 * result
 * 1 of 2000000 bytes
 * no function: EINVAL
 */
