#include <aco.h>

static void returns(void) {
    puts("the entry function returns");
}

/* Called by aco_funcp_protector() in the coroutine that has returned. */
static void last_word(void) {
    puts("last word");
    aco_exit();
}

int main(void) {
    aco_runtime_test();
    aco_thread_init(last_word);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, returns, NULL);
    aco_resume(co);
    printf("ended: %d\n", co->is_end);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    aco_thread_init(NULL);
    return 0;
}
/* Prints:
 * the entry function returns
 * last word
 * ended: 1
 */
