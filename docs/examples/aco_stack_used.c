#include <aco.h>

static void works(void) {
    volatile char buffer[10000];
    for (size_t i = 0; i < sizeof buffer; i++) buffer[i] = 1;
    aco_exit();
}

int main(void) {
    /* An overflow of a stack is reported on stderr from now on. */
    if (aco_report_overflow() == -1) perror("aco_report_overflow");
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(64 * 1024);
    aco_t *co = aco_create(main_co, stack, 0, works, NULL);
    aco_share_stack_fill(stack);
    aco_resume(co);
    size_t used = aco_stack_used(co);
    printf("more than 10000 bytes: %d, more than 12000: %d\n", used > 10000,
           used > 12000);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * more than 10000 bytes: 1, more than 12000: 0
 */
