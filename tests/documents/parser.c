/* A task that overflows its stack: README.md shows the line. */
#include <acort.h>
#include <string.h>

static int depth(int n) {
    volatile char frame[1024];
    memset((char *)frame, n, sizeof frame);
    return n == 0 ? 0 : depth(n - 1) + frame[0];
}

static void *parse(void *unused) {
    depth(1000);
    return unused;
}

static void *begin(void *unused) {
    acort_task_t *task = acort_go(parse, NULL);
    acort_set_name(task, "parser");
    acort_join(task, NULL, ACORT_NEVER);
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }
