/* Supervisor. A service that fails starts again, after a pause that doubles. Too many failures end the supervisor. */
#include <acort.h>
#include <errno.h>
#include <stdio.h>

enum { ATTEMPTS = 5 };

static int runs;

/* Returns NULL when its work is done. */
static void *service(void *name) {
    acort_sleep(ACORT_MS(1));
    return ++runs < 3 ? name : NULL;
}

/* Returns NULL, or the name of the service if it has failed too often. */
static void *supervise(void *name) {
    int64_t pause = 2000000;                            /* 2 ms */
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
        void *failure = name;
        acort_task_t *task = acort_go(service, name);
        if (task != NULL && acort_join(task, &failure, ACORT_NEVER) != 0 && errno == ECANCELED) {
            acort_cancel(task);                         /* the supervisor is to end */
            acort_cancel_mask(1);
            acort_join(task, NULL, ACORT_NEVER);
            return name;
        }
        if (failure == NULL) return NULL;
        printf("%s: attempt %d has failed\n", (char *)name, attempt);
        if (acort_sleep(pause) != 0) return name;
        pause *= 2;
    }
    return name;
}

static void *begin(void *unused) {
    runs = 0;
    acort_task_t *task = acort_go(supervise, "the service");
    void *failure = "no memory";
    if (task != NULL) acort_join(task, &failure, ACORT_NEVER);
    puts(failure == NULL ? "it is done" : "it is given up");
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }

/* Prints:
 * the service: attempt 1 has failed
 * the service: attempt 2 has failed
 * it is done
 */
