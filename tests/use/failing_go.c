/* Some starts of tasks fail for want of memory: linked with --wrap for each of the functions. GO_FAILS=<first> in
 * the environment has that one fail, counted from 1; GO_FAILS=<first>,<step> each <step>th one from there on, too. */
#include <acort.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

acort_task_t *__real_acort_go(acort_body_t fn, void *arg);
acort_task_t *__real_acort_go_ex(const acort_attr_t *attr, acort_body_t fn, void *arg);
int __real_acort_go_detached(acort_body_t fn, void *arg);
acort_task_t *__wrap_acort_go(acort_body_t fn, void *arg);
acort_task_t *__wrap_acort_go_ex(const acort_attr_t *attr, acort_body_t fn, void *arg);
int __wrap_acort_go_detached(acort_body_t fn, void *arg);

static int fails(void) {
    static atomic_int calls;
    const char *wanted = getenv("GO_FAILS");
    int first = 0, step = 0, count = ++calls;
    if (wanted == NULL || sscanf(wanted, "%d,%d", &first, &step) < 1) return 0;
    if (count != first && (step == 0 || count < first || (count - first) % step != 0)) return 0;
    errno = ENOMEM;
    return 1;
}

acort_task_t *__wrap_acort_go(acort_body_t fn, void *arg) {
    return fails() ? NULL : __real_acort_go(fn, arg);
}

acort_task_t *__wrap_acort_go_ex(const acort_attr_t *attr, acort_body_t fn, void *arg) {
    return fails() ? NULL : __real_acort_go_ex(attr, fn, arg);
}

int __wrap_acort_go_detached(acort_body_t fn, void *arg) {
    return fails() ? -1 : __real_acort_go_detached(fn, arg);
}
