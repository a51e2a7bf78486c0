/* Fan-in. One task reads several sources, each with a channel, as they come. A closed channel leaves the list. */
#include <acort.h>
#include <errno.h>
#include <stdio.h>

enum { SOURCES = 3 };

static void *source(void *channel) {
    for (int i = 1; i <= 4; i++) {
        if (acort_chan_send(channel, &i, ACORT_NEVER) != 0) break;
        acort_sleep(1000000);
    }
    acort_chan_close(channel);
    acort_chan_unref(channel);
    return NULL;
}

static void *begin(void *unused) {
    acort_case_t cases[SOURCES];
    int value, open = 0, sum = 0, chosen;
    for (int i = 0; i < SOURCES; i++) {
        acort_chan_t *channel = acort_chan_new(sizeof(int), 0, 0);
        if (channel == NULL) continue;
        acort_task_t *task = acort_go(source, acort_chan_ref(channel));
        if (task == NULL) {
            acort_chan_unref(channel);                  /* the task's reference */
            acort_chan_unref(channel);
            continue;
        }
        acort_detach(task);
        cases[open++] = (acort_case_t){.op = ACORT_RECV, .object = channel, .data = &value};
    }
    while (open > 0 && (chosen = acort_select(cases, open, ACORT_NEVER)) >= 0) {
        if (cases[chosen].error == 0) {
            sum += value;
        } else {                                        /* EPIPE: closed, and empty */
            acort_chan_unref(cases[chosen].object);
            cases[chosen] = cases[--open];
        }
    }
    while (open > 0) acort_chan_unref(cases[--open].object);   /* cancelled */
    printf("the sum of all sources is %d\n", sum);
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }

/* Prints:
 * the sum of all sources is 30
 */
