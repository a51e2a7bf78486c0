/* Misuse ends in SIGABRT and one line that names function, coroutine, what and rule. */
#include "check.h"

#include <setjmp.h>

static aco_t *main_co, *shared_co;
static aco_share_stack_t *stack;

static void yields(void) {
    for (;;) aco_yield();
}
static void exits(void) { aco_exit(); }

static aco_t *co_with(aco_cofuncp_t fp) { return aco_create(main_co, stack, 0, fp, NULL); }
static void run(aco_cofuncp_t fp) { aco_resume(co_with(fp)); }

static void resume_null(void) { aco_resume(NULL); }
static void resume_main(void) { aco_resume(main_co); }
static void resume_ended(void) {
    aco_t *co = co_with(exits);
    aco_resume(co);
    aco_resume(co);
}
static void resume_without_entry(void) { run(NULL); }
static void resumes_itself(void) { aco_resume(aco_get_co()); }
static void resume_itself(void) { run(resumes_itself); }

static void resumes_shared_co(void) { aco_resume(shared_co); }
static void resume_sibling(void) {
    shared_co = aco_create(main_co, aco_share_stack_new(0), 0, yields, NULL);
    run(resumes_shared_co);
}
static void resumes_child_on_own_stack(void) {
    aco_resume(aco_create(aco_get_co(), stack, 0, yields, NULL));
}
static void nest_on_one_stack(void) { run(resumes_child_on_own_stack); }
static void resumes_child_twice_removed(void) {
    aco_t *self = aco_get_co();
    aco_resume(aco_create(self, (aco_share_stack_t *)aco_get_arg(), 0, yields, NULL));
}
static void nests_on_another_stack(void) {
    aco_t *self = aco_get_co();
    aco_share_stack_t *other = aco_share_stack_new(0);
    aco_resume(aco_create(self, other, 0, resumes_child_twice_removed, stack));
}
static void nest_on_one_stack_deeper(void) { run(nests_on_another_stack); }

/* The same after the coroutine has resumed a child, which has come back. */
static void resumes_child_then_sibling(void) {
    aco_t *self = aco_get_co();
    aco_resume(aco_create(self, aco_share_stack_new(0), 0, yields, NULL));
    aco_resume(aco_create(self, aco_share_stack_new(0), 0, exits, NULL));
    aco_resume(shared_co);
}
static void resume_sibling_after_child(void) {
    shared_co = aco_create(main_co, aco_share_stack_new(0), 0, yields, NULL);
    run(resumes_child_then_sibling);
}
static void resumes_child_elsewhere_then_here(void) {
    aco_t *self = aco_get_co();
    aco_resume(aco_create(self, aco_share_stack_new(0), 0, yields, NULL));
    aco_resume(aco_create(self, stack, 0, yields, NULL));
}
static void nest_on_one_stack_after_child(void) { run(resumes_child_elsewhere_then_here); }

static void yield_before_any(void) { aco_yield(); }
static void yield_on_main(void) {
    run(exits);
    aco_yield();
}
static void yield1_null(void) { aco_yield1((aco_t *)NULL); }
#ifndef OLD_HEADER
static void exit_before_any(void) { aco_exit(); }
static void exit_on_main(void) {
    run(exits);
    aco_exit();
}
#endif
static void exit_of_another(void) {
    aco_t *a = co_with(yields), *b = co_with(yields);
    aco_resume(a);
    aco_resume(b);
    aco_exit1(a);
}
static void switch_to_ended(void) {
    aco_t *co = co_with(exits);
    aco_resume(co);
    acosw(main_co, co);
}

static void destroy_null(void) { aco_destroy(NULL); }
static void destroys_itself(void) {
    aco_destroy(aco_get_co());
    aco_yield();
}
static void destroy_itself(void) { run(destroys_itself); }

/* What is used after it was destroyed is known until something else is there. */
static void destroy_twice(void) {
    aco_t *co = co_with(yields);
    aco_destroy(co);
    aco_destroy(co);
}
static void destroy_ended_twice(void) {
    aco_t *co = co_with(exits);
    aco_resume(co);
    aco_destroy(co);
    aco_destroy(co);
}
static void resume_destroyed(void) {
    aco_t *co = co_with(yields);
    aco_resume(co);
    aco_destroy(co);
    aco_resume(co);
}
static void resume_child_of_destroyed_main(void) {
    aco_t *co = co_with(yields);
    aco_resume(co);
    aco_destroy(main_co);
    aco_resume(co);
}

static void create_without_stack(void) { aco_create(main_co, NULL, 0, yields, NULL); }
static void create_on_destroyed_stack(void) {
    aco_share_stack_destroy(stack);
    co_with(yields);
}
static void destroy_null_stack(void) { aco_share_stack_destroy(NULL); }
static void destroy_stack_twice(void) {
    aco_share_stack_destroy(stack);
    aco_share_stack_destroy(stack);
}
static void destroys_its_stack(void) { aco_share_stack_destroy(aco_get_co()->share_stack); }
static void destroy_stack_from_its_own_co(void) { run(destroys_its_stack); }

static void leaves_its_stack(void) {
    for (;;) acosw(aco_get_co(), main_co);
}
static void stack_pointer_off_the_stack(void) {
    aco_t *a = co_with(leaves_its_stack), *b = co_with(yields);
    aco_resume(a);
    a->reg[ACO_REG_IDX_SP] = (char *)stack->ptr - 64;
    aco_resume(b);
}

/* Leaving a coroutine by longjmp is no misuse: others run on, and it can be destroyed. */
static jmp_buf out;
static void jumps_out(void) { longjmp(out, 1); }
static void check_longjmp(void) {
    aco_t *jumper = co_with(jumps_out);
    if (setjmp(out) == 0) aco_resume(jumper);
    CHECK(aco_get_co() == jumper);
    aco_t *co = aco_create(main_co, stack, 0, exits, NULL);
    aco_share_stack_t *other_stack = aco_share_stack_new(0);
    aco_t *other = aco_create(main_co, other_stack, 0, exits, NULL);
    aco_resume(other);
    CHECK(other->is_end && aco_get_co() == main_co);
    if (setjmp(out) == 0) aco_resume(co_with(jumps_out));
    aco_destroy(jumper);
    aco_resume(co);
    CHECK(co->is_end);
    aco_destroy(co);
    aco_destroy(other);
    aco_share_stack_destroy(other_stack);
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    stack = aco_share_stack_new(0);

#define RESUME "aco: fatal: aco_resume(@, entry @): "
    CHECK_DIES(resume_null, "aco: fatal: aco_resume(0x0): the coroutine is NULL (pass a valid one)\n");
    CHECK_DIES(resume_main, "aco: fatal: aco_resume(@, main): it is a main coroutine (resume coroutines that were created "
                                   "with a main_co)\n");
    CHECK_DIES(resume_ended,
               RESUME "the coroutine has ended (resume a coroutine while its is_end is 0)\n");
    CHECK_DIES(resume_without_entry,
               "aco: fatal: aco_resume(@): it has no entry function (create a coroutine with a function to run)\n");
    CHECK_DIES(resume_itself,
               RESUME "the coroutine is running (resume a coroutine after it has yielded)\n");
    CHECK_DIES(resume_sibling, RESUME "called inside @, while its main_co is @ (only its main_co "
                                      "resumes a coroutine)\n");
    const char *one_stack = RESUME "its share stack belongs to @, which is running (a coroutine "
                                   "resumed inside another one needs another share stack)\n";
    CHECK_DIES(nest_on_one_stack, one_stack);
    CHECK_DIES(nest_on_one_stack_deeper, one_stack);
    CHECK_DIES(nest_on_one_stack_after_child, one_stack);
    CHECK_DIES(resume_sibling_after_child, RESUME "called inside @, while its main_co is @ (only its "
                                                  "main_co resumes a coroutine)\n");
    CHECK_DIES(stack_pointer_off_the_stack,
               RESUME "its stack pointer @ is outside its share stack @, [@, @] (a coroutine stays "
                      "on its share stack, which must be large enough for its frames)\n");

#define NO_YIELD "(only a coroutine that aco_resume runs can yield)\n"
    CHECK_DIES(yield_before_any,
               MACRO_LINE("aco: fatal: aco_yield(0x0): no coroutine runs " NO_YIELD));
    CHECK_DIES(yield1_null, MACRO_LINE("aco: fatal: aco_yield(0x0): no coroutine runs " NO_YIELD));
    CHECK_DIES(yield_on_main,
               MACRO_LINE("aco: fatal: aco_yield(@, main): it is a main coroutine " NO_YIELD));
#ifndef OLD_HEADER
#define NO_EXIT "(only a coroutine that aco_resume runs can exit)\n"
    CHECK_DIES(exit_before_any, "aco: fatal: aco_exit(0x0): no coroutine runs " NO_EXIT);
    CHECK_DIES(exit_on_main, "aco: fatal: aco_exit(@, main): it is a main coroutine " NO_EXIT);
#endif
    CHECK_DIES(exit_of_another, MACRO_LINE("aco: fatal: aco_exit(@, entry @): it does not own its share "
                                           "stack (aco_exit is for the coroutine that runs)\n"));
    CHECK_DIES(switch_to_ended,
               MACRO_LINE("aco: fatal: aco_exit(@, entry @): an ended coroutine was switched to (a "
                          "coroutine never runs again after aco_exit)\n"));

#define DESTROY "aco: fatal: aco_destroy(@, entry @): "
    CHECK_DIES(destroy_null, "aco: fatal: aco_destroy(0x0): the coroutine is NULL (pass a valid one)\n");
    CHECK_DIES(destroy_itself,
               MACRO_LINE("aco: fatal: aco_yield(0x0): no coroutine runs " NO_YIELD));

    CHECK_DIES(destroy_twice, DESTROY "the coroutine is destroyed already (destroy a coroutine "
                                      "once)\n");
    CHECK_DIES(destroy_ended_twice, DESTROY "the coroutine is destroyed already (destroy a "
                                            "coroutine once)\n");
    CHECK_DIES(resume_destroyed,
               RESUME "the coroutine is destroyed (resume a coroutine before aco_destroy)\n");
    CHECK_DIES(resume_child_of_destroyed_main,
               RESUME "its main_co @ is destroyed (destroy a main_co after its coroutines)\n");
    CHECK_DIES(create_without_stack,
               "aco: fatal: aco_create(0x0): the share stack is NULL (pass a valid one)\n");
    CHECK_DIES(create_on_destroyed_stack,
               "aco: fatal: aco_create(@): the share stack is destroyed (a coroutine is created on "
               "a live share stack)\n");
#define DESTROY_STACK "aco: fatal: aco_share_stack_destroy(@): "
    CHECK_DIES(destroy_null_stack, DESTROY_STACK "the share stack is NULL (pass a valid one)\n");
    CHECK_DIES(destroy_stack_twice, DESTROY_STACK "the share stack is destroyed already (destroy "
                                                  "a share stack once)\n");
    CHECK_DIES(destroy_stack_from_its_own_co,
               DESTROY_STACK "called on this very stack (destroy a share stack after leaving "
                             "it)\n");
    check_longjmp();
    return 0;
}
