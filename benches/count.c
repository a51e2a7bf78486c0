/* Resumes a coroutine as often as its argument says, for an emulator that counts instructions. */
#include <aco.h>
static void empty_body(void) { for (;;) aco_yield(); }
int main(int count, char **arguments) {
    long rounds = count > 1 ? atol(arguments[1]) : 0;
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_t *co = aco_create(main_co, aco_share_stack_new2(16384, 0), 0, empty_body, NULL);
    for (int i = 0; i < 10; i++) aco_resume(co);
    for (long i = 0; i < rounds; i++) aco_resume(co);
    return 0;
}
