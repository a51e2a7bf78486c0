/* The threads of the model, of which one works at a time: see operations.c. */
#include "world.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

typedef struct {
    pthread_t thread;
    sem_t go, done;
    int is_there;
    unsigned number, steps;
} helper_t;

static helper_t helpers[THREADS];

static void wait_for(sem_t *semaphore) {
    while (sem_wait(semaphore) != 0) CHECK(errno == EINTR);
}

/* The state of each thread at its start, and at the start of each program. */
void set_up_thread(void) {
    CHECK(fesetround(FE_TONEAREST) == 0);
    world.rounding[world.thread] = world.fresh[world.thread] = FE_TONEAREST;
    aco_thread_init(world.bodies[0]->last_word);
}

enum { GO_AWAY = ~0 };

static void *helps(void *argument) {
    helper_t *helper = (helper_t *)argument;
    unsigned known = 0; /* the world that this thread is set up for */
    for (;;) {
        wait_for(&helper->go);
        if (helper->steps == (unsigned)GO_AWAY) return NULL;
        int before = world.thread;
        world.thread = (int)helper->number;
        if (known != world.number) set_up_thread();
        known = world.number;
        work_on_thread(helper->steps);
        world.thread = before;
        CHECK(sem_post(&helper->done) == 0);
    }
}

int is_thread_there(unsigned number) { return helpers[number].is_there; }

void run_on_thread(unsigned number, unsigned steps) {
    helper_t *helper = &helpers[number];
    if (!helper->is_there) {
        helper->number = number;
        CHECK(sem_init(&helper->go, 0, 0) == 0 && sem_init(&helper->done, 0, 0) == 0);
        CHECK(pthread_create(&helper->thread, NULL, helps, helper) == 0);
        helper->is_there = 1;
        world.current[number] = NULL;
    }
    helper->steps = steps;
    CHECK(sem_post(&helper->go) == 0);
    wait_for(&helper->done);
}

static void send_away(unsigned number) {
    helper_t *helper = &helpers[number];
    helper->steps = (unsigned)GO_AWAY;
    CHECK(sem_post(&helper->go) == 0);
    CHECK(pthread_join(helper->thread, NULL) == 0);
    sem_destroy(&helper->go);
    sem_destroy(&helper->done);
    helper->is_there = 0;
}

void end_threads(int are_sent_away) {
    for (unsigned i = 1; i < THREADS; i++) {
        if (!helpers[i].is_there) continue;
        run_on_thread(i, 0);
        if (are_sent_away) send_away(i);
    }
}
