#include <aco_ext.h>
#include <errno.h>

static char memory[2][65536] __attribute__((aligned(16)));

static void tells(void) {
    char *local = (char *)__builtin_frame_address(0), *start = aco_get_arg();
    printf("the frame is in the array: %d\n",
           local > start && local < start + 65536);
    aco_exit();
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stacks[] = {
        aco_share_stack_new_mem(memory[0], sizeof memory[0]),
        aco_try_share_stack_new_mem(memory[1], sizeof memory[1]),
    };
    for (int i = 0; i < 2; i++) {
        aco_t *co = aco_create(main_co, stacks[i], 0, tells, memory[i]);
        aco_resume(co);
        aco_destroy(co);
        aco_share_stack_destroy(stacks[i]);
    }
    if (aco_try_share_stack_new_mem(memory[0], 100) == NULL &&
        errno == EINVAL)
        puts("100 bytes: EINVAL");
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * the frame is in the array: 1
 * the frame is in the array: 1
 * 100 bytes: EINVAL
 */
