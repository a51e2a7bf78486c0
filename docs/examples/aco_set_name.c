#include <aco_ext.h>

static void runs(void) {
    printf("%s runs\n", aco_name(aco_get_co()));
    aco_exit();
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *a = aco_create(main_co, stack, 0, runs, NULL);
    aco_t *b = aco_create(main_co, stack, 0, runs, NULL);
    aco_set_name(a, "reader");
    aco_set_name(b, "writer");
    aco_resume(a);
    aco_resume(b);
    printf("different ids: %d\n", aco_id(a) != aco_id(b));
    aco_set_name(a, NULL);
    printf("no name: %d\n", aco_name(a) == NULL);
    aco_destroy(a);
    aco_destroy(b);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * reader runs
 * writer runs
 * different ids: 1
 * no name: 1
 */
