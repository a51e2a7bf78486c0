/* Values through resume and yield: both ways, NULL where a plain one comes or goes, from the first resume
 * to the end, on own and shared stacks, nested, inline and called on either side. */
#include "check.h"

#include <aco_ext.h>

static aco_t *main_co;

#define VALUE(number) ((void *)(uintptr_t)(number))
#define NUMBER(value) ((uintptr_t)(value))

/* ---- one after the other ----------------------------------------------------------------------- */

static void counts(void) {
    uintptr_t next = NUMBER(aco_first_value());
    for (uintptr_t i = 0; i < 100; i++) next = NUMBER(aco_yield_value(VALUE(next * 2 + i)));
    CHECK(aco_first_value() == NULL);
    aco_exit();
}

static void check_both_ways(aco_share_stack_t *stack) {
    aco_t *co = aco_create(main_co, stack, 0, counts, NULL);
    for (uintptr_t i = 0; i < 100; i++) {
        CHECK_EQUAL(NUMBER(aco_resume_value(co, VALUE(i + 7))), 2 * (i + 7) + i);
        CHECK(aco_get_co() == main_co && !co->is_end);
    }
    CHECK(aco_resume_value(co, VALUE(5)) == NULL && co->is_end);
    aco_destroy(co);
}

/* All eight bytes arrive, in both directions. */
static void echoes(void) {
    void *value = aco_first_value();
    for (;;) value = aco_yield_value(value);
}

static void check_all_bits(aco_share_stack_t *stack) {
    aco_t *co = aco_create(main_co, stack, 0, echoes, NULL);
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 1000; i++) {
        void *value = VALUE(random_next(&random));
        CHECK(aco_resume_value(co, value) == value);
    }
    CHECK(aco_resume_value(co, NULL) == NULL);
    aco_destroy(co);
}

/* ---- mixed with plain resumes and yields ------------------------------------------------------- */

static void mixes(void) {
    CHECK(aco_first_value() == NULL);
    CHECK(NUMBER(aco_yield_value(VALUE(1))) == 10);
    CHECK(aco_yield_value(VALUE(2)) == NULL); /* a plain resume */
    aco_yield();                              /* given a value: lost */
    CHECK(NUMBER(aco_yield_value(VALUE(4))) == 13);
    aco_yield_fn();
    CHECK(NUMBER((aco_yield_value)(VALUE(5))) == 15);
    CHECK((aco_yield_value)(VALUE(6)) == NULL);
    CHECK(NUMBER(aco_yield_value(VALUE(7))) == 17);
    aco_exit();
}

static void check_mixed(aco_share_stack_t *stack) {
    aco_t *co = aco_create(main_co, stack, 0, mixes, NULL);
    aco_resume(co);
    CHECK(NUMBER(aco_resume_value(co, VALUE(10))) == 2);
    aco_resume(co);                                        /* back in the plain yield */
    CHECK(NUMBER(aco_resume_value(co, VALUE(12))) == 4);   /* which does not look */
    CHECK(aco_resume_value(co, VALUE(13)) == NULL);        /* left by aco_yield_fn */
    CHECK(NUMBER((aco_resume_value)(co, VALUE(14))) == 5); /* called, from here on */
    CHECK(NUMBER((aco_resume_value)(co, VALUE(15))) == 6);
    aco_resume(co);
    CHECK((aco_resume_value)(co, VALUE(17)) == NULL && co->is_end);
    aco_destroy(co);
}

/* ---- what the caller keeps in registers is whole ------------------------------------------------ */

static uint64_t __attribute__((noinline)) mix(uint64_t seed, aco_t *co) {
    uint64_t a = seed, b = seed * 3, c = seed * 5, d = seed * 7, e = seed * 11, f = seed * 13;
    for (int i = 0; i < 50; i++) {
        __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
        void *value = co == NULL ? aco_yield_value(VALUE(a)) : aco_resume_value(co, VALUE(b));
        a += b ^ NUMBER(value), b ^= c, c += d, d ^= e, e += f, f ^= a;
    }
    return a ^ b ^ c ^ d ^ e ^ f;
}

static uint64_t mixed;
static void mixes_registers(void) {
    mixed = mix(99, NULL);
    aco_exit();
}

enum { LAST = 12345 };

/* The same without coroutines: what both come to. */
static uint64_t expect(uint64_t seed, uint64_t other, uint64_t *theirs) {
    uint64_t x[6] = {seed, seed * 3, seed * 5, seed * 7, seed * 11, seed * 13};
    uint64_t y[6] = {other, other * 3, other * 5, other * 7, other * 11, other * 13};
    for (int i = 0; i <= 50; i++) {
        uint64_t given = i < 50 ? x[1] : LAST, yielded = y[0];
        if (i > 0) { /* given to who waits since the round before */
            y[0] += y[1] ^ given, y[1] ^= y[2], y[2] += y[3], y[3] ^= y[4], y[4] += y[5], y[5] ^= y[0];
            yielded = y[0];
        }
        if (i == 50) break;
        x[0] += x[1] ^ yielded, x[1] ^= x[2], x[2] += x[3], x[3] ^= x[4], x[4] += x[5], x[5] ^= x[0];
    }
    *theirs = y[0] ^ y[1] ^ y[2] ^ y[3] ^ y[4] ^ y[5];
    return x[0] ^ x[1] ^ x[2] ^ x[3] ^ x[4] ^ x[5];
}

static void check_registers(aco_share_stack_t *stack) {
    aco_t *co = aco_create(main_co, stack, 0, mixes_registers, NULL);
    uint64_t theirs, ours = expect(42, 99, &theirs);
    CHECK_EQUAL(mix(42, co), ours);
    CHECK(!co->is_end && aco_resume_value(co, VALUE(LAST)) == NULL && co->is_end);
    CHECK_EQUAL(mixed, theirs);
    aco_destroy(co);
}

/* ---- several on one stack, nested, deep -------------------------------------------------------- */

enum { MANY = 40 };

static void sums(void) {
    uintptr_t sum = NUMBER(aco_get_arg());
    for (uintptr_t value = NUMBER(aco_first_value());; sum += value) {
        value = NUMBER(aco_yield_value(VALUE(sum)));
    }
}

static void check_many(aco_share_stack_t *stack) {
    aco_t *cos[MANY];
    uintptr_t sums_here[MANY];
    for (uintptr_t i = 0; i < MANY; i++) {
        cos[i] = aco_create(main_co, stack, 0, sums, VALUE(i << 20));
        sums_here[i] = i << 20;
        CHECK_EQUAL(NUMBER(aco_resume_value(cos[i], VALUE(77))), sums_here[i]);
    }
    uint64_t random = 7;
    for (int round = 0; round < 4000; round++) {
        unsigned i = (unsigned)(random_next(&random) % MANY);
        uintptr_t value = random_next(&random) % 1000;
        sums_here[i] += value;
        CHECK_EQUAL(NUMBER(aco_resume_value(cos[i], VALUE(value))), sums_here[i]);
    }
    for (int i = 0; i < MANY; i++) aco_destroy(cos[i]);
}

static aco_share_stack_t *inner_stack;

static void passes_on(void) {
    aco_t *inner = aco_create(aco_get_co(), inner_stack, 0, counts, NULL);
    uintptr_t value = NUMBER(aco_first_value());
    for (int i = 0; i < 50; i++) {
        value = NUMBER(aco_yield_value(aco_resume_value(inner, VALUE(value))));
    }
    aco_destroy(inner);
    aco_exit();
}

static void check_nested(aco_share_stack_t *stack) {
    inner_stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, passes_on, NULL);
    for (uintptr_t i = 0; i < 50; i++) {
        CHECK_EQUAL(NUMBER(aco_resume_value(co, VALUE(i))), 2 * i + i);
    }
    CHECK(aco_resume_value(co, NULL) == NULL && co->is_end);
    aco_destroy(co);
    aco_share_stack_destroy(inner_stack);
}

/* ---- deaths, and where there is nothing --------------------------------------------------------- */

static void resumes_null(void) { aco_resume_value(NULL, NULL); }
static void yields_in_main(void) { aco_yield_value(NULL); }
static void resumes_ended(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, aco_exit_fn, NULL);
    CHECK(aco_resume_value(co, VALUE(1)) == NULL);
    aco_resume_value(co, VALUE(1));
}
static void yields_nowhere(void) {
    aco_gtls_co = NULL;
    (aco_yield_value)(NULL);
}

static void check_refusals(void) {
    CHECK(aco_first_value() == NULL);
    CHECK_DIES(resumes_null, "aco: fatal: aco_resume(0x0): the coroutine is NULL (pass a valid one)\n");
    CHECK_DIES(yields_in_main, "aco: fatal: aco_yield_value(@, main): it is a main coroutine (only a "
                               "coroutine that aco_resume runs can yield)\n");
    CHECK_DIES(yields_nowhere, "aco: fatal: aco_yield_value(0x0): no coroutine runs (only a coroutine that "
                               "aco_resume runs can yield)\n");
    CHECK_DIES(resumes_ended, "aco: fatal: aco_resume(@, entry @): the coroutine has ended (resume a "
                              "coroutine while its is_end is 0)\n");
}

int main(void) {
    CHECK(aco_first_value() == NULL);
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    for (int shared = 0; shared < 2; shared++) {
        aco_share_stack_t *stack = aco_share_stack_new(0);
        aco_t *other = aco_create(main_co, stack, 0, echoes, NULL);
        if (shared) aco_resume(other);
        check_both_ways(stack);
        check_all_bits(stack);
        check_mixed(stack);
        check_registers(stack);
        check_many(stack);
        check_nested(stack);
        aco_destroy(other);
        if (shared) continue;
        aco_share_stack_destroy(stack);
        /* Alone on it. */
        void (*checks[])(aco_share_stack_t *) = {check_both_ways, check_all_bits,  check_mixed,
                                                 check_registers, check_nested};
        for (unsigned i = 0; i < sizeof checks / sizeof *checks; i++) {
            stack = aco_share_stack_new2(64 * 1024, i % 2);
            checks[i](stack);
            aco_share_stack_destroy(stack);
        }
    }
    check_refusals();
    return 0;
}
