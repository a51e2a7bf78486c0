/* aco_yield_to: from coroutine to coroutine in one switch. The right one runs, with the right owner, parent
 * and current coroutine; the main coroutine waits until one of them yields or ends; own and shared stacks,
 * nested, inline and called; a coroutine may destroy the one that was resumed. */
#include "check.h"

#include <aco_ext.h>

static aco_t *main_co;

/* ---- a ring -------------------------------------------------------------------------------------- */

enum { RING = 7 };
static aco_t *ring[RING];
static unsigned trace[4096], traced;

static unsigned number_of(aco_t *co) {
    for (unsigned i = 0; i < RING; i++) {
        if (ring[i] == co) return i;
    }
    CHECK(!"in the ring");
    return 0;
}

static void check_place(aco_t *co) {
    char here;
    aco_share_stack_t *stack = co->share_stack;
    CHECK(aco_get_co() == co && co->main_co == main_co && stack->owner == co && !co->is_end);
    CHECK((char *)stack->ptr <= &here && &here < (char *)stack->align_highptr);
}

static void goes_round(void) {
    aco_t *co = aco_get_co();
    unsigned own = number_of(co);
    uint64_t frame[8];
    for (unsigned i = 0; i < 8; i++) frame[i] = own * 1000 + i;
    __asm__ volatile("" ::"r"(frame) : "memory");
    for (unsigned round = 0; round < 20; round++) {
        trace[traced++ % 4096] = own;
        if (own == 3 && round % 5 == 4) {
            aco_yield();
        } else if (own % 2) {
            aco_yield_to(ring[(own + 1) % RING]);
        } else {
            (aco_yield_to)(ring[(own + 1) % RING]);
        }
        check_place(co);
        __asm__ volatile("" ::"r"(frame) : "memory");
        for (unsigned i = 0; i < 8; i++) CHECK_EQUAL(frame[i], own * 1000 + i);
    }
    aco_exit();
}

static void check_ring(aco_share_stack_t *stacks[RING]) {
    for (unsigned i = 0; i < RING; i++) {
        ring[i] = aco_create(main_co, stacks[i], 0, goes_round, NULL);
    }
    traced = 0;
    unsigned resumes = 0, next = 0;
    for (unsigned ended = 0; ended < RING;) {
        while (ring[next]->is_end) next = (next + 1) % RING;
        aco_resume(ring[next]);
        resumes++;
        CHECK(aco_get_co() == main_co);
        ended = 0;
        for (unsigned i = 0; i < RING; i++) ended += ring[i]->is_end != 0;
        next = (trace[(traced - 1) % 4096] + 1) % RING;
    }
    CHECK_EQUAL(traced, RING * 20);
    for (unsigned i = 0; i < traced; i++) CHECK_EQUAL(trace[i], i % RING);
    CHECK(resumes >= 4);
    for (unsigned i = 0; i < RING; i++) aco_destroy(ring[i]);
}

/* ---- who was resumed may be gone -------------------------------------------------------------------- */

static aco_t *first, *second;

static void gives_place(void) {
    aco_yield_to(second);
    CHECK(!"destroyed");
}

static void destroys(void) {
    aco_share_stack_t *stack = first->share_stack;
    aco_destroy(first);
    /* Its place is used again, by one with another main_co. */
    aco_t *next = aco_create(aco_get_co(), stack, 0, aco_exit_fn, NULL);
    (void)next;
    aco_yield();
    aco_destroy(next);
    aco_exit();
}

static void check_destroyed(void (*resume)(aco_t *)) {
    aco_share_stack_t *stacks[2] = {aco_share_stack_new(0), aco_share_stack_new(0)};
    first = aco_create(main_co, stacks[0], 0, gives_place, NULL);
    second = aco_create(main_co, stacks[1], 0, destroys, NULL);
    resume(first);
    CHECK(aco_get_co() == main_co);
    resume(second);
    CHECK(second->is_end && aco_get_co() == main_co);
    aco_destroy(second);
    aco_share_stack_destroy(stacks[0]);
    aco_share_stack_destroy(stacks[1]);
}

static void resume_inline(aco_t *co) { aco_resume(co); }

/* ---- itself, its main_co, one that has not begun, nested -------------------------------------------- */

static int steps;

static void steps_in_place(void) {
    aco_yield_to(aco_get_co());
    steps++;
    aco_yield_to(main_co);
    steps++;
    aco_exit();
}

static void check_in_place(aco_share_stack_t *stack) {
    steps = 0;
    aco_t *co = aco_create(main_co, stack, 0, steps_in_place, NULL);
    aco_resume(co);
    CHECK(steps == 1 && !co->is_end && aco_get_co() == main_co);
    aco_resume(co);
    CHECK(steps == 2 && co->is_end);
    aco_destroy(co);
}

static void takes_value(void) {
    CHECK(aco_first_value() == NULL);
    CHECK(aco_yield_value((void *)1) == NULL); /* gone on in by a transfer */
    aco_yield();
    aco_exit();
}

static void gives_no_value(void) {
    CHECK(aco_first_value() == (void *)7);
    aco_yield_to((aco_t *)aco_get_arg());
    aco_exit();
}

static void check_values(aco_share_stack_t *one, aco_share_stack_t *other) {
    aco_t *waits = aco_create(main_co, one, 0, takes_value, NULL);
    CHECK(aco_resume_value(waits, NULL) == (void *)1);
    aco_t *passes = aco_create(main_co, other, 0, gives_no_value, waits);
    CHECK(aco_resume_value(passes, (void *)7) == NULL);
    CHECK(!waits->is_end && !passes->is_end);
    aco_resume(passes);
    aco_resume(waits);
    CHECK(waits->is_end && passes->is_end);
    aco_destroy(waits);
    aco_destroy(passes);
}

static aco_share_stack_t *inner_stacks[2];
static aco_t *inner[2];
static int inner_rounds;

static void inner_body(void) {
    aco_t *parent = aco_get_co()->main_co;
    for (int i = 0; i < 100; i++) {
        inner_rounds++;
        aco_yield_to(inner[aco_get_co() == inner[0]]);
        CHECK(aco_get_co()->main_co == parent);
    }
    aco_exit();
}

static void outer_body(void) {
    aco_t *self = aco_get_co();
    for (int i = 0; i < 2; i++) inner[i] = aco_create(self, inner_stacks[i], 0, inner_body, NULL);
    aco_resume(inner[0]);
    CHECK(aco_get_co() == self && (inner[0]->is_end || inner[1]->is_end));
    aco_yield_to((aco_t *)aco_get_arg());
    CHECK(aco_get_co() == self);
    aco_resume(inner[inner[0]->is_end != 0]);
    CHECK(inner[0]->is_end && inner[1]->is_end && inner_rounds == 200);
    for (int i = 0; i < 2; i++) aco_destroy(inner[i]);
    aco_exit();
}

static void check_nested(int shared) {
    inner_rounds = 0;
    aco_share_stack_t *stacks[4];
    for (int i = 0; i < 4; i++) stacks[i] = aco_share_stack_new(64 * 1024);
    inner_stacks[0] = stacks[0];
    inner_stacks[1] = stacks[shared ? 0 : 1];
    steps = 0;
    aco_t *sibling = aco_create(main_co, stacks[shared ? 2 : 3], 0, steps_in_place, NULL);
    aco_t *outer = aco_create(main_co, stacks[2], 0, outer_body, sibling);
    aco_resume(outer);
    CHECK(steps == 1 && !outer->is_end);
    aco_resume(outer);
    CHECK(outer->is_end);
    aco_resume(sibling);
    CHECK(steps == 2 && sibling->is_end);
    aco_destroy(outer);
    aco_destroy(sibling);
    for (int i = 0; i < 4; i++) aco_share_stack_destroy(stacks[i]);
}

/* ---- main was left by hand: its registers are in its control block ------------------------------------ */

static aco_t *visited, *takes_over;

static void yields_for_ever(void) {
    for (;;) aco_yield();
}
static void uses_registers(void) {
    uint64_t x[12];
    for (;;) {
        for (unsigned i = 0; i < 12; i++) x[i] = i * 77 + (uintptr_t)aco_get_co();
        for (unsigned i = 0; i < 12; i++) __asm__ volatile("" : "+r"(x[i]));
        aco_yield();
    }
}
static void visits_and_gives_place(void) {
    aco_resume(visited); /* back from there it is not known how main waits */
    aco_yield_to(takes_over);
    aco_exit();
}

static unsigned long __attribute__((noinline)) go(aco_t *co, unsigned long a, unsigned long b,
                                                  unsigned long c, unsigned long d, unsigned long e) {
    aco_gtls_co = co;
    acosw(main_co, co);
    aco_gtls_co = main_co;
    return a + 2 * b + 3 * c + 4 * d + 5 * e;
}

static void check_left_by_hand(void) {
    aco_share_stack_t *stacks[3];
    for (int i = 0; i < 3; i++) stacks[i] = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stacks[0], 0, visits_and_gives_place, NULL);
    takes_over = aco_create(main_co, stacks[1], 0, uses_registers, NULL);
    visited = aco_create(co, stacks[2], 0, yields_for_ever, NULL);
    aco_resume(takes_over); /* so that its next yield may be inline */
    CHECK_EQUAL(go(co, 1, 20, 300, 4000, 50000), 1 + 40 + 900 + 16000 + 250000);
    aco_destroy(visited);
    aco_destroy(takes_over);
    aco_destroy(co);
    for (int i = 0; i < 3; i++) aco_share_stack_destroy(stacks[i]);
}

/* ---- two that play, on any stacks -------------------------------------------------------------------- */

static aco_t *pair[2];
static void plays(void) {
    for (;;) aco_yield_to(pair[aco_get_co() == pair[0]]);
}
static void counts_down(void) {
    for (int i = 0; i < 1000; i++) aco_yield_to(pair[1]);
    aco_yield();
    for (;;) aco_yield_to(pair[1]);
}

static void check_random(void) {
    aco_share_stack_t *stacks[3] = {aco_share_stack_new(0), aco_share_stack_new(0), aco_share_stack_new(0)};
    uint64_t random = 77;
    for (int round = 0; round < 200; round++) {
        pair[0] = aco_create(main_co, stacks[random_next(&random) % 3], 0, counts_down, NULL);
        pair[1] = aco_create(main_co, stacks[random_next(&random) % 3], 0, plays, NULL);
        aco_resume(pair[0]);
        CHECK(aco_get_co() == main_co && !pair[0]->is_end && !pair[1]->is_end);
        unsigned one = random_next(&random) % 2;
        aco_destroy(pair[one]);
        aco_destroy(pair[!one]);
    }
    for (int i = 0; i < 3; i++) aco_share_stack_destroy(stacks[i]);
}

/* ---- deaths ------------------------------------------------------------------------------------------- */

static aco_t *target;
static void to_target(void) {
    aco_yield_to(target);
    aco_exit();
}
static void run_to_target(void) {
    aco_resume(aco_create(main_co, aco_share_stack_new(0), 0, to_target, NULL));
}
static void to_null(void) {
    target = NULL;
    run_to_target();
}
static void to_ended(void) {
    target = aco_create(main_co, aco_share_stack_new(0), 0, aco_exit_fn, NULL);
    aco_resume(target);
    run_to_target();
}
static void to_other_main(void) {
    aco_t *other_main = aco_create(NULL, NULL, 0, NULL, NULL);
    target = aco_create(other_main, aco_share_stack_new(0), 0, aco_exit_fn, NULL);
    run_to_target();
}
static void to_a_main(void) {
    target = aco_create(NULL, NULL, 0, NULL, NULL);
    run_to_target();
}
static void from_main(void) {
    aco_yield_to(aco_create(main_co, aco_share_stack_new(0), 0, aco_exit_fn, NULL));
}
static void to_stackless(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    target = aco_create(main_co, stack, 0, aco_exit_fn, NULL);
    aco_t *co = aco_create(main_co, aco_share_stack_new(0), 0, to_target, NULL);
    aco_share_stack_destroy(stack);
    aco_resume(co);
}

/* On the stack of who waits, or of who waits for that. */
static aco_share_stack_t *waiting_stack;
static int levels;
static void gives_place_on_top(void) {
    if (levels-- > 0) {
        aco_resume(aco_create(aco_get_co(), aco_share_stack_new(0), 0, gives_place_on_top, NULL));
        aco_exit();
    }
    aco_t *parent = aco_get_co()->main_co;
    aco_yield_to(aco_create(parent, waiting_stack, 0, aco_exit_fn, NULL));
    aco_exit();
}
static void begins_nest(void) {
    waiting_stack = aco_share_stack_new(0);
    aco_t *first_one = aco_create(main_co, waiting_stack, 0, gives_place_on_top, NULL);
    aco_resume(first_one);
}
static void to_stack_of_parent(void) {
    levels = 1;
    begins_nest();
}
static void to_stack_of_grandparent(void) {
    levels = 2;
    begins_nest();
}

static void check_refusals(void) {
#define LINE(text) "aco: fatal: aco_yield_to(" text "\n"
    CHECK_DIES(to_null, LINE("0x0): the coroutine is NULL (pass a valid one)"));
    CHECK_DIES(to_ended, LINE("@, entry @): the coroutine has ended (resume a coroutine while its is_end is "
                              "0)"));
    CHECK_DIES(to_other_main, LINE("@, entry @): its main_co is @, that of the running @ is @ (both have one "
                                   "main_co, which goes on waiting)"));
    CHECK_DIES(to_a_main, LINE("@, main): it is a main coroutine (resume coroutines that were created with "
                               "a main_co)"));
    CHECK_DIES(from_main, LINE("@, entry @): called outside of a coroutine (only a coroutine that aco_resume "
                               "runs gives its place to another)"));
#define IN_USE "aco: fatal: aco_resume(@, entry @): its share stack belongs to @, which is running (a "      \
               "coroutine resumed inside another one needs another share stack)\n"
    CHECK_DIES(to_stack_of_parent, IN_USE);
    CHECK_DIES(to_stack_of_grandparent, IN_USE);
    CHECK_DIES(to_stackless, LINE("@, entry @): its share stack is destroyed (destroy a share stack after its "
                                  "last resume)"));
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stacks[RING], *same[RING], *some[RING];
    for (unsigned i = 0; i < RING; i++) {
        stacks[i] = aco_share_stack_new2(64 * 1024, i % 2);
        same[i] = stacks[0];
        some[i] = stacks[i % 3];
    }
    check_ring(stacks);
    check_ring(same);
    check_ring(some);
    check_destroyed(resume_inline);
    check_destroyed(aco_resume);
    check_in_place(stacks[0]);
    check_values(stacks[0], stacks[1]);
    check_values(stacks[0], stacks[0]);
    check_nested(0);
    check_nested(1);
    check_left_by_hand();
    check_random();
    check_refusals();
    return 0;
}
