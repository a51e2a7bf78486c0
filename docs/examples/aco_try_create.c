#include <aco_ext.h>
#include <errno.h>

static void runs(void) {
    puts("in the coroutine");
    aco_exit();
}

int main(void) {
    aco_t *main_co = aco_try_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_try_share_stack_new(0);
    aco_share_stack_t *small = aco_try_share_stack_new2(8192, 0);
    if (main_co == NULL || stack == NULL || small == NULL) return 1;
    aco_t *co = aco_try_create(main_co, stack, 0, runs, NULL);
    if (co == NULL) return 1;
    aco_resume(co);
    if (aco_try_create(main_co, NULL, 0, runs, NULL) == NULL &&
        errno == EINVAL)
        puts("no stack: EINVAL");
    if (aco_try_share_stack_new((size_t)1 << 62) == NULL && errno == ENOMEM)
        puts("too large: ENOMEM");
    aco_destroy(co);
    aco_share_stack_destroy(small);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * in the coroutine
 * no stack: EINVAL
 * too large: ENOMEM
 */
