/* Timeout around anything. All waits of a block end at one deadline, also those in functions that take none. */
#include <acort.h>
#include <errno.h>
#include <stdio.h>

/* Knows nothing of deadlines. Returns NULL and errno if a wait fails. */
static const char *fetch(acort_chan_t *answers, int count) {
    static char text[2];
    while (count-- > 0)
        if (acort_chan_recv(answers, text, ACORT_NEVER) != 0) return NULL;
    return text;
}

static void *answer(void *answers) {
    for (const char *letter = "abc"; *letter != 0; letter++)
        if (acort_chan_send(answers, letter, ACORT_NEVER) != 0) break;
    return NULL;                                        /* the fourth answer never comes */
}

static void *begin(void *unused) {
    acort_chan_t *answers = acort_chan_new(1, 8, 0);
    acort_task_t *task = answers == NULL ? NULL : acort_go(answer, answers);
    for (int count = 3; task != NULL && count <= 4; count++) {
        const char *text = NULL;
        ACORT_WITH_DEADLINE(acort_after(200000000)) text = fetch(answers, count);
        puts(text != NULL ? text : errno == ETIMEDOUT ? "too late" : "cancelled");
    }
    if (task != NULL) acort_join(task, NULL, ACORT_NEVER);
    acort_chan_unref(answers);
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }

/* Prints:
 * c
 * too late
 */
