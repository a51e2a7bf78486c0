/* Coroutines of aco_new: what is refused, no memory, exit(3) inside one; what a life leaves to the next one. */
#include "own_stack.h"

#include <aco_ext.h>
#include <errno.h>

/* A painted stack, a trimmed one, one with a coroutine that was cancelled: the next life is like any. */
static void check_traces(void) {
    for (int life = 0; life < 3; life++) {
        aco_t *co = aco_new(counts, VALUE(1), SMALL);
        aco_share_stack_fill(co->share_stack);
        aco_resume(co);
        CHECK(aco_stack_used(co) > 0);
        aco_cancel(co);
        aco_resume(co);
        aco_stack_trim(co);
        aco_free(co);
        co = aco_new(counts, VALUE(1), SMALL);
        CHECK(!aco_is_cancelled(co) && aco_stack_used(co) == 0);
        CHECK(co->save_stack.ptr == NULL && co->save_stack.ct_save == 0 && co->save_stack.valid_sz == 0);
        CHECK(co->share_stack->owner == NULL || co->share_stack->owner == co);
        aco_free(co);
    }
}

/* A program destroys its own copy of a coroutine, in memory of malloc(3): the stack stays the coroutine's. */
static void check_copy(void) {
    for (int life = 0; life < 3; life++) {
        aco_t *co = aco_new(counts, VALUE(2), SMALL), *copy = (aco_t *)malloc(sizeof *copy);
        aco_resume(co);
        *copy = *co;
        aco_destroy(copy);
        CHECK(aco_resume_value(co, NULL) == VALUE(2));
        aco_free(co);
    }
}

/* ---- what is refused ------------------------------------------------------------------------------ */

static aco_t *here;
static void *resumes_itself(void *arg) {
    (void)arg;
    (aco_resume)(here);
    return NULL;
}
static void *resumes_arg(void *arg) {
    (aco_resume)((aco_t *)arg);
    return NULL;
}
static void resume_itself(void) {
    here = aco_new(resumes_itself, NULL, SMALL);
    aco_resume(here);
}
static void *resumes_grandparent(void *arg) {
    aco_t *child = aco_new(resumes_arg, here, SMALL);
    (void)arg;
    aco_resume(child);
    return NULL;
}
static void resume_ancestor(void) {
    here = aco_new(resumes_grandparent, NULL, SMALL);
    aco_resume(here);
}

static aco_t *ended_one(void) { return run_to_end(gives_back, NULL); }
static void free_twice(void) {
    aco_t *co = ended_one();
    aco_free(co);
    aco_free(co);
}
static void resume_freed(void) {
    aco_t *co = ended_one();
    aco_free(co);
    aco_resume(co);
}
static void ask_freed(void) {
    aco_t *co = ended_one();
    aco_free(co);
    aco_result(co);
}
static void resume_ended(void) { aco_resume(ended_one()); }
static void result_of_null(void) { aco_result(NULL); }
static void free_of_create(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_free(aco_create(main_co, aco_share_stack_new(0), 0, exits_plainly, NULL));
}
static void free_of_main(void) {
    aco_t *co = ended_one();
    aco_free(co->main_co);
}
static void free_copy(void) {
    aco_t copy = *aco_new(counts, VALUE(1), SMALL);
    aco_free(&copy);
}
static void destroy_its_stack(void) { aco_share_stack_destroy(ended_one()->share_stack); }
static void create_on_its_stack(void) {
    aco_t *co = ended_one();
    aco_create(co->main_co, co->share_stack, 0, exits_plainly, NULL);
}
static void use_its_stack_later(void) {
    aco_t *co = ended_one();
    aco_share_stack_t *stack = co->share_stack;
    aco_t *main_co = co->main_co;
    aco_free(co);
    aco_create(main_co, stack, 0, exits_plainly, NULL);
}

/* A handler of exit(3) frees the coroutine that runs. */
static void frees_here(void) { aco_free(here); }
static void *calls_exit(void *arg) {
    (void)arg;
    exit(7);
    return NULL;
}
static void exit_inside(void) {
    here = aco_new(calls_exit, NULL, 0);
    atexit(frees_here);
    aco_resume(here);
}

static void check_refusals(void) {
    CHECK(aco_new(NULL, NULL, 0) == NULL && errno == EINVAL);
    CHECK_DIES(resume_itself, "aco: fatal: aco_resume(@, entry @): the coroutine is running (resume a "
                              "coroutine after it has yielded)\n");
    CHECK_DIES(resume_ancestor, "aco: fatal: aco_resume(@, entry @): the coroutine is running (resume a "
                                "coroutine after it has yielded)\n");
    CHECK_DIES(resume_ended, "aco: fatal: aco_resume(@, entry @): the coroutine has ended (resume a "
                             "coroutine while its is_end is 0)\n");
    CHECK_DIES(result_of_null, "aco: fatal: aco_result(0x0): the coroutine is NULL (pass a valid one)\n");
    CHECK_DIES(free_of_create, "aco: fatal: aco_free(@, entry @): it was not created by aco_new (aco_free is "
                               "for coroutines of aco_new, aco_destroy for the others)\n");
    CHECK_DIES(free_of_main, "aco: fatal: aco_free(@, main): it was not created by aco_new (aco_free is "
                             "for coroutines of aco_new, aco_destroy for the others)\n");
    CHECK_DIES(free_copy, "aco: fatal: aco_free(@, entry @): it was not created by aco_new (aco_free is for "
                          "coroutines of aco_new, aco_destroy for the others)\n");
    CHECK_DIES(destroy_its_stack, "aco: fatal: aco_share_stack_destroy(@): the share stack belongs to a "
                                  "coroutine (aco_free frees a coroutine and its stack)\n");
    CHECK_DIES(create_on_its_stack, "aco: fatal: aco_create(@): the share stack belongs to a coroutine (a "
                                    "coroutine of aco_new shares its stack with no other)\n");
    if (IS_WATCHED) return; /* the sanitizer finds these first */
    CHECK_DIES(free_twice, "aco: fatal: aco_free(@, entry @): the coroutine is destroyed already (destroy a "
                           "coroutine once)\n");
    CHECK_DIES(resume_freed, "aco: fatal: aco_resume(@, entry @): the coroutine is destroyed (resume a "
                             "coroutine before aco_destroy)\n");
    CHECK_DIES(ask_freed, "aco: fatal: aco_result(@, entry @): the coroutine is destroyed (ask about a "
                          "coroutine before aco_destroy)\n");
    CHECK_DIES(use_its_stack_later, "aco: fatal: aco_create(@): the share stack is destroyed (a coroutine is "
                                    "created on a live share stack)\n");
}

static void check_exit_inside(void) {
    char text[4096];
    int status = run_in_child(exit_inside, text, sizeof text);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

/* ---- no memory ------------------------------------------------------------------------------------ */

static int refuses_after = 1 << 30;
static void *allocates(size_t size, void *user) {
    (void)user;
    return refuses_after-- > 0 ? aligned_alloc(16, (size + 15) & ~(size_t)15) : NULL;
}
static void frees_memory(void *place, size_t size, void *user) {
    (void)size, (void)user;
    free(place);
}
static void run_without_memory(void) {
    static const aco_allocator_t allocator = {allocates, frees_memory, NULL};
    CHECK(aco_set_allocator(&allocator) == 0);
    for (int after = 0; after < 2; after++) { /* the main coroutine, the coroutine */
        refuses_after = after;
        CHECK(aco_new(gives_back, NULL, 0) == NULL && errno == ENOMEM);
    }
    refuses_after = 1 << 30;
    check_lives(SMALL);
    refuses_after = 0;
    CHECK(aco_new(gives_back, NULL, 0) == NULL && errno == ENOMEM);
    _exit(3);
}

static void check_no_memory(void) {
    for (int i = 0; i < 3; i++) {
        CHECK(aco_new(gives_back, NULL, SIZE_MAX - (size_t)i * 4096) == NULL && errno == ENOMEM);
        CHECK(aco_new(gives_back, NULL, SIZE_MAX / 2 + (size_t)i) == NULL && errno == ENOMEM);
    }
    check_lives(SMALL);
}

int main(void) {
    char text[4096];
    int status = run_in_child(run_without_memory, text, sizeof text); /* before the first coroutine */
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 3) {
        fprintf(stderr, "without memory: %#x %s", status, text);
        return 1;
    }
    check_exit_inside();
    check_lives(SMALL);
    check_traces();
    check_copy();
    check_no_memory();
    check_refusals();
    return 0;
}
