#include <aco_ext.h>

static __attribute__((noinline)) void fills(void) {
    volatile char large[40000];
    for (size_t i = 0; i < sizeof large; i++) large[i] = 1;
}

static void looks(void) {
    char local;
    size_t left = aco_stack_remaining();
    printf("nearly 64 KiB are left: %d\n", left > 64000 && left < 65536);
    printf("local is on a shared stack: %d\n", aco_on_shared_stack(&local));
    fills();
    aco_exit();
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(64 * 1024);
    aco_t *co = aco_create(main_co, stack, 0, looks, NULL);
    aco_t *other = aco_create(main_co, stack, 0, looks, NULL);
    aco_resume(co);
    printf("pages go back to the system: %d\n", aco_stack_trim(co) > 0);
    aco_destroy(co);
    aco_destroy(other);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * nearly 64 KiB are left: 1
 * local is on a shared stack: 1
 * pages go back to the system: 1
 */
