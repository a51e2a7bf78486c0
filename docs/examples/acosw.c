#include <aco.h>

static aco_t *main_co;

static void switches(void) {
    aco_t *self = aco_get_arg();
    puts("by acosw()");
    acosw(self, main_co);
    puts("by acosw() again");
    acosw(self, main_co);
    puts("by aco_resume()");
    aco_yield1(self);
    puts("after aco_yield1()");
    aco_yield1_fn(self);
    puts("after aco_yield1_fn()");
    aco_exit1(self);
}

static void ends(void) {
    puts("another one");
    aco_exit1_fn(aco_get_co());
}

int main(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_t *co = aco_create(main_co, stack, 0, switches, NULL);
    co->arg = co;
    /* The program says which coroutine runs: aco_get_arg() asks for it. */
    for (int i = 0; i < 2; i++) {
        aco_gtls_co = co;
        acosw(main_co, co);
        aco_gtls_co = main_co;
    }
    while (!co->is_end) aco_resume(co);
    aco_destroy(co);

    co = aco_create(main_co, stack, 0, ends, NULL);
    aco_resume(co);
    aco_destroy(co);
    unsigned char environment[8] = {0};
    aco_save_fpucw_mxcsr(environment);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * by acosw()
 * by acosw() again
 * by aco_resume()
 * after aco_yield1()
 * after aco_yield1_fn()
 * another one
 */
