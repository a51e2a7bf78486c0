/* Bodies in C for test_aco.lua. */
#include <aco_ext.h>

/* Gives the addresses of the numbers at its argument, until one is 0. */
void each_number(void) {
    for (int *number = (int *)aco_get_arg_fn(); *number != 0; number++) aco_gen_yield(number);
}
