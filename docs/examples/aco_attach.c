#include <aco_ext.h>
#include <pthread.h>

static aco_t *co;

static void works(void) {
    puts("begins on one thread");
    aco_yield();
    puts("ends on another");
    aco_exit();
}

static void *continues(void *argument) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_attach(co, main_co);
    aco_resume(co);
    aco_destroy(co);
    aco_destroy(main_co);
    return argument;
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    co = aco_create(main_co, stack, 0, works, NULL);
    aco_resume(co);
    pthread_t thread;
    if (pthread_create(&thread, NULL, continues, NULL) != 0) return 1;
    pthread_join(thread, NULL);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * begins on one thread
 * ends on another
 */
