/* Exchanges of a shared stack: images of every size and of odd ones, counted exactly, by two, three and fifty
 * coroutines; and what no exchange may be, with its message. */
#include "check.h"

static aco_t *main_co;

/* Keeps a block of the argument's size over each yield, and finds it as it was. */
static void keeps_bytes(void) {
    size_t size = *(size_t *)aco_get_arg();
    volatile unsigned char *block = (volatile unsigned char *)__builtin_alloca(size);
    unsigned char mark = (unsigned char)((uintptr_t)aco_get_co() >> 4);
    for (size_t i = 0; i < size; i++) block[i] = (unsigned char)(mark + i);
    for (;;) {
        aco_yield();
        for (size_t i = 0; i < size; i++) CHECK_EQUAL(block[i], (unsigned char)(mark + i));
    }
}

static void check_sizes(unsigned count, size_t step) {
    enum { MOST = 50 };
    for (size_t size = 1; size < 1200; size += step) {
        aco_share_stack_t *stack = aco_share_stack_new2(16384, 0);
        aco_t *cos[MOST];
        size_t sizes[MOST];
        for (unsigned i = 0; i < count; i++) {
            sizes[i] = i % 2 == 0 ? size : 1200 - size; /* a small one beside a large one */
            cos[i] = aco_create(main_co, stack, 0, keeps_bytes, &sizes[i]);
        }
        for (unsigned i = 0; i < 3 * count; i++) {
            aco_t *co = cos[i % count];
            aco_resume(co);
            CHECK(stack->owner == co && (IS_WATCHED || *(aco_t **)stack->align_highptr == co));
            CHECK_EQUAL(stack->align_validsz, (i < count ? 0 : co->save_stack.valid_sz) + sizeof(void *));
        }
        for (unsigned i = 0; i < count; i++) {
            const aco_save_stack_t *area = &cos[i]->save_stack;
            unsigned is_owner = i == count - 1;
            CHECK_EQUAL(area->ct_save, 3 - is_owner);
            CHECK_EQUAL(area->ct_restore, 2);
            CHECK(area->valid_sz >= sizes[i] && area->max_cpsz == area->valid_sz);
            aco_destroy(cos[i]);
        }
        aco_share_stack_destroy(stack);
    }
}

/* A program lowers a stack pointer by a few bytes: the image has them, too, byte for byte. */
static void check_odd_sizes(void) {
    for (size_t size = 1; size < 600; size += 37) {
        aco_share_stack_t *stack = aco_share_stack_new2(16384, 0);
        aco_t *a = aco_create(main_co, stack, 2048, keeps_bytes, &size);
        aco_t *b = aco_create(main_co, stack, 2048, keeps_bytes, &size);
        aco_resume(a);
        for (uintptr_t more = 0; more < 16; more++) {
            uintptr_t pointer = (uintptr_t)a->reg[ACO_REG_IDX_SP];
            size_t live = (uintptr_t)stack->align_retptr - pointer + more;
            unsigned char frames[2048];
            memcpy(frames, (void *)(pointer - more), live);
            a->reg[ACO_REG_IDX_SP] = (void *)(pointer - more);
            aco_resume(b);
            CHECK_EQUAL(a->save_stack.valid_sz, live);
            /* The frame pointer that leads out of the image is cut: it may differ. */
            size_t differing = 0;
            for (size_t i = 0; i < live; i++) differing += ((unsigned char *)a->save_stack.ptr)[i] != frames[i];
            CHECK(differing <= sizeof(void *));
            a->reg[ACO_REG_IDX_SP] = (void *)pointer;
            aco_resume(a);
        }
        aco_destroy(a);
        aco_destroy(b);
        aco_share_stack_destroy(stack);
    }
}

/* ---- what is refused ------------------------------------------------------------------------------- */

static size_t block_size;

/* Two coroutines that have exchanged their stack; the second one owns it. */
typedef struct {
    aco_share_stack_t *stack;
    aco_t *next, *owner;
} pair_t;

static pair_t exchanged(void) {
    aco_share_stack_t *stack = aco_share_stack_new2(16384, 0);
    aco_t *a = aco_create(main_co, stack, 4096, keeps_bytes, &block_size);
    aco_t *b = aco_create(main_co, stack, 4096, keeps_bytes, &block_size);
    for (int i = 0; i < 2; i++) {
        aco_resume(a);
        aco_resume(b);
    }
    return (pair_t){stack, a, b};
}

static void resume_ended(void) {
    pair_t pair = exchanged();
    pair.next->is_end = 1;
    aco_resume(pair.next);
}

static void resume_without_entry(void) {
    pair_t pair = exchanged();
    pair.next->reg[ACO_REG_IDX_RETADDR] = NULL;
    aco_resume(pair.next);
}

static void resume_without_stack(void) {
    pair_t pair = exchanged();
    aco_share_stack_destroy(pair.stack);
    aco_resume(pair.next);
}

static void resume_beside_stranger(void) {
    pair_t pair = exchanged();
    pair.owner->share_stack = aco_share_stack_new(0);
    aco_resume(pair.next);
}

static void resume_above_stack(void) {
    pair_t pair = exchanged();
    pair.owner->reg[ACO_REG_IDX_SP] = (char *)pair.stack->align_retptr + 8;
    aco_resume(pair.next);
}

static void resume_below_stack(void) {
    pair_t pair = exchanged();
    pair.owner->reg[ACO_REG_IDX_SP] = (char *)pair.stack->ptr - 8;
    aco_resume(pair.next);
}

static void resume_too_large(void) {
    pair_t pair = exchanged();
    pair.next->save_stack.valid_sz = pair.stack->sz;
    aco_resume(pair.next);
}

static pair_t nested;

static void resumes_sibling(void) { aco_resume(nested.next); }

/* The owner runs: it resumes a coroutine of its own stack, whose main coroutine it is. */
static void resume_over_running(void) {
    nested = exchanged();
    aco_t *outer = aco_create(main_co, nested.stack, 0, resumes_sibling, NULL);
    nested.next->main_co = outer;
    aco_resume(outer);
}

#define RESUME "aco: fatal: aco_resume(@, entry @): "
#define OUTSIDE                                                                                  \
    RESUME "its stack pointer @ is outside its share stack @, [@, @] (a coroutine stays on its "  \
           "share stack, which must be large enough for its frames)\n"

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    check_sizes(2, 1);
    check_sizes(3, 7);
    check_sizes(50, 101);
    if (!IS_WATCHED) check_odd_sizes(); /* it reads the frames of another stack */
    const size_t blocks[] = {16, 400, 3000};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        block_size = blocks[i];
        CHECK_DIES(resume_ended, RESUME "the coroutine has ended (resume a coroutine while its is_end is 0)\n");
        CHECK_DIES(resume_without_entry,
                   RESUME "it has no entry function (create a coroutine with a function to run)\n");
        CHECK_DIES(resume_without_stack,
                   RESUME "its share stack is destroyed (destroy a share stack after its last resume)\n");
        CHECK_DIES(resume_beside_stranger, RESUME "the owner @ of its share stack is on another stack (owner is NULL "
                                                  "or a coroutine on that share stack)\n");
        CHECK_DIES(resume_above_stack, OUTSIDE);
        CHECK_DIES(resume_below_stack, OUTSIDE);
        CHECK_DIES(resume_too_large, RESUME "its image of # bytes exceeds the # of its share stack (save_stack and "
                                            "align_limit belong to the library)\n");
        CHECK_DIES(resume_over_running, RESUME "its share stack belongs to @, which is running (a coroutine resumed "
                                               "inside another one needs another share stack)\n");
    }
    aco_destroy(main_co);
    return 0;
}
