/* A plugin with libaco.a inside, which keeps things for the thread that calls it. */
#include <aco.h>

static void exits(void) { aco_exit(); }

void run(void);
void run(void) {
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, exits, NULL);
    aco_resume(co);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
}
