#include <aco_ext.h>

static void serves(void) {
    printf("request %d\n", *(int *)aco_get_arg());
    aco_exit();
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    int number = 1;
    aco_t *co = aco_create(main_co, stack, 0, serves, &number);
    aco_resume(co);
    for (number = 2; number <= 3; number++) {
        aco_reset(
            co, serves,
            &number); /* the same coroutine and stack: nothing is allocated */
        aco_resume(co);
    }
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * request 1
 * request 2
 * request 3
 */
