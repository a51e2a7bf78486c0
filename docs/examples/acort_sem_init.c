#include <acort.h>
#include <errno.h>
#include <stdio.h>

static acort_sem_t places;
static int inside, most;

static void *works(void *argument) {
    acort_sem_wait(&places, ACORT_NEVER);
    if (++inside > most) most = inside;
    acort_sleep(ACORT_MS(1));
    inside--;
    acort_sem_post(&places);
    return argument;
}

static void *starts(void *argument) {
    acort_sem_init(&places, 3);
    acort_task_t *tasks[10];
    for (int i = 0; i < 10; i++) tasks[i] = acort_go(works, NULL);
    for (int i = 0; i < 10; i++) acort_join(tasks[i], NULL, ACORT_NEVER);
    printf("of 10 tasks never more than %d at once\n", most);
    while (acort_sem_trywait(&places) == 0) {
        unsigned left;
        acort_sem_getvalue(&places, &left);
        printf("%u left\n", left);
    }
    printf("none left: %d\n", errno == EAGAIN);
    return argument;
}

int main(void) {
    return acort_run(starts, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * of 10 tasks never more than 3 at once
 * 2 left
 * 1 left
 * 0 left
 * none left: 1
 */
