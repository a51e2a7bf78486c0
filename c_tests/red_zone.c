/* A function that only yields saves registers of its caller. Where the compiler takes it for a leaf
 * it may do so below the stack pointer, which is not saved with a shared stack. */
#include "check.h"

static void __attribute__((noinline)) only_yields(void) { aco_yield(); }
static void __attribute__((noinline)) only_yields1(aco_t *co) { aco_yield1(co); }
static void __attribute__((noinline)) only_resumes(aco_t *co) { aco_resume(co); }

static volatile uint64_t source = 1;

static void entry(void) {
    aco_t *self = aco_get_co();
    for (;;) {
        uint64_t salt = (uint64_t)(uintptr_t)aco_get_arg();
        uint64_t a = source + salt, b = source + 2 * salt, c = source + 3 * salt;
        uint64_t d = source + 4 * salt, e = source + 5 * salt;
        only_yields();
        only_yields1(self);
        CHECK(a == source + salt && b == source + 2 * salt && c == source + 3 * salt);
        CHECK(d == source + 4 * salt && e == source + 5 * salt);
    }
}

int main(void) {
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL), *cos[3];
    aco_share_stack_t *stack = aco_share_stack_new(0);
    for (int i = 0; i < 3; i++) {
        cos[i] = aco_create(main_co, stack, 0, entry, (void *)(intptr_t)(1000 * (i + 1)));
    }
    for (int round = 0; round < 30; round++) {
        for (int i = 0; i < 3; i++) only_resumes(cos[(i * round) % 3]);
    }
    for (int i = 0; i < 3; i++) aco_destroy(cos[i]);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
