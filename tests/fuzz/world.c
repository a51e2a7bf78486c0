/* The objects of the model: see operations.c. */
#include "world.h"

world_t world;

/* Not inlined: a coroutine may have been moved to another thread since the last call. */
#define FRESHLY __attribute__((noinline))

FRESHLY aco_t *current(void) {
    __asm__ volatile("" ::: "memory");
    return aco_gtls_co;
}
FRESHLY void set_current(aco_t *co) {
    aco_gtls_co = co;
    __asm__ volatile("" ::: "memory");
}

aco_t *main_of(int thread, unsigned which) {
    aco_t **main_co = &world.mains[thread][which];
    if (*main_co == NULL) *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    return *main_co;
}

/* Whether a program has one unit with coroutines, or two. */
const body_t *body_of(unsigned number) {
    return world.bodies[1] != NULL ? world.bodies[number % 2] : world.bodies[0];
}

int *rounding_of(slot_t *self) {
    return self == NULL || world.shares_fpenv ? &world.rounding[world.thread] : &self->rounding;
}

/* Of both units where there are two: fegetround() asks one. */
static int rounding_here(void) {
#if defined(__x86_64__)
    CHECK_EQUAL(__builtin_ia32_stmxcsr() >> 3 & 0xc00, fegetround());
#endif
    return fegetround();
}

void model_check(slot_t *self) {
    CHECK(current() == world.current[world.thread]);
    CHECK(world.running[world.thread] == self);
    CHECK_EQUAL(rounding_here(), *rounding_of(self));
    if (self == NULL) return;
    CHECK(current() == self->co && self->co->arg == self && self->state == ACTIVE);
    CHECK(self->stack >= 0 && self->co->share_stack->owner == self->co);
}

/* ---- frames of suspended coroutines ---------------------------------------------------------- */

size_t live_bytes(const slot_t *slot) {
    const aco_t *co = slot->co;
    return (size_t)((char *)co->share_stack->align_retptr - (char *)co->reg[ACO_REG_IDX_SP]);
}

#if HAS_ASAN
__attribute__((no_sanitize("address")))
#endif
static uint64_t hash_of(const uint64_t *words, size_t bytes, const aco_t *main_co) {
    uint64_t hash = bytes;
    for (size_t i = 0; i < bytes / sizeof *words; i++) {
        /* The end of the chain of frame pointers: inside the resumer on the stack, NULL in an image. */
        int is_end = words[i] - (uintptr_t)main_co - 1 < sizeof *main_co - 1;
        hash = (hash ^ (is_end ? 0 : words[i])) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return hash;
}

/* Where they are: on the stack, or in the save area. */
uint64_t hash_of_frames(const slot_t *slot) {
    const void *place = slot->co->reg[ACO_REG_IDX_SP];
    if (world.stacks[slot->stack].owner != slot) {
        CHECK_EQUAL(slot->co->save_stack.valid_sz, live_bytes(slot));
        place = slot->co->save_stack.ptr;
    }
    return hash_of((const uint64_t *)place, live_bytes(slot), slot->co->main_co);
}

void check_frames(const slot_t *slot) {
    if (slot->state != SUSPENDED || slot->stack < 0) return;
    CHECK_EQUAL(hash_of_frames(slot), slot->frames);
}

void check_all(void) {
    for (int i = 0; i < SLOTS; i++) check_frames(&world.slots[i]);
    for (int i = 0; i < STACKS; i++) {
        const place_t *place = &world.stacks[i];
        if (place->stack == NULL) continue;
        CHECK(place->stack->owner == (place->owner == NULL ? NULL : place->owner->co));
    }
}

/* ---- coroutines ------------------------------------------------------------------------------ */

void create(slot_t *self, slot_t *slot, unsigned detail) {
    static const size_t areas[8] = {0, 0, 0, 1, 64, 100, 1000, 50000};
    unsigned number = next_byte();
    const place_t *place = &world.stacks[number % STACKS];
    if (place->stack == NULL) new_stack(number % STACKS, number / (2 * STACKS));
    memset(slot, 0, sizeof *slot);
    slot->state = FRESH;
    slot->stack = (int)(number % STACKS);
    slot->body = body_of(number / STACKS);
    slot->key = mix(++world.lives, 0);
    slot->rounding = world.fresh[world.thread];
    aco_t *main_co = self != NULL ? self->co : main_of(world.thread, detail / 8);
    slot->co = aco_create(main_co, place->stack, areas[detail % 8], slot->body->entry, slot);
    CHECK(slot->co->main_co == main_co && slot->co->is_end == 0 && slot->co->arg == slot);
}

void destroy(slot_t *slot) {
    check_frames(slot);
    if (slot->stack >= 0 && world.stacks[slot->stack].owner == slot) {
        world.stacks[slot->stack].owner = NULL;
    }
    aco_destroy(slot->co);
    memset(slot, 0, sizeof *slot);
}

/* A copy by value takes the place of the coroutine, its save area included. ThreadSanitizer cannot know
 * that the copy goes on with the calls of the other. */
void replace_by_copy(slot_t *slot) {
    if (slot->stack < 0 || HAS_TSAN) return;
    check_frames(slot);
    aco_t *old = slot->co, *copy = (aco_t *)malloc(sizeof *copy);
    CHECK(copy != NULL);
    memcpy(copy, old, sizeof *copy);
    if (old->share_stack->owner == old) old->share_stack->owner = copy;
    old->save_stack.ptr = NULL;
    slot->co = copy;
    aco_destroy(old);
    check_frames(slot);
}

/* By hand, as programs do it that keep their coroutines, or by aco_reset(). */
void restart(slot_t *slot) {
    aco_t *co = slot->co;
    co->fp = slot->body->entry;
#ifndef OLD_HEADER
    if (slot->state != SUSPENDED && slot->key % 2 == 0) {
        aco_reset(co, co->fp, co->arg);
        slot->is_cancelled = 0;
        slot->rounding = world.fresh[world.thread];
        /* Alone on its stack it owns that again. */
        place_t *place = &world.stacks[slot->stack];
        if (place->owner == NULL || place->owner == slot) {
            place->owner = co->share_stack->owner == co ? slot : NULL;
        }
    }
#endif
    co->reg[ACO_REG_IDX_RETADDR] = (void *)co->fp;
    co->reg[ACO_REG_IDX_SP] = co->share_stack->align_retptr;
    co->save_stack.valid_sz = 0;
    co->is_end = 0;
    slot->state = FRESH;
    slot->image = 0;
    slot->depth = 0;
    slot->key = mix(++world.lives, 0);
}

void cancel(slot_t *slot) {
#ifndef OLD_HEADER
    CHECK_EQUAL(aco_is_cancelled(slot->co), slot->is_cancelled);
    aco_cancel(slot->co);
    slot->is_cancelled = 1;
#else
    (void)slot;
#endif
}

void look_at_depth(slot_t *slot, unsigned detail) {
#ifndef OLD_HEADER
    const place_t *place = slot->stack < 0 ? NULL : &world.stacks[slot->stack];
    if (place == NULL) return;
    for (int i = 0; i < SLOTS; i++) {
        if (world.slots[i].state == ACTIVE && world.slots[i].stack == slot->stack) return;
    }
    if (detail % 2 == 0 && place->stack->sz <= 16 * 1024) aco_share_stack_fill(place->stack);
    size_t used = aco_stack_used(slot->co);
    CHECK(used <= place->stack->sz && used >= slot->largest);
    if (place->owner == slot) CHECK(used >= live_bytes(slot));
#else
    (void)slot, (void)detail;
#endif
}

/* ---- share stacks ---------------------------------------------------------------------------- */

void new_stack(unsigned number, unsigned detail) {
    static const size_t sizes[8] = {1, 1, 8192, 16 * 1024, 16 * 1024, 65536, 65536, 0};
    place_t *place = &world.stacks[number];
    if (place->stack != NULL) return;
    size_t size = sizes[detail % 8];
    if (size != 0 && size < SMALLEST_STACK) size = SMALLEST_STACK;
    place->stack = aco_share_stack_new2(size, (char)(detail / 8 % 2));
    place->owner = NULL;
    CHECK(place->stack->sz >= size && place->stack->owner == NULL);
}

/* Its coroutines can only be destroyed afterwards. */
void destroy_stack(unsigned number) {
    place_t *place = &world.stacks[number];
    if (place->stack == NULL) return;
    for (int i = 0; i < SLOTS; i++) {
        if (world.slots[i].state == ACTIVE && world.slots[i].stack == (int)number) return;
    }
    for (int i = 0; i < SLOTS; i++) {
        if (world.slots[i].stack != (int)number || world.slots[i].state == EMPTY) continue;
        check_frames(&world.slots[i]);
        world.slots[i].stack = -1;
    }
    aco_share_stack_destroy(place->stack);
    place->stack = NULL;
    place->owner = NULL;
}

/* ---- the world as a whole -------------------------------------------------------------------- */

void begin_world(unsigned way) {
    world.number++;
    world.shares_fpenv = bodies_own[0] == NULL || (way % 4 == 0 && bodies_shared[0] != NULL);
    world.bodies = world.shares_fpenv ? bodies_shared : bodies_own;
    set_up_thread();
}

void end_world(unsigned way) {
    for (unsigned i = 0; way / 4 % 2 == 0 && i < STACKS; i++) destroy_stack(i);
    for (int i = 0; i < SLOTS; i++) {
        if (world.slots[i].state != EMPTY) destroy(&world.slots[i]);
    }
    for (unsigned i = 0; i < STACKS; i++) destroy_stack(i);
    end_threads(way / 8 % 4 == 0);
    world.lives = 0;
}
