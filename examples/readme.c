#include <aco.h>

static void greet(void) {
    const char *name = aco_get_arg();
    printf("hello, %s\n", name);
    aco_yield();
    printf("goodbye, %s\n", name);
    aco_exit();
}

int main(void) {
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, greet, "world");

    aco_resume(co);
    puts("meanwhile, in main");
    aco_resume(co);

    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * hello, world
 * meanwhile, in main
 * goodbye, world
 */
