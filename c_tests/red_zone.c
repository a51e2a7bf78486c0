/* A function that only yields saves registers of its caller. Where the compiler takes it for a leaf
 * it may do so below the stack pointer, which is not saved with a shared stack. */
#include "check.h"

static void __attribute__((noinline)) only_yields(void) { aco_yield(); }
static void __attribute__((noinline)) only_yields1(aco_t *co) { aco_yield1(co); }
static void __attribute__((noinline)) only_resumes(aco_t *co) { aco_resume(co); }

static void entry(void) {
    aco_t *self = aco_get_co();
    uint64_t salt = (uint64_t)(uintptr_t)aco_get_arg();
    uint64_t a = salt + 1, b = salt + 2, c = salt + 3, d = salt + 4, e = salt + 5;
    for (int turn = 0;; turn++) {
        /* In registers, and unknown: they cannot be computed again. */
        __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
        if (turn % 2 == 0) {
            only_yields();
        } else {
            only_yields1(self);
        }
        CHECK(a == salt + 1 && b == salt + 2 && c == salt + 3 && d == salt + 4 && e == salt + 5);
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
        for (int i = 0; i < 3; i++) only_resumes(cos[(i + round / 7) % 3]);
    }
    for (int i = 0; i < 3; i++) aco_destroy(cos[i]);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
