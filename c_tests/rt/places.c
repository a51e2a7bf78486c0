/* Places in queues, in whatever order they are left; what a task has beside its block; places of objects: none is on a
 * stack that moves. */
#include "rt.h"

enum { COUNT = 12 };

static acort_event_t event;
static acort_sem_t sem;
static acort_task_t *tasks[COUNT];
static int order[COUNT], served;

static void *waits_for_its_turn(void *number) {
    int result = acort_sem_wait(&sem, ACORT_NEVER);
    if (result == -1) {
        CHECK_EQUAL(errno, ECANCELED);
        return POINTER(-1);
    }
    order[served++] = (int)NUMBER(number);
    return number;
}

/* Some leave the queue, from any place in it; others come; the rest is woken in order. */
static void *some_leave(void *mask) {
    served = 0;
    acort_sem_init(&sem, 0);
    for (int i = 0; i < COUNT; i++) {
        if (i == COUNT / 2) {
            for (int j = 0; j < i; j++) {
                if (NUMBER(mask) >> j & 1) acort_cancel(tasks[j]);
            }
            acort_yield();
            acort_yield();
        }
        tasks[i] = acort_go(waits_for_its_turn, POINTER(i));
        acort_yield();
    }
    int left = 0, expected[COUNT];
    for (int i = 0; i < COUNT; i++) {
        if (i >= COUNT / 2 || !(NUMBER(mask) >> i & 1)) expected[left++] = i;
    }
    for (int i = 0; i < left; i++) CHECK_EQUAL(acort_sem_post(&sem), 0);
    for (int i = 0; i < COUNT; i++) {
        int is_left = i >= COUNT / 2 || !(NUMBER(mask) >> i & 1);
        CHECK_EQUAL(NUMBER(join(tasks[i])), is_left ? i : -1);
    }
    CHECK_EQUAL(served, left);
    for (int i = 0; i < left; i++) CHECK_EQUAL(order[i], expected[i]);
    return NULL;
}

struct big {
    unsigned char bytes[200];
};

static acort_chan_t *small, *large;

/* On a shared stack: values of several sizes come while the place for them is elsewhere. A name is
   given before or after the room, and stays. */
static void *receives(void *number) {
    struct big *big = ON_STACK(sizeof *big);
    uint64_t *word = ON_STACK(sizeof *word);
    if (NUMBER(number) & 1) CHECK_EQUAL(acort_set_name(acort_self(), "before"), 0);
    CHECK_EQUAL(acort_chan_recv(small, word, ACORT_NEVER), 0);
    if (NUMBER(number) & 2) CHECK_EQUAL(acort_set_name(acort_self(), "between"), 0);
    CHECK_EQUAL(acort_chan_recv(large, big, ACORT_NEVER), 0);
    for (size_t i = 0; i < sizeof *big; i++) CHECK_EQUAL(big->bytes[i], *word & 255);
    CHECK_EQUAL(acort_chan_recv(small, word, ACORT_NEVER), 0);
    const char *name = acort_name(acort_self());
    if (NUMBER(number) & 2) {
        CHECK(strcmp(name, "between") == 0);
    } else if (NUMBER(number) & 1) {
        CHECK(strcmp(name, "before") == 0);
    } else {
        CHECK(name == NULL);
    }
    return POINTER(*word);
}

/* Names can be looked at while all tasks are visited. */
static int counts_names(void *count, acort_task_t *task) {
    if (acort_name(task)) ++*(int *)count;
    return 0;
}

static void *names_and_room(void *argument) {
    small = acort_chan_new(sizeof(uint64_t), 0, 0);
    large = acort_chan_new(sizeof(struct big), 0, 0);
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    attributes.flags = ACORT_SHARED;
    for (int i = 0; i < 4; i++) tasks[i] = acort_go_ex(&attributes, receives, POINTER(i));
    acort_yield();
    for (uint64_t i = 0; i < 4; i++) CHECK_EQUAL(acort_chan_send(small, &i, ACORT_NEVER), 0);
    acort_yield();
    for (int i = 0; i < 4; i++) {
        struct big big;
        memset(&big, i, sizeof big);
        CHECK_EQUAL(acort_chan_send(large, &big, ACORT_NEVER), 0);
    }
    acort_yield();
    int count = 0;
    CHECK_EQUAL(acort_foreach(counts_names, &count), 0);
    CHECK_EQUAL(count, 3);
    for (uint64_t i = 7; i < 11; i++) CHECK_EQUAL(acort_chan_send(small, &i, ACORT_NEVER), 0);
    long sum = 0;
    for (int i = 0; i < 4; i++) sum += NUMBER(join(tasks[i]));
    CHECK_EQUAL(sum, 7 + 8 + 9 + 10);
    acort_chan_unref(small);
    acort_chan_unref(large);
    return argument;
}

static void *takes_and_parks(void *memory) {
    CHECK_EQUAL(acort_event_wait((acort_event_t *)memory, ACORT_NEVER), 0);
    free(memory);
    while (acort_park(ACORT_NEVER) == -1 && errno == ECANCELED) acort_cancel_mask(1);
    return NULL;
}

/* Who is given up leaves the queue that it waits in, and none that it waited in before. */
static void *waits_after_that(void *argument) {
    (void)argument;
    acort_event_t *gone = calloc(1, sizeof *gone);
    acort_go(takes_and_parks, gone);
    acort_yield();
    acort_event_set(gone);
    acort_cancel_mask(1);
    acort_event_wait(&event, ACORT_NEVER);
    return NULL;
}

static void is_given_up(void) {
    CHECK_FAILS(acort_run(waits_after_that, NULL, NULL), EDEADLK);
    _exit(0);
}

/* All objects of synchronisation, with room around them. */
struct objects {
    acort_mutex_t mutex;
    acort_rwlock_t rwlock;
    acort_cond_t cond;
    acort_once_t once;
    acort_event_t event;
    acort_sem_t sem;
    acort_waitgroup_t waitgroup;
    acort_barrier_t barrier;
};

static int times;

static void is_called(void *argument) {
    (void)argument;
    times++;
}

/* The call gives what it gives elsewhere; or EFAULT, where the objects lie on a shared stack. */
#define GIVES(call, result)                                                                      \
    do {                                                                                         \
        if (is_refused) {                                                                        \
            CHECK_FAILS(call, EFAULT);                                                           \
        } else {                                                                                 \
            CHECK_EQUAL(call, result);                                                           \
        }                                                                                        \
    } while (0)
#define FAILS(call, error) CHECK_FAILS(call, is_refused ? EFAULT : (error))

/* Every function, with objects that are all zero. No call waits; one that is refused touches nothing. */
static void every_function(struct objects *o, int is_refused) {
    const int64_t deadlines[] = {ACORT_NEVER, 0};
    for (int i = 0; i < 2; i++) {
        int64_t deadline = deadlines[i];
        if (!is_refused) memset(o, 0, sizeof *o);
        GIVES(acort_mutex_lock(&o->mutex, deadline), 0);
        FAILS(acort_mutex_lock(&o->mutex, deadline), EDEADLK);
        FAILS(acort_cond_wait(&o->cond, &o->mutex, acort_after(MILLISECONDS / 100)), ETIMEDOUT);
        GIVES(acort_mutex_unlock(&o->mutex), 0);
        FAILS(acort_mutex_unlock(&o->mutex), EPERM);
        GIVES(acort_cond_signal(&o->cond), 0);
        GIVES(acort_cond_broadcast(&o->cond), 0);
        GIVES(acort_rwlock_rdlock(&o->rwlock, deadline), 0);
        GIVES(acort_rwlock_unlock(&o->rwlock), 0);
        GIVES(acort_rwlock_wrlock(&o->rwlock, deadline), 0);
        GIVES(acort_rwlock_unlock(&o->rwlock), 0);
        FAILS(acort_event_wait(&o->event, 0), ETIMEDOUT);
        GIVES(acort_event_set(&o->event), 0);
        GIVES(acort_event_wait(&o->event, deadline), 0);
        acort_case_t one = {ACORT_EVENT, 0, &o->event, NULL, 0, 0};
        GIVES(acort_select(&one, 1, deadline), 0);
        GIVES(acort_event_reset(&o->event), 0);
        GIVES(acort_sem_init(&o->sem, 1), 0);
        GIVES(acort_sem_post(&o->sem), 0);
        GIVES(acort_sem_wait(&o->sem, deadline), 0);
        GIVES(acort_waitgroup_add(&o->waitgroup, 1), 0);
        GIVES(acort_waitgroup_done(&o->waitgroup), 0);
        GIVES(acort_waitgroup_wait(&o->waitgroup, deadline), 0);
        GIVES(acort_barrier_init(&o->barrier, 1), 0);
        GIVES(acort_barrier_wait(&o->barrier, deadline), 1);
        GIVES(acort_once(&o->once, is_called, NULL, deadline), 0);
        GIVES(acort_once(&o->once, is_called, NULL, deadline), 0);
    }
}

/* Of two objects either one. */
static void one_of_two(struct objects *o) {
    static acort_mutex_t mutex;
    static acort_cond_t cond;
    CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
    CHECK_FAILS(acort_cond_wait(&o->cond, &mutex, 0), EFAULT);
    CHECK_FAILS(acort_cond_wait(&cond, &o->mutex, 0), EFAULT);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
}

static void *has_its_own(void *unused) {
    every_function(ON_STACK(sizeof(struct objects)), 0);
    return unused;
}

static struct objects elsewhere, *moved;

/* On a stack of its own, beside one that has left its objects on the shared stack. */
static void *has_anothers(void *unused) {
    every_function(moved, 1);
    one_of_two(moved);
    return unused;
}

static void *is_moved(void *unused) {
    struct objects *o = moved = ON_STACK(sizeof *o), untouched;
    memset(o, 0, sizeof *o);
    memset(&untouched, 0, sizeof untouched);
    every_function(o, 1);
    one_of_two(o);
    every_function(&elsewhere, 0);
    join(go_on_worker(0, 0, has_anothers, NULL));
    CHECK(memcmp(o, &untouched, sizeof untouched) == 0);
    return unused;
}

/* In a task with a stack of its own, in one without, and in a thread. */
static void *objects_stay(void *unused) {
    pthread_t thread;
    times = 0;
    join(go_on_worker(0, 0, has_its_own, NULL));
    join(go_on_worker(0, ACORT_SHARED, is_moved, NULL));
    join(go_on_worker(0, 0, has_its_own, NULL)); /* the shared stack is there by now */
    CHECK(pthread_create(&thread, NULL, has_its_own, NULL) == 0);
    pthread_join(thread, NULL);
    CHECK_EQUAL(times, 8);
    return unused;
}

int main(void) {
    run(objects_stay, NULL);
    run_with(3, objects_stay, NULL);
    has_its_own(NULL);
    if (!IN_ORDER) return 0;
    for (long mask = 0; mask < 1 << COUNT / 2; mask++) run(some_leave, POINTER(mask));
    run(names_and_room, NULL);
    if (!HAS_FOREIGN_THREADS) {
        char text[4096];
        CHECK_EQUAL(run_in_child(is_given_up, text, sizeof text), 0);
    }
    return 0;
}
