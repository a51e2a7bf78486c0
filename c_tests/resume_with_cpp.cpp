/* A resumed coroutine calls a function first that throws: through each kind of yield, inside of a catch, on own and
 * shared stacks, with hooks; the exception that the coroutine handles is its own; nothing catches it. */
#include "check.h"

#include <aco_ext.h>
#include <stdexcept>
#include <string>

static int live;
struct counted {
    counted() { live++; }
    ~counted() { live--; }
};

enum { BY_CALL, INLINE, BY_ACOSW, VALUE_INLINE, VALUE_BY_CALL, TRANSFER, HOW_MANY };

static aco_t *partner;
static void *partner_body(void *) {
    for (;;) aco_yield();
}

__attribute__((noinline)) static void suspend(int how) {
    counted here;
    aco_t *co = aco_get_co();
    if (how == BY_CALL) aco_yield_fn();
    if (how == INLINE) aco_yield();
    if (how == BY_ACOSW) (acosw)(co, co->main_co);
    if (how == VALUE_INLINE) CHECK(aco_yield_value(co) == nullptr);
    if (how == VALUE_BY_CALL) CHECK((aco_yield_value)(co) == nullptr);
    if (how == TRANSFER) aco_yield_to(partner);
}

static void *throws(void *arg) {
    counted here;
    throw std::runtime_error(static_cast<const char *>(arg));
}
static void *yields_and_throws(void *arg) {
    counted here;
    try {
        throw 7;
    } catch (int) {
        aco_yield();
    }
    return throws(arg);
}
static void *catches_itself(void *arg) {
    try {
        throws(arg);
    } catch (const std::runtime_error &) {
        CHECK(std::uncaught_exceptions() == 0);
    }
    return nullptr;
}
/* Called in a coroutine that handles an int. */
static void *rethrows(void *) {
    CHECK(std::current_exception() != nullptr);
    throw;
}

static char text[] = "text";

/* Suspended in each way: expects an exception with the text, or none. */
static void expect(int how, bool is_thrown) {
    bool is_caught = false;
    try {
        counted here;
        suspend(how);
    } catch (const std::runtime_error &error) {
        is_caught = error.what() == std::string(text);
    }
    CHECK(is_caught == is_thrown && std::uncaught_exceptions() == 0);
}

static void handles(int how) {
    bool is_caught = false;
    try {
        throw 5;
    } catch (int five) {
        expect(how, true);
        expect(how, false);
        expect(how, true);
        try {
            suspend(how);
        } catch (int again) {
            is_caught = again == five;
        }
        CHECK(five == 5 && std::current_exception() != nullptr);
    }
    CHECK(is_caught && std::current_exception() == nullptr);
}

static void run_all() {
    for (int how = 0; how < HOW_MANY; how++) {
        expect(how, true);
        expect(how, false);
        expect(how, true);
        handles(how);
    }
}
static void *body(void *arg) {
    counted here;
    run_all();
    return arg;
}
static void plain_body() {
    run_all();
    aco_exit();
}

static void disturb(aco_t *other) {
    if (other != nullptr) aco_resume(other);
}
/* The three steps that expect() asks for. */
static void drive(aco_t *co, aco_t *other) {
    disturb(other);
    aco_resume_with(co, throws, text);
    disturb(other);
    aco_resume_with(co, catches_itself, text);
    disturb(other);
    aco_resume_with(co, yields_and_throws, text);
    disturb(other);
    aco_resume(co);
}
static void drive_all(aco_t *co, aco_t *other) {
    aco_resume(co);
    for (int how = 0; how < HOW_MANY; how++) {
        drive(co, other);
        try {
            throw 1.5; /* the resumer's own */
        } catch (double own) {
            drive(co, other);
            CHECK(own == 1.5 && std::uncaught_exceptions() == 0);
            aco_resume_with(co, rethrows, nullptr);
        }
        CHECK(std::current_exception() == nullptr);
    }
    CHECK(co->is_end == 1);
}

static void endless() {
    for (;;) aco_yield();
}

static void check_stacks() {
    partner = aco_new(partner_body, nullptr, 0);
    aco_resume(partner);
    aco_t *main_co = aco_get_co();
    int before = live;
    aco_t *co = aco_new(body, &live, 0);
    drive_all(co, nullptr);
    CHECK(aco_result(co) == &live && live == before);
    aco_free(co);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    co = aco_create(main_co, stack, 0, plain_body, nullptr);
    aco_t *other = aco_create(main_co, stack, 0, endless, nullptr);
    drive_all(co, other);
    CHECK(live == before);
    aco_destroy(co);
    aco_destroy(other);
    aco_share_stack_destroy(stack);
    aco_free(partner);
}

/* ---- no handler ------------------------------------------------------------------------------------ */

static int how_it_waits;
static void *suspends(void *arg) {
    suspend(how_it_waits);
    return arg;
}
static void ends() {
    fputs("terminated\n", stderr);
    abort();
}
static void throw_into_suspended() {
    std::set_terminate(ends);
    aco_t *co = aco_new(suspends, nullptr, 0);
    aco_resume(co);
    aco_resume_with(co, throws, text);
}
static void throw_into_unstarted() {
    std::set_terminate(ends);
    aco_resume_with(aco_new(suspends, nullptr, 0), throws, text);
}

#define NOT_CAUGHT "aco: fatal: aco_resume(@, entry @): an exception leaves the entry function (a coroutine catches its " \
                   "exceptions itself)\nterminated\n"

int main() {
    check_stacks();
    static const aco_hooks_t hooks = {nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
    aco_set_hooks(&hooks);
    check_stacks();
    aco_set_hooks(nullptr);
    for (how_it_waits = 0; how_it_waits < TRANSFER; how_it_waits++) CHECK_DIES(throw_into_suspended, NOT_CAUGHT);
    CHECK_DIES(throw_into_unstarted, NOT_CAUGHT);
    check_stacks();
    return 0;
}
