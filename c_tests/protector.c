/* An entry function that returns without aco_exit(): libaco's two lines and SIGABRT; a last word
 * function of the program's own may end the coroutine instead, as often as it happens. */
#include "check.h"

static aco_t *main_co;
static char guarded;
static int last_words;

static void returns(void) {
    volatile char some[64] = {0};
    (void)some;
}

static void returns_after_yield(void) {
    aco_yield();
    returns();
}

static aco_t *new_co(aco_cofuncp_t fp) {
    return aco_create(main_co, aco_share_stack_new2(0, guarded), 0, fp, NULL);
}

static void default_last_word(void) { aco_resume(new_co(returns)); }

static void default_last_word_later(void) {
    aco_t *co = new_co(returns_after_yield);
    aco_resume(co);
    aco_resume(co);
}

static void says_and_returns(void) {
    const char text[] = "my last word\n";
    CHECK(write(2, text, sizeof text - 1) == sizeof text - 1);
    CHECK(aco_get_co()->fp == returns);
}

static void own_last_word_returns(void) {
    aco_thread_init(says_and_returns);
    aco_thread_init(NULL); /* keeps the last word */
    aco_resume(new_co(returns));
}

static void calls_the_protector(void) { aco_funcp_protector(); }
static void called_by_hand(void) { aco_resume(new_co(calls_the_protector)); }

static void exits(void) {
    _Alignas(16) volatile char block[16] = {0};
    CHECK((uintptr_t)block % 16 == 0);
    last_words++;
    aco_exit();
}

static void yields_then_exits(void) {
    aco_yield();
    exits();
}

/* Many coroutines return on one stack, in turn, and each is ended by the last word. */
static void check_clean_ends(aco_cofuncp_t last_word, int extra_resumes) {
    aco_thread_init(last_word);
    aco_share_stack_t *stack = aco_share_stack_new2(0, guarded);
    last_words = 0;
    for (int i = 0; i < 5; i++) {
        aco_t *a = aco_create(main_co, stack, 0, returns, NULL);
        aco_t *b = aco_create(main_co, stack, 0, returns_after_yield, NULL);
        aco_resume(b);
        for (int r = 0; r <= extra_resumes; r++) {
            CHECK(a->is_end == 0);
            aco_resume(a);
        }
        CHECK(a->is_end == 1 && stack->owner == NULL);
        for (int r = 0; r <= extra_resumes; r++) {
            CHECK(b->is_end == 0);
            aco_resume(b);
        }
        CHECK(b->is_end == 1);
        CHECK_EQUAL(last_words, 2 * (i + 1));
        aco_destroy(a);
        aco_destroy(b);
    }
    aco_share_stack_destroy(stack);
}

/* One that is started again by hand, in the middle, and returns then. */
static int started;
static void yields_or_returns(void) {
    if (started++ == 0) {
        for (;;) aco_yield();
    }
    returns();
}

static void check_second_start(void) {
    aco_thread_init(exits);
    aco_share_stack_t *stack = aco_share_stack_new2(0, guarded);
    aco_t *co = aco_create(main_co, stack, 0, yields_or_returns, NULL);
    started = 0;
    aco_resume(co);
    aco_resume(co);
    co->reg[ACO_REG_IDX_RETADDR] = (void *)(uintptr_t)yields_or_returns;
    co->reg[ACO_REG_IDX_SP] = stack->align_retptr;
    aco_resume(co);
    CHECK(started == 2 && co->is_end == 1);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

int main(void) {
    /* The return slot holds the documented address, which programs compare with. (A program that
     * is not position-independent has an address of its own for every function.) */
#if defined(__PIE__) || defined(__PIC__)
    aco_share_stack_t *fresh = aco_share_stack_new(0);
    CHECK(*(void **)fresh->align_retptr == (void *)aco_funcp_protector_asm);
    aco_share_stack_destroy(fresh);
#endif
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    for (guarded = 0; guarded <= 1; guarded++) {
        const char *lines =
            "error: aco_default_protector_last_word triggered\n"
            "error: co:@ should call `aco_exit()` instead of direct `return` in co_fp:@ to finish "
            "its execution\n";
        CHECK_DIES(default_last_word, lines);
        CHECK_DIES(default_last_word_later, lines);
        CHECK_DIES(called_by_hand, lines);
        CHECK_DIES(own_last_word_returns,
                   "my last word\n"
                   "aco: fatal: aco_funcp_protector(@, entry @): the last word function returned after an "
                   "entry function did (an entry function ends with aco_exit())\n");
    }
    for (guarded = 0; guarded <= 1; guarded++) {
        check_clean_ends(exits, 0);
        check_clean_ends(yields_then_exits, 1);
        check_second_start();
    }
    return 0;
}
