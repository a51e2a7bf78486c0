#include <aco_ext.h>

static void *body(void *name) {
    int steps = 0;
    for (void *left = name; left != NULL; steps++) left = aco_yield_value(name);
    printf("%s: %d steps\n", (char *)name, steps);
    return name;
}

/* Runs in the coroutine. */
static void *show(void *text) {
    printf("%s %s, %s\n", (char *)text, (char *)aco_get_arg(),
           aco_stack_remaining() > 1000 ? "with room" : "without room");
    return text; /* aco_yield_value() returns it */
}

static void *stop(void *arg) {
    return arg;
}

int main(void) {
    aco_t *co = aco_new(body, "worker", 0);
    if (co == NULL) return 1;
    aco_resume(co);
    aco_resume_with(co, show, "this is");
    aco_resume_with(co, show, "still");
    aco_resume_with(co, stop, NULL);
    aco_free(co);
    return 0;
}
/* Prints:
 * this is worker, with room
 * still worker, with room
 * worker: 3 steps
 */
