#include <aco.h>

static void waits(void) {
    volatile char frame[1000];
    frame[0] = 1;
    aco_yield();
    printf("%d\n", frame[0]);
    aco_exit();
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *a = aco_create(main_co, stack, 0, waits, NULL);
    aco_t *b = aco_create(main_co, stack, 0, waits, NULL);
    aco_resume(a);
    printf("a owns the stack: %d\n", stack->owner == a);
    aco_resume(b); /* a's frames are copied out, to its save area */
    printf("b owns the stack: %d\n", stack->owner == b);
    printf("copies of a, out: %zu, of more than 1000 bytes: %d\n",
           a->save_stack.ct_save, a->save_stack.max_cpsz > 1000);
    aco_resume(a); /* and in again */
    printf("copies of a, in: %zu, ended: %d\n", a->save_stack.ct_restore,
           a->is_end);
    aco_destroy(a);
    aco_destroy(b);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * a owns the stack: 1
 * b owns the stack: 1
 * copies of a, out: 1, of more than 1000 bytes: 1
 * 1
 * copies of a, in: 1, ended: 1
 */
