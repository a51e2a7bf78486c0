#include <acort.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static void *sleeps(void *argument) {
    int64_t start = acort_now();
    acort_sleep(ACORT_S(3600));
    printf("%d seconds later\n", (int)((acort_now() - start) / ACORT_S(1)));
    return argument;
}

static void *reads(void *argument) {
    int ends[2];
    char byte;
    if (pipe(ends) == -1) return NULL;
    if (acort_read(ends[0], &byte, 1, acort_after(ACORT_S(5))) == -1)
        puts(errno == EPERM ? "EPERM" : "ETIMEDOUT");
    acort_close(ends[0]);
    acort_close(ends[1]);
    return argument;
}

int main(void) {
    if (acort_test_run(1, sleeps, NULL) == -1) return 1;
    if (acort_test_run(1, reads, NULL) == -1) return 1;
    acort_opts_t opts = ACORT_OPTS_INIT;
    opts.flags = ACORT_TEST | ACORT_TEST_OUTSIDE;
    opts.test_seed = 1;
    return acort_run_ex(&opts, reads, NULL, NULL) == -1;
}
/* Prints:
 * 3600 seconds later
 * EPERM
 * ETIMEDOUT
 */
