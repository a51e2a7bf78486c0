/* Unwinding: from any instruction of a switch, and from inside a coroutine, a debugger or profiler
 * finds main(), through the coroutine's root. On x86-64 the processor's trap flag stops at each instruction; on aarch64,
 * where a program cannot do that, the backtrace is taken inside the coroutine, and between the two contexts of
 * inline switches. */
#include "check.h"

#include <ucontext.h>
#include <unwind.h>

static aco_t *main_co;
static volatile int stepping;
static int steps, unsound;

int main(void);
static void entry(void);

typedef struct {
    int frames, entry, home;
} walk_t;

static _Unwind_Reason_Code look(struct _Unwind_Context *context, void *argument) {
    walk_t *walk = (walk_t *)argument;
    void *function = _Unwind_FindEnclosingFunction((void *)_Unwind_GetIP(context));
    walk->entry |= function == (void *)(uintptr_t)entry;
    walk->home |= function == (void *)(uintptr_t)main;
    return ++walk->frames < 50 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static void check_backtrace(uintptr_t pc) {
    walk_t walk = {0, 0, 0};
    _Unwind_Backtrace(look, &walk);
    steps++;
    if (!walk.home || walk.frames >= 50) {
        if (unsound++ < 5) {
            fprintf(stderr, "no way home from %#lx: %d frames\n", (unsigned long)pc, walk.frames);
        }
    }
}

#if defined(__x86_64__)
enum { TRAP_FLAG = 0x100 };

static void *switches[2];

/* The function that the exported one is a jump to, without a value: the code of the switch itself. */
static void *behind(void *exported) {
    const unsigned char *code = (const unsigned char *)exported;
    int32_t distance;
    CHECK(code[0] == 0x31); /* xor, 2 bytes */
    code += 2;
    CHECK(code[0] == 0xe9); /* jmp */
    memcpy(&distance, code + 1, sizeof distance);
    return (void *)(uintptr_t)(code + 5 + distance);
}

static void on_trap(int number, siginfo_t *info, void *context) {
    (void)number, (void)info;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    if (stepping) {
        uintptr_t pc = (uintptr_t)registers[REG_RIP];
        void *function = _Unwind_FindEnclosingFunction((void *)(pc + 1));
        if (function == switches[0] || function == switches[1]) check_backtrace(pc);
    } else {
        registers[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    }
}

static void start_stepping(void) {
    switches[0] = behind((void *)(uintptr_t)&aco_resume);
    switches[1] = behind((void *)(uintptr_t)&acosw);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_trap;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
    static char signal_stack[256 * 1024];
    stack_t stack = {signal_stack, 0, sizeof signal_stack};
    CHECK(sigaltstack(&stack, NULL) == 0);
    stepping = 1;
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t"
                     "lea 128(%%rsp), %%rsp" ::: "memory", "cc");
}
#endif

#ifdef ACO_INLINE_YIELD_
/* The header's switches with an instruction that traps before each of those between the contexts. */
#undef ACO_GO_ON_
#if defined(__x86_64__)
enum { TRAP_SIZE = 2 };
#define ACO_GO_ON_                                                                               \
    "ud2\n\tmovq\t48(%%rsi), %%rbx\n\t"                                                         \
    "ud2\n\tmovq\t56(%%rsi), %%rbp\n\t"                                                         \
    "ud2\n\tmovq\t40(%%rsi), %%rsp\n\t"                                                         \
    "ud2\n\tnotrack jmp\t*32(%%rsi)"
#define PROGRAM_COUNTER(context) ((context)->uc_mcontext.gregs[REG_RIP])
#elif defined(__aarch64__)
enum { TRAP_SIZE = 4 };
#define ACO_GO_ON_                                                                               \
    ".inst\t0\n\tldr\tx3, [x1, #112]\n\t"                                                        \
    ".inst\t0\n\tldp\tx29, x17, [x1, #96]\n\t"                                                   \
    ".inst\t0\n\tmov\tsp, x3\n\t"                                                                \
    ".inst\t0\n\tbr\tx17"
#define PROGRAM_COUNTER(context) ((context)->uc_mcontext.pc)
#else
#error "another architecture"
#endif

static int traps, lost;

static void on_illegal(int number, siginfo_t *info, void *context) {
    (void)number, (void)info;
    walk_t walk = {0, 0, 0};
    _Unwind_Backtrace(look, &walk);
    traps++;
    lost += !walk.home || walk.frames >= 50;
    PROGRAM_COUNTER((ucontext_t *)context) += TRAP_SIZE;
}

static void __attribute__((noinline)) yield_with_traps(void) {
    aco_t *from = aco_get_co(), *to = from->main_co;
    if (to == NULL) aco_yield_fn(); /* no leaf: it has no red zone */
    void *value = NULL;
    ACO_SWITCH_(from, to, value, "");
}

static void __attribute__((noinline)) exit_with_traps(void) {
    aco_t *from = aco_get_co(), *to = from->main_co;
    from->is_end = 1;
    from->share_stack->owner = NULL;
    from->share_stack->align_validsz = 0;
    ACO_LEAVE_(from, to);
}

static void traps_in_switches(void) {
    yield_with_traps();
    exit_with_traps();
}

static void check_inline(void) {
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_illegal;
    action.sa_flags = SA_SIGINFO;
    CHECK(sigaction(SIGILL, &action, &before) == 0);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, traps_in_switches, NULL);
    for (int i = 0; i < 2; i++) aco_resume(co);
    CHECK(co->is_end);
    CHECK_EQUAL(traps, 8);
    CHECK_EQUAL(lost, 0);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    CHECK(sigaction(SIGILL, &before, NULL) == 0);
}
#else
static void check_inline(void) {}
#endif

static void looks_about(void) {
    for (;;) {
        walk_t walk = {0, 0, 0};
        _Unwind_Backtrace(look, &walk);
        CHECK(walk.home && walk.frames < 50);
        aco_yield();
    }
}

/* Control blocks that a program copies and replaces: the way home is that of the present one. */
static void check_replaced(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, looks_about, NULL);
    aco_resume(co);
    for (int i = 0; i < 3; i++) {
        aco_t *copy = (aco_t *)malloc(sizeof *copy);
        memcpy(copy, co, sizeof *copy);
        memset(&copy->save_stack, 0, sizeof copy->save_stack);
        stack->owner = copy;
        if (i == 0) {
            co->save_stack.ptr = NULL;
            aco_destroy(co);
            stack->owner = copy;
        } else {
            memset((void *)co, 'x', sizeof *co);
            free(co);
        }
        co = copy;
        aco_resume(co);
        (aco_resume)(co);
    }
    stack->owner = NULL;
    free(co);
    aco_share_stack_destroy(stack);
}

static void entry(void) {
    for (int i = 0; i < 3; i++) {
        if (!stepping) { /* else the processor stops inside the unwinder, which has a lock */
            walk_t walk = {0, 0, 0};
            _Unwind_Backtrace(look, &walk);
            CHECK(walk.entry && walk.home && walk.frames < 50);
        }
#if !defined(__x86_64__)
        check_backtrace(0);
#endif
        aco_yield();
    }
    aco_exit();
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *own = aco_share_stack_new(0), *shared = aco_share_stack_new(0);
    aco_t *looks = aco_create(main_co, own, 0, entry, NULL);
    for (int i = 0; i < 4; i++) aco_resume(looks);
    aco_destroy(looks);
    check_replaced();
    check_inline();
    aco_t *cos[3] = {
        aco_create(main_co, own, 0, entry, NULL),
        aco_create(main_co, shared, 0, entry, NULL),
        aco_create(main_co, shared, 0, entry, NULL),
    };
    /* Once without: the first use of an unwinder allocates and loads. */
    walk_t walk = {0, 0, 0};
    _Unwind_Backtrace(look, &walk);
    CHECK(walk.home);
#if defined(__x86_64__)
    start_stepping();
#endif
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 3; i++) aco_resume(cos[i]);
    }
    stepping = 0;
#if defined(__x86_64__)
    CHECK(steps > 400);
#elif defined(__aarch64__)
    CHECK_EQUAL(steps, 12);
#else
#error "another architecture"
#endif
    CHECK_EQUAL(unsound, 0);
    for (int i = 0; i < 3; i++) {
        CHECK(cos[i]->is_end);
        aco_destroy(cos[i]);
    }
    aco_share_stack_destroy(own);
    aco_share_stack_destroy(shared);
    aco_destroy(main_co);
    return 0;
}
