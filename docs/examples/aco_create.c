#include <aco.h>

static void squares(void) {
    int *number = aco_get_arg();
    *number *= *number;
    aco_exit();
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    int number = 12;
    aco_t *co = aco_create(main_co, stack, 0, squares, &number);
    aco_resume(co);
    printf("%d\n", number);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * 144
 */
