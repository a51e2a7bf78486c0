/* Coroutine-local values: each coroutine's own, keys that come again, destructors, threads. */
#include "check.h"

#include <aco_ext.h>
#include <errno.h>
#include <pthread.h>

#if defined(UNDER_EMULATION) || defined(__SANITIZE_THREAD__)
enum { MANY = 300, THREADS = 3, ROUNDS = 300 };
#else
enum { MANY = 3000, THREADS = 8, ROUNDS = 3000 };
#endif

static aco_t *main_co;
static aco_share_stack_t *shared;

static void *number(intptr_t n) { return (void *)n; }

static void yields(void) {
    for (;;) aco_yield();
}

static aco_key_t new_key(void (*destructor)(void *)) {
    aco_key_t key = 0;
    CHECK_EQUAL(aco_key_create(&key, destructor), 0);
    CHECK(key != 0);
    return key;
}

#define CHECK_FAILS(call, error)                                                                 \
    do {                                                                                         \
        errno = 0;                                                                               \
        CHECK((call) == -1);                                                                     \
        CHECK_EQUAL(errno, error);                                                               \
    } while (0)

/* ---- where no coroutine runs ------------------------------------------------------------------ */

static void check_nothing_runs(void) {
    CHECK(aco_get_co() == NULL);
    aco_key_t key = new_key(NULL);
    CHECK_FAILS(aco_set_local(key, number(1)), EINVAL);
    CHECK(aco_get_local(key) == NULL);
    CHECK_EQUAL(aco_set_local_of(main_co, key, number(2)), 0);
    CHECK(aco_get_local_of(main_co, key) == number(2));
    aco_t *co = aco_create(main_co, shared, 0, yields, NULL);
    aco_resume(co);
    CHECK(aco_get_co() == main_co && aco_get_local(key) == number(2));
    aco_destroy(co);
    CHECK_EQUAL(aco_key_delete(key), 0);
}

/* ---- each has its own ------------------------------------------------------------------------- */

static aco_key_t keys[2];

static void keeps_values(void) {
    intptr_t own = (intptr_t)aco_get_arg();
    for (int i = 0; i < 2; i++) CHECK(aco_get_local(keys[i]) == NULL);
    CHECK_EQUAL(aco_set_local(keys[0], number(own)), 0);
    aco_yield();
    CHECK(aco_get_local(keys[0]) == number(own) && aco_get_local(keys[1]) == NULL);
    CHECK_EQUAL(aco_set_local(keys[1], number(-own)), 0);
    CHECK_EQUAL(aco_set_local(keys[0], NULL), 0);
    aco_yield();
    CHECK(aco_get_local(keys[0]) == NULL && aco_get_local(keys[1]) == number(-own));
    aco_exit();
}

static void check_own(void) {
    for (int i = 0; i < 2; i++) keys[i] = new_key(NULL);
    static aco_t *cos[MANY];
    for (int i = 0; i < MANY; i++) {
        cos[i] = aco_create(main_co, shared, 0, keeps_values, number(i + 1));
    }
    for (int turn = 0; turn < 3; turn++) {
        for (int i = 0; i < MANY; i++) aco_resume(cos[i]);
        CHECK(aco_get_local(keys[0]) == NULL);
    }
    for (int i = 0; i < MANY; i++) {
        CHECK(cos[i]->is_end == 1 && aco_get_local_of(cos[i], keys[1]) == number(-i - 1));
        aco_destroy(cos[i]);
    }
    /* A new one in the place of an old one has none. */
    aco_t *co = aco_create(main_co, shared, 0, yields, NULL);
    CHECK(aco_get_local_of(co, keys[1]) == NULL);
    aco_destroy(co);
    for (int i = 0; i < 2; i++) CHECK_EQUAL(aco_key_delete(keys[i]), 0);
}

/* ---- keys ------------------------------------------------------------------------------------- */

static void check_keys(void) {
    aco_key_t all[300], bad[] = {0, 1, 5, UINT64_MAX, (aco_key_t)1 << 40};
    int count = 0;
    while (aco_key_create(&all[count], NULL) == 0) count++;
    CHECK(errno == EAGAIN && count == 256);
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < i; j++) CHECK(all[i] != all[j]);
        CHECK_EQUAL(aco_set_local_of(main_co, all[i], number(i + 1)), 0);
    }
    for (int i = 0; i < count; i++) CHECK(aco_get_local_of(main_co, all[i]) == number(i + 1));
    /* One comes again, its value does not. */
    aco_key_t old = all[100];
    CHECK_EQUAL(aco_key_delete(old), 0);
    CHECK_FAILS(aco_key_delete(old), EINVAL);
    CHECK(aco_get_local_of(main_co, old) == NULL);
    CHECK_FAILS(aco_set_local_of(main_co, old, number(1)), EINVAL);
    aco_key_t again = new_key(NULL);
    CHECK(again != old && aco_get_local_of(main_co, again) == NULL);
    CHECK_EQUAL(aco_set_local_of(main_co, again, number(7)), 0);
    CHECK(aco_get_local_of(main_co, old) == NULL && aco_get_local_of(main_co, again) == number(7));
    all[100] = again;
    for (int i = 0; i < count; i++) CHECK_EQUAL(aco_key_delete(all[i]), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_FAILS(aco_key_delete(bad[i]), EINVAL);
        CHECK_FAILS(aco_set_local_of(main_co, bad[i], number(1)), EINVAL);
        CHECK_FAILS(aco_set_local_of(main_co, bad[i], NULL), EINVAL);
        CHECK(aco_get_local_of(main_co, bad[i]) == NULL);
    }
    CHECK_FAILS(aco_key_create(NULL, NULL), EINVAL);
}

/* ---- destructors ------------------------------------------------------------------------------ */

static int calls;
static aco_t *dying;
static aco_key_t stubborn, calm;

static void counts_value(void *value) {
    CHECK(value == number(calls + 1));
    calls++;
}
static void sets_again(void *value) {
    CHECK(aco_get_local_of(dying, stubborn) == NULL);
    calls++;
    CHECK_EQUAL(aco_set_local_of(dying, stubborn, value), 0);
}
static void sets_another(void *value) {
    calls++;
    CHECK_EQUAL(aco_set_local_of(dying, keys[1], number((intptr_t)value + 1)), 0);
}
static void never(void *value) {
    (void)value;
    CHECK(0);
}
static void ends_at_once(void) { aco_exit(); }

/* Has others made, destroyed and asked meanwhile. */
static void is_busy(void *value) {
    (void)value;
    calls++;
    aco_t *other = aco_create(main_co, shared, 0, ends_at_once, NULL);
    CHECK_EQUAL(aco_set_local_of(other, calm, number(calls + 1)), 0);
    aco_resume(other);
    aco_destroy(other);
}

static void check_destructors(void) {
    calm = new_key(counts_value);
    aco_t *co = aco_create(main_co, shared, 0, ends_at_once, NULL);
    CHECK_EQUAL(aco_set_local_of(co, calm, number(1)), 0);
    calls = 0;
    aco_resume(co);
    CHECK(co->is_end == 1 && calls == 0 && aco_get_local_of(co, calm) == number(1));
    aco_reset(co, ends_at_once, NULL); /* the values are of the life before */
    CHECK(calls == 1 && aco_get_local_of(co, calm) == NULL);
    CHECK_EQUAL(aco_set_local_of(co, calm, number(2)), 0);
    aco_destroy(co);
    CHECK_EQUAL(calls, 2);

    /* A value that is set again and again; a main coroutine; a key that is gone; a value that is NULL. */
    stubborn = new_key(sets_again);
    aco_key_t gone = new_key(never);
    dying = aco_create(NULL, NULL, 0, NULL, NULL);
    CHECK_EQUAL(aco_set_local_of(dying, stubborn, number(1)), 0);
    CHECK_EQUAL(aco_set_local_of(dying, gone, number(1)), 0);
    CHECK_EQUAL(aco_key_delete(gone), 0);
    aco_key_t in_its_place = new_key(never);
    CHECK_EQUAL(aco_set_local_of(dying, calm, number(1)), 0);
    CHECK_EQUAL(aco_set_local_of(dying, calm, NULL), 0);
    calls = 0;
    aco_destroy(dying);
    CHECK_EQUAL(calls, 4);
    CHECK_EQUAL(aco_key_delete(in_its_place), 0);
    CHECK_EQUAL(aco_key_delete(stubborn), 0);

    keys[0] = new_key(sets_another);
    keys[1] = new_key(counts_value);
    dying = aco_create(main_co, shared, 0, yields, NULL);
    CHECK_EQUAL(aco_set_local_of(dying, keys[0], number(1)), 0);
    calls = 0;
    aco_destroy(dying);
    CHECK_EQUAL(calls, 2);
    for (int i = 0; i < 2; i++) CHECK_EQUAL(aco_key_delete(keys[i]), 0);

    aco_key_t busy = new_key(is_busy);
    co = aco_create(main_co, shared, 0, yields, NULL);
    aco_resume(co);
    CHECK_EQUAL(aco_set_local_of(co, busy, number(1)), 0);
    calls = 0;
    aco_destroy(co);
    CHECK_EQUAL(calls, 2);
    CHECK_EQUAL(aco_key_delete(busy), 0);
    CHECK_EQUAL(aco_key_delete(calm), 0);
}

/* ---- a coroutine that is destroyed inside another, from a coroutine ----------------------------- */

static void destroys_inside(void) {
    aco_t *victim = (aco_t *)aco_get_arg();
    calls = 0;
    aco_destroy(victim);
    CHECK_EQUAL(calls, 1);
    CHECK(aco_get_local(calm) == number(55));
    aco_exit();
}

static void check_inside(void) {
    calm = new_key(counts_value);
    aco_t *victim = aco_create(main_co, shared, 0, yields, NULL);
    aco_resume(victim);
    CHECK_EQUAL(aco_set_local_of(victim, calm, number(1)), 0);
    aco_t *co = aco_create(main_co, shared, 0, destroys_inside, victim);
    CHECK_EQUAL(aco_set_local_of(co, calm, number(55)), 0);
    aco_resume(co);
    CHECK_EQUAL(aco_key_delete(calm), 0);
    aco_destroy(co);
}

/* ---- threads ---------------------------------------------------------------------------------- */

static aco_key_t common;
static long destroyed;

static void counts_for_all(void *value) {
    free(value);
    __atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
}

static void has_a_block(void) {
    for (int i = 1;; i++) {
        int *block = (int *)aco_get_local(common);
        if (block == NULL) {
            block = (int *)calloc(1, sizeof *block);
            CHECK_EQUAL(aco_set_local(common, block), 0);
        }
        CHECK_EQUAL(++*block, i);
        aco_yield();
    }
}

/* What another thread made is destroyed by the next; keys come and go beside it. */
static aco_t *handed_over[THREADS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void destroy_with_stack(aco_t *co) {
    aco_share_stack_t *stack = co->share_stack;
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

static void *works(void *place) {
    aco_thread_init(NULL);
    aco_t *m = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new2(64 * 1024, 0);
    for (int round = 0; round < ROUNDS; round++) {
        aco_t *cos[3];
        aco_key_t key = new_key(never);
        for (int i = 0; i < 3; i++) {
            aco_share_stack_t *its = i == 0 ? aco_share_stack_new2(16 * 1024, 0) : stack;
            cos[i] = aco_create(m, its, 0, has_a_block, NULL);
            for (int turn = 0; turn < 3; turn++) aco_resume(cos[i]);
            CHECK(aco_get_local_of(cos[i], key) == NULL);
        }
        CHECK_EQUAL(aco_set_local_of(cos[0], key, number(round + 1)), 0);
        CHECK(aco_get_local_of(cos[0], key) == number(round + 1));
        CHECK_EQUAL(aco_key_delete(key), 0);
        pthread_mutex_lock(&lock);
        aco_t **slot = &handed_over[((size_t)place + (size_t)round) % THREADS];
        aco_t *other = *slot;
        *slot = cos[0];
        pthread_mutex_unlock(&lock);
        if (other != NULL) {
            int *block = (int *)aco_get_local_of(other, common);
            CHECK(block != NULL && *block == 3);
            destroy_with_stack(other);
        }
        for (int i = 1; i < 3; i++) aco_destroy(cos[i]);
    }
    aco_destroy(m);
    aco_share_stack_destroy(stack);
    return NULL;
}

static void check_threads(void) {
    common = new_key(counts_for_all);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, works, (void *)i) == 0);
    }
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    for (int i = 0; i < THREADS; i++) {
        if (handed_over[i] != NULL) destroy_with_stack(handed_over[i]);
    }
    CHECK_EQUAL(destroyed, 3L * THREADS * ROUNDS);
    CHECK_EQUAL(aco_key_delete(common), 0);
}

/* ---- misuse ----------------------------------------------------------------------------------- */

static void sets_for_nothing(void) { aco_set_local_of(NULL, 1, NULL); }
static void asks_nothing(void) { aco_get_local_of(NULL, 1); }
static aco_t *destroyed_one(void) {
    aco_t *co = aco_create(main_co, shared, 0, yields, NULL);
    aco_destroy(co);
    return co;
}
static void sets_for_a_destroyed_one(void) { aco_set_local_of(destroyed_one(), 1, NULL); }
static void destroys_it_too(void *value) { aco_destroy((aco_t *)value); }
static void is_destroyed_by_its_destructor(void) {
    aco_key_t key = new_key(destroys_it_too);
    aco_t *co = aco_create(main_co, shared, 0, yields, NULL);
    aco_set_local_of(co, key, co);
    aco_destroy(co);
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    shared = aco_share_stack_new(0);
    check_nothing_runs();
    check_own();
    check_keys();
    check_destructors();
    check_inside();
    check_threads();
    CHECK_DIES(sets_for_nothing, "aco: fatal: aco_set_local_of(0x0): the coroutine is NULL (pass a valid "
                                 "one)\n");
    CHECK_DIES(asks_nothing, "aco: fatal: aco_get_local_of(0x0): the coroutine is NULL (pass a valid "
                             "one)\n");
    CHECK_DIES(sets_for_a_destroyed_one,
               "aco: fatal: aco_set_local_of(@, entry @): the coroutine is destroyed (ask about a "
               "coroutine before aco_destroy)\n");
    CHECK_DIES(is_destroyed_by_its_destructor,
               "aco: fatal: aco_destroy(@, entry @): the coroutine is destroyed already (destroy a "
               "coroutine once)\n");
    aco_share_stack_destroy(shared);
    aco_destroy(main_co);
    return 0;
}
