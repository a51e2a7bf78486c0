/* Switches of every kind, for a debugger that goes through them instruction by instruction, from
 * start_of_steps() to end_of_steps() (step.py). In each frame of with_marks() all registers that a callee
 * must keep have a value that the debugger knows. */
#include <aco_ext.h>

typedef void function_t(void *, void *);
/* Calls function(a, b) with the callee-saved registers mark, mark + 1, and so on. */
#ifdef __cplusplus
extern "C"
#endif
void with_marks(uintptr_t mark, function_t *function, void *a, void *b);
#define MARK(depth) ((uintptr_t)0x4d41524b << 32 | (uintptr_t)(depth) << 8)

#if defined(__x86_64__)
__asm__(".text\n"
        ".type with_marks, @function\n"
        "with_marks:\n"
        ".cfi_startproc\n"
        "push %rbx\n.cfi_adjust_cfa_offset 8\n.cfi_offset %rbx, -16\n"
        "push %rbp\n.cfi_adjust_cfa_offset 8\n.cfi_offset %rbp, -24\n"
        "push %r12\n.cfi_adjust_cfa_offset 8\n.cfi_offset %r12, -32\n"
        "push %r13\n.cfi_adjust_cfa_offset 8\n.cfi_offset %r13, -40\n"
        "push %r14\n.cfi_adjust_cfa_offset 8\n.cfi_offset %r14, -48\n"
        "push %r15\n.cfi_adjust_cfa_offset 8\n.cfi_offset %r15, -56\n"
        "sub $8, %rsp\n.cfi_adjust_cfa_offset 8\n"
        "mov %rdi, %rbx\n"
        "lea 1(%rdi), %rbp\n"
        "lea 2(%rdi), %r12\n"
        "lea 3(%rdi), %r13\n"
        "lea 4(%rdi), %r14\n"
        "lea 5(%rdi), %r15\n"
        "mov %rsi, %rax\n"
        "mov %rdx, %rdi\n"
        "mov %rcx, %rsi\n"
        "call *%rax\n"
        "add $8, %rsp\n.cfi_adjust_cfa_offset -8\n"
        "pop %r15\n.cfi_adjust_cfa_offset -8\n"
        "pop %r14\n.cfi_adjust_cfa_offset -8\n"
        "pop %r13\n.cfi_adjust_cfa_offset -8\n"
        "pop %r12\n.cfi_adjust_cfa_offset -8\n"
        "pop %rbp\n.cfi_adjust_cfa_offset -8\n"
        "pop %rbx\n.cfi_adjust_cfa_offset -8\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size with_marks, . - with_marks\n");
#elif defined(__aarch64__)
#define PAIR(a, b, place) "stp " a ", " b ", [sp, #" #place "]\n"
#define LOAD(a, b, place) "ldp " a ", " b ", [sp, #" #place "]\n"
#define SAVED(a, b, place) ".cfi_offset " a ", " #place " - 160\n.cfi_offset " b ", " #place " - 152\n"
#define EACH(DO)                                                                                 \
    DO("x19", "x20", 16)                                                                         \
    DO("x21", "x22", 32)                                                                         \
    DO("x23", "x24", 48)                                                                         \
    DO("x25", "x26", 64)                                                                         \
    DO("x27", "x28", 80)                                                                         \
    DO("d8", "d9", 96) DO("d10", "d11", 112) DO("d12", "d13", 128) DO("d14", "d15", 144)
__asm__(".text\n"
        ".type with_marks, %function\n"
        "with_marks:\n"
        ".cfi_startproc\n"
        "stp x29, x30, [sp, #-160]!\n.cfi_def_cfa_offset 160\n" SAVED("x29", "x30", 0)
        EACH(PAIR) EACH(SAVED)
        "mov x19, x0\n"
        "add x20, x0, #1\n"
        "add x21, x0, #2\n"
        "add x22, x0, #3\n"
        "add x23, x0, #4\n"
        "add x24, x0, #5\n"
        "add x25, x0, #6\n"
        "add x26, x0, #7\n"
        "add x27, x0, #8\n"
        "add x28, x0, #9\n"
        "add x29, x0, #10\n"
        "fmov d8, x19\nfmov d9, x20\nfmov d10, x21\nfmov d11, x22\n"
        "fmov d12, x23\nfmov d13, x24\nfmov d14, x25\nfmov d15, x26\n"
        "mov x9, x1\n"
        "mov x0, x2\n"
        "mov x1, x3\n"
        "blr x9\n" EACH(LOAD)
        "ldp x29, x30, [sp], #160\n.cfi_def_cfa_offset 0\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size with_marks, . - with_marks\n");
#else
#error "another architecture"
#endif

enum order {
    YIELD_BY_CALL,
    YIELD_INLINE,
    SWITCH,
    NEST,
    EXIT_BY_CALL,
    EXIT_INLINE,
    RETURN,
    GIVE_PLACE_BY_CALL,
    GIVE_PLACE_INLINE,
    VALUE_BY_CALL,
    VALUE_INLINE
};
static volatile enum order order;
static aco_t *main_co, *co, *other, *inner, *next;

#ifdef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
#define YIELD aco_yield1_shared_fpenv
#define EXIT aco_exit1_shared_fpenv
#else
#define YIELD aco_yield1_fn
#define EXIT aco_exit1_fn
#endif
#define YIELD_TO (aco_yield_to)
#define YIELD_VALUE (aco_yield_value)
#define AS_CALLED(function) ((function_t *)(void (*)(void))(function))

static void resume_inline(void *resumed) { aco_resume((aco_t *)resumed); }
static void yield_inline(void) { aco_yield(); }
static void exit_inline(void) { aco_exit(); }

static void resume_value_inline(void *resumed) { aco_resume_value((aco_t *)resumed, resumed); }
static void yield_to_inline(void *to) { aco_yield_to((aco_t *)to); }
static void yield_value_inline(void *value) { aco_yield_value(value); }

static void nested(void) {
    for (;;) with_marks(MARK(3), AS_CALLED(YIELD), aco_get_co(), NULL);
}

static void worker(void) {
    for (;;) {
        aco_t *self = aco_get_co();
        switch (order) {
        case YIELD_BY_CALL: with_marks(MARK(2), AS_CALLED(YIELD), self, NULL); break;
        case YIELD_INLINE: with_marks(MARK(2), AS_CALLED(yield_inline), NULL, NULL); break;
        case SWITCH: with_marks(MARK(2), AS_CALLED(acosw), self, main_co); break;
        case NEST:
            with_marks(MARK(2), AS_CALLED(aco_resume), inner, NULL);
            with_marks(MARK(2), AS_CALLED(yield_inline), NULL, NULL);
            break;
        case EXIT_BY_CALL: with_marks(MARK(2), AS_CALLED(EXIT), self, NULL); break;
        case EXIT_INLINE: with_marks(MARK(2), AS_CALLED(exit_inline), NULL, NULL); break;
        case RETURN: return;
        case GIVE_PLACE_BY_CALL:
            order = YIELD_INLINE;
            with_marks(MARK(2), AS_CALLED(YIELD_TO), next, NULL);
            break;
        case GIVE_PLACE_INLINE:
            order = YIELD_BY_CALL;
            with_marks(MARK(2), AS_CALLED(yield_to_inline), next, NULL);
            break;
        case VALUE_BY_CALL: with_marks(MARK(2), AS_CALLED(YIELD_VALUE), self, NULL); break;
        case VALUE_INLINE: with_marks(MARK(2), AS_CALLED(yield_value_inline), self, NULL); break;
        }
    }
}

/* The one that resumes has another environment than its coroutines: each switch writes it. */
static void round_upward(void) {
#if defined(__x86_64__)
    static const unsigned short word = 0x0b7f;
    __asm__ volatile("fldcw %0" ::"m"(word));
    __builtin_ia32_ldmxcsr(0x5f80);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" ::"r"((uint64_t)1 << 22));
#else
#error "another architecture"
#endif
}

static void last_word(void) { aco_exit(); }
static volatile int place; /* else the two would be one function */
static void __attribute__((noinline)) start_of_steps(void) { place = 1; }
static void __attribute__((noinline)) end_of_steps(void) { place = 2; }

static void turn(enum order wanted, function_t *resume, aco_t *resumed) {
    order = wanted;
    with_marks(MARK(1), resume, resumed, NULL);
}

static void by_hand(enum order wanted, aco_t *to) {
    order = wanted;
    aco_gtls_co = to;
    with_marks(MARK(1), AS_CALLED(acosw), main_co, to);
    aco_gtls_co = main_co;
}

static void steps(aco_share_stack_t *own, aco_share_stack_t *shared) {
    function_t *by_call = AS_CALLED(aco_resume), *by_inline = AS_CALLED(resume_inline);
    co = aco_create(main_co, own, 0, worker, NULL);
    other = aco_create(main_co, shared, 0, worker, NULL);
    inner = aco_create(other, own, 0, nested, NULL);
    aco_t *rival = aco_create(main_co, shared, 0, worker, NULL);
    aco_t *last = aco_create(main_co, own, 0, worker, NULL);
    aco_t *returns = aco_create(main_co, own, 0, worker, NULL);
    aco_return_exits(returns);
    round_upward();
    start_of_steps();
    turn(YIELD_BY_CALL, by_call, co); /* its first entry: all that a first resume does */
    turn(YIELD_INLINE, by_call, co);
    turn(YIELD_BY_CALL, by_inline, co);
    turn(YIELD_INLINE, by_inline, co);
    turn(SWITCH, by_call, co);
    turn(SWITCH, by_inline, co);
    turn(YIELD_BY_CALL, by_call, co);
    turn(SWITCH, by_inline, co);
    by_hand(SWITCH, co);
    turn(YIELD_BY_CALL, by_call, other); /* another's stack, copied out and in */
    turn(YIELD_INLINE, by_call, rival);
    turn(SWITCH, by_call, other);
    turn(YIELD_BY_CALL, by_inline, rival);
    next = other; /* to another stack */
    turn(GIVE_PLACE_BY_CALL, by_call, co);
    turn(GIVE_PLACE_INLINE, by_inline, co);
    turn(GIVE_PLACE_INLINE, by_inline, co);
    next = rival; /* to one on the same stack, copied out and in */
    turn(GIVE_PLACE_BY_CALL, by_inline, other);
    next = other;
    turn(GIVE_PLACE_INLINE, by_call, rival);
    turn(VALUE_BY_CALL, AS_CALLED(resume_value_inline), co);
    turn(VALUE_INLINE, AS_CALLED((aco_resume_value)), co);
    turn(VALUE_INLINE, AS_CALLED(resume_value_inline), co);
    turn(EXIT_BY_CALL, by_call, co);
    turn(YIELD_BY_CALL, by_call, last);
    by_hand(EXIT_BY_CALL, last);
    turn(NEST, by_inline, other);
    turn(NEST, by_call, other);
    turn(EXIT_INLINE, by_inline, other);
    turn(RETURN, by_inline, rival);
    turn(YIELD_INLINE, by_inline, returns);
    turn(RETURN, by_inline, returns);
    end_of_steps();
}

#ifdef __cplusplus
/* The resumer handles an exception. */
#define HANDLING(what)                                                                           \
    try {                                                                                        \
        throw 1;                                                                                 \
    } catch (int) {                                                                              \
        what;                                                                                    \
    }                                                                                            \
    (void)0
#else
#define HANDLING(what) what
#endif

int main(void) {
    aco_thread_init(last_word);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    HANDLING(steps(aco_share_stack_new(0), aco_share_stack_new(0)));
    puts("still fine");
    return 0;
}
