/* Deep call chains on shared stacks: after every switch all locals of all frames are verified. */
#include "check.h"

enum { COROUTINES = 40, ROUNDS = 60 };

typedef struct {
    uint64_t random;
    uint64_t id;
    int yields;
} task_t;

static void __attribute__((noinline)) descend(task_t *task, int depth, uint64_t mark) {
    /* A frame of a size that differs from call to call, filled with a pattern. */
    size_t words = 1 + random_next(&task->random) % 40;
    volatile uint64_t *frame = (volatile uint64_t *)__builtin_alloca(words * 8);
    for (size_t i = 0; i < words; i++) frame[i] = mark ^ (i * 0x9e3779b97f4a7c15u);
    double real = (double)mark;
    if (random_next(&task->random) % 3 == 0) {
        task->yields++;
        aco_yield();
        CHECK(((task_t *)aco_get_arg())->id == task->id);
    }
    if (depth > 0) descend(task, depth - 1, mark * 3 + task->id);
    if (random_next(&task->random) % 4 == 0) {
        task->yields++;
        aco_yield();
    }
    for (size_t i = 0; i < words; i++) CHECK_EQUAL(frame[i], mark ^ (i * 0x9e3779b97f4a7c15u));
    CHECK(real == (double)mark);
}

static void entry(void) {
    task_t *task = (task_t *)aco_get_arg();
    for (int round = 0; round < 4; round++) {
        descend(task, 1 + (int)(random_next(&task->random) % 60), task->id << 20);
    }
    aco_exit();
}

int main(void) {
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stacks[4] = {
        aco_share_stack_new(0),
        aco_share_stack_new(256 * 1024),
        aco_share_stack_new2(100001, 0),
        aco_share_stack_new2(0, 0),
    };
    uint64_t random = 88172645463325252u;
    task_t tasks[COROUTINES];
    aco_t *cos[COROUTINES];
    for (int i = 0; i < COROUTINES; i++) {
        tasks[i] = (task_t){random_next(&random), (uint64_t)i + 1, 0};
        cos[i] = aco_create(main_co, stacks[i % 4], (size_t)(i % 5) * 37, entry, &tasks[i]);
    }
    int live = COROUTINES, switches = 0;
    while (live > 0) {
        int i = (int)(random_next(&random) % COROUTINES);
        if (cos[i] == NULL) continue;
        aco_resume(cos[i]);
        switches++;
        if (cos[i]->is_end) {
            CHECK(cos[i]->save_stack.max_cpsz > 1000 || tasks[i].yields < 10);
            aco_destroy(cos[i]);
            cos[i] = NULL;
            live--;
        }
    }
    CHECK(switches > COROUTINES * ROUNDS);
    for (int i = 0; i < 4; i++) aco_share_stack_destroy(stacks[i]);
    aco_destroy(main_co);
    return 0;
}
