#include <aco.h>

static void counts(void) {
    for (int i = 1; i <= 2; i++) {
        printf("%s %d\n", (const char *)aco_get_arg(), i);
        aco_yield();
    }
    aco_exit();
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    /* 2 MiB with a guard page, for one coroutine. */
    aco_share_stack_t *own = aco_share_stack_new(0);
    /* 64 KiB without one, for two: their frames are copied in and out. */
    aco_share_stack_t *shared = aco_share_stack_new2(64 * 1024, 0);
    aco_t *cos[] = {
        aco_create(main_co, own, 0, counts, "alone"),
        aco_create(main_co, shared, 0, counts, "left"),
        aco_create(main_co, shared, 0, counts, "right"),
    };
    for (int turn = 0; turn < 3; turn++)
        for (int i = 0; i < 3; i++) aco_resume(cos[i]);
    printf("guard pages: %d %d\n", own->guard_page_enabled,
           shared->guard_page_enabled);
    for (int i = 0; i < 3; i++) aco_destroy(cos[i]);
    aco_share_stack_destroy(own);
    aco_share_stack_destroy(shared);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * alone 1
 * left 1
 * right 1
 * alone 2
 * left 2
 * right 2
 * guard pages: 1 0
 */
