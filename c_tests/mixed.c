/* Old-style and inline switches in one program, on both kinds of stack: what recompiled and old
 * units of a program do to each other's coroutines. A random walk over creates, resumes, yields,
 * exits, restarts by hand, nesting and destroys, each in one of its forms; every coroutine keeps a
 * record on its stack that is verified after each switch. */
#include "check.h"

enum { SLOTS = 24, STACKS = 5 };

static uint64_t state = 0x853c49e6748fea9b;
static unsigned below(unsigned limit) { return (unsigned)(random_next(&state) % limit); }

static aco_t *main_co, *cos[SLOTS];
static aco_share_stack_t *stacks[STACKS];
static uint64_t expected[SLOTS]; /* how often each has run */
static unsigned long forms[16];

/* A yield in any of its forms. The old macro is a call of acosw. */
static inline void any_yield(aco_t *self) {
    unsigned form = below(4);
    forms[form]++;
    switch (form) {
    case 0: aco_yield(); break;
    case 1: aco_yield1(self); break;
    case 2: acosw(self, self->main_co); break;
    default:
#ifdef OLD_HEADER
        aco_yield();
#else
        aco_yield_fn();
#endif
    }
}

static inline void any_resume(aco_t *co) {
    unsigned form = below(4);
    forms[4 + form]++;
    switch (form) {
    case 0: aco_resume(co); break;
    case 1: { /* a unit that keeps the function's address */
        void (*volatile resume)(aco_t *) = &aco_resume;
        resume(co);
        break;
    }
    case 2: /* by hand, where no copy is due */
        if (co->share_stack->owner == co && !co->is_end) {
            aco_t *self = co->main_co;
            aco_gtls_co = co;
            acosw(self, co);
            aco_gtls_co = self;
            break;
        } /* fall through */
    default: (aco_resume)(co);
    }
}

static inline void any_exit(aco_t *self) {
    unsigned form = below(3);
    forms[8 + form]++;
    switch (form) {
    case 0: aco_exit(); break;
    case 1: aco_exit1(self); break;
    default: /* as old binaries have it inside */
        self->is_end = 1;
        CHECK(self->share_stack->owner == self);
        self->share_stack->owner = NULL;
        self->share_stack->align_validsz = 0;
        acosw(self, self->main_co);
        CHECK(!"an ended coroutine went on");
    }
}

/* A leaf function with data that a compiler may well put below the stack pointer. */
static uint64_t __attribute__((noinline)) leaf(aco_t *self, uint64_t seed) {
    uint64_t a = seed * 3, b = seed ^ 0x55, c = seed + 7;
    volatile uint64_t block[6] = {a, b, c, a + b, b + c, a + c};
    aco_yield1(self);
    uint64_t sum = block[0] + block[1] + block[2] + block[3] + block[4] + block[5];
    return sum == 3 * (a + b + c) ? seed : 0;
}

static void child(void) {
    aco_t *self = aco_get_co();
    uint64_t *count = (uint64_t *)aco_get_arg();
    for (;;) {
        ++*count;
        any_yield(self);
    }
}

static void entry(void) {
    aco_t *self = aco_get_co();
    unsigned slot = (unsigned)(uintptr_t)aco_get_arg();
    volatile uint64_t record[4] = {slot, slot * 77, 0, ~(uint64_t)slot};
    aco_share_stack_t *inner_stack = NULL;
    aco_t *inner = NULL;
    uint64_t inner_count = 0, inner_wanted = 0;
    for (;;) {
        expected[slot]++;
        record[2]++;
        unsigned what = below(20);
        if (what == 0 && inner == NULL) {
            inner_stack = aco_share_stack_new2(32768, (char)below(2));
            inner = aco_create(self, inner_stack, 0, child, &inner_count);
        } else if (what < 8 && inner != NULL) {
            for (unsigned i = below(3); i > 0; i--) {
                any_resume(inner);
                inner_wanted++;
                CHECK(aco_get_co() == self);
            }
        } else if (what < 12) {
            CHECK_EQUAL(leaf(self, 1000 + slot), 1000 + slot);
            continue;
        } else if (what == 19) {
            if (inner != NULL) {
                aco_destroy(inner);
                aco_share_stack_destroy(inner_stack);
            }
            any_exit(self);
        }
        any_yield(self);
        CHECK(aco_get_co() == self && self->is_end == 0);
        CHECK(record[0] == slot && record[1] == slot * 77 && record[3] == ~(uint64_t)slot);
        CHECK_EQUAL(inner_count, inner_wanted);
    }
}

static void restart(aco_t *co, int is_alone) {
    if (!co->is_end && !is_alone && co->share_stack->owner == co && below(2)) {
        co->share_stack->owner = NULL;
        co->share_stack->align_validsz = 0;
    }
    co->reg[ACO_REG_IDX_RETADDR] = (void *)entry;
    co->reg[ACO_REG_IDX_SP] = co->share_stack->align_retptr;
    co->save_stack.valid_sz = 0;
    co->is_end = 0;
}

int main(void) {
    /* More of it, and other numbers: ACO_TEST_ROUNDS=1000. */
    const char *rounds = getenv("ACO_TEST_ROUNDS");
    int steps = 3000 * (rounds != NULL ? atoi(rounds) : 20);
    state += (uint64_t)steps;
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    for (int i = 0; i < STACKS; i++) stacks[i] = aco_share_stack_new2(65536, (char)(i % 2));
    unsigned ends = 0, restarts = 0;
    for (int step = 0; step < steps; step++) {
        unsigned slot = below(SLOTS);
        if (cos[slot] == NULL) {
            /* The first stacks have one coroutine each, the others share the last two. */
            aco_share_stack_t *stack = stacks[slot < 3 ? slot : 3 + slot % 2];
            cos[slot] = aco_create(main_co, stack, below(200), entry, (void *)(uintptr_t)slot);
        }
        aco_t *co = cos[slot];
        if (co->is_end || below(100) == 0) {
            ends += (unsigned)co->is_end;
            if (below(2)) {
                restart(co, slot < 3);
                restarts++;
                if (below(2)) continue; /* others get its stack first */
            } else {
                aco_destroy(co);
                cos[slot] = NULL;
                continue;
            }
        }
        uint64_t before = expected[slot];
        for (unsigned i = 1 + below(3) * below(3); i > 0 && !co->is_end; i--) {
            any_resume(co);
            CHECK(aco_get_co() == main_co);
        }
        CHECK(expected[slot] > before || !co->is_end);
    }
    CHECK(ends > 10 && restarts > 10);
    for (int form = 0; form < 11; form++) CHECK(forms[form] > 20);
    for (int i = 0; i < SLOTS; i++) {
        if (cos[i] != NULL) aco_destroy(cos[i]);
    }
    for (int i = 0; i < STACKS; i++) aco_share_stack_destroy(stacks[i]);
    aco_destroy(main_co);
    return 0;
}
