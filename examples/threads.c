/* Everything is a thread's own: four threads, each with a main coroutine, a stack and coroutines,
 * run beside each other and share nothing but the counter that this program protects itself. */
#include <aco.h>
#include <pthread.h>

enum { THREADS = 4, COROUTINES = 10, YIELDS = 100 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long yields;

static void work(void) {
    for (int i = 0; i < YIELDS; i++) {
        pthread_mutex_lock(&lock); /* held over no yield */
        yields++;
        pthread_mutex_unlock(&lock);
        aco_yield();
    }
    aco_exit();
}

static void *run(void *unused) {
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *cos[COROUTINES];
    for (int i = 0; i < COROUTINES; i++) cos[i] = aco_create(main_co, stack, 0, work, NULL);
    for (int live = COROUTINES; live > 0;) {
        for (int i = 0; i < COROUTINES; i++) {
            if (cos[i] == NULL) continue;
            aco_resume(cos[i]);
            if (cos[i]->is_end) {
                aco_destroy(cos[i]);
                cos[i] = NULL;
                live--;
            }
        }
    }
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return unused;
}

int main(void) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, run, NULL) != 0) return 1;
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    printf("%d threads, %d coroutines each: %ld yields\n", THREADS, COROUTINES, yields);
    return 0;
}
/* Prints:
 * 4 threads, 10 coroutines each: 4000 yields
 */
