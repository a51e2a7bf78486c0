// Boost.Context: fcontext, the layer that its coroutines stand on.
#include "../measure.h"

#include <boost/context/detail/fcontext.hpp>

using namespace boost::context::detail;

enum { STACK = 16 * 1024 };

static void body(transfer_t from) {
    for (;;) from = jump_fcontext(from.fctx, nullptr);
}

int main(int count, char **arguments) {
    start_measuring();
    char *stack = static_cast<char *>(malloc(STACK));
    if (count > 1 && strcmp(arguments[1], "switch") == 0) {
        const int rounds = 5000000;
        fcontext_t context = make_fcontext(stack + STACK, STACK, body);
        sample_t begin = now();
        for (int i = 0; i < rounds; i++) context = jump_fcontext(context, nullptr).fctx;
        report(begin, 2.0 * rounds);
        return 0;
    }
    if (count > 1 && strcmp(arguments[1], "life") == 0) {
        const int rounds = 1000000;
        sample_t begin = now();
        for (int i = 0; i < rounds; i++) {
            jump_fcontext(make_fcontext(stack + STACK, STACK, body), nullptr);
        }
        report(begin, rounds);
        return 0;
    }
    if (count > 1 && strcmp(arguments[1], "life-new") == 0) {
        const int rounds = 1000000;
        sample_t begin = now();
        for (int i = 0; i < rounds; i++) {
            char *own = static_cast<char *>(malloc(STACK));
            jump_fcontext(make_fcontext(own + STACK, STACK, body), nullptr);
            free(own);
        }
        report(begin, rounds);
        return 0;
    }
    return 2;
}
