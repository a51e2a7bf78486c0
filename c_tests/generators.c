/* Generators: read from main, from coroutines and from each other; half read, empty, read on after the end;
 * in a thread that has made no main coroutine; on own and shared stacks. */
#include "check.h"

#include <aco_ext.h>
#include <pthread.h>

#define VALUE(number) ((void *)(uintptr_t)(number))
#define NUMBER(value) ((uintptr_t)(value))

/* ---- bodies ------------------------------------------------------------------------------------- */

static void counts_to_arg(void) {
    for (uintptr_t i = 1; i <= NUMBER(aco_get_arg()); i++) aco_gen_yield(VALUE(i));
}

static void counts_and_exits(void) {
    counts_to_arg();
    aco_exit();
}

static void __attribute__((noinline)) yields_deep(uintptr_t depth) {
    aco_gen_yield(VALUE(depth));
    if (depth > 0) {
        yields_deep(depth - 1);
        aco_gen_yield(VALUE(depth));
    }
}
static void goes_deep(void) { yields_deep(NUMBER(aco_get_arg())); }

/* Numbers from 2 on that no prime so far divides: each prime puts a filter on the chain. */
static void all_numbers(void) {
    for (uintptr_t i = 2;; i++) aco_gen_yield(VALUE(i));
}

typedef struct {
    aco_gen_t *source;
    uintptr_t prime;
} filter_t;

static void filters(void) {
    filter_t *filter = (filter_t *)aco_get_arg();
    for (void *value; aco_gen_next(filter->source, &value);) {
        if (NUMBER(value) % filter->prime != 0) aco_gen_yield(value);
    }
}

/* ---- checks ------------------------------------------------------------------------------------- */

static void check_counting(aco_share_stack_t *stack, aco_cofuncp_t body) {
    for (uintptr_t last = 0; last < 20; last++) {
        aco_gen_t *gen = aco_gen_new(stack, body, VALUE(last));
        uintptr_t seen = 0;
        for (void *value; aco_gen_next(gen, &value);) CHECK_EQUAL(NUMBER(value), ++seen);
        CHECK_EQUAL(seen, last);
        void *value = VALUE(1);
        for (int i = 0; i < 3; i++) CHECK(aco_gen_next(gen, &value) == 0 && value == NULL);
        CHECK((aco_gen_next)(gen, NULL) == 0);
        aco_gen_free(gen);
    }
}

static void check_depth(aco_share_stack_t *stack) {
    aco_gen_t *gen = aco_gen_new(stack, goes_deep, VALUE(30));
    uintptr_t down = 30, up = 1, seen = 0;
    for (void *value; aco_gen_next(gen, &value); seen++) {
        CHECK_EQUAL(NUMBER(value), seen <= 30 ? down-- : up++);
    }
    CHECK_EQUAL(seen, 61);
    aco_gen_free(gen);
}

static void check_primes(void) {
    enum { COUNT = 60 };
    aco_share_stack_t *stacks[COUNT + 1];
    aco_gen_t *gens[COUNT + 1];
    filter_t chain[COUNT];
    stacks[0] = aco_share_stack_new2(16 * 1024, 0);
    gens[0] = aco_gen_new(stacks[0], all_numbers, NULL);
    for (int i = 0; i < COUNT; i++) {
        void *prime;
        CHECK(aco_gen_next(gens[i], &prime));
        chain[i].source = gens[i];
        chain[i].prime = NUMBER(prime);
        stacks[i + 1] = aco_share_stack_new2(16 * 1024, 0);
        gens[i + 1] = aco_gen_new(stacks[i + 1], filters, &chain[i]);
    }
    CHECK_EQUAL(chain[COUNT - 1].prime, 281);
    for (int i = 0; i <= COUNT; i++) aco_gen_free(gens[i]);
    for (int i = 0; i <= COUNT; i++) aco_share_stack_destroy(stacks[i]);
}

/* Two on one stack, read in turns; what is left of them is freed. */
static void check_turns(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_gen_t *a = aco_gen_new(stack, counts_to_arg, VALUE(1000));
    aco_gen_t *b = aco_gen_new(stack, goes_deep, VALUE(1000));
    for (uintptr_t i = 0; i < 100; i++) {
        void *value;
        CHECK(aco_gen_next(a, &value) && NUMBER(value) == i + 1);
        CHECK(aco_gen_next(b, &value) && NUMBER(value) == 1000 - i);
    }
    CHECK(aco_gen_next(a, NULL));
    void *value;
    CHECK(aco_gen_next(a, &value) && NUMBER(value) == 102);
    aco_gen_free(a);
    aco_gen_free(b);
    aco_gen_free(aco_gen_new(stack, counts_to_arg, NULL)); /* never read */
    aco_gen_free(NULL);
    aco_share_stack_destroy(stack);
}

/* One generator, asked by main and by two coroutines, at different depths. */
static aco_gen_t *common;
static uintptr_t expected;
static void asks(void) {
    for (int i = 0; i < 10; i++) {
        void *value;
        CHECK(aco_gen_next(common, &value) && NUMBER(value) == ++expected);
        CHECK((aco_gen_next)(common, &value) && NUMBER(value) == ++expected);
        CHECK(common->main_co == aco_get_co());
        aco_yield();
    }
    aco_exit();
}

static void check_many_readers(aco_t *main_co) {
    aco_share_stack_t *stacks[3] = {aco_share_stack_new(0), aco_share_stack_new(0), aco_share_stack_new(0)};
    common = aco_gen_new(stacks[0], counts_to_arg, VALUE(1000));
    expected = 0;
    aco_t *readers[2];
    for (int i = 0; i < 2; i++) readers[i] = aco_create(main_co, stacks[1 + i], 0, asks, NULL);
    for (int i = 0; i < 10; i++) {
        aco_resume(readers[0]);
        void *value;
        CHECK(aco_gen_next(common, &value) && NUMBER(value) == ++expected);
        CHECK(aco_get_co() == main_co);
        aco_resume(readers[1]);
    }
    for (int i = 0; i < 2; i++) {
        aco_resume(readers[i]);
        CHECK(readers[i]->is_end);
        aco_destroy(readers[i]);
    }
    aco_gen_free(common);
    for (int i = 0; i < 3; i++) aco_share_stack_destroy(stacks[i]);
}

/* A plain yield gives NULL; values given to it are found as in any coroutine. */
static void yields_plainly(void) {
    aco_yield();
    aco_gen_yield(VALUE(2));
    aco_yield();
}

static void check_plain(aco_share_stack_t *stack) {
    aco_gen_t *gen = aco_gen_new(stack, yields_plainly, NULL);
    void *value = VALUE(9);
    CHECK(aco_gen_next(gen, &value) && value == NULL);
    CHECK(aco_gen_next(gen, &value) && NUMBER(value) == 2);
    value = VALUE(9);
    CHECK(aco_gen_next(gen, &value) && value == NULL);
    CHECK(!aco_gen_next(gen, &value) && gen->is_end);
    aco_gen_free(gen);
}

/* One that gives its place away, to a coroutine that frees it. */
static __thread aco_gen_t *gone, *heir;
static void gives_place(void) { aco_yield_to(heir); }
static void inherits(void) {
    aco_gen_free(gone);
    aco_gen_yield(VALUE(7));
}

static void check_gone(int by_call) {
    aco_share_stack_t *stacks[2] = {aco_share_stack_new(0), aco_share_stack_new(0)};
    gone = aco_gen_new(stacks[0], gives_place, NULL);
    heir = aco_gen_new(stacks[1], inherits, NULL);
    void *value = NULL;
    CHECK((by_call ? (aco_gen_next)(gone, &value) : aco_gen_next(gone, &value)) && NUMBER(value) == 7);
    CHECK(!aco_gen_next(heir, &value) && value == NULL);
    aco_gen_free(heir);
    for (int i = 0; i < 2; i++) aco_share_stack_destroy(stacks[i]);
}

/* ---- threads ------------------------------------------------------------------------------------ */

static void check_all(aco_t *main_co) {
    aco_share_stack_t *stack = aco_share_stack_new(0), *other = aco_share_stack_new2(16 * 1024, 0);
    check_counting(stack, counts_to_arg);
    check_counting(other, counts_and_exits);
    check_depth(stack);
    check_plain(other);
    check_primes();
    check_gone(0);
    check_gone(1);
    check_turns();
    if (main_co != NULL) check_many_readers(main_co);
    aco_share_stack_destroy(stack);
    aco_share_stack_destroy(other);
}

/* No main coroutine, no aco_thread_init. */
static void *in_a_bare_thread(void *nothing) {
    CHECK(aco_get_co() == NULL);
    check_all(NULL);
    CHECK(aco_get_co() != NULL && aco_is_main_co(aco_get_co()));
    return nothing;
}

/* One that the library made may be destroyed as any other. */
static void *destroys_its_main(void *nothing) {
    in_a_bare_thread(NULL);
    aco_destroy(aco_get_co());
    CHECK(aco_get_co() == NULL);
    return nothing;
}

/* Another coroutine comes to the place of that, and outlives the thread. */
static aco_t *newcomer;
static void *leaves_another(void *nothing) {
    in_a_bare_thread(NULL);
    aco_t *librarys = aco_get_co();
    aco_t *own = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_destroy(librarys);
    newcomer = aco_create(own, aco_share_stack_new(0), 0, counts_to_arg, VALUE(3));
    aco_resume(newcomer);
    return nothing;
}

static void check_threads(void) {
    void *(*bodies[])(void *) = {in_a_bare_thread, destroys_its_main, in_a_bare_thread};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], NULL, bodies[i], NULL) == 0);
    for (int i = 0; i < 3; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(pthread_create(&threads[0], NULL, leaves_another, NULL) == 0);
    CHECK(pthread_join(threads[0], NULL) == 0);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_attach(newcomer, main_co);
    CHECK_EQUAL(NUMBER(aco_resume_value(newcomer, NULL)), 2);
    aco_destroy(newcomer);
    aco_destroy(main_co);
}

/* ---- deaths ------------------------------------------------------------------------------------- */

static void next_of_null(void) { (void)aco_gen_next(NULL, NULL); }
static void new_without_stack(void) { aco_gen_new(NULL, counts_to_arg, NULL); }
static void yields_outside(void) { aco_gen_yield(NULL); }

static void asks_itself(void) {
    void *value;
    (void)aco_gen_next(common, &value);
}
static void next_of_itself(void) {
    common = aco_gen_new(aco_share_stack_new(0), asks_itself, NULL);
    asks_itself();
}

static void asks_who_waits(void) {
    void *value;
    aco_gen_t *inner = aco_gen_new(aco_share_stack_new(0), asks_itself, NULL);
    (void)aco_gen_next(inner, &value);
}
static void next_of_a_waiting_one(void) {
    common = aco_gen_new(aco_share_stack_new(0), asks_who_waits, NULL);
    asks_itself();
}
static void next_without_function(void) {
    void *value;
    (void)aco_gen_next(aco_gen_new(aco_share_stack_new(0), NULL, NULL), &value);
}

static void check_refusals(void) {
#define LINE(text) "aco: fatal: aco_" text "\n"
    CHECK_DIES(next_of_null, LINE("gen_next(0x0): the generator is NULL (pass a valid one)"));
    CHECK_DIES(new_without_stack, LINE("gen_new(0x0): the share stack is NULL (pass a valid one)"));
    CHECK_DIES(yields_outside, LINE("yield_value(@, main): it is a main coroutine (only a coroutine that "
                                    "aco_resume runs can yield)"));
    CHECK_DIES(next_of_itself, LINE("gen_next(@, entry @): the generator is running (do not ask a generator "
                                    "that runs, or that waits for another)"));
    CHECK_DIES(next_of_a_waiting_one, LINE("gen_next(@, entry @): the generator is running (do not ask a "
                                           "generator that runs, or that waits for another)"));
    CHECK_DIES(next_without_function, LINE("resume(@): it has no entry function (create a coroutine "
                                           "with a function to run)"));
}

int main(void) {
    aco_thread_init(NULL);
    check_threads();
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_resume(aco_create(main_co, aco_share_stack_new(0), 0, aco_exit_fn, NULL));
    check_all(main_co);
    check_refusals();
    return 0;
}
