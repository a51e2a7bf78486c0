/* glibc's ucontext: makecontext and swapcontext. */
#include "../measure.h"

#include <ucontext.h>

enum { STACK = 16 * 1024 };
static ucontext_t here, there;

static void body(void) {
    for (;;) swapcontext(&there, &here);
}
static void ends(void) {}

static void start(ucontext_t *context, void (*entry)(void), void *stack) {
    getcontext(context);
    context->uc_stack.ss_sp = stack;
    context->uc_stack.ss_size = STACK;
    context->uc_link = &here;
    makecontext(context, entry, 0);
}

int main(int count, char **arguments) {
    start_measuring();
    void *stack = malloc(STACK);
    if (count > 1 && strcmp(arguments[1], "switch") == 0) {
        enum { ROUNDS = 300000 };
        start(&there, body, stack);
        sample_t begin = now();
        for (int i = 0; i < ROUNDS; i++) swapcontext(&here, &there);
        report(begin, 2.0 * ROUNDS);
        return 0;
    }
    if (count > 1 && strcmp(arguments[1], "life") == 0) {
        enum { ROUNDS = 100000 };
        sample_t begin = now();
        for (int i = 0; i < ROUNDS; i++) {
            start(&there, ends, stack);
            swapcontext(&here, &there);
        }
        report(begin, ROUNDS);
        return 0;
    }
    return 2;
}
