/* aco_gtls_co and the structs are the program's to touch: what it points to may be gone, foreign
 * or out of date, and the library must not rely on it. All of this runs with libaco. */
#include "check.h"

#include <setjmp.h>

static aco_t *main_co;
static int runs;

static void counts(void) {
    for (;;) {
        runs++;
        aco_yield();
    }
}
static void counts_and_exits(void) {
    runs++;
    aco_exit();
}

/* Memory that was a coroutine's is full of something else. */
static void spoil_freed_memory(void) {
    void *blocks[8];
    for (int i = 0; i < 8; i++) memset(blocks[i] = malloc(sizeof(aco_t)), 'x', sizeof(aco_t));
    for (int i = 0; i < 8; i++) free(blocks[i]);
}

static void check_main_destroyed(void) {
    aco_t *first = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(first, stack, 0, counts, NULL);
    aco_resume(co);
    aco_destroy(first);
    spoil_freed_memory();
    aco_destroy(co);
    aco_t *second = aco_create(NULL, NULL, 0, NULL, NULL);
    co = aco_create(second, stack, 0, counts, NULL);
    aco_resume(co);
    CHECK(aco_get_co() == second);
    aco_destroy(co);
    aco_destroy(second);
    aco_share_stack_destroy(stack);
}

static void __attribute__((noinline)) run_with_local_main(aco_share_stack_t *stack) {
    aco_t local = *main_co;
    aco_t *co = aco_create(&local, stack, 0, counts, NULL);
    aco_resume(co);
    CHECK(aco_get_co() == &local);
    aco_destroy(co);
}
static void check_local_main(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    run_with_local_main(stack);
    volatile char over_it[2000];
    memset((char *)over_it, 'y', sizeof over_it);
    aco_t *co = aco_create(main_co, stack, 0, counts, NULL);
    aco_resume(co);
    CHECK(aco_get_co() == main_co);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

static jmp_buf out;
static void jumps_out(void) { longjmp(out, 1); }
static void check_jumper_destroyed(void) {
    aco_share_stack_t *stacks[2] = {aco_share_stack_new(0), aco_share_stack_new(0)};
    for (int on_its_stack = 0; on_its_stack < 2; on_its_stack++) {
        aco_t *jumper = aco_create(main_co, stacks[0], 0, jumps_out, NULL);
        aco_t *co = aco_create(main_co, stacks[!on_its_stack], 0, counts_and_exits, NULL);
        if (setjmp(out) == 0) aco_resume(jumper);
        aco_destroy(jumper);
        spoil_freed_memory();
        aco_resume(co);
        CHECK(co->is_end && aco_get_co() == main_co);
        aco_destroy(co);
    }
    aco_share_stack_destroy(stacks[0]);
    aco_share_stack_destroy(stacks[1]);
}

/* Two coroutines that are each other's main_co, and one of them destroys a third. */
static aco_t *ring[2], *third;
static void first_of_ring(void) {
    ring[0]->main_co = ring[1];
    ring[1]->main_co = ring[0];
    acosw(ring[0], ring[1]);
    aco_destroy(third);
    runs++;
    ring[0]->main_co = main_co;
    aco_exit1(ring[0]);
}
static void second_of_ring(void) {
    runs++;
    aco_yield1(ring[1]);
    CHECK(!"never");
}
static void check_ring(void) {
    aco_share_stack_t *stacks[3];
    for (int i = 0; i < 3; i++) stacks[i] = aco_share_stack_new(0);
    ring[0] = aco_create(main_co, stacks[0], 0, first_of_ring, NULL);
    ring[1] = aco_create(main_co, stacks[1], 0, second_of_ring, NULL);
    third = aco_create(main_co, stacks[2], 0, counts, NULL);
    runs = 0;
    aco_resume(ring[0]);
    CHECK(runs == 2 && ring[0]->is_end);
    aco_destroy(ring[0]);
    aco_destroy(ring[1]);
    for (int i = 0; i < 3; i++) aco_share_stack_destroy(stacks[i]);
}

/* A library inside a coroutine has a main coroutine of its own, and puts aco_gtls_co back. */
static aco_share_stack_t *inner_stack;
static void uses_a_library(void) {
    aco_t *self = aco_get_co();
    aco_t *inner_main = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_t *generator = aco_create(inner_main, inner_stack, 0, counts, NULL);
    for (int i = 0; i < 3; i++) {
        for (int twice = 0; twice < 2; twice++) {
            aco_t *before = aco_get_co();
            aco_resume(generator);
            CHECK(aco_get_co() == inner_main);
            aco_gtls_co = before;
        }
        aco_yield();
        CHECK(aco_get_co() == self);
    }
    aco_destroy(generator);
    aco_destroy(inner_main);
    aco_exit();
}
/* Its context goes to its own copy while a child runs. */
static void lends_a_copy(void) {
    aco_t *self = aco_get_co(), copy = *self;
    aco_t *child = aco_create(&copy, inner_stack, 0, counts, NULL);
    aco_resume(child);
    aco_resume(child);
    aco_gtls_co = self;
    aco_destroy(child);
    aco_exit();
}
static void check_foreign_main(void) {
    inner_stack = aco_share_stack_new(0);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, uses_a_library, NULL);
    runs = 0;
    while (!co->is_end) aco_resume(co);
    CHECK_EQUAL(runs, 6);
    aco_destroy(co);
    co = aco_create(main_co, stack, 0, lends_a_copy, NULL);
    aco_resume(co);
    CHECK(co->is_end && runs == 8);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_share_stack_destroy(inner_stack);
}

/* An ended coroutine that starts again on another stack, whose control block had lives before. */
static void check_rebound(void) {
    aco_share_stack_t *first = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, first, 0, counts_and_exits, NULL);
    aco_resume(co);
    for (int life = 0; life < 3; life++) {
        aco_share_stack_destroy(aco_share_stack_new(0));
        aco_share_stack_t *next = aco_share_stack_new(0);
        co->share_stack = next;
        co->reg[ACO_REG_IDX_RETADDR] = (void *)counts_and_exits;
        co->reg[ACO_REG_IDX_SP] = next->align_retptr;
        co->is_end = 0;
        runs = 0;
        aco_resume(co);
        CHECK(runs == 1 && co->is_end);
        aco_t *other = aco_create(main_co, next, 0, counts, NULL);
        aco_resume(other);
        aco_resume(other);
        CHECK_EQUAL(runs, 3);
        aco_destroy(other);
        aco_share_stack_destroy(next);
    }
    co->share_stack = first;
    aco_destroy(co);
    aco_share_stack_destroy(first);

    /* A stack that is a struct of the program's, filled again. */
    aco_share_stack_t *stacks[3] = {aco_share_stack_new(0), NULL, NULL};
    aco_share_stack_t slot = *stacks[0];
    co = aco_create(main_co, &slot, 0, counts_and_exits, NULL);
    aco_resume(co);
    aco_share_stack_destroy(aco_share_stack_new(0));
    stacks[1] = aco_share_stack_new(0);
    slot = *stacks[1];
    co->reg[ACO_REG_IDX_RETADDR] = (void *)counts_and_exits;
    co->reg[ACO_REG_IDX_SP] = slot.align_retptr;
    co->is_end = 0;
    aco_resume(co);
    aco_destroy(co);
    aco_share_stack_destroy(stacks[0]);
    aco_share_stack_destroy(stacks[1]);
}

/* A copy made field by field, in memory that was not cleared. */
static void check_uncleared_copy(int fill) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, counts, NULL);
    aco_t *copy = (aco_t *)malloc(sizeof *copy);
    memset((void *)copy, fill, sizeof *copy);
    memcpy(copy->reg, co->reg, sizeof copy->reg);
    copy->main_co = co->main_co;
    copy->arg = co->arg;
    copy->is_end = co->is_end;
    copy->fp = co->fp;
    copy->save_stack = co->save_stack;
    copy->share_stack = co->share_stack;
    runs = 0;
    aco_resume(copy);
    aco_resume(copy);
    CHECK(runs == 2 && stack->owner == copy);
    stack->owner = NULL;
    free(copy);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

/* exit() inside a coroutine, with clean-up functions that destroy everything. */
static aco_t *exiting[2];
static void clean_up(void) {
    aco_destroy(exiting[1]);
    aco_destroy(exiting[0]);
    aco_destroy(main_co);
}
static void calls_exit(void) { exit(7); }
static void nests_and_exits(void) {
    exiting[1] = aco_create(aco_get_co(), aco_share_stack_new(0), 0, calls_exit, NULL);
    aco_resume(exiting[1]);
}
static void exit_inside(void) {
    atexit(clean_up);
    exiting[0] = aco_create(main_co, aco_share_stack_new(0), 0, nests_and_exits, NULL);
    aco_resume(exiting[0]);
}

/* A coroutine that was switched to by hand, in a thread without a current one, returns. */
static void returns(void) {}
static void return_without_current(void) {
    aco_t *co = aco_create(main_co, aco_share_stack_new(0), 0, returns, NULL);
    aco_t main_copy = *main_co, copy = *co;
    aco_gtls_co = NULL;
    acosw(&main_copy, &copy);
}

/* Two resumes that are left by hand, each by one that another main coroutine has resumed: aco_gtls_co is
 * what libaco makes it, the main_co of who was resumed here. */
static aco_t *resumed_here, *by_hand, *resumed_there;
static void goes_by_hand(void) {
    aco_gtls_co = by_hand;
    acosw(resumed_here, by_hand);
    for (;;) aco_yield1(resumed_here);
}
static void resumes_there(void) {
    aco_yield1(by_hand);
    aco_resume(resumed_there);
    for (;;) aco_yield1(by_hand);
}
static void comes_back_by_hand(void) {
    acosw(resumed_there, main_co);
    for (;;) aco_yield1(resumed_there);
}
static void check_by_hand(void) {
    aco_t *other_main = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stacks[3];
    for (int i = 0; i < 3; i++) stacks[i] = aco_share_stack_new(0);
    resumed_here = aco_create(main_co, stacks[0], 0, goes_by_hand, NULL);
    by_hand = aco_create(other_main, stacks[1], 0, resumes_there, NULL);
    resumed_there = aco_create(by_hand, stacks[2], 0, comes_back_by_hand, NULL);
    aco_gtls_co = other_main;
    aco_resume(by_hand);
    aco_gtls_co = main_co;
    aco_resume(resumed_here);
    CHECK(aco_gtls_co == main_co);
    aco_destroy(resumed_here);
    aco_destroy(by_hand);
    aco_destroy(resumed_there);
    aco_destroy(other_main);
    for (int i = 0; i < 3; i++) aco_share_stack_destroy(stacks[i]);
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    check_by_hand();
    check_main_destroyed();
    check_local_main();
    check_jumper_destroyed();
    check_ring();
    check_foreign_main();
    check_rebound();
    for (int fill = 0; fill < 256; fill += 5) check_uncleared_copy(fill);
    check_uncleared_copy(0xac);
    char text[1000];
    int status = run_in_child(exit_inside, text, sizeof text);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7 && text[0] == 0);
    CHECK_DIES(return_without_current,
               "error: aco_default_protector_last_word triggered\n"
               "error: co:@ should call `aco_exit()` instead of direct `return` in co_fp:@ to "
               "finish its execution\n");
    aco_destroy(main_co);
    return 0;
}
