#include <aco_ext.h>
#include <errno.h>

static void *allocates(size_t size, void *user) {
    ++*(int *)user;
    return aligned_alloc(16, (size + 15) & ~(size_t)15);
}

static void frees(void *place, size_t size, void *user) {
    (void)size;
    --*(int *)user;
    free(place);
}

static void runs(void) {
    aco_exit();
}

int main(void) {
    static int blocks;
    static const aco_allocator_t allocator = {allocates, frees, &blocks};
    /* Once, before the first coroutine of the process. */
    if (aco_set_allocator(&allocator) == -1 && errno != EBUSY) return 1;
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, runs, NULL);
    printf("blocks: %d\n", blocks);
    aco_resume(co);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    printf("blocks: %d\n", blocks);
    return 0;
}
/* Prints:
 * blocks: 2
 * blocks: 0
 */
