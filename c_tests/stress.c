/* Eight threads at once, each with groups of coroutines on one stack each, that create, resume, end
 * and destroy at random and hand groups to each other; what a thread made others resume and destroy,
 * also when it has long ended. ACO_TEST_ROUNDS=1000: more of it. */
#include "check.h"

#include <pthread.h>

#ifdef UNDER_EMULATION
enum { ROUNDS = 2, STEPS = 1500 };
#else
enum { ROUNDS = 6, STEPS = 10000 };
#endif
enum { THREADS = 8, GROUP = 4, OWN = 6, QUEUE = 48, DEEPEST = 6 };

typedef struct {
    aco_t *co;
    uint64_t key, turns;
    uint64_t random;
} member_t;

/* What lives on one stack: handed on as a whole. */
typedef struct {
    aco_share_stack_t *stack;
    member_t members[GROUP];
} group_t;

static group_t *queue[QUEUE];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long resumes, ends, moves;
static uint64_t seeds;

static unsigned below(uint64_t *state, unsigned limit) {
    return (unsigned)((random_next(state) >> 16) % limit);
}

/* Not inlined: who calls may be on another thread than before. */
static aco_t *__attribute__((noinline)) current(void) {
    __asm__ volatile("" ::: "memory");
    return aco_gtls_co;
}

/* ---- coroutines ------------------------------------------------------------------------------ */

static void __attribute__((noinline)) live(member_t *self, unsigned depth) {
    volatile uint64_t words[12];
    uint64_t key = self->key * 31 + depth;
    for (unsigned i = 0; i < 12; i++) words[i] = key ^ i;
    for (unsigned i = below(&self->random, 6) + 1; i > 0; i--) {
        if (depth < DEEPEST && below(&self->random, 2) == 0) live(self, depth + 1);
        if (below(&self->random, 24) == 0) aco_exit1(self->co);
        aco_yield1(self->co);
        CHECK(current() == self->co && self->co->arg == self);
        self->turns++;
        for (unsigned j = 0; j < 12; j++) CHECK(words[j] == (key ^ j));
    }
}

static void entry(void) {
    member_t *self = (member_t *)aco_get_arg();
    CHECK(current() == self->co);
    self->turns++;
    live(self, 0);
    aco_exit1(self->co);
}

static void resume(member_t *member, aco_t *main_co) {
    uint64_t before = member->turns;
    member->co->main_co = main_co;
    aco_resume(member->co);
    CHECK(current() == main_co && member->turns == before + 1);
    __atomic_fetch_add(&resumes, 1, __ATOMIC_RELAXED);
}

/* ---- groups ---------------------------------------------------------------------------------- */

static group_t *new_group(uint64_t *random) {
    static const size_t sizes[3] = {16 * 1024, 32 * 1024, 0};
    group_t *group = (group_t *)calloc(1, sizeof *group);
    CHECK(group != NULL);
    group->stack = aco_share_stack_new2(sizes[below(random, 3)], (char)below(random, 2));
    return group;
}

static void destroy_member(member_t *member) {
    if (member->co != NULL) aco_destroy(member->co);
    member->co = NULL;
}

static void destroy_group(group_t *group, int stack_first) {
    if (stack_first) aco_share_stack_destroy(group->stack);
    for (int i = 0; i < GROUP; i++) destroy_member(&group->members[i]);
    if (!stack_first) aco_share_stack_destroy(group->stack);
    free(group);
}

/* One thing with one of the group: there is one from now on, it goes on, or it is destroyed. */
static void use_group(group_t *group, aco_t *main_co, uint64_t *random) {
    member_t *member = &group->members[below(random, GROUP)];
    if (member->co == NULL && below(random, 4) != 0) member = &group->members[0];
    if (member->co == NULL) {
        memset(member, 0, sizeof *member);
        member->key = random_next(random);
        member->random = random_next(random) | 1;
        member->co = aco_create(main_co, group->stack, below(random, 300), entry, member);
    } else if (member->co->is_end || below(random, 50) == 0) {
        __atomic_fetch_add(&ends, 1, __ATOMIC_RELAXED);
        destroy_member(member);
    } else {
        resume(member, main_co);
    }
}

/* Puts group (or NULL) in the place of another one, or of none. */
static group_t *exchange(group_t *group, uint64_t *random) {
    unsigned place = below(random, QUEUE);
    CHECK(pthread_mutex_lock(&lock) == 0);
    group_t *other = queue[place];
    queue[place] = group;
    moves += group != NULL && other != NULL;
    CHECK(pthread_mutex_unlock(&lock) == 0);
    return other;
}

static void *works(void *unused) {
    uint64_t random = __atomic_add_fetch(&seeds, 1, __ATOMIC_RELAXED) * 0x9e3779b97f4a7c15u | 1;
    group_t *own[OWN] = {NULL};
    if (below(&random, 2)) aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    for (int step = 0; step < STEPS; step++) {
        group_t **group = &own[below(&random, OWN)];
        unsigned what = below(&random, 40);
        if (*group == NULL) *group = exchange(NULL, &random);
        if (*group == NULL) *group = new_group(&random);
        if (what == 0) {
            destroy_group(*group, (int)below(&random, 2));
            *group = NULL;
        } else if (what < 4) {
            *group = exchange(*group, &random);
        } else if (what == 4) { /* its coroutines name another main_co until they are resumed */
            aco_destroy(main_co);
            main_co = aco_create(NULL, NULL, 0, NULL, NULL);
        } else {
            for (unsigned i = below(&random, 8); i > 0; i--) use_group(*group, main_co, &random);
        }
    }
    /* Half of it is left to others. */
    for (int i = 0; i < OWN; i++) {
        group_t *group = i % 2 == 0 && own[i] != NULL ? exchange(own[i], &random) : own[i];
        if (group != NULL) destroy_group(group, i % 3 == 0);
    }
    aco_destroy(main_co);
    return unused;
}

int main(void) {
    const char *wanted = getenv("ACO_TEST_ROUNDS");
    int rounds = wanted != NULL ? atoi(wanted) / 10 : ROUNDS;
    pthread_t threads[THREADS];
    /* One ends, and another one begins, while seven work. */
    for (int i = 0; i < THREADS * rounds; i++) {
        if (i >= THREADS) CHECK(pthread_join(threads[i % THREADS], NULL) == 0);
        CHECK(pthread_create(&threads[i % THREADS], NULL, works, NULL) == 0);
    }
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    uint64_t random = 5;
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    for (int i = 0; i < QUEUE; i++) {
        if (queue[i] == NULL) continue;
        for (int turn = 0; turn < 20; turn++) use_group(queue[i], main_co, &random);
        destroy_group(queue[i], i % 2);
    }
    aco_destroy(main_co);
    CHECK(resumes > 1000 && ends > 10 && moves > 10);
    printf("%lu resumes, %lu coroutines ended, %lu groups moved\n", resumes, ends, moves);
    return 0;
}
