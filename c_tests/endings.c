/* Entry functions that return, by coroutine and by thread; cancellation. */
#include "check.h"

#include <aco_ext.h>
#include <errno.h>

static aco_t *main_co;
static int runs;

static void returns(void) { runs++; }
static void yields_and_returns(void) {
    aco_yield();
    runs++;
}
static void exits(void) {
    runs++;
    aco_exit();
}

static void check_end(aco_t *co) {
    aco_share_stack_t *stack = co->share_stack;
    CHECK(co->is_end && stack->owner == NULL && stack->align_validsz == 0 && aco_get_co() == main_co);
}

static void run_to_end(aco_t *co) {
    while (!co->is_end) aco_resume(co);
    check_end(co);
}

/* ---- returns ------------------------------------------------------------------------------------ */

static void check_one(aco_share_stack_t *stack) {
    aco_cofuncp_t bodies[] = {returns, yields_and_returns, exits};
    for (int i = 0; i < 3; i++) {
        aco_t *co = aco_create(main_co, stack, 0, bodies[i], NULL);
        for (int round = 0; round < 3; round++) {
            aco_return_exits(co);
            int before = runs;
            run_to_end(co);
            CHECK_EQUAL(runs, before + 1);
            aco_reset(co, bodies[i], NULL);
        }
        aco_destroy(co);
    }
}

static void check_thread(aco_share_stack_t *stack) {
    aco_thread_return_exits(1);
    aco_t *cos[3] = {aco_create(main_co, stack, 0, returns, NULL),
                     aco_create(main_co, stack, 0, yields_and_returns, NULL),
                     aco_create(main_co, stack, 0, exits, NULL)};
    int before = runs;
    for (int i = 0; i < 3; i++) aco_resume(cos[i]);
    for (int i = 0; i < 3; i++) {
        run_to_end(cos[i]);
        aco_destroy(cos[i]);
    }
    CHECK_EQUAL(runs, before + 3);
    aco_thread_return_exits(0);
}

/* Begun by hand, with another one current. */
static aco_t *begins, *begun;
static void begins_by_hand(void) {
    acosw(begins, begun);
    runs += 10;
    aco_yield();
}
static void is_begun(void) {
    runs += 100;
    aco_yield1(begun);
}
static void check_by_hand(aco_share_stack_t *one, aco_share_stack_t *other) {
    begins = aco_create(main_co, one, 0, begins_by_hand, NULL);
    begun = aco_create(main_co, other, 0, is_begun, NULL);
    aco_return_exits(begun);
    int before = runs;
    aco_resume(begins);
    CHECK_EQUAL(runs, before + 100);
    aco_destroy(begins);
    aco_destroy(begun);
}

static void returns_after_off(void) {
    aco_thread_return_exits(1);
    aco_thread_return_exits(0);
    aco_resume(aco_create(main_co, aco_share_stack_new(0), 0, returns, NULL));
}
static void returns_after_reset(void) {
    aco_t *co = aco_create(main_co, aco_share_stack_new(0), 0, returns, NULL);
    aco_return_exits(co);
    aco_resume(co);
    aco_reset(co, returns, NULL);
    aco_resume(co);
}
static void says_so_too_late(void) {
    aco_t *co = aco_create(main_co, aco_share_stack_new(0), 0, yields_and_returns, NULL);
    aco_resume(co);
    aco_return_exits(co);
}
static void says_so_of_main(void) { aco_return_exits(main_co); }
static void says_so_of_null(void) { aco_return_exits(NULL); }

static void check_returns(void) {
    aco_share_stack_t *alone = aco_share_stack_new2(16 * 1024, 0), *shared = aco_share_stack_new(0);
    aco_t *other = aco_create(main_co, shared, 0, yields_and_returns, NULL);
    check_one(alone);
    check_one(shared);
    check_thread(alone);
    check_by_hand(alone, shared);
    check_thread(shared);
    aco_destroy(other);
    const char *libacos = "error: aco_default_protector_last_word triggered\n"
                          "error: co:@ should call `aco_exit()` instead of direct `return` in co_fp:@ to "
                          "finish its execution\n";
    CHECK_DIES(returns_after_off, libacos);
    CHECK_DIES(returns_after_reset, libacos);
#define LINE(text) "aco: fatal: aco_" text "\n"
#define RULE "it is not about to begin (say so after aco_create or aco_reset, before the first resume)"
    CHECK_DIES(says_so_too_late, LINE("return_exits(@, entry @): " RULE));
    CHECK_DIES(says_so_of_main, LINE("return_exits(@, main): " RULE));
    CHECK_DIES(says_so_of_null, LINE("return_exits(0x0): the coroutine is NULL (pass a valid one)"));
}

/* ---- cancellation -------------------------------------------------------------------------------- */

static int rounds, cleaned;
static void works(void) {
    while (aco_yield_checked() == 0) {
        CHECK(!aco_is_cancelled(aco_get_co()));
        rounds++;
    }
    CHECK(errno == ECANCELED && aco_is_cancelled(aco_get_co()));
    for (int i = 0; i < 3; i++) { /* sticky, and does not leave */
        errno = 0;
        CHECK(aco_yield_checked() == -1 && errno == ECANCELED);
    }
    aco_yield(); /* clean-up may wait */
    cleaned++;
    aco_exit();
}

static void check_cancel(aco_share_stack_t *stack, int others) {
    aco_t *co = aco_create(main_co, stack, 0, works, NULL);
    aco_t *other = aco_create(main_co, others ? stack : aco_share_stack_new(0), 0, works, NULL);
    rounds = cleaned = 0;
    for (int i = 0; i < 5; i++) {
        aco_resume(co);
        aco_resume(other);
    }
    CHECK_EQUAL(rounds, 8);
    CHECK(!aco_is_cancelled(co));
    aco_cancel(co);
    aco_cancel(co);
    CHECK(aco_is_cancelled(co) && !aco_is_cancelled(other));
    aco_resume(co);
    CHECK(!co->is_end && cleaned == 0 && aco_is_cancelled(co));
    aco_resume(other);
    CHECK(rounds == 9 && !other->is_end);
    aco_resume(co);
    CHECK(co->is_end && cleaned == 1 && aco_is_cancelled(co));
    /* A new life is not cancelled; before it begins it may be. */
    aco_reset(co, works, NULL);
    CHECK(!aco_is_cancelled(co));
    aco_resume(co);
    aco_resume(co);
    CHECK(rounds == 10);
    aco_cancel(co);
    for (int i = 0; i < 2; i++) aco_resume(co);
    CHECK(co->is_end && cleaned == 2);
    aco_reset(co, works, NULL);
    aco_cancel(co);
    aco_resume(co);
    CHECK(rounds == 10 && !co->is_end);
    aco_resume(co);
    CHECK(co->is_end && cleaned == 3);
    aco_destroy(other);
    aco_destroy(co);
}

/* Its own. */
static void cancels_itself(void) {
    aco_cancel(aco_get_co());
    CHECK((aco_yield_checked)() == -1);
    aco_exit();
}

static void cancels_null(void) { aco_cancel(NULL); }
static void cancels_main(void) { aco_cancel(main_co); }
static void asks_null(void) { aco_is_cancelled(NULL); }
static void checks_in_main(void) { aco_yield_checked(); }

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    check_returns();
    check_cancel(aco_share_stack_new(0), 0);
    check_cancel(aco_share_stack_new(0), 1);
    aco_t *co = aco_create(main_co, aco_share_stack_new(0), 0, cancels_itself, NULL);
    aco_resume(co);
    check_end(co);
    CHECK(!aco_is_cancelled(main_co));
    CHECK_DIES(cancels_null, LINE("cancel(0x0): the coroutine is NULL (pass a valid one)"));
    CHECK_DIES(cancels_main, LINE("cancel(@, main): it is a main coroutine (cancel coroutines that were "
                                  "created with a main_co)"));
    CHECK_DIES(asks_null, LINE("is_cancelled(0x0): the coroutine is NULL (pass a valid one)"));
    CHECK_DIES(checks_in_main, LINE("yield(@, main): it is a main coroutine (only a coroutine that aco_resume "
                                    "runs can yield)"));
    return 0;
}
