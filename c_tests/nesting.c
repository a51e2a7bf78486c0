/* A coroutine whose main_co is another, running coroutine, on another stack: to any depth. */
#include "check.h"

enum { DEPTH = 200 };

static int order[4 * DEPTH + 8], length;
static aco_t *chain[DEPTH + 1];

static void entry(void) {
    int level = (int)(intptr_t)aco_get_arg();
    aco_t *self = aco_get_co();
    CHECK(self == chain[level] && self->main_co == (level > 1 ? chain[level - 1] : chain[0]));
    order[length++] = level;
    if (level < DEPTH) {
        aco_share_stack_t *stack = aco_share_stack_new(16 * 1024);
        aco_t *child = aco_create(self, stack, 0, entry, (void *)(intptr_t)(level + 1));
        chain[level + 1] = child;
        aco_resume(child);
        CHECK(aco_get_co() == self);
        aco_yield();
        CHECK(aco_get_co() == self);
        aco_resume(child);
        CHECK(aco_get_co() == self && child->is_end);
        aco_destroy(child);
        aco_share_stack_destroy(stack);
    } else {
        aco_yield();
    }
    order[length++] = -level;
    aco_exit();
}

/* Siblings inside a coroutine that itself shares its stack with others. */
static void leaf(void) {
    int *count = (int *)aco_get_arg();
    for (;;) {
        ++*count;
        aco_yield();
    }
}

static void parent(void) {
    aco_share_stack_t *inner = aco_share_stack_new(0);
    int counts[3] = {0, 0, 0};
    aco_t *leaves[3];
    for (int i = 0; i < 3; i++) leaves[i] = aco_create(aco_get_co(), inner, 0, leaf, &counts[i]);
    for (int round = 1; round <= 20; round++) {
        for (int i = 0; i < 3; i++) {
            aco_resume(leaves[i]);
            CHECK_EQUAL(counts[i], round);
        }
        aco_yield(); /* the parent itself is copied out and in: counts moves away and back */
    }
    for (int i = 0; i < 3; i++) aco_destroy(leaves[i]);
    aco_share_stack_destroy(inner);
    aco_exit();
}

int main(void) {
    aco_thread_init(NULL);
    aco_t *main_co = chain[0] = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *top = chain[1] = aco_create(main_co, stack, 0, entry, (void *)1);
    aco_resume(top);
    CHECK(aco_get_co() == main_co);
    CHECK_EQUAL(length, DEPTH);
    aco_resume(top);
    CHECK(top->is_end);
    CHECK_EQUAL(length, 2 * DEPTH);
    for (int i = 0; i < DEPTH; i++) {
        CHECK_EQUAL(order[i], i + 1);
        CHECK_EQUAL(-order[DEPTH + i], DEPTH - i);
    }
    aco_destroy(top);

    aco_t *parents[3];
    for (int i = 0; i < 3; i++) parents[i] = aco_create(main_co, stack, 0, parent, NULL);
    for (int round = 0; round < 21; round++) {
        for (int i = 0; i < 3; i++) aco_resume(parents[i]);
    }
    for (int i = 0; i < 3; i++) {
        CHECK(parents[i]->is_end);
        aco_destroy(parents[i]);
    }
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
