/* Spins in a coroutine two deep, for a profiler to look at. */
#include <aco.h>

#include <time.h>

static volatile unsigned long count;
static aco_t *main_co, *inner_co;

#define NO_TAIL_CALL __asm__ __volatile__("" ::: "memory")

static void __attribute__((noinline)) spins(void) {
    clock_t end = clock() + CLOCKS_PER_SEC / 2;
    while (clock() < end) {
        for (int i = 0; i < 1000000; i++) count++;
    }
}
static void __attribute__((noinline)) inner(void) {
    spins();
    aco_exit();
}
static void __attribute__((noinline)) outer(void) {
    aco_resume(inner_co);
    NO_TAIL_CALL;
    aco_exit();
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_t *outer_co = aco_create(main_co, aco_share_stack_new(0), 0, outer, NULL);
    inner_co = aco_create(outer_co, aco_share_stack_new(0), 0, inner, NULL);
    aco_resume(outer_co);
    puts("spun");
    return 0;
}
