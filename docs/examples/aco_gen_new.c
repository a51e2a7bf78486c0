#include <aco_ext.h>

static void words(void) {
    static char *const all[] = {"one", "two", "three"};
    for (int i = 0; i < *(int *)aco_get_arg(); i++) aco_gen_yield(all[i]);
}

int main(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    int two = 2, three = 3;
    aco_gen_t *gens[] = {aco_gen_new(stack, words, &two),
                         aco_try_gen_new(stack, words, &three)};
    void *word;
    while (aco_gen_next(gens[0], &word)) puts(word);
    while (aco_gen_next(gens[1], &word)) puts(word);
    aco_gen_free(gens[0]);
    aco_gen_free(gens[1]);
    aco_share_stack_destroy(stack);
    return 0;
}
/* Prints:
 * one
 * two
 * one
 * two
 * three
 */
