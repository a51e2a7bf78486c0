#include <acort.h>
#include <stdio.h>

static acort_waitgroup_t work;
static acort_barrier_t barrier;

static void *works(void *name) {
    printf("%s: first half\n", (char *)name);
    if (acort_barrier_wait(&barrier, ACORT_NEVER) == 1) puts("all have come");
    printf("%s: second half\n", (char *)name);
    acort_waitgroup_done(&work);
    return NULL;
}

static void *starts(void *argument) {
    acort_barrier_init(&barrier, 2);
    acort_waitgroup_add(&work, 2);
    acort_detach(acort_go(works, "left"));
    acort_detach(acort_go(works, "right"));
    acort_waitgroup_wait(&work, ACORT_NEVER);
    puts("done");
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * left: first half
 * right: first half
 * all have come
 * right: second half
 * left: second half
 * done
 */
