/* A switch costs what it costs, whatever has been computed: exception flags that one side has raised and the other
 * has not make it no slower. */
#include "check.h"

#include <fenv.h>

enum { ROUNDS = 400, RESUMES = 100, MOST = 3 };

static volatile double one = 1.0, three = 3.0, third;

static void yields(void) {
    for (;;) aco_yield();
}

/* In nanoseconds, so many resumes and yields. */
static long turns(aco_t *co) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < RESUMES; i++) aco_resume(co);
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (end.tv_sec - start.tv_sec) * 1000000000L + end.tv_nsec - start.tv_nsec;
}

int main(void) {
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, yields, NULL);
    aco_resume(co);
    /* The least of many, in turn: what else runs here makes some of them slower. */
    long before = LONG_MAX, after = LONG_MAX;
    for (int i = 0; i < ROUNDS; i++) {
        feclearexcept(FE_ALL_EXCEPT);
        long time = turns(co);
        if (time < before) before = time;
        third = one / three;
        CHECK(fetestexcept(FE_INEXACT) != 0);
        time = turns(co);
        if (time < after) after = time;
    }
    if (after > MOST * before) {
        fprintf(stderr, "%d resumes: %ld ns, after floating point %ld ns\n", RESUMES, before, after);
        return 1;
    }
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
