/* Pipeline with back-pressure. Three stages with small buffers between them. The last one is slow. The first one
 * then waits, so memory stays bounded. */
#include <acort.h>
#include <stdio.h>

enum { ITEMS = 50, BUFFER = 2 };

static acort_chan_t *raw, *parsed;
static int read_count, stored_count, farthest;

static void *read_items(void *unused) {
    for (int item = 0; item < ITEMS; item++) {
        if (acort_chan_send(raw, &item, ACORT_NEVER) != 0) break;   /* waits while the buffer is full */
        read_count++;
        if (read_count - stored_count > farthest) farthest = read_count - stored_count;
    }
    acort_chan_close(raw);
    return unused;
}

static void *parse(void *unused) {
    for (int item; acort_chan_recv(raw, &item, ACORT_NEVER) == 0;)
        if (acort_chan_send(parsed, &item, ACORT_NEVER) != 0) break;
    acort_chan_close(parsed);
    return unused;
}

static void *begin(void *unused) {
    raw = acort_chan_new(sizeof(int), BUFFER, 0);
    parsed = acort_chan_new(sizeof(int), BUFFER, 0);
    read_count = stored_count = farthest = 0;
    acort_task_t *reader = raw == NULL || parsed == NULL ? NULL : acort_go(read_items, NULL);
    acort_task_t *parser = reader == NULL ? NULL : acort_go(parse, NULL);
    if (parser == NULL && reader != NULL) acort_cancel(reader);
    for (int item; parser != NULL && acort_chan_recv(parsed, &item, ACORT_NEVER) == 0; stored_count++)
        acort_sleep(ACORT_US(200));                     /* a slow store */
    if (reader != NULL) acort_join(reader, NULL, ACORT_NEVER);
    if (parser != NULL) acort_join(parser, NULL, ACORT_NEVER);
    printf("%d stored, the reader never more than 8 ahead: %s\n", stored_count, farthest <= 8 ? "yes" : "no");
    acort_chan_unref(raw);
    acort_chan_unref(parsed);
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }

/* Prints:
 * 50 stored, the reader never more than 8 ahead: yes
 */
