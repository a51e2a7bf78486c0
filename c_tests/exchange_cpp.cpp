// The first resumes of a thread are of coroutines that share a stack, inside of a `catch`, and no resume has set
// the thread up: aco_gen_new() alone has made its main coroutine. Each side keeps its own exceptions.
#include "check.h"

#include <aco_ext.h>

#include <exception>
#include <thread>

static void yields_in_a_catch() {
    CHECK(!std::current_exception());
    for (int i = 0; i < 3; i++) {
        try {
            throw i;
        } catch (int caught) {
            aco_gen_yield(&caught);
            CHECK(caught == i && std::current_exception());
        }
        CHECK(!std::current_exception());
    }
}

static void run() {
    aco_share_stack_t *stack = aco_share_stack_new2(16384, 0);
    try {
        throw 7L;
    } catch (long own) {
        aco_gen_t *generators[2];
        for (auto &generator : generators) generator = aco_gen_new(stack, yields_in_a_catch, nullptr);
        for (int round = 0; round < 3; round++) {
            for (auto *generator : generators) {
                void *value = nullptr;
                CHECK(aco_gen_next(generator, &value));
                CHECK(own == 7 && std::current_exception());
            }
        }
        for (auto *generator : generators) {
            void *value = nullptr;
            CHECK(!aco_gen_next(generator, &value));
            aco_gen_free(generator);
        }
        try {
            throw;
        } catch (long again) {
            CHECK(again == 7);
        }
    }
    CHECK(!std::current_exception());
    aco_share_stack_destroy(stack);
}

int main() {
    for (int i = 0; i < 4; i++) std::thread(run).join();
    return 0;
}
