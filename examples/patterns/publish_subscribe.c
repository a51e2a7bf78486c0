/* Publish and subscribe. Each subscriber has a channel with a buffer. The publisher never waits: a subscriber
 * whose buffer is full loses the message. */
#include <acort.h>
#include <errno.h>
#include <stdio.h>

enum { MOST = 16, BUFFER = 4 };

typedef struct {
    acort_chan_t *channels[MOST];
    int count, lost;
} topic_t;

/* Returns the channel of a new subscriber, or NULL and errno. The caller frees it, after topic_close(). */
static acort_chan_t *subscribe(topic_t *topic) {
    if (topic->count == MOST) return errno = EMFILE, NULL;
    acort_chan_t *channel = acort_chan_new(sizeof(int), BUFFER, 0);
    if (channel != NULL) topic->channels[topic->count++] = channel;
    return channel;
}

static void publish(topic_t *topic, int message) {
    for (int i = 0; i < topic->count; i++)
        if (acort_chan_send(topic->channels[i], &message, 0) != 0) topic->lost++;   /* 0: does not wait */
}

static void topic_close(topic_t *topic) {
    for (int i = 0; i < topic->count; i++) acort_chan_close(topic->channels[i]);
}

static void *subscriber(void *channel) {
    intptr_t count = 0;
    for (int message; acort_chan_recv(channel, &message, ACORT_NEVER) == 0;) count++;
    return (void *)count;
}

static void *begin(void *unused) {
    topic_t topic = {.count = 0};
    void *fast_count = NULL;
    acort_chan_t *fast = subscribe(&topic), *slow = subscribe(&topic);
    acort_task_t *task = fast == NULL || slow == NULL ? NULL : acort_go(subscriber, fast);
    for (int i = 0; task != NULL && i < 10; i++) {
        publish(&topic, i);
        acort_yield();
    }
    topic_close(&topic);
    if (task != NULL) acort_join(task, &fast_count, ACORT_NEVER);
    printf("%d read, %d kept, %d lost\n", (int)(intptr_t)fast_count, (int)acort_chan_len(slow), topic.lost);
    acort_chan_unref(fast);
    acort_chan_unref(slow);
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }

/* Prints:
 * 10 read, 4 kept, 6 lost
 */
