#include <aco.h>

static void yields(void) {
    puts("first part");
    aco_yield();
    puts("second part");
    aco_yield_fn(); /* the same, as a function */
    puts("third part");
    aco_exit();
}

static void ends(void) {
    puts("one part");
    aco_exit_fn();
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, yields, NULL);
    while (!co->is_end) {
        aco_resume(co);
        puts("in main");
    }
    aco_destroy(co);
    co = aco_create(main_co, stack, 0, ends, NULL);
    aco_resume(co);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * first part
 * in main
 * second part
 * in main
 * third part
 * in main
 * one part
 */
