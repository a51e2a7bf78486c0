/* Timeout around a blocking call. `acort_blocking_until()` gives up a call that no thread has begun. Neither a
 * deadline nor a cancellation ends the wait for a call that runs. So another task makes the call, and the
 * caller waits for a future. After the deadline the call still runs. Its thread is busy until it ends, and its
 * result is dropped. */
#include <acort.h>
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>

typedef struct {
    acort_body_t fn;
    void *arg;
    acort_future_t *result;
} call_t;

static void *make_call(void *argument) {
    call_t *call = argument;
    void *result = NULL;
    if (acort_blocking(call->fn, call->arg, &result) == 0) acort_future_set(call->result, result);
    else acort_future_fail(call->result, errno);
    acort_future_unref(call->result);
    return NULL;
}

/* Calls fn(arg) on a thread that may block. Returns 0, or -1 and errno. After ETIMEDOUT or ECANCELED fn still uses arg. */
static int block_until(int64_t deadline, acort_body_t fn, void *arg, void **ret) {
    call_t call = {fn, arg, acort_future_new()};
    if (call.result == NULL) return -1;
    acort_attr_t attr = ACORT_ATTR_INIT;
    attr.flags = ACORT_DETACHED;
    attr.arg_copy_size = sizeof call;
    acort_future_ref(call.result);                      /* the task's */
    int outcome = -1;
    if (acort_go_ex(&attr, make_call, &call) == NULL) acort_future_unref(call.result);
    else outcome = acort_future_wait(call.result, ret, deadline);
    int error = errno;
    acort_future_unref(call.result);
    errno = error;
    return outcome;
}

static sem_t disk;

static void *query(void *text) { return text; }

static void *hangs(void *text) {
    while (sem_wait(&disk) != 0) continue;              /* blocks its thread */
    return text;
}

static void *begin(void *unused) {
    void *result = NULL;
    if (block_until(ACORT_NEVER, query, "done", &result) == 0) puts(result);
    if (block_until(acort_after(ACORT_MS(20)), hangs, "late", &result) != 0)
        puts(errno == ETIMEDOUT ? "too late" : "cancelled");
    sem_post(&disk);                                    /* acort_run() waits for the call */
    return unused;
}

int main(void) {
    if (sem_init(&disk, 0, 0) != 0) return 1;
    int outcome = acort_run(begin, NULL, NULL);
    sem_destroy(&disk);
    return outcome;
}

/* Prints:
 * done
 * too late
 */
