/* What of the floating-point environment a switch carries: the control bits are each context's, the status
 * bits (the exception flags) the thread's. With ACO_CONFIG_SHARE_FPU_MXCSR_ENV all of it is the thread's. Random
 * environments, by every kind of switch, between coroutines with and without a stack of their own. */
#include "check.h"

#ifndef OLD_HEADER
#include "aco_ext.h"
#endif

#ifdef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
enum { IS_SHARED = 1 };
#define YIELD_BY_CALL(self) aco_yield1_shared_fpenv(self)
#else
enum { IS_SHARED = 0 };
#define YIELD_BY_CALL(self) aco_yield1_fn(self)
#endif

#if defined(__x86_64__)
/* x87: masks, precision, rounding; MXCSR: denormals, masks, rounding, flush to zero. */
static const uint64_t CONTROL_BITS = (uint64_t)0x0f3f << 32 | 0xffc0, FLAG_BITS = 0x3f;

static uint64_t control(void) {
    unsigned short word;
    __asm__ volatile("fnstcw %0" : "=m"(word));
    return ((uint64_t)word << 32 | __builtin_ia32_stmxcsr()) & CONTROL_BITS;
}
static uint64_t flags(void) { return __builtin_ia32_stmxcsr() & FLAG_BITS; }
static void set(uint64_t control, uint64_t flags) {
    unsigned short word = (unsigned short)(control >> 32 | 0x40);
    __asm__ volatile("fnclex\n\tfldcw %0" ::"m"(word));
    __builtin_ia32_ldmxcsr((unsigned)((control & 0xffc0) | flags));
}
#elif defined(__aarch64__)
/* FPCR: alternative half precision, default NaN, flush to zero, rounding; FPSR: the flags. */
static const uint64_t CONTROL_BITS = 0x07c00000, FLAG_BITS = 0x9f;

static uint64_t control(void) {
    uint64_t word;
    __asm__ volatile("mrs %0, fpcr" : "=r"(word));
    return word & CONTROL_BITS;
}
static uint64_t flags(void) {
    uint64_t word;
    __asm__ volatile("mrs %0, fpsr" : "=r"(word));
    return word & FLAG_BITS;
}
static void set(uint64_t control, uint64_t flags) {
    __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, %1" ::"r"(control), "r"(flags));
}
#else
#error "another architecture"
#endif

static uint64_t random_state = 88172645463325252u;
static unsigned random_below(unsigned limit) {
    return (unsigned)((random_next(&random_state) >> 20) % limit);
}

enum { COUNT = 4, ROUNDS = 4000 };
static aco_t *main_co, *cos[COUNT];
static aco_share_stack_t *stacks[COUNT];
/* What the context that runs has set, and with what a coroutine begins. */
static uint64_t set_control, set_flags, first;
static unsigned lives, switches;

/* Sets another environment, mostly, and gives the control bits that this context is to find again. */
static uint64_t depart(void) {
    if (random_below(4) != 0) set_control ^= (uint64_t)1 << random_below(44) & CONTROL_BITS;
    if (random_below(4) != 0) set_flags = random_next(&random_state) & FLAG_BITS;
    set(set_control, set_flags);
    switches++;
    return set_control;
}

static void arrive(uint64_t mine) {
    uint64_t found = control(), found_flags = flags();
    uint64_t wanted = IS_SHARED ? set_control : mine;
    CHECK_EQUAL(found, wanted);
    CHECK_EQUAL(found_flags, set_flags);
    set_control = found;
}

static aco_t *ready_other(aco_t *self) {
    aco_t *other = cos[random_below(COUNT)];
    return other == self || other->is_end ? NULL : other;
}

static void body(void) {
    arrive(first);
    for (;;) {
        aco_t *self = aco_get_co(), *other = ready_other(self);
        unsigned way = random_below(7);
        uint64_t mine = depart();
        switch (way) {
        case 0: aco_yield(); break;
        case 1: acosw(self, main_co); break;
        case 2:
            if (random_below(8) == 0) aco_exit();
            aco_yield1(self);
            break;
#ifndef OLD_HEADER
        case 3: YIELD_BY_CALL(self); break;
        case 4: aco_yield_value(self); break;
        case 5:
            if (other == NULL) continue;
            aco_yield_to(other);
            break;
        case 6:
            if (other == NULL) continue;
            (aco_yield_to)(other);
            break;
#endif
        default: aco_yield(); break;
        }
        (void)other;
        arrive(mine);
    }
}

int main(void) {
    set_control = control();
    set(set_control, set_flags);
    first = set_control;
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    /* The first two have one stack. */
    for (int i = 0; i < COUNT; i++) stacks[i] = i == 1 ? stacks[0] : aco_share_stack_new(0);
    for (int i = 0; i < COUNT; i++) cos[i] = aco_create(main_co, stacks[i], 0, body, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        unsigned number = random_below(COUNT), way = random_below(3);
        uint64_t mine = depart();
        switch (way) {
        case 0: (aco_resume)(cos[number]); break;
#ifndef OLD_HEADER
        case 1: aco_resume_value(cos[number], NULL); break;
#endif
        default: aco_resume(cos[number]); break;
        }
        arrive(mine);
        for (int i = 0; i < COUNT; i++) {
            if (!cos[i]->is_end) continue;
            aco_destroy(cos[i]);
            cos[i] = aco_create(main_co, stacks[i], 0, body, NULL);
            lives++;
        }
    }
    set(first, 0);
    CHECK(lives > 20 && switches > ROUNDS);
    for (int i = 0; i < COUNT; i++) aco_destroy(cos[i]);
    for (int i = 0; i < COUNT; i++) {
        if (i != 1) aco_share_stack_destroy(stacks[i]);
    }
    aco_destroy(main_co);
    return 0;
}
