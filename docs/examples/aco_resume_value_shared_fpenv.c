#include <aco_ext.h>

/* Programs define ACO_CONFIG_SHARE_FPU_MXCSR_ENV and write aco_gen_next() and
 * so on: these names come of it. Here they are written out. */
static aco_t *other;

static void values(void) {
    void *next = aco_yield_value_shared_fpenv("first");
    puts(next);
    aco_yield_to_shared_fpenv(other);
    if (aco_yield_checked_shared_fpenv() == -1) puts("cancelled");
}

static void returns(void) {
    puts("another one");
}

static void counts(void) {
    for (long i = 1; i <= 3; i++) aco_gen_yield_shared_fpenv((void *)i);
}

static void *answers(void *question) {
    printf("%s\n", (char *)question);
    return "yes";
}

static void *asks(void *question) {
    return answers(question);
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0),
                      *stack2 = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, values, NULL);
    other = aco_create(main_co, stack2, 0, returns, NULL);
    aco_return_exits_shared_fpenv(co);
    aco_thread_return_exits_shared_fpenv(1);
    puts(aco_resume_value_shared_fpenv(co, NULL));
    aco_resume_value_shared_fpenv(co, "second");
    aco_cancel(co);
    aco_resume_value_shared_fpenv(co, NULL);
    aco_gen_t *gen = aco_gen_new_shared_fpenv(stack2, counts, NULL);
    for (void *value; aco_gen_next_shared_fpenv(gen, &value);)
        printf("%ld\n", (long)value);
    aco_gen_free(gen);
    aco_t *own = aco_new_shared_fpenv(answers, "is it new?", 0);
    if (own == NULL) return 1;
    puts(aco_resume_with_shared_fpenv(own, asks, "is it first?"));
    aco_free(own);
    aco_thread_return_exits_shared_fpenv(0);
    aco_destroy(co);
    aco_destroy(other);
    aco_share_stack_destroy(stack);
    aco_share_stack_destroy(stack2);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * first
 * second
 * another one
 * cancelled
 * 1
 * 2
 * 3
 * is it first?
 * is it new?
 * yes
 */
