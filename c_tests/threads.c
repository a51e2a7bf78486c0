/* Everything is a thread's own; a suspended coroutine can be moved to another thread by writing
 * its main_co; what one thread made another may destroy. */
#include "check.h"

#include <pthread.h>

enum { THREADS = 4, COROUTINES = 20, TURNS = 200 };

static void entry(void) {
    uint64_t *count = (uint64_t *)aco_get_arg();
    volatile char block[100];
    for (int turn = 0; turn < TURNS; turn++) {
        memset((char *)block, turn, sizeof block);
        aco_yield();
        CHECK(block[0] == (char)turn && block[99] == (char)turn);
        ++*count;
    }
    aco_exit();
}

static void *worker(void *argument) {
    CHECK(aco_gtls_co == NULL);
    if (argument != NULL) aco_thread_init(NULL); /* every second thread forgets it */
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *shared = aco_share_stack_new(64 * 1024);
    aco_share_stack_t *own = aco_share_stack_new(64 * 1024);
    aco_t *cos[COROUTINES];
    uint64_t counts[COROUTINES] = {0};
    for (int i = 0; i < COROUTINES; i++) {
        cos[i] = aco_create(main_co, i == 0 ? own : shared, 0, entry, &counts[i]);
    }
    for (int turn = 0; turn <= TURNS; turn++) {
        for (int i = 0; i < COROUTINES; i++) aco_resume(cos[i]);
        CHECK(aco_gtls_co == main_co);
    }
    for (int i = 0; i < COROUTINES; i++) {
        CHECK(cos[i]->is_end);
        CHECK_EQUAL(counts[i], TURNS);
        aco_destroy(cos[i]);
    }
    aco_share_stack_destroy(shared);
    aco_share_stack_destroy(own);
    aco_destroy(main_co);
    return NULL;
}

typedef struct {
    aco_t *co;
    uint64_t log;
} migrant_t;

/* Goes on where it stopped, on whichever thread resumes it. */
static void migrant(void) {
    migrant_t *self = (migrant_t *)aco_get_arg();
    volatile uint64_t local = 5;
    for (;;) {
        self->log += local;
#ifdef OLD_HEADER /* whose aco_gtls_co the compiler may take from the thread before */
        aco_yield1(self->co);
#else
        CHECK(aco_get_co() == self->co && aco_get_arg() == self);
        aco_yield();
#endif
    }
}

static void *resumes_thrice(void *argument) {
    aco_t *co = (aco_t *)argument;
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    co->main_co = main_co;
    for (int i = 0; i < 3; i++) {
        aco_resume(co);
        CHECK(aco_gtls_co == main_co);
    }
    co->main_co = NULL; /* the next thread sets it */
    aco_destroy(main_co);
    return NULL;
}

static void *destroys(void *argument) {
    void **objects = (void **)argument;
    aco_destroy((aco_t *)objects[0]);
    aco_share_stack_destroy((aco_share_stack_t *)objects[1]);
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, worker, i % 2 == 0 ? NULL : threads) == 0);
    }
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);

    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    migrant_t self = {NULL, 0};
    aco_t *co = self.co = aco_create(main_co, stack, 0, migrant, &self);
    aco_resume(co);
    for (int i = 0; i < 5; i++) {
        CHECK(pthread_create(&threads[0], NULL, resumes_thrice, co) == 0);
        CHECK(pthread_join(threads[0], NULL) == 0);
    }
    co->main_co = main_co;
    aco_resume(co);
    CHECK_EQUAL(self.log, 5 * (1 + 15 + 1));
    void *objects[2] = {co, stack};
    CHECK(pthread_create(&threads[0], NULL, destroys, objects) == 0);
    CHECK(pthread_join(threads[0], NULL) == 0);
    aco_destroy(main_co);
    return 0;
}
