/* The chain of frame pointers of a coroutine that another resumes from now on (aco_attach, generators), or that
 * is gone on in by a transfer: on the stack it leads to who resumes, in an image it ends in NULL. */
#include "check.h"

#include <aco_ext.h>

static aco_t *main_co, *outer_co, *moving, *other;
static aco_share_stack_t *stack;
static char *resumer_frame; /* of the function that resumes */
static int looked;

static void look_for_resumer(void) {
    char *frame = (char *)__builtin_frame_address(0);
    for (int i = 0; i < 64 && frame != NULL && frame != resumer_frame; i++) frame = *(char **)frame;
    CHECK(frame == resumer_frame || IS_WATCHED);
    looked++;
}

static void __attribute__((noinline)) leaf(void) {
    look_for_resumer();
    aco_yield();
    __asm__ volatile("" ::: "memory"); /* no tail call */
}

static void looks(void) {
    for (;;) leaf();
}

/* Who asks may do so by a function of the library, which has no frame pointer: the chain is not looked at. */
static void generates(void) {
    for (;;) aco_gen_yield(&looked);
}

static void waits(void) {
    for (;;) aco_yield();
}

/* The chain of co's image: links that lead upward inside of it, and then NULL. */
static void check_image(aco_t *co) {
    char *low = (char *)co->save_stack.ptr, *high = low + co->save_stack.valid_sz;
    long moved = (char *)co->reg[ACO_REG_IDX_SP] - low;
    char *link = (char *)&co->reg[ACO_REG_IDX_BP];
    CHECK(co->share_stack->owner != co);
    int frames = 0;
    for (; *(char **)link != NULL; frames++) {
        char *next = *(char **)link - moved;
        CHECK(next >= low && high - next >= (long)sizeof(char *));
        link = next;
    }
    CHECK(frames > 0);
}

static void __attribute__((noinline)) resume_here(aco_t *co) {
    char *before = resumer_frame;
    int seen = looked;
    resumer_frame = (char *)__builtin_frame_address(0);
    aco_resume(co);
    resumer_frame = before;
    CHECK_EQUAL(looked, seen + 1);
}

static void next_from(aco_gen_t *gen) {
    void *value = NULL;
    CHECK(aco_gen_next(gen, &value));
    CHECK(value == &looked);
}

/* Gives the coroutine to this one, with its frames on the stack and in the image. */
static void outer(void) {
    for (;;) {
        aco_attach(moving, outer_co);
        resume_here(moving);
        resume_here(moving);
        aco_yield();
    }
}

static void moves(int is_copied, aco_share_stack_t *on) {
    moving = aco_create(main_co, on, 0, looks, NULL);
    outer_co = aco_create(main_co, aco_share_stack_new(0), 0, outer, NULL);
    for (int i = 0; i < 3; i++) {
        resume_here(moving);
        if (is_copied) aco_resume(other);
        if (is_copied) check_image(moving);
        aco_resume(outer_co);
        if (is_copied) aco_resume(other);
        if (is_copied) check_image(moving);
        aco_attach(moving, main_co);
    }
    aco_destroy(moving);
    aco_share_stack_t *outer_stack = outer_co->share_stack;
    aco_destroy(outer_co);
    aco_share_stack_destroy(outer_stack);
}

/* It is moved while it is resident, and copied out afterwards: nothing of the one before is left in the image. */
static void moves_then_copied(void) {
    aco_t *second = aco_create(NULL, NULL, 0, NULL, NULL);
    moving = aco_create(main_co, stack, 0, looks, NULL);
    CHECK(moving->reg[ACO_REG_IDX_BP] == NULL);
    resume_here(moving);
    aco_attach(moving, second);
    aco_resume(other);
    check_image(moving);
    aco_attach(moving, main_co);
    aco_destroy(second);
    resume_here(moving);
    aco_resume(other);
    check_image(moving);
    aco_destroy(moving);
}

static aco_gen_t *gen;
static void asks(void) {
    for (;;) {
        next_from(gen);
        aco_yield();
    }
}

static void generators(void) {
    gen = aco_gen_new(stack, generates, NULL);
    aco_share_stack_t *own = aco_share_stack_new(0);
    aco_t *asker = aco_create(main_co, own, 0, asks, NULL);
    CHECK(gen->reg[ACO_REG_IDX_BP] == NULL);
    for (int i = 0; i < 4; i++) {
        next_from(gen);
        if (i & 1) aco_resume(other), check_image(gen);
        aco_resume(asker);
        if (i & 2) aco_resume(other), check_image(gen);
    }
    aco_gen_free(gen);
    aco_destroy(asker);
    aco_share_stack_destroy(own);
}

static aco_t *to;
static void goes_over(void) {
    for (;;) aco_yield_to(to);
}

/* Gone on in by a transfer that copies: the chain leads to who waits in the resume. */
static void transfers(void) {
    aco_t *from = aco_create(main_co, stack, 0, goes_over, NULL);
    to = aco_create(main_co, stack, 0, looks, NULL);
    for (int i = 0; i < 4; i++) {
        resume_here(from);
        CHECK(stack->owner == to);
        aco_resume(other);
        check_image(to);
    }
    aco_destroy(from);
    aco_destroy(to);
}

/* After a reset its slot is NULL again. */
static void resets(void) {
    aco_t *co = aco_create(main_co, stack, 0, looks, NULL);
    for (int i = 0; i < 2; i++) {
        resume_here(co);
        aco_resume(other);
        check_image(co);
        aco_resume(other);
    }
    aco_destroy(co);
    co = aco_create(main_co, stack, 0, aco_exit_fn, NULL);
    aco_resume(co);
    aco_reset(co, looks, NULL);
    CHECK(co->reg[ACO_REG_IDX_BP] == NULL);
    resume_here(co);
    aco_resume(other);
    check_image(co);
    aco_destroy(co);
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    stack = aco_share_stack_new(0);
    other = aco_create(main_co, stack, 0, waits, NULL);
    aco_share_stack_t *own = aco_share_stack_new(0);
    moves(1, stack);
    moves(0, own);
    moves_then_copied();
    generators();
    transfers();
    resets();
    aco_destroy(other);
    aco_share_stack_destroy(own);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
