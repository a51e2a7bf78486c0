/* Timeout around anything. A function without a deadline runs in a task of its own. At the deadline the task is
 * cancelled. So its waits fail, and it returns. */
#include <acort.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Calls fn(arg). Returns 0, or -1 and errno: ETIMEDOUT if the deadline has passed, ECANCELED if the caller is cancelled. */
static int call_until(int64_t deadline, acort_body_t fn, void *arg, void **ret) {
    acort_task_t *task = acort_go(fn, arg);
    if (task == NULL) return -1;
    if (acort_join(task, ret, deadline) == 0) return 0;
    int error = errno, mask;
    if (error == ENOMEM) return -1;                     /* it has never begun, and is freed */
    acort_cancel(task);
    mask = acort_cancel_mask(1);
    acort_join(task, NULL, ACORT_NEVER);                /* it cleans up, and ends */
    acort_cancel_mask(mask);
    errno = error;
    return -1;
}

static void *slow(void *text) {
    for (int i = 0; i < 100; i++)
        if (acort_sleep(10000000) != 0) return NULL;    /* cancelled */
    return text;
}

static void *quick(void *text) { return text; }

static void *begin(void *unused) {
    acort_body_t functions[] = {quick, slow};
    for (int i = 0; i < 2; i++) {
        void *result = NULL;
        int outcome = call_until(acort_after(30000000), functions[i], "done", &result);
        puts(outcome == 0 ? (char *)result : strerror(errno));
    }
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }

/* Prints:
 * done
 * Connection timed out
 */
