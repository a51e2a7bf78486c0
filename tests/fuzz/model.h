/* What the model knows, for the units that coroutines are compiled in: see operations.c. */
#ifndef MODEL_H
#define MODEL_H

#include "../../c_tests/check.h"

#ifndef OLD_HEADER
#include <aco_ext.h>
#endif

#include <fenv.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define HAS_ASAN 1
#else
#define HAS_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define HAS_TSAN 1
#else
#define HAS_TSAN 0
#endif

/* The smallest stacks, and what an operation of the model needs below the frames of a coroutine.
 * Without -z now the loader resolves names there, and AddressSanitizer notes where memory is from. */
#ifndef SMALLEST_STACK
#define SMALLEST_STACK (16 * 1024)
#endif
#ifndef ROOM
#define ROOM (8 * 1024)
#endif

enum { SLOTS = 16, STACKS = 6, THREADS = 3, MAINS = 2, DEEPEST = 30, FORMS = 6 };

typedef enum { EMPTY, FRESH, SUSPENDED, ACTIVE, ENDED } state_t; /* ACTIVE: runs, or resumes */

/* One way to compile coroutines: their switches, and whether they share a floating-point
 * environment. */
typedef struct {
    aco_cofuncp_t entry, last_word;
    void (*resume)(aco_t *co, aco_t *self, unsigned form, uint64_t key);
} body_t;

typedef struct slot {
    aco_t *co;
    state_t state;
    int stack;            /* -1: it was destroyed before */
    const body_t *body;
    uint64_t key;         /* what all its patterns are made of */
    int rounding;         /* its own rounding mode */
    int depth;
    uint64_t frames;      /* a hash of its frames while it is suspended */
    size_t image;         /* what it has in its save area */
    size_t saves, restores, largest;
    struct slot *resumer; /* NULL: the thread's own stack */
    int thread;           /* where it is ACTIVE */
    int is_cancelled;
} slot_t;

/* The program. Gives 0 when it is over. */
unsigned next_byte(void);
int is_over(void);

/* The coroutine that has just been entered, by whatever switch; checks that it is the expected one. */
slot_t *model_enter(void);
/* Self calls this before it switches away, for a time or for good. */
void model_leave(slot_t *self, state_t state);
/* Who could run in the place of self, which has left; it is entered next. NULL: none. */
slot_t *model_give_place(slot_t *self);
/* What a switch carries: who leaves says what, who goes on asks. */
void model_send(void *value);
void *model_receive(void);
/* What a coroutine can do, beside switching: one step, by the byte given. */
void model_step(slot_t *self, unsigned op);
/* Is everything as it should be for who runs here? */
void model_check(slot_t *self);
/* Counts a switch in one of its forms. */
void model_count(unsigned form);

aco_t *current(void);
void set_current(aco_t *co);

static inline uint64_t mix(uint64_t key, uint64_t number) {
    uint64_t hash = (key + number) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

#endif
