#include <aco_ext.h>

static void created(aco_t *co, void *data) {
    (void)co;
    printf("%s: create\n", (char *)data);
}
static void resumed(aco_t *co, void *data) {
    (void)co;
    printf("%s: resume\n", (char *)data);
}
static void yielded(aco_t *co, void *data) {
    (void)co;
    printf("%s: yield\n", (char *)data);
}
static void ended(aco_t *co, void *data) {
    (void)co;
    printf("%s: exit\n", (char *)data);
}
static void destroyed(aco_t *co, void *data) {
    (void)co;
    printf("%s: destroy\n", (char *)data);
}

static void works(void) {
    aco_yield();
    aco_exit();
}

int main(void) {
    static const aco_hooks_t hooks = {created, resumed,   yielded,
                                      ended,   destroyed, "trace"};
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_set_hooks(&hooks);
    aco_t *co = aco_create(main_co, stack, 0, works, NULL);
    aco_resume(co);
    aco_resume(co);
    aco_destroy(co);
    aco_set_hooks(NULL);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * trace: create
 * trace: resume
 * trace: yield
 * trace: resume
 * trace: exit
 * trace: destroy
 */
