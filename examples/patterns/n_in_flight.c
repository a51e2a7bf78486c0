/* N in flight. A task for each item, but at most three at a time. A semaphore has a unit for each. */
#include <acort.h>
#include <stdio.h>

enum { ITEMS = 12, AT_ONCE = 3 };

static acort_sem_t slots;
static int in_flight, most;

static void *fetch(void *item) {
    in_flight++;
    if (in_flight > most) most = in_flight;
    acort_sleep(ACORT_MS(2));                           /* a request */
    in_flight--;
    acort_sem_post(&slots);
    return item;
}

static void *begin(void *unused) {
    acort_attr_t attr = ACORT_ATTR_INIT;
    int started = 0;
    attr.flags = ACORT_DETACHED;                        /* freed as soon as it ends */
    attr.group = acort_group_open();
    if (attr.group == NULL || acort_sem_init(&slots, AT_ONCE) != 0) return unused;
    most = 0;
    for (int i = 0; i < ITEMS; i++) {
        if (acort_sem_wait(&slots, ACORT_NEVER) != 0) break;
        if (acort_go_ex(&attr, fetch, NULL) != NULL) started++;
        else acort_sem_post(&slots);                    /* no memory: this item is left out */
    }
    acort_group_wait(attr.group, ACORT_NEVER);
    acort_group_close(attr.group);
    printf("%d items, at most %d at a time\n", started, most);
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }

/* Prints:
 * 12 items, at most 3 at a time
 */
