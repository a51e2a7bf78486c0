/* A coroutine's life: create, resume, yield, exit, destroy; who is current when. */
#include "check.h"

static int step;
static aco_t *main_co;

static void inner(int *value) {
    aco_yield();
    *value += 1;
    aco_yield();
}

static void entry(void) {
    aco_t *co = aco_get_co();
    CHECK(co == aco_co() && co == aco_gtls_co);
    CHECK(!aco_is_main_co(co) && aco_is_main_co(co->main_co));
    CHECK(co->main_co == main_co && co->fp == entry && co->is_end == 0);
    int *value = (int *)aco_get_arg();
    CHECK(value == co->arg);
    CHECK_EQUAL(step, 1);
    step = 2;
    inner(value);
    CHECK(aco_get_co() == co);
    step = 3;
    aco_yield1(co);
    step = 4;
    aco_exit();
}

static void ends_at_once(void) { aco_exit1(aco_get_co()); }

static void yields_for_ever(void) {
    for (;;) aco_yield();
}

static void one_coroutine(char guarded) {
    aco_share_stack_t *stack = aco_share_stack_new2(0, guarded);
    int value = 40;
    aco_t *co = aco_create(main_co, stack, 0, entry, &value);
    CHECK(co->main_co == main_co && co->arg == &value && co->fp == entry);
    CHECK(co->share_stack == stack && co->is_end == 0 && stack->owner == NULL);
    CHECK(co->save_stack.sz == 64 && co->save_stack.valid_sz == 0);
    CHECK(co->reg[ACO_REG_IDX_RETADDR] == (void *)entry);
    CHECK(co->reg[ACO_REG_IDX_SP] == stack->align_retptr);

    step = 1;
    aco_resume(co);
    CHECK(step == 2 && value == 40 && stack->owner == co);
    CHECK(aco_get_co() == main_co);
    CHECK_EQUAL(stack->align_validsz, sizeof(void *));
    aco_resume(co);
    CHECK(step == 2 && value == 41);
    aco_resume(co);
    CHECK(step == 3 && co->is_end == 0);
    aco_resume(co);
    CHECK(step == 4 && co->is_end == 1 && stack->owner == NULL && stack->align_validsz == 0);
    CHECK(aco_get_co() == main_co);
    aco_destroy(co);

    /* Destroyed in each other state: fresh, suspended as the owner, ended at once. */
    aco_destroy(aco_create(main_co, stack, 1, entry, NULL));
    co = aco_create(main_co, stack, 0, yields_for_ever, NULL);
    aco_resume(co);
    CHECK(stack->owner == co);
    aco_destroy(co);
    CHECK(stack->owner == NULL && stack->align_validsz == 0);
    co = aco_create(main_co, stack, 0, ends_at_once, NULL);
    aco_resume(co);
    CHECK(co->is_end == 1);
    aco_destroy(co);

    /* Suspended, and not the owner. */
    co = aco_create(main_co, stack, 0, yields_for_ever, NULL);
    aco_t *other = aco_create(main_co, stack, 0, yields_for_ever, NULL);
    aco_resume(co);
    aco_resume(other);
    CHECK(stack->owner == other);
    aco_destroy(co);
    CHECK(stack->owner == other);
    aco_destroy(other);
    aco_share_stack_destroy(stack);
}

int main(void) {
    aco_runtime_test();
    aco_thread_init(NULL);
    CHECK(aco_get_co() == NULL);

    /* A main coroutine keeps fp and arg, and is one even with a stack at hand. */
    aco_share_stack_t *unused = aco_share_stack_new(0);
    main_co = aco_create(NULL, unused, 100, entry, &step);
    CHECK(aco_is_main_co(main_co) && main_co->fp == entry && main_co->arg == &step);
    CHECK(main_co->share_stack == NULL && main_co->save_stack.ptr == NULL);
    CHECK(unused->owner == NULL && aco_get_co() == NULL);

    one_coroutine(1);
    one_coroutine(0);

    /* Two main coroutines in one thread, and coroutines of both. */
    aco_t *second_main = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_t *a = aco_create(main_co, unused, 0, yields_for_ever, NULL);
    aco_t *b = aco_create(second_main, unused, 0, yields_for_ever, NULL);
    for (int i = 0; i < 10; i++) {
        aco_resume(a);
        CHECK(aco_get_co() == main_co);
        aco_resume(b);
        CHECK(aco_get_co() == second_main);
    }
    aco_destroy(a);
    aco_destroy(b);
    aco_destroy(second_main);
    aco_share_stack_destroy(unused);
    aco_destroy(main_co);
    return 0;
}
