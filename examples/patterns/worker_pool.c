/* Worker pool. Four tasks take jobs from a channel. The end of the jobs ends the workers. */
#include <acort.h>
#include <errno.h>
#include <stdio.h>

enum { WORKERS = 4, JOBS = 10 };

static acort_chan_t *jobs, *results;

static void *work(void *unused) {
    for (int job; acort_chan_recv(jobs, &job, ACORT_NEVER) == 0;) {
        int result = job * job;
        if (acort_chan_send(results, &result, ACORT_NEVER) != 0) break;
    }
    return unused;
}

static void *feed(void *unused) {
    for (int job = 1; job <= JOBS; job++)
        if (acort_chan_send(jobs, &job, ACORT_NEVER) != 0) break;
    acort_chan_close(jobs);                             /* each worker ends when the channel is empty */
    return unused;
}

static void *begin(void *unused) {
    jobs = acort_chan_new(sizeof(int), WORKERS, 0);
    results = acort_chan_new(sizeof(int), WORKERS, 0);
    acort_attr_t attr = ACORT_ATTR_INIT;
    attr.group = acort_group_open();
    int count = 0, sum = 0;
    if (jobs != NULL && results != NULL && attr.group != NULL && acort_go_ex(&attr, feed, NULL) != NULL)
        for (int i = 0; i < WORKERS; i++) count += acort_go_ex(&attr, work, NULL) != NULL;
    for (int i = 0, result; i < JOBS && count > 0; i++)
        if (acort_chan_recv(results, &result, ACORT_NEVER) == 0) sum += result;
    printf("the sum of %d squares is %d\n", JOBS, sum);
    if (attr.group != NULL) acort_group_close(attr.group);
    acort_chan_unref(jobs);
    acort_chan_unref(results);
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }

/* Prints:
 * the sum of 10 squares is 385
 */
