/* What programs do to the structs behind the library's back: copies by value, switches between
 * two coroutines that are not main, restarts by hand. */
#include "check.h"

static aco_t *main_co;
static int runs;

static void counts(void) {
    for (;;) {
        runs++;
        aco_yield();
    }
}

static void counts_and_exits(void) {
    volatile double real = 1.5;
    runs++;
    aco_yield();
    CHECK(real == 1.5);
    runs++;
    aco_exit();
}

/* acosw() on copies of a coroutine and of main, with no aco_resume() at all. */
static aco_t main_copy, co_copy;
static void switches_by_hand(void) {
    volatile uint64_t local = 77;
    for (int i = 0; i < 10; i++) {
        runs++;
        acosw(&co_copy, &main_copy);
        CHECK(local == 77);
    }
    co_copy.is_end = 1;
    acosw(&co_copy, &main_copy);
}

static void check_copies(char guarded) {
    aco_share_stack_t *stack = aco_share_stack_new2(0, guarded);
    aco_t *co = aco_create(main_co, stack, 0, switches_by_hand, NULL);
    main_copy = *main_co;
    co_copy = *co;
    CHECK(memcmp(&co_copy, co, sizeof *co) == 0);
    aco_destroy(co);
    runs = 0;
    volatile double real = 2.25;
    while (!co_copy.is_end) acosw(&main_copy, &co_copy);
    CHECK(runs == 10 && real == 2.25);
    aco_share_stack_destroy(stack);
}

/* A copy of a share stack, and coroutines on the copy. */
static void check_stack_copy(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0), copy = *stack;
    aco_t *a = aco_create(main_co, &copy, 0, counts, NULL);
    aco_t *b = aco_create(main_co, &copy, 0, counts, NULL);
    runs = 0;
    for (int i = 0; i < 10; i++) {
        aco_resume(a);
        CHECK(copy.owner == a && stack->owner == NULL);
        aco_resume(b);
        CHECK(copy.owner == b);
    }
    CHECK_EQUAL(runs, 20);
    aco_destroy(a);
    aco_destroy(b);
    CHECK(copy.owner == NULL);
    aco_share_stack_destroy(stack);
}

/* A copy that is resumed, with its padding and, as a program might build one, without. */
static void check_resumed_copy(int with_padding) {
    aco_share_stack_t *stack = aco_share_stack_new2(0, 0);
    aco_t *co = aco_create(main_co, stack, 0, counts_and_exits, NULL);
    aco_t copy;
    if (with_padding) {
        copy = *co;
    } else {
        memset(&copy, 0, sizeof copy);
        memcpy(copy.reg, co->reg, sizeof copy.reg);
        copy.main_co = co->main_co;
        copy.arg = co->arg;
        copy.is_end = co->is_end;
        copy.fp = co->fp;
        copy.save_stack = co->save_stack;
        copy.share_stack = co->share_stack;
    }
    runs = 0;
    aco_resume(&copy);
    CHECK(runs == 1 && stack->owner == &copy && aco_get_co() == main_co);
    aco_resume(&copy);
    CHECK(runs == 2 && copy.is_end == 1 && co->is_end == 0);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

/* Two coroutines that switch to each other without going through main. */
static aco_t *ping, *pong;
static int hops;
static void pings(void) {
    for (;;) {
        hops++;
        aco_gtls_co = pong;
        acosw(ping, pong);
        if (hops > 100) aco_exit1(ping);
    }
}
static void pongs(void) {
    for (;;) {
        CHECK(aco_get_co() == pong);
        hops++;
        aco_gtls_co = ping;
        acosw(pong, ping);
    }
}
static void check_direct_switch(void) {
    aco_share_stack_t *stacks[2] = {aco_share_stack_new(0), aco_share_stack_new(0)};
    ping = aco_create(main_co, stacks[0], 0, pings, NULL);
    pong = aco_create(main_co, stacks[1], 0, pongs, NULL);
    hops = 0;
    aco_resume(ping);
    CHECK(ping->is_end && !pong->is_end && hops == 102 && aco_get_co() == main_co);
    aco_destroy(ping);
    aco_destroy(pong);
    aco_share_stack_destroy(stacks[0]);
    aco_share_stack_destroy(stacks[1]);
}

/* Restarting an ended coroutine by hand, again and again, on a stack of many. */
static void check_restart(int cos_on_stack, int clear_image) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *cos[3];
    for (int i = 0; i < cos_on_stack; i++) {
        cos[i] = aco_create(main_co, stack, 0, counts_and_exits, NULL);
    }
    runs = 0;
    for (int life = 0; life < 20; life++) {
        for (int turn = 0; turn < 2; turn++) {
            for (int i = 0; i < cos_on_stack; i++) aco_resume(cos[i]);
        }
        for (int i = 0; i < cos_on_stack; i++) {
            aco_t *co = cos[i];
            CHECK(co->is_end == 1);
            co->fp = counts_and_exits;
            co->arg = &runs;
            co->reg[ACO_REG_IDX_RETADDR] = (void *)co->fp;
            co->reg[ACO_REG_IDX_SP] = stack->align_retptr;
            if (clear_image) co->save_stack.valid_sz = 0;
            co->is_end = 0;
        }
        CHECK_EQUAL(runs, 2 * cos_on_stack * (life + 1));
    }
    for (int i = 0; i < cos_on_stack; i++) aco_destroy(cos[i]);
    aco_share_stack_destroy(stack);
}

/* A restarted one that returns reaches the protector, too. */
static void returns(void) { runs++; }
static void ends_the_co(void) { aco_exit(); }
static void check_restart_and_return(void) {
    aco_thread_init(ends_the_co);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, counts_and_exits, NULL);
    runs = 0;
    aco_resume(co);
    aco_resume(co);
    for (int life = 1; life <= 10; life++) {
        CHECK(co->is_end == 1);
        CHECK_EQUAL(runs, 1 + life);
        co->fp = returns;
        co->reg[ACO_REG_IDX_RETADDR] = (void *)returns;
        co->reg[ACO_REG_IDX_SP] = stack->align_retptr;
        co->is_end = 0;
        aco_resume(co);
    }
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

/* Other writes between resumes: owner and align_validsz, is_end, aco_gtls_co. */
static void check_writes(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *a = aco_create(main_co, stack, 0, counts, NULL);
    aco_t *b = aco_create(main_co, stack, 0, counts_and_exits, NULL);
    aco_resume(a);
    stack->owner = NULL; /* forget a: b gets the stack without a copy */
    stack->align_validsz = 0;
    runs = 0;
    aco_resume(b);
    CHECK(a->save_stack.ct_save == 0 && stack->owner == b);
    aco_gtls_co = NULL;
    aco_resume(b);
    CHECK(runs == 2 && b->is_end && aco_get_co() == main_co);
    aco_destroy(a);
    aco_destroy(b);

    /* Taken from a coroutine that has the stack for itself: it runs on, and ends. */
    a = aco_create(main_co, stack, 0, counts_and_exits, NULL);
    runs = 0;
    aco_resume(a);
    stack->owner = NULL;
    stack->align_validsz = 0;
    aco_resume(a);
    CHECK(runs == 2 && a->is_end && stack->owner == NULL);
    aco_destroy(a);
    aco_share_stack_destroy(stack);
}

/* A coroutine whose frames are verified at each step. */
static void verifies(void) {
    uint64_t words[64];
    for (;;) {
        for (int i = 0; i < 64; i++) words[i] = 7u * (unsigned)i + (uintptr_t)aco_get_arg();
        __asm__ volatile("" ::"r"(words) : "memory");
        aco_yield();
        __asm__ volatile("" ::"r"(words) : "memory");
        for (int i = 0; i < 64; i++) CHECK(words[i] == 7u * (unsigned)i + (uintptr_t)aco_get_arg());
    }
}

/* A control block put back as it was before another coroutine got the stack; a coroutine moved by
 * hand to a stack that belongs to another; one restarted without its stack. */
static void check_old_blocks(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0), *other = aco_share_stack_new(0);
    aco_t *a = aco_create(main_co, stack, 0, verifies, (void *)1);
    aco_resume(a);
    aco_t snapshot = *a;
    aco_t *b = aco_create(main_co, stack, 0, verifies, (void *)2);
    *a = snapshot;
    for (int i = 0; i < 4; i++) {
        aco_resume(b);
        aco_resume(a);
    }
    aco_destroy(b);

    b = aco_create(main_co, other, 0, verifies, (void *)3);
    aco_resume(b);
    aco_resume(a);
    stack->owner = NULL;
    a->share_stack = other;
    a->reg[ACO_REG_IDX_RETADDR] = (void *)verifies;
    a->reg[ACO_REG_IDX_SP] = other->align_retptr;
    a->save_stack.valid_sz = 0;
    for (int i = 0; i < 4; i++) {
        aco_resume(a);
        aco_resume(b);
    }
    aco_destroy(a);
    aco_destroy(b);

    a = aco_create(main_co, stack, 0, verifies, (void *)4);
    aco_resume(a);
    aco_resume(a);
    a->reg[ACO_REG_IDX_RETADDR] = (void *)verifies;
    a->reg[ACO_REG_IDX_SP] = stack->align_retptr;
    a->save_stack.valid_sz = 0;
    stack->owner = NULL;
    stack->align_validsz = 0;
    aco_resume(a);
    CHECK(stack->owner == a);
    b = aco_create(main_co, stack, 0, verifies, (void *)5);
    for (int i = 0; i < 4; i++) {
        aco_resume(b);
        aco_resume(a);
    }
    aco_destroy(a);
    aco_destroy(b);
    aco_share_stack_destroy(stack);
    aco_share_stack_destroy(other);
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    check_copies(0);
    check_copies(1);
    check_stack_copy();
    check_resumed_copy(1);
    check_resumed_copy(0);
    check_direct_switch();
    for (int clear_image = 0; clear_image < 2; clear_image++) {
        check_restart(1, clear_image);
        check_restart(3, clear_image);
    }
    check_writes();
    check_old_blocks();
    check_restart_and_return();
    aco_destroy(main_co);
    return 0;
}
