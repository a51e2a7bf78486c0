/* kqueue() and kevent() over epoll, after FreeBSD's manual: as much of them as acort's poller uses, so that
 * its kqueue half runs on a machine without one. What is used in another way is refused with EINVAL.
 *
 * As strict as the strictest: a limit of more than 100,000,000 seconds is one of EINVAL (macOS), and so is the
 * filter for the way that a file descriptor was not opened for (FIFOs of FreeBSD). As loose as
 * the loosest: one way tells of the other way's edges (BSDs); a filter that was closed without EV_DELETE is
 * remembered, never told of, and not started again by EV_ADD (libkqueue); with ACO_KQUEUE_HEARS in the environment a
 * file that is closed takes its filters with it (BSDs, macOS), as far as another one has its number. */
#define _GNU_SOURCE
#include <sys/event.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { READS, WRITES, WAYS };
enum { QUEUES = 512, NUMBERS = 16384, AT_ONCE = 128 };
/* In what epoll keeps: these, or a file descriptor. */
#define WORD (1ull << 32)
#define ALARM (2ull << 32)
#define LONGEST 100000000

struct filter {
    void *udata;
    int is_there;
    /* Of which file, by its number. */
    ino_t file;
};

/* A queue's number is that of its epoll; all of its memory is here, and nothing of it malloc's. */
struct queue {
    struct filter descriptors[NUMBERS][WAYS];
    struct filter word;
    struct filter alarm;
    /* A timerfd, where there is an alarm. */
    int timer;
};

static struct queue queues[QUEUES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Always readable: a word is an epoll that begins to look at it. */
static int readable = -1;
static int hears;

__attribute__((constructor)) static void make_readable(void) {
    readable = eventfd(1, EFD_CLOEXEC);
    hears = getenv("ACO_KQUEUE_HEARS") != NULL;
}

static int control(int queue, int what, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data.u64 = data};
    return epoll_ctl(queue, what, fd, &event) == 0 ? 0 : errno;
}

int kqueue(void) {
    int number = epoll_create1(EPOLL_CLOEXEC);
    if (number >= QUEUES) {
        close(number);
        errno = EMFILE;
        return -1;
    }
    if (number < 0) return -1;
    struct queue *queue = &queues[number];
    /* One of this number was closed. */
    for (int fd = 0; fd < NUMBERS; fd++) {
        for (int way = 0; way < WAYS; way++) {
            if (queue->descriptors[fd][way].is_there) queue->descriptors[fd][way].is_there = 0;
        }
    }
    if (queue->alarm.is_there) close(queue->timer);
    queue->word.is_there = queue->alarm.is_there = 0;
    return number;
}

static int change_descriptor(int number, struct queue *queue, const struct kevent *change) {
    if (change->ident >= NUMBERS) return EBADF;
    int fd = (int)change->ident;
    struct filter *both = queue->descriptors[fd];
    struct stat status = {.st_ino = 0};
    int is_open = fstat(fd, &status) == 0;
    for (int way = 0; hears && way < WAYS; way++) {
        if (!is_open || both[way].file != status.st_ino) both[way].is_there = 0;
    }
    struct filter *filter = &both[change->filter == EVFILT_READ ? READS : WRITES];
    struct filter before = *filter;
    int deletes = (change->flags & EV_DELETE) != 0;
    if (deletes && !filter->is_there) return ENOENT;
    if (!deletes && !(change->flags & EV_ADD && change->flags & EV_CLEAR)) return EINVAL;
    if (!deletes && filter->is_there) {
        filter->udata = change->udata;
        return 0;
    }
    int mode = fcntl(fd, F_GETFL);
    if (!deletes && mode < 0) return EBADF;
    if (!deletes && (mode & O_ACCMODE) == (filter == &both[READS] ? O_WRONLY : O_RDONLY)) return EINVAL;
    *filter = (struct filter){.udata = change->udata, .is_there = !deletes, .file = status.st_ino};

    uint32_t events = both[READS].is_there ? EPOLLIN | EPOLLRDHUP : 0u;
    if (both[WRITES].is_there) events |= EPOLLOUT;
    int what = events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    int error = control(number, what, fd, events | EPOLLET, change->ident);
    if (error == ENOENT && !deletes) {
        error = control(number, EPOLL_CTL_ADD, fd, events | EPOLLET, change->ident);
    }
    /* What is deleted may have been closed. */
    if (deletes) return 0;
    if (error != 0) *filter = before;
    return error == EPERM ? EINVAL : error;
}

static int change_word(int number, struct queue *queue, const struct kevent *change) {
    int is_first = change->flags & EV_ADD && !queue->word.is_there;
    if (change->ident != 0 || change->flags & EV_DELETE) return EINVAL;
    if (change->flags & EV_ADD) {
        if (!(change->flags & EV_CLEAR)) return EINVAL;
        queue->word = (struct filter){.udata = change->udata, .is_there = 1};
    }
    if (!queue->word.is_there) return ENOENT;
    uint32_t events = EPOLLONESHOT | (change->fflags & NOTE_TRIGGER ? EPOLLIN : 0u);
    if (!is_first && events == EPOLLONESHOT) return 0;
    return control(number, is_first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, readable, events, WORD);
}

static int change_alarm(int number, struct queue *queue, const struct kevent *change) {
    if (change->flags & EV_DELETE) {
        if (!queue->alarm.is_there) return ENOENT;
        close(queue->timer);
        queue->alarm.is_there = 0;
        return 0;
    }
    if (!(change->flags & EV_ONESHOT) || change->fflags != NOTE_NSECONDS || change->data < 0) return EINVAL;
    if (!queue->alarm.is_there) {
        queue->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (queue->timer < 0) return errno;
        int error = control(number, EPOLL_CTL_ADD, queue->timer, EPOLLIN, ALARM);
        if (error != 0) {
            close(queue->timer);
            return error;
        }
    }
    queue->alarm = (struct filter){.udata = change->udata, .is_there = 1};
    struct itimerspec time = {.it_value = {change->data / 1000000000, change->data % 1000000000 + 1}};
    return timerfd_settime(queue->timer, 0, &time, NULL) == 0 ? 0 : errno;
}

static int apply(int number, struct queue *queue, const struct kevent *change) {
    pthread_mutex_lock(&lock);
    int error = EINVAL;
    switch (change->filter) {
    case EVFILT_READ:
    case EVFILT_WRITE: error = change_descriptor(number, queue, change); break;
    case EVFILT_USER: error = change_word(number, queue, change); break;
    case EVFILT_TIMER: error = change_alarm(number, queue, change); break;
    }
    pthread_mutex_unlock(&lock);
    return error;
}

/* What epoll says, as one event or two; how many. */
static int tell(struct queue *queue, const struct epoll_event *said, struct kevent *events) {
    uint32_t is = said->events;
    if (said->data.u64 == WORD) {
        *events = (struct kevent){.filter = EVFILT_USER, .flags = EV_CLEAR, .udata = queue->word.udata};
        return queue->word.is_there;
    }
    if (said->data.u64 == ALARM) {
        if (!queue->alarm.is_there) return 0;
        *events = (struct kevent){.ident = 1, .filter = EVFILT_TIMER, .data = 1, .udata = queue->alarm.udata};
        close(queue->timer);
        queue->alarm.is_there = 0;
        return 1;
    }
    uint32_t bits[WAYS] = {EPOLLIN | EPOLLRDHUP, EPOLLOUT}, broken = EPOLLHUP | EPOLLERR;
    uint32_t over[WAYS] = {broken | EPOLLRDHUP, broken};
    int count = 0;
    for (int way = READS; way <= WRITES; way++) {
        const struct filter *filter = &queue->descriptors[said->data.u64][way];
        if (!filter->is_there || !(is & (bits[way] | broken))) continue;
        events[count++] = (struct kevent){
            .ident = said->data.u64,
            .filter = way == READS ? EVFILT_READ : EVFILT_WRITE,
            .flags = (unsigned short)(EV_CLEAR | (is & over[way] ? EV_EOF : 0)),
            .udata = filter->udata,
        };
    }
    return count;
}

static int collect(int number, struct queue *queue, struct kevent *events, int room,
                   const struct timespec *limit) {
    struct epoll_event said[AT_ONCE];
    int most = room / WAYS < AT_ONCE ? room / WAYS : AT_ONCE, count = 0;
    if (most == 0 || (limit != NULL && (limit->tv_sec > LONGEST || limit->tv_sec < 0))) {
        errno = EINVAL;
        return -1;
    }
    while (count == 0) {
        int found = epoll_pwait2(number, said, most, limit, NULL);
        if (found <= 0) return found;
        pthread_mutex_lock(&lock);
        for (int i = 0; i < found; i++) count += tell(queue, &said[i], events + count);
        pthread_mutex_unlock(&lock);
    }
    return count;
}

int kevent(int number, const struct kevent *changes, int change_count, struct kevent *events,
           int event_count, const struct timespec *limit) {
    if (number < 0 || number >= QUEUES) {
        errno = EBADF;
        return -1;
    }
    struct queue *queue = &queues[number];
    int answers = 0;
    for (int i = 0; i < change_count; i++) {
        /* The two arrays may be one. */
        struct kevent change = changes[i];
        int error = apply(number, queue, &change);
        if (error == 0 && !(change.flags & EV_RECEIPT)) continue;
        if (answers == event_count) {
            errno = error;
            return error == 0 ? answers : -1;
        }
        events[answers] = change;
        events[answers].flags = EV_ERROR;
        events[answers++].data = error;
    }
    return answers > 0 || event_count == 0 ? answers : collect(number, queue, events, event_count, limit);
}
