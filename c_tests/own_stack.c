/* Coroutines of aco_new: their lives, values and results; who resumes them; freed in any state, by any
 * function, on any thread. own_stack_refused.c has what is refused. */
#include "own_stack.h"

#include <aco_ext.h>
#include <pthread.h>

static void *exits(void *arg) {
    (void)arg;
    aco_exit();
    return NULL;
}

/* ---- lives -------------------------------------------------------------------------------------- */

/* More than the cache holds, of several sizes, freed in another order. */
static void check_many(void) {
    enum { COUNT = 100 };
    static const size_t sizes[] = {0, 1, SMALL, SMALL + 1, 4096, 1 << 20};
    aco_t *cos[COUNT];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++) {
            cos[i] = aco_new(counts, VALUE(i % 3), sizes[(i + round) % 6]);
            CHECK(cos[i] != NULL && cos[i]->is_end == 0);
            for (int j = 0; j < i; j++) CHECK(cos[j] != cos[i] && cos[j]->share_stack != cos[i]->share_stack);
        }
        for (int i = 0; i < COUNT; i++) {
            for (uintptr_t j = 1; j <= (uintptr_t)i % 3; j++) {
                CHECK_EQUAL(NUMBER(aco_resume_value(cos[i], NULL)), j);
            }
        }
        for (int i = 0; i < COUNT; i += 2) CHECK_EQUAL(NUMBER(aco_resume_value(cos[i], NULL)), 100 + i % 3);
        for (int i = 0; i < COUNT; i++) aco_free(cos[(i * 37) % COUNT]);
    }
}

static void *adds(void *arg) {
    uintptr_t sum = NUMBER(arg) + NUMBER(aco_first_value());
    for (int i = 0; i < 3; i++) sum += NUMBER(aco_yield_value(VALUE(sum)));
    CHECK(aco_first_value() == NULL);
    return VALUE(sum);
}

/* The first value comes by inline code and by a call. */
static void check_values(int by_call) {
    for (int life = 0; life < 3; life++) {
        aco_t *co = aco_new(adds, VALUE(1000), SMALL);
        uintptr_t sum = 1000;
        for (uintptr_t i = 1; i <= 4; i++) {
            void *value = by_call ? (aco_resume_value)(co, VALUE(i)) : aco_resume_value(co, VALUE(i));
            CHECK_EQUAL(NUMBER(value), sum += i);
            CHECK_EQUAL(co->is_end, i == 4);
        }
        CHECK_EQUAL(NUMBER(aco_result(co)), 1010);
        aco_free(co);
        co = aco_new(gives_back, VALUE(7), SMALL);
        void *value = by_call ? (aco_resume_value)(co, VALUE(5)) : aco_resume_value(co, VALUE(5));
        CHECK_EQUAL(NUMBER(value), 7);
        aco_free(co);
    }
}

static void *has_no_first_value(void *arg) {
    CHECK(aco_first_value() == NULL && aco_get_arg() == arg);
    return NULL;
}

/* How it ends, and how it is freed. */
static void check_ends(void) {
    for (int life = 0; life < 4; life++) {
        aco_t *co = aco_new(exits, VALUE(1), 0);
        aco_resume(co);
        CHECK(co->is_end == 1 && aco_result(co) == NULL);
        aco_free(co);
        aco_free(aco_new(counts, VALUE(1), 0)); /* not begun */
        co = aco_new(counts, VALUE(2), 0);      /* suspended */
        aco_resume(co);
        aco_free(co);
        co = aco_new(counts, VALUE(2), 0);
        aco_resume(co);
        aco_destroy(co);
        co = aco_new(gives_back, VALUE(2), 0);
        aco_resume(co);
        aco_gen_free(co);
        co = aco_new(has_no_first_value, VALUE(3), 0);
        (aco_resume)(co);
        aco_free(co);
    }
    aco_free(NULL);
}

static void returns_plainly(void) {}

/* It may be reset: it has libaco's kind of function then. */
static void check_reset(void) {
    for (int life = 0; life < 3; life++) {
        for (int runs = 0; runs < 2; runs++) {
            aco_t *co = aco_new(gives_back, VALUE(1), SMALL);
            if (runs) aco_resume(co);
            aco_reset(co, exits_plainly, VALUE(2));
            CHECK(co->is_end == 0 && aco_result(co) == NULL);
            aco_resume(co);
            CHECK(co->is_end == 1 && aco_result(co) == NULL);
            aco_reset(co, returns_plainly, NULL);
            aco_return_exits(co);
            aco_resume(co);
            CHECK(co->is_end == 1 && aco_result(co) == NULL);
            aco_free(co);
        }
        aco_t *co = aco_new(gives_back, VALUE(4), SMALL);
        aco_return_exits(co); /* it may return in any case */
        aco_resume(co);
        CHECK(aco_result(co) == VALUE(4));
        aco_free(co);
    }
}

/* ---- who resumes it ------------------------------------------------------------------------------ */

static void *reads(void *arg) {
    aco_t *co = (aco_t *)arg;
    uintptr_t sum = 0;
    for (void *value; aco_gen_next(co, &value);) sum += NUMBER(value);
    CHECK(co->main_co == aco_get_co());
    return VALUE(sum);
}

static void *resumes_once(void *arg) { return aco_resume_value((aco_t *)arg, NULL); }

static void *creates(void *arg) {
    aco_t *co = aco_new(counts, VALUE(3), SMALL);
    CHECK(co->main_co == aco_get_co());
    CHECK(aco_resume_value(co, NULL) == VALUE(1));
    *(aco_t **)arg = co;
    return NULL;
}

static void check_resumers(void) {
    for (int life = 0; life < 4; life++) {
        /* Made here, read there. */
        aco_t *source = aco_new(counts, VALUE(4), SMALL);
        aco_t *reader = run_to_end(reads, source);
        CHECK_EQUAL(NUMBER(aco_result(reader)), 1 + 2 + 3 + 4);
        CHECK_EQUAL(NUMBER(aco_result(source)), 104);
        aco_free(reader);
        aco_free(source);
        /* In turn from main and from two coroutines. */
        source = aco_new(counts, VALUE(20), SMALL);
        for (uintptr_t i = 1; i < 20; i += 2) {
            reader = run_to_end(resumes_once, source);
            CHECK_EQUAL(NUMBER(aco_result(reader)), i);
            aco_free(reader);
            CHECK_EQUAL(NUMBER(life % 2 ? aco_resume_value(source, NULL) : (aco_resume_value)(source, NULL)),
                        i + 1);
        }
        aco_free(source);
        /* Made there and begun, while its creator is gone. */
        aco_free(run_to_end(creates, &source));
        CHECK(aco_resume_value(source, NULL) == VALUE(2));
        CHECK(aco_resume_value(source, NULL) == VALUE(3));
        CHECK(aco_resume_value(source, NULL) == VALUE(103));
        aco_free(source);
    }
}

/* ---- threads ------------------------------------------------------------------------------------- */

static void *lives_on_a_thread(void *arg) {
    (void)arg;
    CHECK(aco_get_co() == NULL);
    check_lives(SMALL);
    check_values(0);
    check_resumers();
    return aco_new(counts, VALUE(3), SMALL);
}

static void *resumes_and_frees(void *arg) {
    aco_t *co = (aco_t *)arg;
    aco_attach(co, NULL);
    CHECK(co->main_co == aco_get_co() && aco_is_main_co(aco_get_co()));
    CHECK(aco_resume_value(co, NULL) == VALUE(2));
    aco_free(co);
    return NULL;
}

static void *on_thread(void *(*function)(void *), void *arg) {
    pthread_t thread;
    void *result;
    CHECK(pthread_create(&thread, NULL, function, arg) == 0 && pthread_join(thread, &result) == 0);
    return result;
}

static void *frees(void *arg) {
    aco_free((aco_t *)arg);
    return NULL;
}

static void check_threads(void) {
    aco_t *co = (aco_t *)on_thread(lives_on_a_thread, NULL);
    aco_attach(co, NULL);
    CHECK(aco_resume_value(co, NULL) == VALUE(1));
    on_thread(resumes_and_frees, co);
    on_thread(frees, aco_new(counts, VALUE(1), SMALL));
    co = run_to_end(gives_back, NULL);
    on_thread(frees, co);
    check_lives(SMALL);
}

/* ---- what else sees it ---------------------------------------------------------------------------- */

static int seen;
static int sees(aco_t *co, void *data) {
    (void)data;
    seen += !aco_is_main_co(co);
    return 0;
}
static int count_coroutines(void) {
    seen = 0;
    aco_foreach(sees, NULL);
    return seen;
}

static int destructions, events[5];
static void destroys(void *value) { destructions += (int)NUMBER(value); }
#define COUNTS_EVENT(name, number)                                                               \
    static void name(aco_t *co, void *data) { (void)co, (void)data, events[number]++; }
COUNTS_EVENT(is_created, 0)
COUNTS_EVENT(is_resumed, 1)
COUNTS_EVENT(has_yielded, 2)
COUNTS_EVENT(has_ended, 3)
COUNTS_EVENT(is_destroyed, 4)

static void check_records(void) {
    static const aco_hooks_t hooks = {is_created, is_resumed, has_yielded, has_ended, is_destroyed, NULL};
    aco_key_t key;
    CHECK(aco_key_create(&key, destroys) == 0);
    int before = count_coroutines();
    for (int life = 0; life < 4; life++) {
        aco_t *co = aco_new(counts, VALUE(1), SMALL);
        CHECK_EQUAL(count_coroutines(), before + 1);
        CHECK(aco_name(co) == NULL && aco_get_local_of(co, key) == NULL);
        CHECK(aco_set_name(co, "owns") == 0 && aco_set_local_of(co, key, VALUE(1)) == 0);
        aco_resume(co);
        aco_free(co);
        CHECK_EQUAL(count_coroutines(), before);
        CHECK_EQUAL(destructions, life + 1);
        aco_set_hooks(&hooks);
        co = aco_new(counts, VALUE(1), SMALL);
        aco_resume(co);
        aco_resume(co);
        CHECK(aco_result(co) == VALUE(101));
        aco_free(co);
        aco_set_hooks(NULL);
        CHECK_EQUAL(events[0], life + 1);
        CHECK_EQUAL(events[1], 2 * (life + 1));
        CHECK_EQUAL(events[2], life + 1);
        CHECK_EQUAL(events[3], life + 1);
        CHECK_EQUAL(events[4], life + 1);
    }
    CHECK(aco_key_delete(key) == 0);
}

/* The thread gives back what it keeps: a stack alone takes it, too. */
static void check_cache(void) {
    aco_thread_exit();
    aco_t *co = run_to_end(gives_back, NULL);
    aco_share_stack_t *kept = co->share_stack;
    aco_free(co);
    aco_share_stack_t *stack = aco_share_stack_new(256 * 1024);
    if (!IS_WATCHED && stack == kept) CHECK(stack->owner == NULL && stack->ptr != NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    co = aco_create(main_co, stack, 0, exits_plainly, NULL);
    aco_resume(co);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    aco_free(run_to_end(gives_back, NULL));
    aco_thread_exit();
    aco_free(run_to_end(gives_back, NULL));
}

int main(void) {
    CHECK(aco_get_co() == NULL);
    check_lives(SMALL);
    CHECK(aco_get_co() != NULL && aco_is_main_co(aco_get_co()));
    check_lives(0);
    check_lives(1);
    check_many();
    check_values(0);
    check_values(1);
    check_ends();
    check_reset();
    check_resumers();
    check_threads();
    check_records();
    check_cache();
    return 0;
}
