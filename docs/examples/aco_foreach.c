#include <aco_ext.h>
#include <pthread.h>

static void waits(void) {
    aco_yield();
}

static int counts(aco_t *co, void *data) {
    if (!aco_is_main_co(co)) ++*(int *)data;
    return 0; /* go on */
}

static void *works(void *argument) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *a = aco_create(main_co, stack, 0, waits, NULL);
    aco_t *b = aco_create(main_co, stack, 0, waits, NULL);
    aco_resume(a);
    int number = 0;
    aco_foreach(counts, &number);
    printf("coroutines: %d\n", number);
    aco_dump(STDERR_FILENO);
    aco_destroy(a);
    printf("not ended: %zu\n", aco_thread_exit());
    aco_destroy(b);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    printf("not ended: %zu\n", aco_thread_exit());
    return argument;
}

int main(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, works, NULL) != 0) return 1;
    pthread_join(thread, NULL);
    return 0;
}
/* Prints:
 * coroutines: 2
 * not ended: 1
 * not ended: 0
 */
