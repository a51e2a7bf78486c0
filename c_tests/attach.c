/* aco_attach: coroutines that go to another main coroutine, of this thread or another, with their stacks;
 * and several main coroutines in one thread. */
#include "check.h"

#include <aco_ext.h>
#include <pthread.h>

#ifdef UNDER_EMULATION
enum { ROUNDS = 300 };
#else
enum { ROUNDS = 3000 };
#endif

/* ---- several main coroutines, nested parents ------------------------------------------------------ */

static void counts(void) {
    for (uintptr_t i = 1;; i++) {
        CHECK(aco_get_co()->main_co->main_co != aco_get_co());
        aco_yield_value((void *)i);
    }
}

static aco_t *travels;

/* Resumes what was attached to it, once each time it is resumed. */
static void hosts(void) {
    for (;;) {
        uintptr_t value = (uintptr_t)aco_resume_value(travels, NULL);
        CHECK(travels->main_co == aco_get_co());
        aco_yield_value((void *)value);
    }
}

static void check_parents(int shared) {
    aco_t *mains[2];
    for (int i = 0; i < 2; i++) mains[i] = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stacks[3];
    for (int i = 0; i < 3; i++) stacks[i] = aco_share_stack_new(0);
    aco_t *host = aco_create(mains[0], stacks[0], 0, hosts, NULL);
    travels = aco_create(mains[1], stacks[1], 0, counts, NULL);
    aco_t *other = aco_create(mains[1], stacks[shared ? 1 : 2], 0, counts, NULL);
    uintptr_t expected = 0, of_other = 0;
    for (int i = 0; i < 300; i++) {
        aco_gtls_co = NULL; /* any main coroutine may be left in */
        aco_t *parent = i % 3 == 2 ? host : mains[i % 2];
        aco_attach(travels, parent);
        CHECK(travels->main_co == parent);
        aco_t *resumed = parent == host ? host : travels;
        CHECK_EQUAL((uintptr_t)aco_resume_value(resumed, NULL), ++expected);
        CHECK(aco_get_co() == resumed->main_co);
        CHECK_EQUAL((uintptr_t)aco_resume_value(other, NULL), ++of_other);
    }
    aco_destroy(travels);
    aco_destroy(other);
    aco_destroy(host);
    for (int i = 0; i < 2; i++) aco_destroy(mains[i]);
    for (int i = 0; i < 3; i++) aco_share_stack_destroy(stacks[i]);
}

/* Who runs attaches one that shares its stack. */
static aco_t *sibling, *other_main;
static void attaches_sibling(void) {
    aco_attach(sibling, other_main);
    aco_exit();
}
static void check_sibling(void) {
    aco_t *own = aco_create(NULL, NULL, 0, NULL, NULL);
    other_main = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    sibling = aco_create(own, stack, 0, counts, NULL);
    aco_t *co = aco_create(own, stack, 0, attaches_sibling, NULL);
    CHECK(aco_resume_value(sibling, NULL) == (void *)1);
    aco_resume(co);
    CHECK(co->is_end && sibling->main_co == other_main);
    aco_gtls_co = NULL;
    CHECK(aco_resume_value(sibling, NULL) == (void *)2);
    aco_destroy(co);
    aco_destroy(sibling);
    aco_destroy(own);
    aco_destroy(other_main);
    aco_share_stack_destroy(stack);
}

/* ---- from thread to thread ------------------------------------------------------------------------ */

enum { THREADS = 3, MOVERS = 12 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static aco_t *movers[MOVERS];
static unsigned moved[MOVERS];

/* What its frame holds goes with it. */
static void moves(void) {
    uint64_t frame[16], seed = (uint64_t)(uintptr_t)aco_get_arg() + 1;
    for (int i = 0; i < 16; i++) frame[i] = seed * (uint64_t)i;
    for (uint64_t round = 1;; round++) {
        __asm__ volatile("" ::"r"(frame) : "memory");
        for (int i = 0; i < 16; i++) {
            CHECK_EQUAL(frame[i], seed * (uint64_t)i * round);
            frame[i] = seed * (uint64_t)i * (round + 1);
        }
        if (round % 3 == 0) {
            aco_yield_fn();
        } else {
            aco_yield();
        }
    }
}

static void *works(void *number) {
    aco_thread_init(NULL);
    aco_t *own = aco_create(NULL, NULL, 0, NULL, NULL);
    uint64_t random = (uint64_t)(uintptr_t)number * 2654435761u + 88172645463325252u;
    for (int i = 0; i < ROUNDS; i++) {
        /* Groups of four share a stack, and so go together. */
        unsigned group = (unsigned)(random_next(&random) % (MOVERS / 4));
        unsigned chosen = 4 * group + (unsigned)(random_next(&random) % 4);
        pthread_mutex_lock(&lock);
        for (unsigned other = 4 * group; other < 4 * group + 4; other++) aco_attach(movers[other], own);
        for (int times = 0; times < 3; times++) aco_resume(movers[chosen]);
        moved[chosen] += 3;
        CHECK(aco_get_co() == own);
        pthread_mutex_unlock(&lock);
    }
    aco_destroy(own);
    return NULL;
}

static void check_threads(void) {
    aco_t *own = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stacks[MOVERS / 4];
    for (unsigned i = 0; i < MOVERS; i++) {
        if (i % 4 == 0) stacks[i / 4] = aco_share_stack_new2(64 * 1024, i % 8 == 0);
        movers[i] = aco_create(own, stacks[i / 4], 0, moves, (void *)(uintptr_t)i);
    }
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, works, (void *)i) == 0);
    }
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    unsigned all = 0;
    for (unsigned i = 0; i < MOVERS; i++) all += moved[i];
    CHECK_EQUAL(all, THREADS * ROUNDS * 3);
    for (unsigned i = 0; i < MOVERS; i++) {
        aco_attach(movers[i], own);
        aco_resume(movers[i]);
        aco_destroy(movers[i]);
    }
    for (unsigned i = 0; i < MOVERS / 4; i++) aco_share_stack_destroy(stacks[i]);
    aco_destroy(own);
}

/* ---- deaths --------------------------------------------------------------------------------------- */

static aco_t *main_co, *target;
static pthread_barrier_t meeting;

static void attaches_itself(void) { aco_attach(aco_get_co(), main_co); }
static void attach_running(void) {
    aco_resume(aco_create(main_co, aco_share_stack_new(0), 0, attaches_itself, NULL));
}
static void attach_to_itself(void) {
    aco_t *co = aco_create(main_co, aco_share_stack_new(0), 0, counts, NULL);
    aco_attach(co, co);
}
static void attach_a_main(void) { aco_attach(main_co, main_co); }
static void attach_null(void) { aco_attach(NULL, main_co); }
static void attach_to_dead(void) {
    aco_t *dead = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_t *co = aco_create(main_co, aco_share_stack_new(0), 0, counts, NULL);
    aco_destroy(dead);
    aco_attach(co, dead);
}

static void meets(void) {
    pthread_barrier_wait(&meeting);
    for (;;) pause();
}
static void *runs_elsewhere(void *nothing) {
    aco_t *own = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    target = aco_create(own, stack, 0, nothing == NULL ? meets : counts, NULL);
    if (nothing != NULL) { /* another one on its stack */
        aco_resume(aco_create(own, stack, 0, meets, NULL));
    }
    aco_resume(target);
    return NULL;
}
static void attach_what_runs_elsewhere(void *shared) {
    pthread_t thread;
    CHECK(pthread_barrier_init(&meeting, NULL, 2) == 0);
    CHECK(pthread_create(&thread, NULL, runs_elsewhere, shared) == 0);
    pthread_barrier_wait(&meeting);
    aco_attach(target, main_co);
}
static void attach_running_elsewhere(void) { attach_what_runs_elsewhere(NULL); }
static void attach_with_stack_elsewhere(void) { attach_what_runs_elsewhere(&target); }

int main(void) {
    aco_thread_init(NULL);
    check_parents(0);
    check_parents(1);
    check_sibling();
    check_threads();
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
#define LINE(text) "aco: fatal: aco_attach(" text "\n"
    CHECK_DIES(attach_null, LINE("0x0): the coroutine is NULL (pass a valid one)"));
    CHECK_DIES(attach_running, LINE("@, entry @): the coroutine is running (attach a coroutine after it has "
                                    "yielded)"));
    CHECK_DIES(attach_to_itself, LINE("@, entry @): the main_co is the coroutine itself (a coroutine "
                                      "does not wait for itself)"));
    CHECK_DIES(attach_a_main, LINE("@, main): it is a main coroutine (attach coroutines that were created with "
                                   "a main_co)"));
    if (!IS_WATCHED) CHECK_DIES(attach_to_dead, LINE("@, entry @): the main_co is destroyed (attach to a coroutine before "
                                    "aco_destroy)"));
    CHECK_DIES(attach_running_elsewhere, LINE("@, entry @): the coroutine runs in another thread (attach a "
                                              "coroutine after it has yielded there)"));
    CHECK_DIES(attach_with_stack_elsewhere, LINE("@, entry @): its share stack belongs to @, which runs in "
                                                 "another thread (all coroutines of a share stack go "
                                                 "together)"));
    return 0;
}
