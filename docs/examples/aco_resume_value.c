#include <aco_ext.h>

/* Adds up the numbers that it is given, and gives back each sum. */
static void adds(void) {
    long sum = 0;
    void *number = aco_first_value();
    for (;;) {
        sum += (long)number;
        number = aco_yield_value((void *)sum);
    }
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, adds, NULL);
    for (long i = 1; i <= 4; i++)
        printf("%ld\n", (long)aco_resume_value(co, (void *)i));
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * 1
 * 3
 * 6
 * 10
 */
