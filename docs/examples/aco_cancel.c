#include <aco_ext.h>

static void works(void) {
    char *buffer = malloc(100);
    while (aco_yield_checked() == 0) puts("works");
    puts("cancelled: cleans up");
    free(buffer);
    aco_exit();
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, works, NULL);
    for (int i = 0; i < 3; i++) aco_resume(co);
    printf("cancelled: %d\n", aco_is_cancelled(co));
    aco_cancel(co);
    printf("cancelled: %d\n", aco_is_cancelled(co));
    while (!co->is_end) aco_resume(co);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * works
 * works
 * cancelled: 0
 * cancelled: 1
 * cancelled: cleans up
 */
