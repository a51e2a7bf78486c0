#include <acort.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void *keeps(void *promise) {
    acort_promise_set(promise, "kept");
    acort_promise_unref(promise);
    return NULL;
}

static void *fails(void *promise) {
    acort_promise_fail(promise, EIO);
    acort_promise_unref(promise);
    return NULL;
}

static void *forgets(void *promise) {
    acort_promise_unref(promise); /* neither set nor failed */
    return NULL;
}

static void wait_for(acort_body_t body) {
    acort_promise_t *promise = acort_promise_new();
    acort_future_t *future = acort_promise_future(promise);
    acort_detach(acort_go(body, acort_promise_ref(promise)));
    acort_promise_unref(promise);
    void *value;
    if (acort_future_wait(future, &value, ACORT_NEVER) == 0)
        puts(value);
    else
        puts(strerror(errno));
    acort_future_unref(future);
}

static void *starts(void *argument) {
    wait_for(keeps);
    wait_for(fails);
    wait_for(forgets);
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * kept
 * Input/output error
 * Broken pipe
 */
