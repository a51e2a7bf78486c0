/* A resume that calls a function on top of the coroutine first: each way to be suspended, own and shared stacks,
 * unstarted coroutines, functions that yield and exit, hooks, another thread, unwinding; what is refused. */
#include "check.h"

#include <aco_ext.h>
#include <fenv.h>
#include <pthread.h>
#include <unwind.h>

#define VALUE(number) ((void *)(uintptr_t)(number))
#define NUMBER(value) ((uintptr_t)(value))
#define NOINLINE __attribute__((noinline))

enum { BY_CALL, INLINE, BY_ACOSW, VALUE_INLINE, VALUE_BY_CALL, CHECKED, TRANSFER, HOW_MANY };

static aco_t *partner; /* takes the place of a coroutine that calls aco_yield_to() */
static int is_partner_left;

static void *partner_body(void *arg) {
    for (;;) {
        aco_yield();
        is_partner_left = 1;
    }
    return arg;
}

/* Suspends the running coroutine; returns the value of the resume, 0 if that kind of yield has none. */
static NOINLINE uintptr_t suspend(int how) {
    volatile uintptr_t local = 1000 + (uintptr_t)how;
    uintptr_t value = 0;
    aco_t *co = aco_get_co();
    if (how == BY_CALL) aco_yield_fn();
    if (how == INLINE) aco_yield();
    if (how == BY_ACOSW) (acosw)(co, co->main_co);
    if (how == VALUE_INLINE) value = NUMBER(aco_yield_value(VALUE(local)));
    if (how == VALUE_BY_CALL) value = NUMBER((aco_yield_value)(VALUE(local)));
    if (how == CHECKED) CHECK(aco_yield_checked() == 0);
    if (how == TRANSFER) aco_yield_to(partner);
    CHECK_EQUAL(local, 1000 + how);
    CHECK(aco_get_co() == co);
    return value;
}

static int has_value(int how) { return how == VALUE_INLINE || how == VALUE_BY_CALL; }

/* ---- the function ---------------------------------------------------------------------------------- */

typedef struct {
    aco_t *co;
    aco_t *resumer;
    uintptr_t calls;
} scene_t;

static int is_on(aco_t *co, void *address) {
    uintptr_t low = (uintptr_t)co->share_stack->ptr;
    return (uintptr_t)address >= low && (uintptr_t)address < low + co->share_stack->sz;
}

static NOINLINE void *counts(void *arg) {
    scene_t *scene = (scene_t *)arg;
    volatile char bytes[200];
    memset((void *)bytes, 1, sizeof bytes);
    CHECK(aco_get_co() == scene->co && scene->co->main_co == scene->resumer && is_on(scene->co, __builtin_frame_address(0)));
    double sum = bytes[0];
    for (int i = 1; i < 200; i++) sum += bytes[i] / 2.0;
    return VALUE(++scene->calls + (sum < 100));
}

/* Suspended itself, in each way, and resumed with the function above. */
static NOINLINE void *yields(void *arg) {
    for (int how = 0; how < HOW_MANY; how++) {
        uintptr_t value = suspend(how);
        if (has_value(how)) CHECK_EQUAL(value, ((scene_t *)arg)->calls);
    }
    return VALUE(77);
}

/* ---- suspended coroutines -------------------------------------------------------------------------- */

static void body_of_all(void) {
    for (int round = 0; round < 2; round++) {
        for (int how = 0; how < HOW_MANY; how++) {
            uintptr_t value = suspend(how);
            if (has_value(how)) CHECK_EQUAL(value, round == 0 ? ((scene_t *)aco_get_arg())->calls : 77);
        }
    }
}
static void *new_body(void *arg) {
    body_of_all();
    return arg;
}
static void exiting_body(void) {
    body_of_all();
    aco_exit();
}

static void check_step(int how, void *yielded) {
    uintptr_t expected = has_value(how) ? 1000 + (uintptr_t)how : 0;
    CHECK_EQUAL(NUMBER(yielded), expected);
}

/* Runs all of a coroutine. Before each step `disturb` runs on the same stack, if it shares it. */
static void run_all(aco_t *co, scene_t *scene, aco_t *disturb) {
    aco_resume(co);
    for (int round = 0; round < 2; round++) {
        for (int how = 0; how < HOW_MANY; how++) {
            int next = (how + 1) % HOW_MANY, is_last = round == 1 && next == 0;
            uintptr_t calls = scene->calls;
            if (disturb != NULL) aco_resume(disturb);
            if (round == 0) {
                void *yielded = aco_resume_with(co, counts, scene);
                CHECK_EQUAL(scene->calls, calls + 1);
                check_step(next, yielded);
                continue;
            }
            check_step(0, aco_resume_with(co, yields, scene));
            for (int inner = 0; inner < HOW_MANY; inner++) {
                if (disturb != NULL) aco_resume(disturb);
                void *yielded = aco_resume_with(co, counts, scene);
                if (inner + 1 < HOW_MANY) check_step(inner + 1, yielded);
                else if (!is_last) check_step(next, yielded);
            }
        }
    }
    CHECK(co->is_end == 1);
}

static void endless(void) {
    for (;;) aco_yield();
}

static void check_suspended(void) {
    aco_t *main_co = aco_co();
    if (main_co == NULL) main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(64 * 1024);
    scene_t scene = {NULL, NULL, 0};
    aco_t *co = scene.co = aco_new(new_body, &scene, 0);
    scene.resumer = co->main_co;
    partner = aco_new(partner_body, NULL, 0);
    aco_resume(partner);
    run_all(co, &scene, NULL);
    CHECK(aco_result(co) == &scene && is_partner_left == 1);
    aco_free(co);
    co = scene.co = aco_create(scene.resumer, stack, 0, exiting_body, &scene);
    aco_t *other = aco_create(scene.resumer, stack, 0, endless, NULL);
    run_all(co, &scene, other);
    aco_destroy(co);
    aco_destroy(other);
    aco_share_stack_destroy(stack);
    aco_free(partner);
}

/* ---- unstarted coroutines, exits ------------------------------------------------------------------- */

static void *gives_back(void *arg) { return arg; }
static void *reads_first(void *arg) {
    CHECK(aco_first_value() == NULL);
    return arg;
}
static void *yields_first(void *arg) { return aco_yield_value(arg); }
static void *exits(void *arg) {
    aco_exit();
    return arg;
}
static void *first_body(void *arg) {
    CHECK(aco_first_value() == (arg == VALUE(8) ? NULL : arg)); /* NULL: it has yielded before */
    return aco_yield_value(VALUE(9));
}
static void first_plain(void) {
    CHECK(aco_first_value() == aco_get_arg());
    aco_yield_value(VALUE(9));
}
static void first_exiting(void) {
    first_plain();
    aco_exit();
}

static void check_unstarted(void) {
    aco_t *co = aco_new(first_body, VALUE(3), 0);
    CHECK(aco_resume_with(co, reads_first, VALUE(3)) == VALUE(9));
    CHECK(aco_resume_with(co, reads_first, VALUE(4)) == VALUE(4) && co->is_end == 1);
    CHECK(aco_result(co) == VALUE(4));
    aco_free(co);
    co = aco_new(first_body, VALUE(8), 0);
    CHECK(aco_resume_with(co, yields_first, VALUE(6)) == VALUE(6));
    CHECK(aco_resume_value(co, VALUE(8)) == VALUE(9));
    CHECK(aco_resume_with(co, exits, NULL) == NULL && co->is_end == 1 && aco_result(co) == NULL);
    aco_free(co);
    co = aco_new(first_body, NULL, 0);
    CHECK(aco_resume_with(co, exits, NULL) == NULL && co->is_end == 1);
    aco_free(co);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    for (int returns = 0; returns < 2; returns++) {
        co = aco_create(aco_co(), stack, 0, returns ? first_plain : first_exiting, VALUE(3));
        if (returns) aco_return_exits(co);
        for (int life = 0; life < 2; life++) {
            CHECK(aco_resume_with(co, reads_first, VALUE(3)) == VALUE(9));
            aco_resume_with(co, reads_first, NULL);
            CHECK(co->is_end == 1);
            aco_reset(co, co->fp, VALUE(3));
            if (returns) aco_return_exits(co);
        }
        aco_destroy(co);
    }
    aco_share_stack_destroy(stack);
}

/* ---- what goes with it ----------------------------------------------------------------------------- */

static void *rounds_up(void *arg) {
#ifndef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
    CHECK_EQUAL(fegetround(), FE_DOWNWARD); /* that of the coroutine */
    fesetround(FE_UPWARD);
#endif
    return arg;
}
static void *changes_rounding(void *arg) {
    fesetround(FE_DOWNWARD);
    aco_yield();
#ifndef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
    CHECK_EQUAL(fegetround(), FE_UPWARD); /* as after a call */
#endif
    return arg;
}
static void check_rounding(void) {
    int before = fegetround();
    aco_t *co = aco_new(changes_rounding, NULL, 0);
    aco_resume(co);
#ifdef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
    fesetround(before);
#endif
    aco_resume_with(co, rounds_up, NULL);
    CHECK(co->is_end == 1 && fegetround() == before);
    aco_free(co);
}

static int resumes;
static void *suspends(void *arg) {
    for (;;) aco_yield_value(arg);
    return NULL;
}
static void is_resumed(aco_t *co, void *data) {
    CHECK(co != NULL && data == NULL);
    resumes++;
}
static void check_hooks(void) {
    static const aco_hooks_t hooks = {NULL, is_resumed, NULL, NULL, NULL, NULL};
    aco_set_hooks(&hooks);
    check_suspended();
    check_unstarted();
    aco_set_hooks(NULL);
    CHECK(resumes > 50);
}

static void *resumes_both(void *arg) {
    scene_t *scene = (scene_t *)arg;
    scene_t other = {aco_new(suspends, VALUE(2), 0), aco_co(), 0};
    CHECK(aco_resume_value(other.co, NULL) == VALUE(2));
    CHECK(aco_resume_with(other.co, counts, &other) == VALUE(2) && other.calls == 1);
    aco_free(other.co);
    return counts(scene);
}
static void check_nested(void) {
    scene_t scene = {aco_new(suspends, VALUE(1), 0), NULL, 0};
    scene.resumer = scene.co->main_co;
    aco_resume(scene.co);
    CHECK(aco_resume_with(scene.co, resumes_both, &scene) == VALUE(1) && scene.calls == 1);
    aco_free(scene.co);
}

static void *runs_generator(void *arg) {
    for (uintptr_t i = 1; i <= 3; i++) aco_gen_yield(VALUE(i));
    return arg;
}
static void check_generator(void) {
    void *value = NULL;
    aco_t *gen = aco_new(runs_generator, NULL, 0);
    CHECK(aco_gen_next(gen, &value) == 1 && value == VALUE(1));
    CHECK(aco_resume_with(gen, yields_first, VALUE(7)) == VALUE(7));
    CHECK(aco_gen_next(gen, &value) == 1 && value == VALUE(2));
    aco_free(gen);
}

/* A coroutine whose function is suspended moves to another thread. */
static void *finishes(void *arg) {
    aco_t *co = (aco_t *)arg;
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_attach(co, main_co);
    CHECK(aco_resume_value(co, VALUE(30)) == VALUE(1));
    CHECK(aco_resume_with(co, exits, NULL) == NULL && co->is_end == 1);
    aco_free(co);
    aco_destroy(main_co);
    return NULL;
}
static void check_moved(void) {
    aco_t *co = aco_new(suspends, VALUE(1), 0);
    aco_resume(co);
    CHECK(aco_resume_with(co, yields_first, VALUE(20)) == VALUE(20));
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, finishes, co) == 0 && pthread_join(thread, NULL) == 0);
}

/* ---- the base pointer ------------------------------------------------------------------------------ */

/* Aligned locals beside a size that is not constant: a compiler finds the locals by a base pointer. */
static NOINLINE void yields_with_base_pointer(size_t size) {
    _Alignas(64) volatile char aligned[64];
    volatile char *bytes = (volatile char *)__builtin_alloca(size);
    for (size_t i = 0; i < size; i++) bytes[i] = aligned[i % 64] = (char)i;
    aco_yield();
    CHECK_EQUAL((uintptr_t)aligned % 64, 0);
    for (size_t i = 0; i < size; i++) CHECK(bytes[i] == (char)i && aligned[i % 64] == bytes[i]);
}
static void *has_base_pointer(void *arg) {
    yields_with_base_pointer(64);
    yields_with_base_pointer(64);
    aco_yield_fn();
    return arg;
}
/* Returns the slot in which inline code of clang for aarch64 keeps the base pointer, x19. NULL if a switch by a call
 * writes the slot, too. */
static void **base_pointer_of(aco_t *co) {
    uint64_t word;
    memcpy(&word, &co->is_end, sizeof word);
#ifdef __aarch64__
    if (word == (uint64_t)(uintptr_t)co << 8) return &co->reg[2];
#endif
    return NULL;
}
static void check_base_pointer(void) {
    aco_t *co = aco_new(has_base_pointer, NULL, 0);
    aco_resume(co);
    void **slot = base_pointer_of(co), *base = slot == NULL ? NULL : *slot;
    aco_resume_with(co, gives_back, NULL);
    if (slot != NULL) CHECK(*slot == base);
    aco_resume_with(co, yields_first, NULL);
    aco_resume(co);
    aco_resume(co);
    CHECK(co->is_end == 1);
    aco_free(co);
}

/* ---- unwinding ------------------------------------------------------------------------------------- */

static int found;
static void *calls_unwinder(void *arg);
static void *body_of_frames(void *arg);
static NOINLINE void check_unwinding(void);

static _Unwind_Reason_Code sees_frame(struct _Unwind_Context *context, void *data) {
    (void)data;
    void *start = _Unwind_FindEnclosingFunction((void *)(_Unwind_GetIP(context) - 1));
    if (start == (void *)calls_unwinder && found == 0) found = 1;
    if (start == (void *)suspend && found == 1) found = 2;
    if (start == (void *)body_of_frames && found == 2) found = 3;
    if (start == (void *)check_unwinding && (found == 3 || found == 1)) found += 10;
    return _URC_NO_REASON;
}
static NOINLINE void *calls_unwinder(void *arg) {
    found = 0;
    _Unwind_Backtrace(sees_frame, NULL);
    return arg;
}
static NOINLINE void *body_of_frames(void *arg) {
    for (int how = 0; how < TRANSFER; how++) suspend(how);
    return arg;
}
static NOINLINE void check_unwinding(void) {
    calls_unwinder(NULL);
    if (found == 0) return; /* compiled without unwind tables */
    aco_t *co = aco_new(body_of_frames, VALUE(1), 0);
    aco_resume_with(co, calls_unwinder, NULL);
    CHECK_EQUAL(found, 11);
    for (int how = 0; how < TRANSFER; how++) {
        aco_resume_with(co, calls_unwinder, NULL);
        CHECK_EQUAL(found, 13);
    }
    CHECK(co->is_end == 1);
    aco_free(co);
}

/* ---- what is refused ------------------------------------------------------------------------------- */

static void with_null(void) { aco_resume_with(NULL, gives_back, NULL); }
static void with_null_fn(void) { aco_resume_with(aco_new(suspends, NULL, 0), NULL, NULL); }
static void with_main(void) { aco_resume_with(aco_co(), gives_back, NULL); }
static void with_ended(void) {
    aco_t *co = aco_new(gives_back, NULL, 0);
    aco_resume(co);
    aco_resume_with(co, gives_back, NULL);
}
static void *resumes_itself(void *arg) { return aco_resume_with(aco_co(), gives_back, arg); }
static void with_running(void) { aco_resume(aco_new(resumes_itself, NULL, 0)); }
static void with_waiting(void) {
    aco_t *co = aco_new(suspends, NULL, 0);
    aco_resume(co);
    aco_resume_with(co, resumes_itself, NULL);
}
static void *on_resumer(void *arg) { return aco_resume_with((aco_t *)arg, gives_back, NULL); }
static void *calls_on_resumer(void *arg) { return aco_on_resumer(on_resumer, arg); }
static void with_on_resumer(void) {
    aco_resume(aco_new(calls_on_resumer, aco_new(suspends, NULL, 0), 0));
}
static void with_leaving(void) {
    aco_t *main_co = aco_co();
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, endless, NULL);
    aco_resume(co);
    aco_share_stack_destroy(stack);
    aco_resume_with(co, gives_back, NULL);
}
static pthread_barrier_t both;
static void *holds(void *arg) {
    pthread_barrier_wait(&both);
    pthread_barrier_wait(&both);
    return arg;
}
static void *runs_it(void *arg) { return aco_resume((aco_t *)arg), arg; }
static void with_foreign(void) {
    pthread_t thread;
    aco_t *co = aco_new(holds, NULL, 0);
    pthread_barrier_init(&both, NULL, 2);
    pthread_create(&thread, NULL, runs_it, co);
    pthread_barrier_wait(&both);
    aco_resume_with(co, gives_back, NULL);
}

#define RUNS "aco: fatal: aco_resume(@, entry @): the coroutine is running (resume a coroutine after it has yielded)\n"

static void check_refusals(void) {
    CHECK_DIES(with_null, "aco: fatal: aco_resume(0x0): the coroutine is NULL (pass a valid one)\n");
    CHECK_DIES(with_null_fn, "aco: fatal: aco_resume_with(@, entry @): fn is NULL (pass a function)\n");
    CHECK_DIES(with_main, "aco: fatal: aco_resume(@, main): it is a main coroutine (resume coroutines that were created "
                          "with a main_co)\n");
    CHECK_DIES(with_ended, "aco: fatal: aco_resume(@, entry @): the coroutine has ended (resume a coroutine while its "
                           "is_end is 0)\n");
    CHECK_DIES(with_running, RUNS);
    CHECK_DIES(with_waiting, RUNS);
    CHECK_DIES(with_on_resumer, "aco: fatal: aco_resume(@, entry @): called inside aco_on_resumer (a function on the "
                                "resumer's stack returns before the next switch)\n");
    CHECK_DIES(with_leaving, "aco: fatal: aco_resume(@, entry @): its share stack is destroyed (destroy a share stack "
                             "after its last resume)\n");
    CHECK_DIES(with_foreign, "aco: fatal: aco_resume(@, entry @): the coroutine runs in another thread (one thread at a "
                             "time uses a main_co and its coroutines)\n");
}

int main(void) {
    check_suspended();
    check_unstarted();
    check_rounding();
    check_nested();
    check_generator();
    check_hooks();
    check_moved();
    check_base_pointer();
    check_unwinding();
    check_refusals();
    check_suspended();
    return 0;
}
