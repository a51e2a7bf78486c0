/* The objects of the model, and what is done with them outside of switches: see operations.c. */
#ifndef WORLD_H
#define WORLD_H

#include "model.h"

typedef struct {
    aco_share_stack_t *stack; /* NULL: there is none */
    slot_t *owner;            /* whose frames are on it */
} place_t;

typedef struct {
    slot_t slots[SLOTS];
    place_t stacks[STACKS];
    aco_t *mains[THREADS][MAINS];
    slot_t *running[THREADS];   /* NULL: the thread's own stack */
    aco_t *current[THREADS];    /* what aco_gtls_co must be */
    int rounding[THREADS];
    int fresh[THREADS];         /* the rounding mode of new coroutines */
    int thread;                 /* which one works */
    int shares_fpenv;
    const body_t *const *bodies;
    unsigned number, lives;
} world_t;

extern world_t world;
extern unsigned long model_operations, model_forms[3 * FORMS + 2];

/* The bodies that are linked, for each kind of floating-point environment; NULL at the end. */
extern const body_t *const bodies_own[], *const bodies_shared[];

void begin_world(unsigned way);
void end_world(unsigned way);

aco_t *main_of(int thread, unsigned which);
const body_t *body_of(unsigned number);
int *rounding_of(slot_t *self);

void create(slot_t *self, slot_t *slot, unsigned detail);
void destroy(slot_t *slot);
void new_stack(unsigned number, unsigned detail);
void destroy_stack(unsigned number);
void replace_by_copy(slot_t *slot);
void restart(slot_t *slot);
void cancel(slot_t *slot);
void look_at_depth(slot_t *slot, unsigned detail);

size_t live_bytes(const slot_t *slot);
uint64_t hash_of_frames(const slot_t *slot);
void check_frames(const slot_t *slot);
void check_all(void);

/* Runs work_on_thread() on another thread, which is made if need be. */
void set_up_thread(void);
void run_on_thread(unsigned thread, unsigned steps);
int is_thread_there(unsigned number);
void work_on_thread(unsigned steps);
/* What each has of its own goes, and the thread itself if that is wanted. */
void end_threads(int are_sent_away);

#endif
