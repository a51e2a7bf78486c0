/* Tasks that take turns without going back to main in between: each gives its place to the next by
 * aco_yield_to. They end by a return, or because they are cancelled; values tell main how it went. */
#include <aco_ext.h>

enum { TASKS = 3 };

static aco_t *tasks[TASKS];

/* The next one that has not ended; itself if it is the last. */
static aco_t *next_of(int number) {
    for (int i = 1; i <= TASKS; i++) {
        aco_t *task = tasks[(number + i) % TASKS];
        if (!task->is_end) return task;
    }
    return tasks[number];
}

static void work(void) {
    int number = (int)(uintptr_t)aco_get_arg();
    int steps = 0;
    while (steps < 4 - number && !aco_is_cancelled(aco_get_co())) {
        steps++;
        printf("task %d, step %d\n", number, steps);
        aco_yield_to(next_of(number));
    }
    aco_yield_value((void *)(uintptr_t)steps); /* to main */
}

int main(void) {
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0); /* one for all of them */
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = aco_create(main_co, stack, 0, work, (void *)(uintptr_t)i);
        aco_return_exits(tasks[i]);
    }
    /* A task that is done gives main its number of steps. The first to do so is the last task. */
    printf("done after %d steps\n", (int)(uintptr_t)aco_resume_value(tasks[0], NULL));
    aco_resume(tasks[2]); /* its end */
    aco_cancel(tasks[0]);
    printf("done after %d steps\n", (int)(uintptr_t)aco_resume_value(tasks[0], NULL));
    aco_resume(tasks[0]);
    printf("done after %d steps\n", (int)(uintptr_t)aco_resume_value(tasks[1], NULL));
    aco_resume(tasks[1]);
    for (int i = 0; i < TASKS; i++) {
        if (!tasks[i]->is_end) return 1;
        aco_destroy(tasks[i]);
    }
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * task 0, step 1
 * task 1, step 1
 * task 2, step 1
 * task 0, step 2
 * task 1, step 2
 * task 2, step 2
 * task 0, step 3
 * task 1, step 3
 * done after 2 steps
 * done after 3 steps
 * done after 3 steps
 */
