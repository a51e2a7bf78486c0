#include <acort.h>
#include <errno.h>
#include <stdio.h>

static acort_rwlock_t lock;
static acort_cond_t changed;
static int value;

static void *reads(void *argument) {
    acort_rwlock_rdlock(&lock, ACORT_NEVER);
    printf("reads %d\n", value);
    acort_yield(); /* the other reader has the lock, too */
    while (value == 0) acort_cond_wait_rwlock(&changed, &lock, ACORT_NEVER);
    printf("reads %d\n", value);
    acort_rwlock_unlock(&lock);
    return argument;
}

static void *starts(void *argument) {
    acort_task_t *readers[] = {acort_go(reads, NULL), acort_go(reads, NULL)};
    acort_yield();
    if (acort_rwlock_trywrlock(&lock) == -1 && errno == EBUSY)
        puts("readers have the lock");
    acort_rwlock_wrlock(&lock, ACORT_NEVER);
    if (acort_rwlock_tryrdlock(&lock) == -1 && errno == EBUSY)
        printf("writes %d\n", ++value);
    acort_cond_broadcast(&changed);
    acort_rwlock_unlock(&lock);
    for (int i = 0; i < 2; i++) acort_join(readers[i], NULL, ACORT_NEVER);
    return argument;
}

int main(void) {
    value = 0;
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * reads 0
 * reads 0
 * readers have the lock
 * writes 1
 * reads 1
 * reads 1
 */
