#include <acort.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void *computes(void *future) {
    acort_future_set(future, "the value");
    acort_future_unref(future);
    return NULL;
}

static void *gives_up(void *future) {
    acort_future_fail(future, EIO);
    acort_future_unref(future);
    return NULL;
}

static void wait_for(acort_body_t body) {
    acort_future_t *future = acort_future_new();
    acort_detach(acort_go(body, acort_future_ref(future)));
    void *value;
    if (acort_future_wait(future, &value, ACORT_NEVER) == 0)
        puts(value);
    else
        puts(strerror(errno));
    acort_future_unref(future);
}

static void *starts(void *argument) {
    wait_for(computes);
    wait_for(gives_up);
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * the value
 * Input/output error
 */
