/* A register that a program has for itself, by a global register variable, is each context's own: with calls for
 * switches. The inline ones leave registers to the compiler, which saves none of those. */
#ifndef ACO_NO_INLINE
#define ACO_NO_INLINE
#endif
#include "check.h"

#if defined(__clang__)
int main(void) { return 0; } /* has no such variables but for the stack pointer */
#else

/* Those that the inline assembly leaves to the compiler. */
#if defined(__x86_64__)
register uintptr_t first __asm__("r12");
register uintptr_t second __asm__("r14");
register uintptr_t third __asm__("r15");
#elif defined(__aarch64__)
register uintptr_t first __asm__("x20");
register uintptr_t second __asm__("x24");
register uintptr_t third __asm__("x28");
#else
#error "another architecture"
#endif

static void set(uintptr_t value) {
    first = value;
    second = value + 1;
    third = value + 2;
}
static void check(uintptr_t value) {
    uintptr_t found[3] = {first, second, third};
    for (uintptr_t i = 0; i < 3; i++) CHECK_EQUAL(found[i], value + i);
}

static void body(void) {
    uintptr_t mine = (uintptr_t)aco_get_arg();
    for (uintptr_t i = 0; i < 10; i++) {
        set(mine + i);
        aco_yield();
        check(mine + i);
    }
    set(1);
    aco_exit();
}

int main(void) {
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *cos[2];
    for (uintptr_t i = 0; i < 2; i++) {
        cos[i] = aco_create(main_co, stack, 0, body, (void *)((i + 1) << 16));
    }
    for (uintptr_t i = 0; i < 22; i++) {
        set(i << 8);
        aco_resume(cos[i % 2]);
        check(i << 8);
    }
    for (int i = 0; i < 2; i++) {
        CHECK(cos[i]->is_end);
        aco_destroy(cos[i]);
    }
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
#endif
