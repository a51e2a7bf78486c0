#include <aco.h>

static void tells(void) {
    aco_t *co = aco_get_co();
    printf("the same: %d %d %d\n", aco_co() == co, aco_get_co_fn() == co,
           aco_gtls_co == co);
    printf("argument: %s, %s\n", (char *)aco_get_arg(),
           (char *)aco_get_arg_fn());
    printf("is main: %d, its main_co: %d\n", aco_is_main_co(co),
           aco_is_main_co(co->main_co));
    aco_exit();
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, tells, "text");
    aco_resume(co);
    printf("back in main: %d\n", aco_get_co() == main_co);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * the same: 1 1 1
 * argument: text, text
 * is main: 0, its main_co: 1
 * back in main: 1
 */
