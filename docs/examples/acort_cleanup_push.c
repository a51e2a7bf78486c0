#include <acort.h>
#include <stdio.h>

static void releases(void *name) {
    printf("releases the %s\n", (const char *)name);
    acort_yield(); /* it may wait */
}

static void gives_up(void) {
    acort_cleanup_push(releases, (void *)"lease");
    acort_exit(NULL); /* from any depth */
}

static void *works(void *argument) {
    acort_cleanup_push(releases, (void *)"file");
    acort_cleanup_push(releases, (void *)"lock");
    acort_cleanup_pop(1); /* now */
    acort_cleanup_push(releases, (void *)"table");
    acort_cleanup_pop(0); /* never */
    if (argument != NULL) gives_up();
    puts("returns");
    return NULL;
}

static void *starts(void *unused) {
    acort_join(acort_go(works, NULL), NULL, ACORT_NEVER);
    acort_join(acort_go(works, "gives up"), NULL, ACORT_NEVER);
    return unused;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * releases the lock
 * returns
 * releases the file
 * releases the lock
 * releases the lease
 * releases the file
 */
