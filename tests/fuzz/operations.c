/* A model of the library, and programs that are bytes: create, resume, yield and exit at any depth,
 * destroy, share, nest, move to another thread, copy by value, restart; every switch in every form. A
 * coroutine that runs reads its operations from the same program as who resumed it. What the model
 * predicts is checked at each step: who runs, who comes back, whose frames are on a stack, every byte
 * of suspended frames, counters, rounding modes. Only what is allowed is done: see c_tests/misuse.c for
 * the rest.
 *
 * As a libFuzzer target: tests/suite/fuzz.rs. With a main(): replay.c, c_tests/operations.c. */
#include "world.h"

/* ---- the program ----------------------------------------------------------------------------- */

static const uint8_t *program;
static size_t left;
static int over;
unsigned long model_operations, model_forms[3 * FORMS + 2];

unsigned next_byte(void) {
    if (left == 0) {
        over = 1;
        return 0;
    }
    left--;
    return *program++;
}
int is_over(void) { return over; }

void model_count(unsigned form) { model_forms[form]++; }

/* ---- switches -------------------------------------------------------------------------------- */

static slot_t *entered; /* who goes on next */
static slot_t *came;    /* who has left last */
static slot_t *giver;   /* who has given its place to that */
static void *sent;

void model_send(void *value) { sent = value; }
void *model_receive(void) { return sent; }

static void note_frames_of_giver(slot_t *next);

slot_t *model_enter(void) {
    slot_t *self = entered;
    CHECK(self != NULL && current() == self->co && self->co->is_end == 0);
    CHECK(self->thread == world.thread && world.running[world.thread] == self);
    entered = NULL;
    if (giver != NULL) note_frames_of_giver(self);
    model_check(self);
    return self;
}

void model_leave(slot_t *self, state_t state) {
    model_check(self);
    self->state = state;
    came = self;
}

/* Who may be resumed here: one whose stack is there, and free of frames that run. */
static int is_ready_beside(const slot_t *slot, const slot_t *self) {
    if ((slot->state != FRESH && slot->state != SUSPENDED) || slot->stack < 0) return 0;
    for (int i = 0; i < SLOTS; i++) {
        const slot_t *other = &world.slots[i];
        if (other->state == ACTIVE && other != self && other->stack == slot->stack) return 0;
    }
    return 1;
}
static int is_ready(const slot_t *slot) { return is_ready_beside(slot, NULL); }

/* The copies that a resume of slot makes. */
static void predict_copies(slot_t *slot) {
    slot_t **owner = &world.stacks[slot->stack].owner;
    if (*owner == slot) return;
    if (*owner != NULL) {
        (*owner)->image = live_bytes(*owner);
        (*owner)->saves += (*owner)->image > 0;
        if ((*owner)->image > (*owner)->largest) (*owner)->largest = (*owner)->image;
    }
    slot->restores += slot->image > 0;
    if (slot->image > slot->largest) slot->largest = slot->image;
}

static void check_copies(const slot_t *slot) {
    const aco_save_stack_t *area = &slot->co->save_stack;
    CHECK_EQUAL(area->valid_sz, slot->image);
    CHECK_EQUAL(area->ct_save, slot->saves);
    CHECK_EQUAL(area->ct_restore, slot->restores);
    CHECK_EQUAL(area->max_cpsz, slot->largest);
    CHECK(area->sz >= slot->image);
}

/* Its frames are where they were, or copied out for who is there now. */
static void note_frames_of_giver(slot_t *next) {
    slot_t *slot = giver;
    giver = NULL;
    if (slot->stack == next->stack) {
        slot->image = live_bytes(slot);
        slot->saves += slot->image > 0;
        if (slot->image > slot->largest) slot->largest = slot->image;
    }
    slot->frames = hash_of_frames(slot);
    check_copies(slot);
    check_copies(next);
}

/* Whose stack is there, and free of frames that run, but for those of self. */
static slot_t *successor_of(const slot_t *self) {
    unsigned first = next_byte();
    for (unsigned i = 0; i < SLOTS; i++) {
        slot_t *slot = &world.slots[(first + i) % SLOTS];
        if (is_ready_beside(slot, self)) return slot;
    }
    return NULL;
}

slot_t *model_give_place(slot_t *self) {
    slot_t *slot = successor_of(self);
    if (slot == NULL) return NULL;
    model_check(self);
    check_frames(slot);
    slot_t **owner = &world.stacks[slot->stack].owner;
    if (*owner != NULL && *owner != self) check_frames(*owner);
    if (*owner == self) { /* how much of it is not known yet */
        slot->restores += slot->image > 0;
        if (slot->image > slot->largest) slot->largest = slot->image;
    } else {
        predict_copies(slot);
    }
    self->state = SUSPENDED;
    slot->co->main_co = self->co->main_co;
    slot->state = ACTIVE;
    slot->thread = world.thread;
    slot->resumer = self->resumer;
    *owner = slot;
    world.running[world.thread] = slot;
    world.current[world.thread] = slot->co;
    entered = slot;
    giver = self;
    model_send(NULL);
    return slot;
}

/* Resumes slot from self, or from main coroutine which of this thread. */
static void resume(slot_t *self, slot_t *slot, unsigned which, unsigned form) {
    int thread = world.thread;
    aco_t *resumer = self != NULL ? self->co : main_of(thread, which);
    slot_t *evicted = world.stacks[slot->stack].owner;
    check_frames(slot);
    if (evicted != NULL) check_frames(evicted);
    if (evicted != slot && form % FORMS == 3) form--; /* by hand nothing is copied */
    predict_copies(slot);
    slot->co->main_co = resumer;
    slot->state = ACTIVE;
    slot->thread = thread;
    slot->resumer = self;
    world.stacks[slot->stack].owner = slot;
    world.running[thread] = slot;
    world.current[thread] = slot->co;
    entered = slot;
    came = NULL;
    model_operations++;
    model_send(NULL);
    body_of(form / FORMS)->resume(slot->co, resumer, form, mix(slot->key, model_operations));
    slot = came; /* another one, if it has given its place away */
    CHECK(slot != NULL && entered == NULL && slot->resumer == self && slot->state != ACTIVE);
    CHECK_EQUAL(slot->co->is_end, slot->state == ENDED);
    CHECK_EQUAL(world.thread, thread);
    world.running[thread] = self;
    world.current[thread] = resumer;
    if (slot->state == ENDED) {
        world.stacks[slot->stack].owner = NULL;
    } else {
        slot->frames = hash_of_frames(slot);
    }
    check_copies(slot);
    if (evicted != NULL && evicted->co != NULL) check_copies(evicted);
    model_check(self);
}

/* ---- threads --------------------------------------------------------------------------------- */

static void run_base(unsigned steps) {
    while (steps-- > 0 && !over) {
        model_step(NULL, next_byte());
        model_check(NULL);
    }
}

/* Ends what a thread has of its own. */
static void forget_mains(void) {
    for (unsigned which = 0; which < MAINS; which++) {
        aco_t **main_co = &world.mains[world.thread][which];
        if (*main_co == NULL) continue;
        if (world.current[world.thread] == *main_co) world.current[world.thread] = NULL;
        aco_destroy(*main_co);
        *main_co = NULL;
    }
}

void work_on_thread(unsigned steps) {
    model_check(NULL);
    if (steps > 0) {
        run_base(steps);
    } else {
        forget_mains();
    }
}

/* Lets another thread do steps, while this one waits. */
static void hand_over(unsigned detail) {
    unsigned number = 1 + detail % (THREADS - 1);
    if (world.thread != 0) return;
    /* pthread_create takes 4 KiB of stack: not from a small one. */
    if (world.running[0] != NULL && !is_thread_there(number)) return;
    slot_t *entered_here = entered;
    run_on_thread(number, 1 + detail / 2);
    CHECK(entered == entered_here);
}

/* ---- one step -------------------------------------------------------------------------------- */

static slot_t *find(int (*is_wanted)(const slot_t *)) {
    unsigned first = next_byte();
    for (unsigned i = 0; i < SLOTS; i++) {
        slot_t *slot = &world.slots[(first + i) % SLOTS];
        if (is_wanted(slot)) return slot;
    }
    return NULL;
}

static int is_empty(const slot_t *slot) { return slot->state == EMPTY; }
static int is_idle(const slot_t *slot) { return slot->state != EMPTY && slot->state != ACTIVE; }
static int has_frames(const slot_t *slot) {
    return slot->state == FRESH || slot->state == SUSPENDED;
}
static int can_restart(const slot_t *slot) { return is_idle(slot) && slot->stack >= 0; }

static void set_rounding(slot_t *self, unsigned detail) {
    static const int modes[4] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
    *rounding_of(self) = modes[detail % 4];
    CHECK(fesetround(modes[detail % 4]) == 0);
    if (detail >= 12) {
        aco_thread_init(world.bodies[0]->last_word);
        world.fresh[world.thread] = modes[detail % 4];
    }
}

void model_step(slot_t *self, unsigned op) {
    unsigned detail = op / 16;
    slot_t *slot;
    model_operations++;
    switch (op % 16) {
    case 0: case 1: case 2: case 3: case 4: {
        unsigned form = next_byte();
        if ((slot = find(is_ready)) != NULL) resume(self, slot, detail % MAINS, form);
        break;
    }
    case 5: case 6:
        if ((slot = find(is_empty)) != NULL) create(self, slot, detail);
        break;
    case 7:
        if ((slot = find(is_idle)) != NULL) destroy(slot);
        break;
    case 8: new_stack(next_byte() % STACKS, detail); break;
    case 9: destroy_stack(next_byte() % STACKS); break;
    case 10:
        if ((slot = find(has_frames)) != NULL) replace_by_copy(slot);
        break;
    case 11:
        if ((slot = find(can_restart)) != NULL) restart(slot);
        break;
    case 12: hand_over(detail); break;
    case 13: set_rounding(self, detail); break;
    case 14:
        if ((slot = find(is_idle)) != NULL) look_at_depth(slot, detail);
        break;
    default:
        if (self == NULL && detail < 4) forget_mains();
        if (detail >= 8) check_all();
        if (detail % 4 == 3 && (slot = find(is_idle)) != NULL) cancel(slot);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    program = data;
    left = size;
    over = 0;
    unsigned way = next_byte();
    begin_world(way);
    while (!over) run_base(1);
    check_all();
    end_world(way);
    forget_mains();
    set_up_thread();
    return 0;
}
