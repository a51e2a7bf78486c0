/* Coroutines in every state, for a debugger to look at. Stops in stop_here(); with the argument die, or
 * die-unguarded, by SIGABRT. */
#include <aco.h>

static aco_t *main_co, *alone, *copied_out, *owner, *ended, *fresh, *running;
static int dies;
static char guarded = 1;

static void __attribute__((noinline)) deep(int depth) {
    volatile char block[100];
    block[0] = (char)depth;
    if (depth > 0) {
        deep(depth - 1);
    } else {
        aco_yield();
    }
    block[1] = block[0];
}
static void worker(void) {
    for (;;) deep(*(int *)aco_get_arg());
}
static void exits(void) { aco_exit(); }
static void __attribute__((noinline)) stop_here(void) {
    if (dies) abort();
    __asm__ volatile("" ::: "memory");
}
static void stops(void) {
    stop_here();
    __asm__ volatile("" ::: "memory");
    aco_exit();
}

static int shallow = 3, deeper = 5;

int main(int count, char **arguments) {
    dies = count > 1;
    guarded = count < 2 || strcmp(arguments[1], "die") == 0;
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *own = aco_share_stack_new2(0, guarded), *shared = aco_share_stack_new2(0, guarded);
    alone = aco_create(main_co, own, 0, worker, &shallow);
    copied_out = aco_create(main_co, shared, 0, worker, &deeper);
    owner = aco_create(main_co, shared, 0, worker, &shallow);
    ended = aco_create(main_co, shared, 0, exits, NULL);
    fresh = aco_create(main_co, shared, 0, worker, NULL);
    running = aco_create(main_co, aco_share_stack_new2(0, guarded), 0, stops, NULL);
    aco_destroy(aco_create(main_co, shared, 0, exits, NULL));
    aco_resume(alone);
    aco_resume(copied_out);
    aco_resume(ended);
    aco_resume(owner);
    aco_resume(running);
    /* The debugger has left everything as it was. */
    for (int i = 0; i < 2; i++) {
        aco_resume(alone);
        aco_resume(copied_out);
        aco_resume(owner);
    }
    puts("still fine");
    return 0;
}
