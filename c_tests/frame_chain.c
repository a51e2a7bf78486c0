/* What the chain of frame pointers of a coroutine ends in. Where it is copied out, and before it has begun,
 * that is NULL, as in libaco: a program that walks saved frames stays inside of the image. While it is on its
 * stack the chain goes on to main(), for profilers. Needs frame pointers. */
#include "check.h"

static aco_t *main_co, *other_main, *other;
static aco_share_stack_t *stack;
static char *main_frame;
static int reached_main;

/* Does the chain of who calls lead to main()'s frame? The last link before that leaves the stack. A sanitizer has
 * switches made by code without frame pointers. */
static void look_for_main(void) {
    char *frame = (char *)__builtin_frame_address(0);
    for (int i = 0; i < 64 && frame != NULL && frame != main_frame; i++) frame = *(char **)frame;
    CHECK(frame == main_frame || IS_WATCHED);
    reached_main++;
}

static void __attribute__((noinline)) leaf(void) {
    look_for_main();
    aco_yield();
    look_for_main();
    aco_yield();
    __asm__ volatile("" ::: "memory"); /* no tail call */
}

static void __attribute__((noinline)) descend(int depth) {
    if (depth == 0) {
        leaf();
    } else {
        descend(depth - 1);
    }
    __asm__ volatile("" ::: "memory");
}

static void shallow(void) {
    for (;;) leaf();
}

static void deep(void) {
    for (;;) descend(9);
}

/* Records lie low in frames like this one on aarch64. */
static void broad(void) {
    volatile char room[3000];
    for (;;) {
        room[0] = room[2999] = 1;
        leaf();
    }
}

/* The frame pointer is pushed below an alignment. */
static void aligned(void) {
    volatile char room[64] __attribute__((aligned(64)));
    for (;;) {
        room[0] = room[63] = 1;
        CHECK(room[0] == 1);
        leaf();
    }
}

/* Begins in code that has no frame pointer, which leaves that register alone. */
void bare(void);
__asm__(".pushsection .text\n\t.globl bare\nbare:\n\t"
#if defined(__x86_64__)
        "endbr64\n\tsub\t$24, %rsp\n1:\tcall\tbare_leaf@PLT\n\tjmp\t1b\n\t"
#elif defined(__aarch64__)
        "hint\t#34\n\tstr\tx30, [sp, #-48]!\n1:\tbl\tbare_leaf\n\tb\t1b\n\t"
#else
#error "another architecture"
#endif
        ".popsection");
void bare_leaf(void);
__attribute__((used)) void bare_leaf(void) {
    leaf();
    __asm__ volatile("" ::: "memory");
}

/* Takes the stack away from its owner. */
static void takes_stack(void) {
    for (;;) aco_yield();
}

/* Walks the frames of co, which is copied out, as programs do that know libaco; gives how many have a caller. */
static int walk(aco_t *co) {
    char *low = (char *)co->save_stack.ptr, *high = low + co->save_stack.valid_sz;
    long moved = (char *)co->reg[ACO_REG_IDX_SP] - low;
    char *link = (char *)&co->reg[ACO_REG_IDX_BP];
    int frames = 0;
    CHECK(stack->owner != co);
    CHECK_EQUAL(co->save_stack.valid_sz,
                (char *)stack->align_retptr - (char *)co->reg[ACO_REG_IDX_SP]);
    for (; *(char **)link != NULL; frames++) {
        char *next = *(char **)link - moved;
        CHECK(next >= low && high - next >= (long)sizeof(char *));
        CHECK(next > link || frames == 0);
        link = next;
    }
    return frames;
}

static void check(aco_cofuncp_t entry, int least) {
    aco_t *co = aco_create(main_co, stack, 0, entry, NULL);
    CHECK(co->reg[ACO_REG_IDX_BP] == NULL); /* has not begun */
    int before = reached_main;
    for (int i = 0; i < 5; i++) {
        aco_resume(co);
        aco_resume(other);
        CHECK(walk(co) >= least);
    }
    CHECK_EQUAL(reached_main - before, 5);

    /* A copy by value goes on as what it is a copy of would have. */
    aco_t copy = *co;
    aco_resume(&copy);
    CHECK_EQUAL(reached_main - before, 6);
    aco_resume(other);
    CHECK(walk(&copy) >= least);
    aco_destroy(co);
}

/* The main_co changes while it is copied out: the program writes it. */
static void check_other_main(void) {
    aco_t *co = aco_create(main_co, stack, 0, deep, NULL);
    aco_resume(co);
    aco_resume(other);
    CHECK(walk(co) > 9);
    co->main_co = other_main;
    aco_gtls_co = other_main;
    int before = reached_main;
    aco_resume(co);
    CHECK_EQUAL(reached_main - before, 1);
    aco_gtls_co = main_co;
    aco_resume(other);
    CHECK(walk(co) > 9);
    aco_destroy(co);
}

/* A register that is no frame pointer: it leads to a NULL of the program's own, which stays NULL. */
static uintptr_t found[2];
__attribute__((used)) static void yields(void) { acosw(aco_gtls_co, main_co); }
void holds(void);
__asm__(".pushsection .text\n\t.globl holds\nholds:\n\t"
#if defined(__x86_64__)
        "endbr64\n\tsub\t$40, %rsp\n\tmovq\t$0, 16(%rsp)\n\tleaq\t16(%rsp), %rbp\n1:\t"
        "call\thold_yields@PLT\n\tmovq\t(%rbp), %rdi\n\tmovq\t%rbp, %rsi\n\tsubq\t%rsp, %rsi\n\t"
        "call\thold_found@PLT\n\tjmp\t1b\n\t"
#elif defined(__aarch64__)
        "hint\t#34\n\tstr\tx30, [sp, #-48]!\n\tstr\txzr, [sp, #16]\n\tadd\tx29, sp, #16\n1:\t"
        "bl\thold_yields\n\tldr\tx0, [x29]\n\tmov\tx9, sp\n\tsub\tx1, x29, x9\n\tbl\thold_found\n\tb\t1b\n\t"
#else
#error "another architecture"
#endif
        ".popsection");
void hold_yields(void);
__attribute__((used)) void hold_yields(void) {
    yields();
    __asm__ volatile("" ::: "memory");
}
void hold_found(uintptr_t word, uintptr_t offset);
__attribute__((used)) void hold_found(uintptr_t word, uintptr_t offset) {
    found[0] = word;
    found[1] = offset;
}

static void check_own_null(void) {
    aco_t *co = aco_create(main_co, stack, 0, holds, NULL);
    for (int i = 0; i < 3; i++) {
        found[0] = found[1] = 99;
        aco_resume(co);
        aco_resume(other);
        if (i > 0) CHECK(found[0] == 0 && found[1] == 16);
    }
    aco_destroy(co);
}

/* Begun again by writing registers, as programs of libaco do. */
static void check_again(void) {
    aco_t *co = aco_create(main_co, stack, 0, deep, NULL);
    aco_resume(co);
    aco_resume(other);
    co->reg[ACO_REG_IDX_RETADDR] = (void *)shallow;
    co->reg[ACO_REG_IDX_SP] = stack->align_retptr;
    co->reg[ACO_REG_IDX_BP] = NULL;
    aco_resume(co);
    aco_resume(other);
    CHECK(walk(co) > 0);
    aco_destroy(co);
}

int main(void) {
    main_frame = (char *)__builtin_frame_address(0);
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    other_main = aco_create(NULL, NULL, 0, NULL, NULL);
    stack = aco_share_stack_new(0);
    other = aco_create(main_co, stack, 0, takes_stack, NULL);
    check(shallow, 2);
    check(deep, 11);
    check(broad, 2);
    check(aligned, 2);
    check(bare, 2);
    check_other_main();
    check_own_null();
    check_again();
    aco_destroy(other);
    aco_share_stack_destroy(stack);
    aco_destroy(other_main);
    aco_destroy(main_co);
    return 0;
}
