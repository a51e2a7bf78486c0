/* setjmp() and longjmp() inside coroutines: across yields, with frames that were copied out and in between,
 * in signal handlers on the coroutine's stack; and out of a coroutine, to who resumed it. Where there is
 * optimisation, the C library checks each jump. */
#if defined(__OPTIMIZE__) && !defined(_FORTIFY_SOURCE)
#define _FORTIFY_SOURCE 2
#endif
#include "check.h"

#include <setjmp.h>

enum { ROUNDS = 5, COROUTINES = 3 };

static aco_t *main_co;
static int jumps;

static void __attribute__((noinline)) jump_from(int depth, jmp_buf target, int value) {
    volatile signed char block[200];
    block[0] = (signed char)depth;
    if (block[0] < 0) return; /* never */
    if (depth == 0) {
        aco_yield();
        longjmp(target, value);
    }
    jump_from(depth - 1, target, value);
    CHECK(!"never");
}

/* The buffer, and what the function keeps across the jumps, is on the coroutine's stack. */
static void jumps_inside(void) {
    const uintptr_t name = (uintptr_t)aco_get_arg();
    volatile uintptr_t kept[3] = {name, name * 3, 0};
    jmp_buf here;
    for (volatile int round = 1; round <= ROUNDS; round++) {
        int value = setjmp(here);
        CHECK(kept[0] == name && kept[1] == name * 3);
        if (value == 0) {
            aco_yield();
            jump_from(round, here, round + 100);
        }
        CHECK_EQUAL(value, round + 100);
        kept[2]++;
        jumps++;
        aco_yield();
    }
    CHECK_EQUAL(kept[2], ROUNDS);
    aco_exit();
}

static void check_inside(void) {
    aco_share_stack_t *own = aco_share_stack_new(0), *shared = aco_share_stack_new(0);
    aco_t *cos[COROUTINES];
    for (int i = 0; i < COROUTINES; i++) {
        void *name = (void *)(uintptr_t)(i + 7);
        cos[i] = aco_create(main_co, i == 0 ? own : shared, 0, jumps_inside, name);
    }
    for (int turn = 0; turn < 3 * ROUNDS + 1; turn++) {
        for (int i = 0; i < COROUTINES; i++) aco_resume(cos[i]);
    }
    CHECK_EQUAL(jumps, COROUTINES * ROUNDS);
    for (int i = 0; i < COROUTINES; i++) {
        CHECK(cos[i]->is_end);
        CHECK(i == 0 || cos[i]->save_stack.ct_save > 0);
        aco_destroy(cos[i]);
    }
    aco_share_stack_destroy(own);
    aco_share_stack_destroy(shared);
}

/* Out of a handler that runs on the coroutine's stack; the signal is no longer blocked then. */
static sigjmp_buf *after_signal;
static void on_signal(int number) {
    jumps++;
    siglongjmp(*after_signal, number);
}

static void jumps_from_handler(void) {
    sigjmp_buf here;
    for (volatile int round = 0; round < ROUNDS; round++) {
        int value = sigsetjmp(here, 1);
        if (value == 0) {
            aco_yield();
            after_signal = &here;
            raise(SIGUSR1);
            CHECK(!"never");
        }
        CHECK_EQUAL(value, SIGUSR1);
        aco_yield();
    }
    aco_exit();
}

static void check_handler(void) {
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    CHECK(sigaction(SIGUSR1, &action, &before) == 0);
    aco_share_stack_t *shared = aco_share_stack_new(0);
    aco_t *cos[2];
    for (int i = 0; i < 2; i++) cos[i] = aco_create(main_co, shared, 0, jumps_from_handler, NULL);
    jumps = 0;
    for (int turn = 0; turn < 2 * ROUNDS + 1; turn++) {
        for (int i = 0; i < 2; i++) aco_resume(cos[i]);
    }
    CHECK_EQUAL(jumps, 2 * ROUNDS);
    for (int i = 0; i < 2; i++) {
        CHECK(cos[i]->is_end);
        aco_destroy(cos[i]);
    }
    aco_share_stack_destroy(shared);
    CHECK(sigaction(SIGUSR1, &before, NULL) == 0);
}

static jmp_buf in_resumer;
static void jumps_out(void) {
    aco_yield();
    longjmp(in_resumer, 5);
}
static void counts(void) {
    for (;;) {
        jumps++;
        aco_yield();
    }
}

/* Out of a coroutine on this stack to who resumes it, which makes itself the current one: the coroutine's
 * frames are left behind. Down to a stack that lies lower only where the C library does not check: it takes
 * that for a function that has returned. */
static void check_out(aco_share_stack_t *stack) {
    aco_t *volatile self = aco_get_co();
#if defined(_FORTIFY_SOURCE)
    if ((uintptr_t)stack->ptr > (uintptr_t)&self) return;
#endif
    aco_t *volatile jumper = aco_create(self, stack, 0, jumps_out, NULL);
    aco_resume(jumper);
    int value = setjmp(in_resumer);
    if (value == 0) {
        aco_resume(jumper);
        CHECK(!"never");
    }
    CHECK_EQUAL(value, 5);
    aco_gtls_co = self;
    aco_destroy(jumper);
    jumps = 0;
    aco_t *other = aco_create(self, stack, 0, counts, NULL);
    aco_resume(other);
    aco_resume(other);
    CHECK_EQUAL(jumps, 2);
    aco_destroy(other);
}

static void is_jumped_to(void) {
    check_out((aco_share_stack_t *)aco_get_arg());
    aco_yield();
    aco_exit();
}

/* To main(), and to coroutines whose stacks lie higher and lower. */
static void check_ways_out(void) {
    aco_share_stack_t *stacks[] = {aco_share_stack_new(0), aco_share_stack_new(0)};
    for (int from = 0; from < 2; from++) {
        check_out(stacks[from]);
        aco_t *co = aco_create(main_co, stacks[!from], 0, is_jumped_to, stacks[from]);
        aco_resume(co);
        aco_resume(co);
        CHECK(co->is_end && aco_get_co() == main_co);
        aco_destroy(co);
    }
    aco_share_stack_destroy(stacks[0]);
    aco_share_stack_destroy(stacks[1]);
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    check_inside();
    check_handler();
    check_ways_out();
    aco_destroy(main_co);
    return 0;
}
