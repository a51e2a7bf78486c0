/* A coroutine's image has what is needed after the switch: stores that nothing reads are dropped beside a call of
 * the library, as beside any call. In inline code gcc keeps them, clang does not. */
#include "check.h"

#if !defined(__OPTIMIZE__) || \
    (defined(__GNUC__) && !defined(__clang__) && !defined(ACO_NO_INLINE) && !defined(OLD_HEADER))
enum { ARE_DROPPED = 0 };
#else
enum { ARE_DROPPED = !IS_WATCHED };
#endif

enum { ROOM = 4000 };

static int beginning(void) {
    return aco_get_arg() != NULL && aco_get_co() != NULL;
}

static void yields(void) {
    int room[ROOM / sizeof(int)];
    memset(room, 1, sizeof room);
    for (;;) aco_yield();
}

static void yields_itself(void) {
    int room[ROOM / sizeof(int)];
    aco_t *co = aco_get_co();
    memset(room, 1, sizeof room);
    for (;;) aco_yield1(co);
}

static void looks_at_itself(void) {
    int room[ROOM / sizeof(int)];
    for (;;) {
        memset(room, beginning(), sizeof room);
        aco_yield();
    }
}

/* What the current coroutine is, where the program writes it itself, is seen at once. */
static aco_t *__attribute__((noinline)) told(aco_t *first, aco_t *second) {
    aco_t *before = aco_gtls_co, *seen;
    aco_gtls_co = first;
    seen = aco_get_co();
    aco_gtls_co = second;
    CHECK(seen == first && aco_get_co() == second);
    aco_gtls_co = before;
    return aco_get_co();
}

static void waits(void) {
    for (;;) aco_yield();
}

int main(void) {
    aco_cofuncp_t entries[] = {yields, yields_itself, looks_at_itself};
    int word = 0;
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *other = aco_create(main_co, stack, 0, waits, NULL);
    for (int i = 0; i < 3; i++) {
        aco_t *co = aco_create(main_co, stack, 0, entries[i], &word);
        aco_resume(co);
        aco_resume(other);
        CHECK(co->save_stack.valid_sz > 0);
        if (ARE_DROPPED) CHECK(co->save_stack.valid_sz < ROOM / 4);
        aco_destroy(co);
    }
    CHECK(told(other, main_co) == main_co);
    aco_destroy(other);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
