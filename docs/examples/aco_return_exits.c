#include <aco_ext.h>

static void returns(void) {
    puts("the entry function returns");
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *a = aco_create(main_co, stack, 0, returns, NULL);
    aco_return_exits(a); /* this coroutine */
    aco_resume(a);
    aco_thread_return_exits(1); /* all coroutines of this thread */
    aco_t *b = aco_create(main_co, stack, 0, returns, NULL);
    aco_resume(b);
    printf("ended: %d %d\n", a->is_end, b->is_end);
    aco_thread_return_exits(0);
    aco_destroy(a);
    aco_destroy(b);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * the entry function returns
 * the entry function returns
 * ended: 1 1
 */
