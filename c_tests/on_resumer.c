/* A coroutine calls a function on its resumer's stack: own and shared stacks, resumers that are coroutines,
 * nested calls, hooks, the floating-point environment, unwinding; what is refused meanwhile. */
#include "check.h"

#include <aco_ext.h>
#include <fenv.h>
#include <pthread.h>
#include <unwind.h>

#define VALUE(number) ((void *)(uintptr_t)(number))
#define NUMBER(value) ((uintptr_t)(value))
#define NOINLINE __attribute__((noinline))

enum { SMALL = 16 * 1024 };

/* Returns whether the address is on the stack of co. */
static int is_on(aco_t *co, const volatile void *address) {
    uintptr_t low = (uintptr_t)co->share_stack->ptr;
    return (uintptr_t)address >= low && (uintptr_t)address < low + co->share_stack->sz;
}

/* ---- calls ---------------------------------------------------------------------------------------- */

typedef struct {
    aco_t *co, *resumer;
    int *local;
    uintptr_t calls;
} scene_t;

/* More than a small stack has. */
static NOINLINE void *uses_much(void *arg) {
    volatile char much[200 * 1024];
    scene_t *scene = (scene_t *)arg;
    much[0] = much[sizeof much - 1] = 1;
    CHECK(aco_get_co() == scene->co && !is_on(scene->co, much));
    if (!aco_is_main_co(scene->resumer)) {
        size_t left = aco_stack_remaining();
        CHECK(is_on(scene->resumer, much) && left > 0 && left < scene->resumer->share_stack->sz);
    }
    *scene->local += much[0];
    scene->calls++;
    return VALUE(7);
}

static NOINLINE void *calls_again(void *arg) { return aco_on_resumer(uses_much, arg); }

static NOINLINE void call_several_times(void) {
    int local = 0;
    scene_t scene = {aco_get_co(), aco_get_co()->main_co, &local, 0};
    for (int i = 1; i <= 5; i++) {
        CHECK(aco_on_resumer(i % 2 ? uses_much : calls_again, &scene) == VALUE(7));
        CHECK(local == i && scene.calls == (uintptr_t)i);
        scene_t seen = scene;
        aco_yield();
        CHECK(seen.local == &local && local == i && scene.resumer == aco_get_co()->main_co);
    }
}

static void *calls(void *arg) {
    call_several_times();
    return arg;
}
static void calls_and_exits(void) {
    call_several_times();
    aco_exit();
}

static void check_own_stacks(void) {
    for (int life = 0; life < 3; life++) {
        aco_t *co = aco_new(calls, VALUE(3), SMALL);
        while (!co->is_end) aco_resume(co);
        CHECK(aco_result(co) == VALUE(3));
        aco_free(co);
    }
}

static void check_shared_stacks(void) {
    enum { COUNT = 4 };
    aco_t *main_co = aco_get_co(), *cos[COUNT];
    aco_share_stack_t *stack = aco_share_stack_new(64 * 1024);
    for (int i = 0; i < COUNT; i++) cos[i] = aco_create(main_co, stack, 0, calls_and_exits, NULL);
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < COUNT; i++) aco_resume(cos[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        CHECK(cos[i]->is_end == 1);
        aco_destroy(cos[i]);
    }
    aco_share_stack_destroy(stack);
}

/* The resumer is a coroutine, with a stack that is large enough. */
static void *resumes_own(void *arg) {
    check_own_stacks();
    check_shared_stacks();
    return arg;
}

static void check_nested(void) {
    aco_t *co = aco_new(resumes_own, NULL, 1 << 20);
    aco_resume(co);
    CHECK(co->is_end == 1);
    aco_free(co);
}

static void *gives_back(void *arg) { return arg; }

static void check_outside(void) {
    CHECK(aco_on_resumer(gives_back, VALUE(5)) == VALUE(5));
}

static void *runs_on_a_thread(void *arg) {
    check_outside();
    check_own_stacks();
    check_nested();
    check_outside();
    return arg;
}

/* ---- what goes with it ----------------------------------------------------------------------------- */

static void *rounds_up(void *arg) {
    CHECK_EQUAL(fegetround(), FE_DOWNWARD);
    fesetround(FE_UPWARD);
    return arg;
}

static void *changes_rounding(void *arg) {
    fesetround(FE_DOWNWARD);
    aco_on_resumer(rounds_up, NULL);
    CHECK_EQUAL(fegetround(), FE_UPWARD); /* as after any call */
    aco_yield();
    CHECK_EQUAL(fegetround(), FE_UPWARD);
    return arg;
}

static void check_rounding(void) {
#ifndef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
    int before = fegetround();
    aco_t *co = aco_new(changes_rounding, NULL, 0);
    aco_resume(co);
    CHECK_EQUAL(fegetround(), before);
    aco_resume(co);
    CHECK(co->is_end == 1 && fegetround() == before);
    aco_free(co);
#else
    (void)changes_rounding;
#endif
}

static int resumes, yields;
static void is_resumed(aco_t *co, void *data) { (void)co, (void)data, resumes++; }
static void has_yielded(aco_t *co, void *data) { (void)co, (void)data, yields++; }

static void check_hooks(void) {
    static const aco_hooks_t hooks = {NULL, is_resumed, has_yielded, NULL, NULL, NULL};
    aco_set_hooks(&hooks);
    check_own_stacks();
    aco_set_hooks(NULL);
    CHECK(resumes == 3 * 6 && yields == 3 * 5);
    check_own_stacks();
    CHECK(resumes == 3 * 6 && yields == 3 * 5);
}

/* Unwinders go from the function to the coroutine, and on to its resumer. */
static int found;
static void *calls_unwinder(void *arg);
static void *body_that_calls(void *arg);
static NOINLINE void check_unwinding(void);

static _Unwind_Reason_Code sees_frame(struct _Unwind_Context *context, void *data) {
    (void)data;
    void *start = _Unwind_FindEnclosingFunction((void *)(_Unwind_GetIP(context) - 1));
    if (start == (void *)calls_unwinder && found == 0) found = 1;
    if (start == (void *)body_that_calls && found == 1) found = 2;
    if (start == (void *)check_unwinding && found == 2) found = 3;
    return _URC_NO_REASON;
}
static NOINLINE void *calls_unwinder(void *arg) {
    _Unwind_Backtrace(sees_frame, NULL);
    return arg;
}
static NOINLINE void *body_that_calls(void *arg) {
    CHECK(aco_on_resumer(calls_unwinder, arg) == arg);
    return arg;
}
static NOINLINE void check_unwinding(void) {
    found = 0;
    calls_unwinder(NULL);
    if (found == 0) return; /* compiled without unwind tables */
    found = 0;
    aco_t *co = aco_new(body_that_calls, VALUE(1), 0);
    (aco_resume)(co);
    CHECK(aco_result(co) == VALUE(1));
    CHECK_EQUAL(found, 3);
    aco_free(co);
}

/* ---- what is refused ------------------------------------------------------------------------------- */

static aco_t *other;
static void *yields_inline(void *arg) {
    aco_yield();
    return arg;
}
static void *yields_by_call(void *arg) {
    aco_yield_fn();
    return arg;
}
static void *yields_value(void *arg) { return aco_yield_value(arg); }
static void *exits_inline(void *arg) {
    aco_exit();
    return arg;
}
static void *exits_by_call(void *arg) {
    aco_exit_fn();
    return arg;
}
static void *resumes_other(void *arg) {
    aco_resume(other);
    return arg;
}
static void *resumes_by_call(void *arg) {
    (aco_resume)(other);
    return arg;
}
static void *resumes_begun(void *arg) {
    aco_resume_value(other, NULL);
    return arg;
}
static void *yields_to_other(void *arg) {
    aco_yield_to(other);
    return arg;
}
static void *reads_other(void *arg) {
    void *value;
    aco_gen_next(other, &value);
    return arg;
}
static void *yields_without_hooks(void *arg) {
    aco_set_hooks(NULL);
    aco_yield();
    return arg;
}
static void *resumes_after_thread_exit(void *arg) {
    aco_thread_exit();
    (aco_resume)(other);
    return arg;
}
static void *attaches_itself(void *arg) {
    aco_attach(aco_get_co(), aco_get_co()->main_co);
    return arg;
}

static void *fills_own_stack(void *arg) {
    aco_share_stack_fill(aco_get_co()->share_stack);
    return arg;
}
static void *destroys_own_stack(void *arg) {
    aco_share_stack_destroy(aco_get_co()->share_stack);
    return arg;
}

static aco_fn_t refused;
static void *calls_refused(void *arg) { return aco_on_resumer(refused, arg); }
static void *suspends(void *arg) {
    for (;;) aco_yield_value(arg);
    return NULL;
}
static void run_refused(void) {
    other = aco_new(suspends, NULL, 0);
    aco_resume(other);
    aco_t *co = aco_new(calls_refused, NULL, 0);
    aco_resume(co);
}
static void on_shared_stack(void) {
    aco_on_resumer(refused, NULL);
    aco_exit();
}
static void run_refused_shared(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    other = aco_create(main_co, stack, 0, on_shared_stack, NULL);
    aco_resume(aco_create(main_co, stack, 0, on_shared_stack, NULL));
}
static void call_null(void) { aco_on_resumer(NULL, NULL); }

#define REFUSED(name) "aco: fatal: " name "(@, entry @): called inside aco_on_resumer (a function on the "        \
                      "resumer's stack returns before the next switch)\n"

static void check_refusals(void) {
    static const struct {
        aco_fn_t fn;
        const char *line;
    } all[] = {{yields_inline, REFUSED("aco_yield")},
               {yields_by_call, REFUSED("aco_yield")},
               {yields_value, REFUSED("aco_yield")},
               {exits_inline, REFUSED("aco_exit")},
               {exits_by_call, REFUSED("aco_exit")},
               {resumes_other, REFUSED("aco_resume")},
               {resumes_by_call, REFUSED("aco_resume")},
               {resumes_begun, REFUSED("aco_resume")},
               {reads_other, REFUSED("aco_resume")},
               {yields_without_hooks, REFUSED("aco_yield")},
               {resumes_after_thread_exit, REFUSED("aco_resume")}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        refused = all[i].fn;
        CHECK_DIES(run_refused, all[i].line);
    }
    refused = resumes_other;
    CHECK_DIES(run_refused_shared, REFUSED("aco_resume"));
    refused = fills_own_stack;
    CHECK_DIES(run_refused, "aco: fatal: aco_share_stack_fill(@): called on this very stack (fill a share "
                            "stack that nothing runs on)\n");
    refused = destroys_own_stack;
    CHECK_DIES(run_refused_shared, "aco: fatal: aco_share_stack_destroy(@): called on this very stack (destroy "
                                   "a share stack after leaving it)\n");
    refused = yields_to_other;
    CHECK_DIES(run_refused, "aco: fatal: aco_yield_to(@, entry @): called outside of a coroutine (only a "
                            "coroutine that aco_resume runs gives its place to another)\n");
    refused = attaches_itself;
    CHECK_DIES(run_refused, "aco: fatal: aco_attach(@, entry @): the coroutine is running (attach a coroutine "
                            "after it has yielded)\n");
    CHECK_DIES(call_null, "aco: fatal: aco_on_resumer(0x0): fn is NULL (pass a function)\n");
}

int main(void) {
    check_outside();
    check_own_stacks();
    check_shared_stacks();
    check_nested();
    check_outside();
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, runs_on_a_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
    check_rounding();
    check_hooks();
    check_unwinding();
    check_refusals();
    check_own_stacks();
    return 0;
}
