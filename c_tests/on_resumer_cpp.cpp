/* Exceptions leave a function on the resumer's stack: into the coroutine, through destructors on both stacks, inside
 * a catch, from a nested call; then the coroutine switches as before. pthread_exit unwinds both. */
#include "check.h"

#include <aco_ext.h>
#include <pthread.h>
#include <stdexcept>

static int live;
struct counted {
    counted() { live++; }
    ~counted() { live--; }
};

static void *throws(void *arg) {
    counted here;
    throw std::runtime_error(static_cast<const char *>(arg));
}
static void *throws_nested(void *arg) {
    counted here;
    return aco_on_resumer(throws, arg);
}
static void *catches_itself(void *arg) {
    try {
        throws(arg);
    } catch (const std::runtime_error &) {
        return arg;
    }
    return nullptr;
}

static void call(aco_fn_t fn, const char *text) {
    counted here;
    bool is_caught = false;
    try {
        counted inside;
        aco_on_resumer(fn, const_cast<char *>(text));
    } catch (const std::runtime_error &error) {
        is_caught = error.what() == std::string(text);
        aco_yield(); /* inside of the catch */
    }
    CHECK(is_caught && live == 1);
    aco_yield();
}

static void run_all() {
    char text[] = "text";
    for (int i = 0; i < 3; i++) {
        call(throws, "one");
        call(throws_nested, "two");
        CHECK(aco_on_resumer(catches_itself, text) == text);
        try {
            throw 5;
        } catch (int five) {
            call(throws, "three");
            CHECK(five == 5 && std::uncaught_exceptions() == 0);
            CHECK(aco_on_resumer(catches_itself, text) == text);
        }
    }
}

static void *body(void *arg) {
    run_all();
    return arg;
}
static void plain_body() {
    run_all();
    aco_exit();
}

static void check_stacks() {
    aco_t *co = aco_new(body, &live, 0);
    while (!co->is_end) aco_resume(co);
    CHECK(aco_result(co) == &live && live == 0);
    aco_t *main_co = aco_get_co(), *two[2];
    aco_share_stack_t *stack = aco_share_stack_new(0);
    two[0] = aco_create(main_co, stack, 0, plain_body, nullptr);
    two[1] = aco_create(main_co, stack, 0, plain_body, nullptr);
    while (!two[0]->is_end) aco_resume(two[0]);
    while (!two[1]->is_end) aco_resume(two[1]);
    aco_destroy(two[0]);
    aco_destroy(two[1]);
    aco_share_stack_destroy(stack);
    aco_free(co);
}

#if !defined(__SANITIZE_THREAD__) && !__has_feature(thread_sanitizer)
static void *exits_thread(void *) {
    counted here;
    pthread_exit(&live);
}
static void *calls_exit(void *arg) {
    counted here;
    return aco_on_resumer(exits_thread, arg);
}
static void *runs_on_a_thread(void *) {
    counted here;
    (aco_resume)(aco_new(calls_exit, nullptr, 0));
    return nullptr;
}
static void check_thread_exit() {
    pthread_t thread;
    void *result = nullptr;
    CHECK(pthread_create(&thread, nullptr, runs_on_a_thread, nullptr) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == &live && live == 0);
}
#else
static void check_thread_exit() {}
#endif

int main() {
    check_stacks();
    check_thread_exit();
    check_stacks();
    return 0;
}
