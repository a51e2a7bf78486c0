/* A share stack destroyed before its coroutines: they can be destroyed, not resumed; also when
 * the control block serves another stack by then. */
#include "check.h"

static aco_t *main_co, *fresh, *suspended, *owner;
static aco_share_stack_t *stack;
static char guarded;

static void yields(void) {
    volatile char block[200] = {1};
    for (;;) {
        aco_yield();
        CHECK(block[0] == 1);
    }
}

static void prepare(void) {
    stack = aco_share_stack_new2(0, guarded);
    fresh = aco_create(main_co, stack, 0, yields, NULL);
    suspended = aco_create(main_co, stack, 0, yields, NULL);
    owner = aco_create(main_co, stack, 0, yields, NULL);
    aco_resume(suspended);
    aco_resume(owner);
    CHECK(stack->owner == owner);
    aco_share_stack_destroy(stack);
}

static void resume_fresh(void) {
    prepare();
    aco_resume(fresh);
}
static void resume_suspended(void) {
    prepare();
    aco_resume(suspended);
}
static void resume_owner(void) {
    prepare();
    aco_resume(owner);
}
static void resume_after_reuse(void) {
    prepare();
    aco_share_stack_t *next = aco_share_stack_new2(0, guarded);
    CHECK(next == stack);
    aco_t *other = aco_create(main_co, next, 0, yields, NULL);
    aco_resume(other);
    aco_resume(owner);
}

/* A coroutine waits while its control block serves so many stacks that a 16-bit count of them
 * turns over, all but once. */
static void resume_after_many_lives(void) {
    guarded = 0;
    prepare();
    for (int i = 0; i < 65533; i++) aco_share_stack_destroy(aco_share_stack_new2(4096, 0));
    aco_resume(owner);
}

static void exits(void) { aco_exit(); }

/* Starts an ended coroutine again by hand, as programs do. */
static void start_again(aco_t *co, aco_cofuncp_t fp) {
    co->is_end = 0;
    co->fp = fp;
    co->reg[ACO_REG_IDX_RETADDR] = (void *)(uintptr_t)fp;
    co->reg[ACO_REG_IDX_SP] = co->share_stack->align_retptr;
    co->save_stack.valid_sz = 0;
}

/* One that had the stack for itself, ended, and was started again when it had not. */
static void resume_restarted(void) {
    stack = aco_share_stack_new2(0, guarded);
    aco_t *co = aco_create(main_co, stack, 0, exits, NULL);
    aco_resume(co);
    aco_t *other = aco_create(main_co, stack, 0, yields, NULL);
    start_again(co, yields);
    aco_resume(co);
    aco_resume(other);
    aco_share_stack_destroy(stack);
    CHECK(aco_share_stack_new2(0, guarded) == stack);
    aco_resume(co);
}

/* One that a program gives its next stack is no coroutine of the old one. */
static void check_moved(void) {
    stack = aco_share_stack_new2(0, guarded);
    aco_t *first = aco_create(main_co, stack, 0, yields, NULL);
    aco_t *moved = aco_create(main_co, stack, 0, exits, NULL);
    aco_resume(moved);
    aco_destroy(first);
    aco_share_stack_destroy(stack);
    aco_share_stack_t *next = aco_share_stack_new2(0, guarded);
    CHECK(next == stack);
    aco_t *others[2];
    for (int i = 0; i < 2; i++) others[i] = aco_create(main_co, next, 0, yields, NULL);
    moved->share_stack = next;
    start_again(moved, yields);
    for (int turn = 0; turn < 3; turn++) {
        aco_resume(moved);
        for (int i = 0; i < 2; i++) aco_resume(others[i]);
    }
    for (int i = 0; i < 2; i++) aco_destroy(others[i]);
    aco_resume(moved);
    aco_destroy(moved);
    aco_share_stack_destroy(next);
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    const char *line = "aco: fatal: aco_resume(@, entry @): its share stack is destroyed (destroy a share "
                       "stack after its last resume)\n";
    for (guarded = 0; guarded <= 1; guarded++) {
        CHECK_DIES(resume_fresh, line);
        CHECK_DIES(resume_suspended, line);
        CHECK_DIES(resume_owner, line);
        CHECK_DIES(resume_after_reuse, line);
        CHECK_DIES(resume_restarted, line);
        check_moved();

        /* Their destruction disturbs no coroutine on the next stack in the same control block. */
        prepare();
        aco_share_stack_t *next = aco_share_stack_new2(0, guarded);
        aco_t *a = aco_create(main_co, next, 0, yields, NULL);
        aco_t *b = aco_create(main_co, next, 0, yields, NULL);
        aco_resume(a);
        aco_resume(b);
        aco_destroy(owner);
        aco_destroy(suspended);
        aco_destroy(fresh);
        CHECK(next->owner == b);
        aco_resume(a);
        aco_resume(b);
        aco_destroy(a);
        aco_destroy(b);
        aco_share_stack_destroy(next);
    }
    CHECK_DIES(resume_after_many_lives, line);
    aco_destroy(main_co);
    return 0;
}
