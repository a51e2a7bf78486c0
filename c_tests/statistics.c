/* ct_save, ct_restore, max_cpsz and valid_sz count exactly as documented: a copy happens when the
 * owner of a share stack changes, and at no other time; an empty image is not counted. */
#include "check.h"

static aco_t *main_co;

static void yields(void) {
    for (;;) aco_yield();
}

/* Deeper on every second round. */
static void __attribute__((noinline)) deeper(int depth) {
    char room[48];
    memset(room, depth, sizeof room);
    __asm__ volatile("" ::"r"(room) : "memory"); /* all of it is in use */
    if (depth == 0) {
        aco_yield();
    } else {
        deeper(depth - 1);
    }
    CHECK_EQUAL(room[47], depth);
}

static void varies(void) {
    for (int round = 0;; round++) deeper(round % 2 == 0 ? 0 : 20);
}

static void yields_twice(void) {
    aco_yield();
    aco_yield();
    aco_exit();
}

static void check_counts(aco_t *co, size_t saves, size_t restores) {
    CHECK_EQUAL(co->save_stack.ct_save, saves);
    CHECK_EQUAL(co->save_stack.ct_restore, restores);
}

static size_t live_bytes(aco_t *co) {
    return (size_t)((char *)co->share_stack->align_retptr - (char *)co->reg[ACO_REG_IDX_SP]);
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);

    /* Alone on its stack: never copied. */
    aco_t *alone = aco_create(main_co, stack, 0, varies, NULL);
    for (int i = 0; i < 100; i++) aco_resume(alone);
    check_counts(alone, 0, 0);
    CHECK(alone->save_stack.max_cpsz == 0 && alone->save_stack.valid_sz == 0);
    aco_destroy(alone);

    /* Two in turn: each resume but the first saves the other and, but the first, restores. */
    aco_t *a = aco_create(main_co, stack, 0, yields, NULL);
    aco_t *b = aco_create(main_co, stack, 0, yields, NULL);
    for (size_t i = 0; i < 50; i++) {
        aco_resume(a);
        check_counts(a, i, i);
        CHECK_EQUAL(stack->align_validsz, a->save_stack.valid_sz + sizeof(void *));
        size_t live = live_bytes(a);
        aco_resume(b);
        check_counts(a, i + 1, i);
        check_counts(b, i, i);
        CHECK_EQUAL(a->save_stack.valid_sz, live);
        CHECK_EQUAL(a->save_stack.max_cpsz, live);
    }
    /* The same one again and again: no copy. */
    for (int i = 0; i < 10; i++) aco_resume(b);
    check_counts(b, 49, 49);
    aco_destroy(a);
    aco_destroy(b);

    /* max_cpsz is the largest copy, in whichever direction; valid_sz the last image. */
    a = aco_create(main_co, stack, 0, varies, NULL);
    b = aco_create(main_co, stack, 0, yields, NULL);
    size_t largest = 0;
    for (size_t i = 0; i < 20; i++) {
        aco_resume(a);
        size_t live = live_bytes(a);
        largest = live > largest ? live : largest;
        aco_resume(b);
        CHECK_EQUAL(a->save_stack.valid_sz, live);
        CHECK_EQUAL(a->save_stack.max_cpsz, largest);
    }
    CHECK(largest > 20 * 48);
    aco_destroy(a);
    aco_destroy(b);

    /* One that ended is not saved; one that is fresh is not restored. */
    a = aco_create(main_co, stack, 0, yields_twice, NULL);
    b = aco_create(main_co, stack, 0, yields_twice, NULL);
    aco_resume(a);
    aco_resume(a);
    aco_resume(a);
    CHECK(a->is_end);
    check_counts(a, 0, 0);
    aco_resume(b);
    check_counts(a, 0, 0);
    check_counts(b, 0, 0);
    aco_destroy(a);
    /* Destroying another coroutine moves nothing. */
    aco_resume(b);
    check_counts(b, 0, 0);
    aco_destroy(b);

    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
