/* Link with -lm, for fesetround(3). */
#include <aco.h>
#include <fenv.h>

static aco_t *main_co;

static void rounds_up(void) {
    fesetround(FE_UPWARD);
    aco_yield1_shared_fpenv(aco_get_co());
    acosw_shared_fpenv(aco_get_co(), main_co);
    aco_exit1_shared_fpenv(aco_get_co());
}

static const char *rounding(void) {
    return fegetround() == FE_UPWARD ? "upward" : "to nearest";
}

int main(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_t *co = aco_create(main_co, stack, 0, rounds_up, NULL);
    printf("before: %s\n", rounding());
    aco_resume_shared_fpenv(co);
    printf("after: %s\n",
           rounding()); /* after aco_resume() it is as before */
    aco_gtls_co =
        co; /* the program says which coroutine runs: aco_get_co() asks for it */
    acosw_shared_fpenv(main_co, co);
    aco_gtls_co = main_co;
    aco_resume_shared_fpenv(co);
    printf("ended: %d\n", co->is_end);
    fesetround(FE_TONEAREST);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * before: to nearest
 * after: upward
 * ended: 1
 */
