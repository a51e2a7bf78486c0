#include <aco_ext.h>

static aco_t *ping, *pong;

static void pings(void) {
    for (int i = 0; i < 3; i++) {
        puts("ping");
        aco_yield_to(pong);
    }
    aco_exit(); /* to main */
}

static void pongs(void) {
    for (;;) {
        puts("pong");
        aco_yield_to(ping);
    }
}

int main(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0),
                      *other = aco_share_stack_new(0);
    ping = aco_create(main_co, stack, 0, pings, NULL);
    pong = aco_create(main_co, other, 0, pongs, NULL);
    aco_resume(ping);
    printf("ended: %d %d\n", ping->is_end, pong->is_end);
    aco_destroy(ping);
    aco_destroy(pong);
    aco_share_stack_destroy(stack);
    aco_share_stack_destroy(other);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * ping
 * pong
 * ping
 * pong
 * ping
 * pong
 * ended: 1 0
 */
