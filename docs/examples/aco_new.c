#include <aco_ext.h>

static void *words(void *arg) {
    char *const *all = arg;
    while (*all != NULL) aco_yield_value(*all++);
    return "that was all";
}

int main(void) {
    char *numbers[] = {"one", "two", NULL};
    aco_t *co = aco_new(words, numbers, 0);
    if (co == NULL) return 1;
    for (;;) {
        char *word = aco_resume_value(co, NULL);
        if (co->is_end) break;
        puts(word);
    }
    puts(aco_result(co));
    aco_free(co);

    /* The same as a generator. */
    aco_gen_t *gen = aco_new(words, numbers, 16 * 1024);
    for (void *word; aco_gen_next(gen, &word);) puts(word);
    aco_free(gen);
    return 0;
}
/* Prints:
 * one
 * two
 * that was all
 * one
 * two
 */
