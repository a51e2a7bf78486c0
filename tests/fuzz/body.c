/* Coroutines of the model. Compiled several times, each with another name for BODY: with inline
 * switches, with calls, with a shared floating-point environment. */
#include "model.h"

#ifndef BODY
#define BODY body
#endif

#define NOINLINE __attribute__((noinline))
#define INLINE inline __attribute__((always_inline))

/* Values that live over a switch, in registers where there are such. */
#if defined(__x86_64__)
#define REAL_REGISTER "x"
#elif defined(__aarch64__)
#define REAL_REGISTER "w"
#else
#error "another architecture"
#endif
#define HOLD_KEPT                                                                                \
    __asm__ volatile(""                                                                          \
                     : "+r"(kept_a), "+r"(kept_b), "+r"(kept_c), "+r"(kept_d), "+r"(kept_e),     \
                       "+r"(kept_f), "+r"(kept_g), "+r"(kept_h), "+r"(kept_i), "+r"(kept_j));    \
    __asm__ volatile(""                                                                          \
                     : "+" REAL_REGISTER(real_a), "+" REAL_REGISTER(real_b),                     \
                       "+" REAL_REGISTER(real_c), "+" REAL_REGISTER(real_d),                     \
                       "+" REAL_REGISTER(real_e), "+" REAL_REGISTER(real_f),                     \
                       "+" REAL_REGISTER(real_g), "+" REAL_REGISTER(real_h))
#define REAL(key, number) ((double)(int)mix(key, number))
#define KEEP(key)                                                                                \
    uint64_t kept_a = mix(key, 1), kept_b = mix(key, 2), kept_c = mix(key, 3),                   \
             kept_d = mix(key, 4), kept_e = mix(key, 5), kept_f = mix(key, 6),                   \
             kept_g = mix(key, 7), kept_h = mix(key, 8), kept_i = mix(key, 9),                   \
             kept_j = mix(key, 10);                                                              \
    double real_a = REAL(key, 11), real_b = REAL(key, 12), real_c = REAL(key, 13),               \
           real_d = REAL(key, 14), real_e = REAL(key, 15), real_f = REAL(key, 16),               \
           real_g = REAL(key, 17), real_h = REAL(key, 18);                                       \
    HOLD_KEPT
#define KEPT(key)                                                                                \
    do {                                                                                         \
        HOLD_KEPT;                                                                               \
        CHECK(kept_a == mix(key, 1) && kept_b == mix(key, 2) && kept_c == mix(key, 3));          \
        CHECK(kept_d == mix(key, 4) && kept_e == mix(key, 5) && kept_f == mix(key, 6));          \
        CHECK(kept_g == mix(key, 7) && kept_h == mix(key, 8) && kept_i == mix(key, 9));          \
        CHECK(kept_j == mix(key, 10));                                                           \
        CHECK(real_a == REAL(key, 11) && real_b == REAL(key, 12) && real_c == REAL(key, 13));    \
        CHECK(real_d == REAL(key, 14) && real_e == REAL(key, 15) && real_f == REAL(key, 16));    \
        CHECK(real_g == REAL(key, 17) && real_h == REAL(key, 18));                               \
    } while (0)

/* ---- switches in all their forms ------------------------------------------------------------- */

/* The functions beside the macros; those without a coroutine keep an environment for each. */
#ifdef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
#define YIELD_CALL(self) aco_yield1_shared_fpenv(self)
#define EXIT_CALL(self) aco_exit1_shared_fpenv(self)
#else
#define YIELD_CALL(self) aco_yield_fn()
#define EXIT_CALL(self) aco_exit_fn()
#endif

#ifdef OLD_HEADER
enum { HAS_VALUES = 0 };
#else
enum { HAS_VALUES = 1 };
#endif

/* A value for the other side: it says what it wants to see there. */
static INLINE __attribute__((unused)) void *value_of(uint64_t key) {
    void *value = (void *)(uintptr_t)mix(key, 200);
    model_send(value);
    return value;
}

static INLINE void yield_by(aco_t *self, unsigned form, uint64_t key) {
    model_count(form % FORMS);
    model_send(NULL);
    void *got = NULL;
    switch (form % FORMS) {
#ifdef OLD_HEADER /* whose aco_gtls_co the compiler may take from the thread before */
    default: aco_yield1(self); break;
#else
    default: aco_yield(); break;
    case 1: aco_yield1(self); break;
    case 2: YIELD_CALL(self); break;
    case 4: got = aco_yield_value(value_of(key)); break;
    case 5: got = (aco_yield_value)(value_of(key)); break;
#endif
    case 3: acosw(self, self->main_co); break;
    }
    if (form % FORMS >= 4 && HAS_VALUES) CHECK(got == model_receive());
    (void)got, (void)key;
}

static NOINLINE void exit_by(aco_t *self, unsigned form) {
    model_count(FORMS + form % 4);
    model_send(NULL);
    switch (form % 4) {
#ifndef OLD_HEADER
    case 0: aco_exit(); break;
    case 1: EXIT_CALL(self); break;
#endif
    default: aco_exit1(self); break;
    case 3: /* as old binaries have it inside */
        self->is_end = 1;
        self->share_stack->owner = NULL;
        self->share_stack->align_validsz = 0;
        acosw(self, self->main_co);
    }
    CHECK(!"an ended coroutine goes on");
}

static NOINLINE void resume_by(aco_t *co, aco_t *self, unsigned form, uint64_t key) {
    void (*volatile function)(aco_t *) = &aco_resume;
    KEEP(key);
    void *got = NULL;
    model_count(2 * FORMS + form % FORMS);
    switch (form % FORMS) {
    default: aco_resume(co); break;
#ifndef OLD_HEADER
    case 4: got = aco_resume_value(co, value_of(key)); break;
    case 5: got = (aco_resume_value)(co, value_of(key)); break;
#endif
    case 1: (aco_resume)(co); break;
    case 2: function(co); break;
    case 3: /* by hand: its frames are on its stack */
        set_current(co);
        acosw(self, co);
        set_current(self);
    }
    if (form % FORMS >= 4 && HAS_VALUES) CHECK(got == model_receive());
    (void)got;
    KEPT(key);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void run_frames(slot_t *self);

/* Two kinds of frame: of a fixed size, and with a block whose size the program chooses. */
static NOINLINE void fixed_frame(slot_t *self) {
    uint64_t words[6], key = mix(self->key, (uint64_t)self->depth);
    for (unsigned i = 0; i < 6; i++) words[i] = mix(key, i);
    __asm__ volatile("" ::"r"(words) : "memory");
    run_frames(self);
    __asm__ volatile("" ::"r"(words) : "memory");
    for (unsigned i = 0; i < 6; i++) CHECK(words[i] == mix(key, i));
}

static NOINLINE void large_frame(slot_t *self, unsigned count) {
    uint64_t key = mix(self->key, (uint64_t)self->depth);
    volatile uint64_t *words = (uint64_t *)__builtin_alloca(count * sizeof *words);
    for (unsigned i = 0; i < count; i++) words[i] = mix(key, i);
    run_frames(self);
    for (unsigned i = 0; i < count; i++) CHECK(words[i] == mix(key, i));
}

static int has_room(slot_t *self, size_t bytes) {
    const char *place = (const char *)__builtin_frame_address(0);
    return (size_t)(place - (char *)self->co->share_stack->ptr) > bytes + ROOM;
}

static INLINE void yield_here(slot_t *self, unsigned form) {
    uint64_t key = mix(self->key, 100u + (unsigned)self->depth);
    KEEP(key);
    model_leave(self, SUSPENDED);
    yield_by(self->co, form, key);
    CHECK(model_enter() == self);
    KEPT(key);
}

static INLINE void give_place_here(slot_t *self, unsigned form) {
    uint64_t key = mix(self->key, 300u + (unsigned)self->depth);
    KEEP(key);
#ifndef OLD_HEADER
    const slot_t *next = model_give_place(self);
    if (next != NULL) {
        model_count(3 * FORMS + form % 2);
        if (form % 2 == 0) {
            aco_yield_to(next->co);
        } else {
            (aco_yield_to)(next->co);
        }
        CHECK(model_enter() == self);
    }
#else
    (void)form;
#endif
    KEPT(key);
}

/* What the program wants from the frame on top, until that returns. */
static void run_frames(slot_t *self) {
    for (;;) {
        unsigned op = next_byte(), detail = op / 8;
        if (is_over()) op = 0;
        switch (op % 8) {
        case 0: yield_here(self, detail); break;
        case 1:
        case 2: {
            unsigned count = op % 8 == 1 ? 0 : 1 + detail * 4;
            if (self->depth >= DEEPEST || !has_room(self, count * sizeof(uint64_t))) break;
            self->depth++;
            if (count == 0) {
                fixed_frame(self);
            } else {
                large_frame(self, count);
            }
            self->depth--;
            break;
        }
        case 3:
            if (detail >= 8) return;
            if (detail >= 4) break;
            model_leave(self, ENDED);
            exit_by(self->co, detail);
            break;
        case 4:
            if (detail % 2 == 0) {
                give_place_here(self, detail / 2);
                break;
            } /* else: */
            __attribute__((fallthrough));
        default:
            if (has_room(self, 0)) model_step(self, next_byte());
        }
        model_check(self);
    }
}

/* Ends in aco_exit(), or returns: the last word of the thread ends it then. */
static void entry(void) {
    slot_t *self = model_enter();
    CHECK(aco_get_arg() == self);
    CHECK(aco_get_co() == self->co);
    run_frames(self);
    model_leave(self, ENDED);
    if (self->key % 2 == 0) exit_by(self->co, (unsigned)(self->key >> 8));
}

static void last_word(void) { exit_by(current(), 0); }

const body_t BODY = {entry, last_word, resume_by};
