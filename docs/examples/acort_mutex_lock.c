#include <acort.h>
#include <stdio.h>

static acort_mutex_t mutex;
static acort_cond_t changed;
static int items, is_done;

static void *takes(void *argument) {
    acort_mutex_lock(&mutex, ACORT_NEVER);
    for (;;) {
        while (items == 0 && !is_done)
            acort_cond_wait(&changed, &mutex, ACORT_NEVER);
        if (items == 0) break;
        printf("takes one of %d\n", items--);
    }
    acort_mutex_unlock(&mutex);
    return argument;
}

static void *gives(void *argument) {
    acort_task_t *task = acort_go(takes, NULL);
    acort_mutex_lock(&mutex, ACORT_NEVER);
    items = 2;
    acort_cond_signal(&changed);
    acort_mutex_unlock(&mutex);
    acort_yield();
    acort_mutex_lock(&mutex, ACORT_NEVER);
    is_done = 1;
    acort_cond_broadcast(&changed);
    acort_mutex_unlock(&mutex);
    acort_join(task, NULL, ACORT_NEVER);

    /* A recursive mutex: its owner may lock it again. */
    acort_mutex_t again = {0};
    acort_mutex_init(&again, ACORT_RECURSIVE);
    acort_mutex_lock(&again, ACORT_NEVER);
    if (acort_mutex_trylock(&again) == 0) puts("locked twice");
    for (int i = 0; i < 2; i++) acort_mutex_unlock(&again);
    return argument;
}

int main(void) {
    items = is_done = 0;
    return acort_run(gives, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * takes one of 2
 * takes one of 1
 * locked twice
 */
