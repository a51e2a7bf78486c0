/* Hooks in a program with C++ exceptions: both look at every switch, and neither loses what the other
 * wants kept. */
#include "check.h"

#include <aco_ext.h>
#include <exception>
#include <string>

static aco_t *main_co;
static std::string seen;
static int hooks_are_set;

static void note(char event, aco_t *co, void *data) {
    CHECK(data == &seen);
    /* What the resumer handles, or the coroutine, is not the hook's. */
    CHECK(std::current_exception() == nullptr);
    try {
        throw event;
    } catch (char caught) {
        seen += caught;
    }
    seen += (char)(uintptr_t)co->arg;
}
static void on_resume(aco_t *co, void *data) { note('R', co, data); }
static void on_yield(aco_t *co, void *data) { note('Y', co, data); }
static void on_exit_of(aco_t *co, void *data) { note('X', co, data); }

static aco_hooks_t hooks;

static void set_hooks(int on) {
    hooks.resume = on_resume;
    hooks.yield = on_yield;
    hooks.exit = on_exit_of;
    hooks.data = &seen;
    CHECK(aco_set_hooks(on ? &hooks : nullptr) == 0);
    hooks_are_set = on;
}

static void check_seen(const char *wanted) {
    if (hooks_are_set) CHECK(seen == wanted);
    if (!hooks_are_set) CHECK(seen.empty());
    seen.clear();
}

struct yields_when_it_goes {
    ~yields_when_it_goes() { aco_yield(); }
};

/* Yields outside, inside a catch, and while an exception is on its way. */
static void handles(void) {
    int number = (int)(uintptr_t)aco_get_arg();
    aco_yield();
    for (int turn = 0;; turn++) {
        try {
            if (turn % 2 == 0) throw number;
            yields_when_it_goes on_the_way;
            throw number + 1;
        } catch (int caught) {
            CHECK_EQUAL(caught, number + turn % 2);
            aco_yield();
            CHECK(std::current_exception() != nullptr);
            try {
                throw;
            } catch (int again) {
                CHECK_EQUAL(again, caught);
            }
        }
        CHECK(std::current_exception() == nullptr);
        aco_yield();
        if (turn == 5) break;
    }
    aco_exit();
}

static int count_turns(aco_t *co) {
    int turns = 0;
    for (; !co->is_end; turns++) aco_resume(co);
    return turns;
}

/* Two side by side, resumed from inside a catch and from outside; hooks go on and off on the way. */
static void check(int change, aco_share_stack_t *one, aco_share_stack_t *two) {
    aco_t *a = aco_create(main_co, one, 0, handles, (void *)'a');
    aco_t *b = aco_create(main_co, two, 0, handles, (void *)'b');
    for (int turn = 0; !a->is_end; turn++) {
        if (turn % 4 == 0) set_hooks(change == 2 ? turn % 8 == 0 : change);
        const char *outcome = "RaYa";
        if (turn % 3 == 0) {
            try {
                throw std::string("of main");
            } catch (std::string &caught) {
                aco_resume(a);
                if (a->is_end) outcome = "RaXa";
                check_seen(outcome);
                aco_resume(b);
                check_seen(b->is_end ? "RbXb" : "RbYb");
                CHECK(caught == "of main" && std::current_exception() != nullptr);
            }
        } else {
            aco_resume(a);
            if (a->is_end) outcome = "RaXa";
            check_seen(outcome);
            aco_resume(b);
            check_seen(b->is_end ? "RbXb" : "RbYb");
        }
        CHECK(std::current_exception() == nullptr);
    }
    CHECK(b->is_end);
    aco_destroy(a);
    aco_destroy(b);
    set_hooks(0);
}

static void sets_hooks_in_a_catch(void) {
    try {
        throw 5;
    } catch (int) {
        set_hooks(1);
        aco_yield();
        CHECK(std::current_exception() != nullptr);
        set_hooks(0);
        aco_yield();
        CHECK(std::current_exception() != nullptr);
    }
    aco_exit();
}

/* A coroutine sets hooks and switches by acosw to another one, which goes on to main: hooks stay disarmed meanwhile.
 * Inside of a catch, main then resumes a coroutine that has switched away by acosw, with values in registers. */
static volatile long one = 1;
static aco_t *jumper;

static void is_in_registers(void) {
    aco_t *co = aco_get_co();
    for (;;) {
        long a = one, b = a + one, c = b + one, d = c + one, e = d + one, f = e + one;
        (acosw)(co, co->main_co);
        CHECK(a == 1 && b == 2 && c == 3 && d == 4 && e == 5 && f == 6);
    }
}
static void sets_hooks_and_jumps(void) {
    set_hooks(1);
    (acosw)(aco_get_co(), jumper);
}
static void jumps_to_main(void) { (acosw)(jumper, main_co); }

static void check_disarmed(void) {
    const aco_cofuncp_t entries[] = {is_in_registers, jumps_to_main, sets_hooks_and_jumps};
    aco_share_stack_t *stacks[3];
    aco_t *cos[3];
    for (int i = 0; i < 3; i++) {
        stacks[i] = aco_share_stack_new(0);
        cos[i] = aco_create(main_co, stacks[i], 0, entries[i], (void *)(uintptr_t)"ijs"[i]);
    }
    jumper = cos[1];
    aco_resume(cos[0]);
    aco_resume(cos[2]);
    seen.clear();
    for (int turn = 0; turn < 3; turn++) {
        try {
            throw turn;
        } catch (int caught) {
            aco_resume(cos[0]);
            check_seen("RiYi");
            CHECK_EQUAL(caught, turn);
        }
    }
    set_hooks(0);
    for (int i = 0; i < 3; i++) {
        aco_destroy(cos[i]);
        aco_share_stack_destroy(stacks[i]);
    }
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *one = aco_share_stack_new(0), *two = aco_share_stack_new(0);
    for (int change = 0; change < 3; change++) {
        check(change, one, two);
        check(change, one, one);
    }
    aco_t *co = aco_create(main_co, one, 0, sets_hooks_in_a_catch, (void *)'c');
    CHECK_EQUAL(count_turns(co), 3);
    CHECK(std::current_exception() == nullptr);
    seen.clear();
    aco_destroy(co);
    aco_share_stack_destroy(one);
    aco_share_stack_destroy(two);
    check_disarmed();
    aco_destroy(main_co);
    return 0;
}
