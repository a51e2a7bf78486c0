/* aco_ext.h: constructors that do not abort, coroutines that are reset, questions about the stack. */
#include "check.h"

#include <aco_ext.h>
#include <errno.h>

static aco_t *main_co;
static aco_share_stack_t *shared;

static void yields(void) {
    for (;;) aco_yield();
}

/* ---- constructors ------------------------------------------------------------------------------ */

static void check_no_stack(size_t size, char guarded) {
    errno = 0;
    CHECK(aco_try_share_stack_new2(size, guarded) == NULL);
    CHECK_EQUAL(errno, ENOMEM);
}

static void check_constructors(void) {
    aco_t *own_main = aco_try_create(NULL, NULL, 0, NULL, NULL);
    CHECK(own_main != NULL && aco_is_main_co(own_main));
    for (int guarded = 0; guarded < 2; guarded++) {
        aco_share_stack_t *stack = aco_try_share_stack_new2(100000, (char)guarded);
        CHECK(stack != NULL && stack->sz >= 100000 && stack->guard_page_enabled == guarded);
        aco_t *co = aco_try_create(own_main, stack, 0, yields, &guarded);
        CHECK(co != NULL && co->main_co == own_main && co->arg == &guarded);
        for (int i = 0; i < 3; i++) aco_resume(co);
        aco_destroy(co);
        aco_gen_t *gen = aco_try_gen_new(stack, yields, &guarded);
        CHECK(gen != NULL && gen->arg == &guarded && aco_gen_next(gen, NULL) == 1);
        aco_gen_free(gen);
        aco_share_stack_destroy(stack);
        errno = 0;
        CHECK(aco_try_create(own_main, stack, 0, yields, NULL) == NULL);
        CHECK_EQUAL(errno, EINVAL);
        errno = 0;
        CHECK(aco_try_gen_new(stack, yields, NULL) == NULL);
        CHECK_EQUAL(errno, EINVAL);
    }
    errno = 0;
    CHECK(aco_try_create(own_main, NULL, 0, yields, NULL) == NULL && errno == EINVAL);
    errno = 0;
    CHECK(aco_try_gen_new(NULL, yields, NULL) == NULL && errno == EINVAL);
    aco_share_stack_t *stack = aco_try_share_stack_new(0);
    CHECK(stack != NULL && stack->sz == 2 << 20 && stack->guard_page_enabled == 1);
    check_no_stack(SIZE_MAX, 1);
    check_no_stack(SIZE_MAX / 2, 1);
    check_no_stack((size_t)1 << 60, 1);
    for (int i = 0; !IS_WATCHED && i < 2000; i++) {
        check_no_stack(SIZE_MAX, 0);
        check_no_stack(SIZE_MAX / 2, 0);
        errno = 0;
        CHECK(aco_try_create(own_main, stack, SIZE_MAX / 2, yields, NULL) == NULL);
        CHECK_EQUAL(errno, ENOMEM);
    }
    aco_share_stack_destroy(stack);
    aco_destroy(own_main);
}

/* ---- reset ------------------------------------------------------------------------------------- */

static int runs, wanted_arg;

static void exits_at_once(void) {
    CHECK(aco_get_arg() == &wanted_arg);
    runs++;
    aco_exit();
}
static void exits_by_call(void) {
    runs++;
    aco_exit_fn();
}
static void exits_later(void) {
    volatile char block[300] = {7};
    aco_yield();
    CHECK(block[0] == 7);
    runs++;
    aco_exit();
}

static void run_to_end(aco_t *co, int turns) {
    for (int i = 0; i < turns; i++) {
        CHECK_EQUAL(co->is_end, 0);
        aco_resume(co);
    }
    CHECK_EQUAL(co->is_end, 1);
}

static void check_lives(aco_t *co) {
    for (int life = 0; life < 200; life++) {
        int before = runs;
        aco_reset(co, exits_at_once, &wanted_arg);
        CHECK(co->is_end == 0 && co->fp == exits_at_once && co->arg == &wanted_arg);
        run_to_end(co, 1);
        aco_reset(co, exits_by_call, NULL);
        aco_reset(co, exits_later, NULL); /* it had not begun */
        run_to_end(co, 2);
        aco_reset(co, exits_by_call, NULL);
        run_to_end(co, 1);
        CHECK_EQUAL(runs, before + 3);
    }
}

static void check_reset(void) {
    aco_share_stack_t *own = aco_share_stack_new2(65536, 0);
    aco_t *alone = aco_create(main_co, own, 0, yields, NULL);
    check_lives(alone);
    aco_destroy(alone);
    aco_share_stack_destroy(own);

    aco_t *cos[3], *other = aco_create(main_co, shared, 0, yields, NULL);
    for (int i = 0; i < 3; i++) {
        cos[i] = aco_create(main_co, shared, 0, exits_later, NULL);
        aco_resume(cos[i]);
    }
    for (int i = 0; i < 3; i++) {
        aco_resume(cos[i]);
        CHECK(cos[i]->is_end == 1);
        aco_resume(other);
        check_lives(cos[i]);
        aco_resume(other);
    }
    /* Side by side, each with frames on the stack when the next begins. */
    for (int i = 0; i < 3; i++) aco_reset(cos[i], exits_later, NULL);
    for (int i = 0; i < 3; i++) aco_resume(cos[i]);
    size_t saves = cos[0]->save_stack.ct_save;
    CHECK(saves > 0);
    for (int i = 0; i < 3; i++) run_to_end(cos[i], 1);
    aco_reset(cos[0], yields, NULL);
    CHECK_EQUAL(cos[0]->save_stack.ct_save, saves);
    for (int i = 0; i < 3; i++) aco_destroy(cos[i]);
    aco_destroy(other);
}

static void resets_nothing(void) { aco_reset(NULL, yields, NULL); }
static void resets_main(void) { aco_reset(main_co, yields, NULL); }
static void resets_itself(void) { aco_reset(aco_get_co(), yields, NULL); }
static void resets_a_running_one(void) {
    aco_resume(aco_create(main_co, shared, 0, resets_itself, NULL));
}
static void resets_a_suspended_one(void) {
    aco_t *co = aco_create(main_co, shared, 0, yields, NULL);
    aco_resume(co);
    aco_reset(co, yields, NULL);
}
static void resets_a_destroyed_one(void) {
    aco_t *co = aco_create(main_co, shared, 0, yields, NULL);
    aco_destroy(co);
    aco_reset(co, yields, NULL);
}
static void resets_without_a_stack(void) {
    aco_share_stack_t *stack = aco_share_stack_new2(65536, 1);
    aco_t *co = aco_create(main_co, stack, 0, exits_by_call, NULL);
    aco_resume(co);
    aco_share_stack_destroy(stack);
    aco_reset(co, yields, NULL);
}

#define RESET "aco: fatal: aco_reset(@, entry @): "

static void check_refused_resets(void) {
    CHECK_DIES(resets_nothing, "aco: fatal: aco_reset(0x0): the coroutine is NULL (pass a valid one)\n");
    CHECK_DIES(resets_main, "aco: fatal: aco_reset(@, main): it is a main coroutine (reset coroutines "
                            "that were created with a main_co)\n");
    const char *begun = RESET "the coroutine has begun (reset a coroutine that has ended, or not "
                              "begun)\n";
    CHECK_DIES(resets_a_running_one, begun);
    CHECK_DIES(resets_a_suspended_one, begun);
    CHECK_DIES(resets_a_destroyed_one, RESET "the coroutine is destroyed (reset a coroutine before "
                                             "aco_destroy)\n");
    CHECK_DIES(resets_without_a_stack, RESET "its share stack is destroyed (destroy a share stack after "
                                             "its last resume)\n");
}

/* ---- the stack --------------------------------------------------------------------------------- */

static size_t most, least;

static __attribute__((noinline)) void descends(int depth) {
    volatile char block[500];
    block[depth % 500] = 1;
    size_t remaining = aco_stack_remaining();
    CHECK(remaining < most);
    if (remaining < least) least = remaining;
    if (depth > 0) descends(depth - 1);
    CHECK_EQUAL(block[depth % 500], 1);
}

static int is_here(const void *place) {
    return (size_t)((const char *)place - (const char *)aco_get_co()->share_stack->ptr) <
           aco_get_co()->share_stack->sz;
}

static void looks_about(void) {
    aco_share_stack_t *stack = aco_get_co()->share_stack;
    const char *frame = (const char *)__builtin_frame_address(0);
    CHECK(is_here(frame));
    most = least = (size_t)(frame - (const char *)stack->ptr);
    size_t top = most;
    descends(20);
    CHECK(least < top - 20 * 32);
    int is_shared = *(int *)aco_get_arg();
    CHECK_EQUAL(aco_on_shared_stack(frame), is_shared);
    CHECK_EQUAL(aco_on_shared_stack((char *)stack->ptr + stack->sz - 1), is_shared);
    CHECK_EQUAL(aco_on_shared_stack((char *)stack->ptr + stack->sz), 0);
    CHECK(aco_on_shared_stack(&most) == 0 && aco_on_shared_stack(NULL) == 0);
    aco_exit();
}

static void check_stack(void) {
    int yes = 1, no = 0;
    most = least = aco_stack_remaining() + 1;
    CHECK(most > 64 * 1024 && most < (size_t)1 << 47);
    descends(20);
    CHECK(least < most - 20 * 32 && aco_on_shared_stack(__builtin_frame_address(0)) == 0);
    aco_share_stack_t *own = aco_share_stack_new2(128 * 1024, 1);
    aco_t *alone = aco_create(main_co, own, 0, looks_about, &no);
    aco_t *a = aco_create(main_co, shared, 0, looks_about, &yes);
    aco_t *b = aco_create(main_co, shared, 0, yields, NULL);
    aco_resume(b);
    run_to_end(alone, 1);
    run_to_end(a, 1);
    aco_destroy(alone);
    aco_destroy(a);
    aco_destroy(b);
    aco_share_stack_destroy(own);
}

/* ---- an image as large as its stack ------------------------------------------------------------ */

#define BELOW 64

static char padding;
static size_t beyond;
_Alignas(16) static char memory[BELOW + 4096 + 16], image[4096 + 16];

/* A program makes an image larger: below the frames it has `image`. */
static void resume_with_large_image(void) {
    aco_share_stack_t *stack = aco_share_stack_new_mem(memory + BELOW, 4096 + (size_t)padding);
    aco_t *co = aco_create(main_co, stack, 0, yields, NULL), *other = aco_create(main_co, stack, 0, yields, NULL);
    aco_resume(co);
    aco_resume(other);
    size_t live = co->save_stack.valid_sz;
    size_t slot = (size_t)((char *)stack->align_highptr - (char *)stack->align_retptr);
    size_t most = stack->align_limit - slot;
    void *area = co->save_stack.ptr;
    CHECK(live <= most && most + beyond <= sizeof image);
    memset(image, 0x11, sizeof image);
    memset(memory, 0x3c, BELOW);
    memcpy(image + most + beyond - live, area, live);
    co->save_stack.ptr = image;
    co->save_stack.valid_sz = most + beyond;
    aco_resume(co);
    co->save_stack.ptr = area;
    for (int i = 0; i < BELOW; i++) CHECK_EQUAL(memory[i], 0x3c);
    aco_destroy(co);
    aco_destroy(other);
    aco_share_stack_destroy(stack);
}

static void check_large_images(void) {
    for (padding = 0; padding < 16; padding++) {
        beyond = 0;
        resume_with_large_image();
        beyond = 1;
        CHECK_DIES(resume_with_large_image,
                   "aco: fatal: aco_resume(@, entry @): its image of # bytes exceeds the # of its share "
                   "stack (save_stack and align_limit belong to the library)\n");
    }
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    shared = aco_share_stack_new(0);
    check_constructors();
    check_reset();
    check_refused_resets();
    check_stack();
    check_large_images();
    aco_share_stack_destroy(shared);
    aco_destroy(main_co);
    return 0;
}
