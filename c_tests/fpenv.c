/* The floating-point environment: each coroutine has its own, a fresh one starts with the
 * thread's; with ACO_CONFIG_SHARE_FPU_MXCSR_ENV there is one for all. A program that forgets
 * aco_thread_init() works. */
#include "check.h"

#include <fenv.h>
#include <math.h>

static aco_t *main_co;
static volatile double one = 1.0, three = 3.0;

#if defined(__x86_64__)
static unsigned x87_control_word(void) {
    unsigned short word;
    __asm__ volatile("fnstcw %0" : "=m"(word));
    return word;
}
static void set_x87_precision(unsigned bits) {
    unsigned short word = (unsigned short)((x87_control_word() & ~0x300u) | bits);
    __asm__ volatile("fldcw %0" ::"m"(word));
}
#endif

static void rounds_up(void) {
    CHECK(fegetround() == FE_TONEAREST);
    CHECK(fesetround(FE_UPWARD) == 0);
#if defined(__x86_64__)
    set_x87_precision(0x000);
#endif
    double up = one / three;
    for (;;) {
        aco_yield();
        CHECK(fegetround() == FE_UPWARD && one / three == up);
#if defined(__x86_64__)
        CHECK_EQUAL(x87_control_word() & 0x300, 0x000);
#endif
    }
}

static void rounds_down(void) {
    CHECK(fegetround() == FE_TONEAREST);
    CHECK(fesetround(FE_DOWNWARD) == 0);
    double down = one / three;
    for (;;) {
        aco_yield();
        CHECK(fegetround() == FE_DOWNWARD && one / three == down);
#if defined(__x86_64__)
        CHECK_EQUAL(x87_control_word() & 0x300, 0x300);
#endif
    }
}

static void does_inexact_work(void) {
    volatile double sum = 0;
    for (int i = 1; i < 100; i++) sum = sum + one / i;
    CHECK(sum > 5.17 && sum < 5.18);
    CHECK(fegetround() == *(int *)aco_get_arg());
    aco_yield();
    CHECK(sum > 5.17 && sum < 5.18);
    aco_exit();
}

#ifndef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
/* A coroutine that is started again by hand starts with what it ended with. */
static int lives;
static void lives_twice(void) {
    CHECK(fegetround() == (lives++ == 0 ? FE_TONEAREST : FE_UPWARD));
    fesetround(FE_UPWARD);
    aco_exit();
}

static void check_second_life(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, lives_twice, NULL);
    aco_resume(co);
    co->is_end = 0;
    co->reg[ACO_REG_IDX_RETADDR] = (void *)(uintptr_t)lives_twice;
    co->reg[ACO_REG_IDX_SP] = stack->align_retptr;
    aco_resume(co);
    CHECK(lives == 2 && co->is_end && fegetround() == FE_TONEAREST);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}
#endif

static void run_with_rounding(int rounding) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, does_inexact_work, &rounding);
    aco_resume(co);
    aco_resume(co);
    CHECK(co->is_end);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

int main(void) {
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    run_with_rounding(FE_TONEAREST); /* no aco_thread_init() yet */
    aco_share_stack_t *stack = aco_share_stack_new(0), *own = aco_share_stack_new2(0, 0);

#ifdef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
    /* One environment: what is set anywhere holds everywhere. */
    fesetround(FE_UPWARD);
    run_with_rounding(FE_UPWARD);
    fesetround(FE_TONEAREST);
    aco_t *co = aco_create(main_co, stack, 0, rounds_up, NULL);
    aco_resume(co);
    CHECK(fegetround() == FE_UPWARD);
    aco_resume(co);
    aco_destroy(co);
    /* Through a pointer, too. */
    fesetround(FE_TONEAREST);
    co = aco_create(main_co, stack, 0, rounds_up, NULL);
    void (*volatile resume)(aco_t *) = &aco_resume;
    resume(co);
    CHECK(fegetround() == FE_UPWARD);
    (aco_resume)(co);
    aco_destroy(co);
    (void)rounds_down;
#else
    aco_t *cos[3] = {
        aco_create(main_co, stack, 0, rounds_up, NULL),
        aco_create(main_co, stack, 0, rounds_down, NULL),
        aco_create(main_co, own, 0, rounds_up, NULL),
    };
    double near = one / three;
    for (int i = 0; i < 30; i++) {
        aco_resume(cos[i * 7 % 3]);
        CHECK(fegetround() == FE_TONEAREST && one / three == near);
#if defined(__x86_64__)
        CHECK_EQUAL(x87_control_word() & 0x300, 0x300);
#endif
    }
    for (int i = 0; i < 3; i++) aco_destroy(cos[i]);
    check_second_life();

    /* aco_thread_init() takes the environment of the moment for the coroutines to come. */
    fesetround(FE_TOWARDZERO);
    aco_thread_init(NULL);
    fesetround(FE_TONEAREST);
    run_with_rounding(FE_TOWARDZERO);
    aco_thread_init(NULL);
    run_with_rounding(FE_TONEAREST);
#endif

    char saved[16];
    memset(saved, 0x77, sizeof saved);
    aco_save_fpucw_mxcsr(saved);
    CHECK(saved[8] == 0x77);
#if defined(__x86_64__)
    unsigned short word;
    memcpy(&word, saved, sizeof word);
    CHECK_EQUAL(word, x87_control_word());
    CHECK(saved[2] == 0x77 && saved[3] == 0x77);
    unsigned mxcsr, now = __builtin_ia32_stmxcsr();
    memcpy(&mxcsr, saved + 4, sizeof mxcsr);
    CHECK_EQUAL(mxcsr & ~0x3fu, now & ~0x3fu);
#endif
    aco_share_stack_destroy(stack);
    aco_share_stack_destroy(own);
    aco_destroy(main_co);
    return 0;
}
