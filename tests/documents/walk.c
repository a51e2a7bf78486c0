/* The rest of a walk, around the parts that README.md shows. */
#include <aco_ext.h>
struct tree { struct tree *left, *right; const char *name; };
@1
static void in_order(void) { walk(aco_get_arg()); }
int main(void) {
    struct tree a = {NULL, NULL, "a"}, c = {NULL, NULL, "c"}, b = {&a, &c, "b"};
    aco_share_stack_t *stack = aco_share_stack_new(65536);
    aco_gen_t *names = aco_gen_new(stack, in_order, &b);
    @2
    aco_gen_free(names);
    aco_share_stack_destroy(stack);
    return 0;
}
