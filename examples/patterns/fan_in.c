/* Fan-in. One task reads several sources, each with a channel, as they come. The case of a closed channel is
 * disabled. */
#include <acort.h>
#include <errno.h>
#include <stdio.h>

enum { SOURCES = 3 };

static void *source(void *channel) {
    for (int i = 1; i <= 4; i++) {
        if (acort_chan_send(channel, &i, ACORT_NEVER) != 0) break;
        acort_sleep(ACORT_MS(1));
    }
    acort_chan_close(channel);
    acort_chan_unref(channel);
    return NULL;
}

static void *begin(void *unused) {
    acort_case_t cases[SOURCES] = {0};                  /* a case without an operation is disabled */
    int value, open = 0, sum = 0, chosen;
    for (int i = 0; i < SOURCES; i++) {
        acort_chan_t *channel = acort_chan_new(sizeof(int), 0, 0);
        if (channel == NULL) continue;
        if (acort_go_detached(source, acort_chan_ref(channel)) != 0) {
            acort_chan_unref(channel);                  /* the task's reference */
            acort_chan_unref(channel);
            continue;
        }
        cases[open++] = (acort_case_t){.op = ACORT_RECV, .object = channel, .data = &value};
    }
    while (open > 0 && (chosen = acort_select(cases, SOURCES, ACORT_NEVER)) >= 0) {
        if (cases[chosen].error == 0) {
            sum += value;
            continue;
        }
        acort_chan_unref(cases[chosen].object);         /* EPIPE: closed, and empty */
        cases[chosen].object = NULL;                    /* disabled from now on */
        open--;
    }
    for (int i = 0; i < SOURCES; i++) acort_chan_unref(cases[i].object);
    printf("the sum of all sources is %d\n", sum);
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }

/* Prints:
 * the sum of all sources is 30
 */
