#include <acort.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void *sleeps(void *text) {
    int result = acort_sleep(ACORT_S(1));
    printf("%s: %s\n", (char *)text, result == 0 ? "slept" : strerror(errno));
    return NULL;
}

static void *fails(void *group) {
    acort_group_fail(group, EIO); /* cancels the others */
    return NULL;
}

static void *answers(void *text) {
    int64_t ns = *(char *)text == 'q' ? ACORT_MS(1) : ACORT_S(60);
    return acort_sleep(ns) == 0 ? text : NULL;
}

static void start(acort_group_t *group, acort_body_t body, void *argument) {
    acort_attr_t attr = ACORT_ATTR_INIT;
    attr.group = group;
    acort_go_ex(&attr, body, argument);
}

static void *starts(void *argument) {
    acort_group_t *group = acort_group_open();
    start(group, sleeps, "with one that fails");
    start(group, fails, group);
    if (acort_group_wait(group, ACORT_NEVER) == -1)
        printf("the group: %s\n", strerror(errno));
    acort_group_close(group);

    group = acort_group_open();
    start(group, sleeps, "of a cancelled group");
    acort_yield();
    acort_group_cancel(group);
    acort_group_close(group); /* waits for its tasks, and frees them */

    /* The first success is enough: the close cancels the others. */
    void *result = NULL;
    group = acort_group_open();
    start(group, answers, "slow");
    start(group, answers, "quick");
    while (acort_group_next(group, &result, ACORT_NEVER) != NULL)
        if (result != NULL) break;
    printf("the first success: %s\n", (char *)result);
    acort_group_close(group);

    group = acort_group_open();
    start(group, sleeps, "with a deadline");
    acort_group_deadline(group, acort_after(ACORT_MS(1)));
    if (acort_group_wait(group, ACORT_NEVER) == -1)
        printf("the group: %s\n", strerror(errno));
    acort_group_close(group);
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * with one that fails: Operation canceled
 * the group: Input/output error
 * of a cancelled group: Operation canceled
 * the first success: quick
 * with a deadline: Operation canceled
 * the group: Connection timed out
 */
