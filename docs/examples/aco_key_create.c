#include <aco_ext.h>

static aco_key_t key;

static void frees(void *value) {
    printf("destroyed: %s\n", (char *)value);
    free(value);
}

static void works(void) {
    aco_set_local(key, strdup(aco_get_arg()));
    aco_yield();
    printf("value: %s\n", (char *)aco_get_local(key));
    aco_exit();
}

int main(void) {
    if (aco_key_create(&key, frees) == -1) return 1;
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *a = aco_create(main_co, stack, 0, works, "first");
    aco_t *b = aco_create(main_co, stack, 0, works, "second");
    aco_resume(a);
    aco_resume(b);
    printf("from outside: %s\n", (char *)aco_get_local_of(a, key));
    free(aco_get_local_of(b, key));
    aco_set_local_of(b, key, strdup("another"));
    aco_resume(a);
    aco_resume(b);
    aco_destroy(a);
    aco_destroy(b);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    aco_key_delete(key);
    return 0;
}
/* Prints:
 * from outside: first
 * value: first
 * value: another
 * destroyed: first
 * destroyed: another
 */
