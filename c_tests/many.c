/* 10,000 coroutines on one share stack, resumed in random order. */
#include "check.h"

enum { COROUTINES = 10000, TURNS = 10 };

static void entry(void) {
    uint64_t *sum = (uint64_t *)aco_get_arg();
    uint64_t local[6] = {*sum, *sum + 1, *sum + 2, 0, 0, 0};
    for (int turn = 0; turn < TURNS; turn++) {
        aco_yield();
        CHECK_EQUAL(local[0] + 2, local[1] + 1);
        CHECK_EQUAL(local[2], local[0] + 2);
        *sum += local[0];
    }
    aco_exit();
}

int main(void) {
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    static aco_t *cos[COROUTINES];
    static uint64_t sums[COROUTINES];
    static int turns[COROUTINES];
    for (int i = 0; i < COROUTINES; i++) {
        sums[i] = (uint64_t)i * 1000003;
        cos[i] = aco_create(main_co, stack, 0, entry, &sums[i]);
    }
    uint64_t random = 42;
    int live = COROUTINES;
    while (live > 0) {
        int i = (int)(random_next(&random) % COROUTINES);
        if (cos[i]->is_end) i = (i + 1) % COROUTINES;
        if (cos[i]->is_end) continue;
        aco_resume(cos[i]);
        turns[i]++;
        live -= cos[i]->is_end;
    }
    for (int i = 0; i < COROUTINES; i++) {
        CHECK_EQUAL(turns[i], TURNS + 1);
        CHECK_EQUAL(sums[i], (uint64_t)i * 1000003 * (TURNS + 1));
        aco_destroy(cos[i]);
    }
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
