/* A coroutine that runs off its stack has a line, whatever way and wherever it does; the fault then
 * takes its course. And how deep a stack was used. */
#include "check.h"

#include <aco_ext.h>
#include <pthread.h>
#include <setjmp.h>

static __thread aco_t *main_co;

static volatile int never;

static void __attribute__((noinline)) recurses(volatile char *above) {
    volatile char frame[256];
    frame[0] = above == NULL ? 0 : above[0];
    if (!never) recurses(frame);
    frame[1] = frame[0]; /* no tail call */
}
static void recurses_for_ever(void) { recurses(NULL); }

static void __attribute__((noinline)) uses(size_t size) {
    volatile char *array = (volatile char *)__builtin_alloca(size);
    for (size_t i = size; i > 0; i -= 512) array[i - 1] = 1; /* from the top down */
    array[0] = 1;
}
static void has_a_large_array(void) { uses(300 * 1024 / 512 * 512); }

static void follows_a_wild_pointer(void) { *(volatile int *)aco_get_arg() = 1; }

static void start(void) {
    CHECK(aco_report_overflow() == 0);
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
}

static void yields(void) {
    for (;;) aco_yield();
}

static void run(aco_cofuncp_t fp) {
    start();
    aco_resume(aco_create(main_co, aco_share_stack_new(65536), 0, fp, (void *)0x18));
}
static void recursion(void) { run(recurses_for_ever); }
static void large_array(void) { run(has_a_large_array); }
static void wild_pointer(void) { run(follows_a_wild_pointer); }

static void on_a_shared_stack(void) {
    start();
    aco_share_stack_t *stack = aco_share_stack_new(65536);
    aco_resume(aco_create(main_co, stack, 0, yields, NULL));
    aco_resume(aco_create(main_co, stack, 0, recurses_for_ever, (void *)0x18));
}

static void nests(void) {
    aco_t *self = aco_get_co();
    aco_resume(aco_create(self, aco_share_stack_new(65536), 0, yields, NULL));
    aco_resume(aco_create(self, aco_share_stack_new(65536), 0, recurses_for_ever, (void *)0x18));
}
static void in_a_nested_one(void) { run(nests); }

/* The resumer's stack, in a function that a coroutine calls there. */
static void *recurses_on_resumer(void *arg) {
    recurses(NULL);
    return arg;
}
static void calls_on_resumer(void) { aco_on_resumer(recurses_on_resumer, NULL); }
static void resumes_caller(void) {
    aco_resume(aco_create(aco_get_co(), aco_share_stack_new(1 << 20), 0, calls_on_resumer, NULL));
}
static void on_the_resumers_stack(void) { run(resumes_caller); }

static void after_a_nested_one(void) {
    start();
    aco_t *co = aco_create(main_co, aco_share_stack_new(65536), 0, yields, NULL);
    aco_resume(co);
    recurses_for_ever(); /* on the thread's own stack: not ours to report */
}

static void *in_its_thread(void *unused) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_resume(aco_create(main_co, aco_share_stack_new(65536), 0, recurses_for_ever, (void *)0x18));
    return unused;
}
static void in_a_thread(void) {
    pthread_t thread;
    start();
    CHECK(pthread_create(&thread, NULL, in_its_thread, NULL) == 0);
    pthread_join(thread, NULL);
}

/* A program that handles the fault itself goes on, and the next one is reported, too. */
static sigjmp_buf recovered;
static void recovers(int signal) { siglongjmp(recovered, signal); }
static void twice_on_one_stack(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = recovers;
    action.sa_flags = SA_ONSTACK; /* there is no room on the other */
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    start();
    aco_share_stack_t *stack = aco_share_stack_new(65536);
    for (int i = 0; i < 2; i++) {
        aco_t *co = aco_create(main_co, stack, 0, recurses_for_ever, (void *)0x18);
        if (sigsetjmp(recovered, 1) == 0) {
            aco_resume(co);
            CHECK(!"reached");
        }
        stack->owner = NULL; /* it will not go on */
        aco_gtls_co = main_co;
        aco_destroy(co);
    }
    _exit(7);
}

/* A signal that is sent is no fault, and kills as it would. */
static void sent(void) {
    start();
    raise(SIGSEGV);
}
/* A handler for once, and one that faults itself, are what they were. */
static volatile int *volatile wild = (volatile int *)0x18;
static void faults(int signal) { *wild = signal; }
static void handler_that_faults(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = faults;
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    wild_pointer();
}
static void does_nothing(int signal) { (void)signal; }
static void handler_for_once(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = does_nothing;
    action.sa_flags = SA_RESETHAND;
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    wild_pointer();
}

#define LINE                                                                                     \
    "aco: fatal: coroutine @ (entry @, arg 0x18) overflowed its 64 KiB stack: fault at @, sp @, " \
    "stack from @ (make it larger, or its frames smaller)\n"

static void check_death(void (*body)(void), const char *wanted) {
    char text[2000];
    int status = run_in_child(body, text, sizeof text);
    int died = WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
#ifdef UNDER_EMULATION /* the emulator says how the program died */
    char *own = strstr(text, "qemu:");
    if (own != NULL) *own = 0;
#endif
    if (!died || !text_matches(text, wanted)) fprintf(stderr, "%#x: %s\n", status, text);
    CHECK(died && text_matches(text, wanted));
}

static void uses_some(void) {
    uses(20 * 1024);
    aco_yield();
    uses(4 * 1024);
    aco_yield();
    CHECK(aco_stack_used(aco_get_co()) > 20 * 1024);
    aco_exit();
}

static void check_used(void) {
    aco_share_stack_t *stack = aco_share_stack_new(65536), *other = aco_share_stack_new(65536);
    aco_t *co = aco_create(main_co, stack, 0, uses_some, NULL);
    CHECK_EQUAL(aco_stack_used(co), 0);
    CHECK_EQUAL(aco_stack_used(main_co), 0);
    aco_share_stack_fill(stack);
    aco_resume(co);
    size_t used = aco_stack_used(co);
    CHECK(used >= 20 * 1024 && used < 24 * 1024);
    aco_resume(co);
    CHECK_EQUAL(aco_stack_used(co), used);
    aco_resume(co);
    CHECK(co->is_end && aco_stack_used(co) >= used);
    aco_destroy(co);
    /* Without a pattern: what is known from the switches. */
    aco_t *cos[2];
    for (int i = 0; i < 2; i++) cos[i] = aco_create(main_co, other, 0, yields, NULL);
    for (int i = 0; i < 4; i++) aco_resume(cos[i % 2]);
    CHECK(aco_stack_used(cos[0]) > 0 && aco_stack_used(cos[0]) < 1024);
    CHECK(aco_stack_used(cos[0]) >= cos[0]->save_stack.max_cpsz);
    /* A pattern below a suspended one disturbs no coroutine. */
    aco_share_stack_fill(other);
    for (int i = 0; i < 4; i++) aco_resume(cos[i % 2]);
    for (int i = 0; i < 2; i++) aco_destroy(cos[i]);
    aco_share_stack_destroy(other);
    aco_share_stack_destroy(stack);
    /* The next stack in its place is not filled. */
    stack = aco_share_stack_new(65536);
    co = aco_create(main_co, stack, 0, yields, NULL);
    aco_resume(co);
    CHECK(aco_stack_used(co) < 1024);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

/* A coroutine of a stack that is gone knows nothing of the next one in its place. */
static void check_used_of_gone(void) {
    aco_share_stack_t *stack = aco_share_stack_new(65536);
    aco_t *gone = aco_create(main_co, stack, 0, yields, NULL);
    aco_share_stack_destroy(stack);
    CHECK_EQUAL(aco_stack_used(gone), 0);
    CHECK(aco_share_stack_new(65536) == stack);
    aco_share_stack_fill(stack);
    aco_t *co = aco_create(main_co, stack, 0, uses_some, NULL);
    aco_resume(co);
    CHECK_EQUAL(aco_stack_used(gone), 0);
    aco_destroy(gone);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

static void fill_null(void) { aco_share_stack_fill(NULL); }
static void used_null(void) { aco_stack_used(NULL); }
static aco_share_stack_t *stack_to_fill;
static void fill_destroyed(void) {
    aco_share_stack_destroy(stack_to_fill);
    aco_share_stack_fill(stack_to_fill);
}
static void fills_its_own(void) { aco_share_stack_fill(aco_get_co()->share_stack); }
static void fill_own(void) {
    aco_resume(aco_create(main_co, stack_to_fill, 0, fills_its_own, NULL));
}

int main(void) {
    check_death(recursion, LINE);
    check_death(large_array, LINE);
    check_death(on_a_shared_stack, LINE);
    check_death(in_a_nested_one, LINE);
    check_death(on_the_resumers_stack, LINE);
    check_death(in_a_thread, LINE);
    check_death(wild_pointer, "");
    check_death(sent, "");
    check_death(handler_that_faults, "");
    check_death(handler_for_once, "");
#ifndef UNDER_EMULATION
    check_death(after_a_nested_one, "");
#else
    (void)after_a_nested_one;
#endif
    char text[2000];
    int status = run_in_child(twice_on_one_stack, text, sizeof text);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK(text_matches(text, LINE LINE));

    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    check_used();
    check_used_of_gone();
    CHECK(aco_report_overflow() == 0 && aco_report_overflow() == 0);
    check_used();
    CHECK_DIES(fill_null, "aco: fatal: aco_share_stack_fill(0x0): the share stack is NULL (pass a "
                          "valid one)\n");
    CHECK_DIES(used_null, "aco: fatal: aco_stack_used(0x0): the coroutine is NULL (pass a valid "
                          "one)\n");
    stack_to_fill = aco_share_stack_new(0);
    CHECK_DIES(fill_destroyed, "aco: fatal: aco_share_stack_fill(@): the share stack is destroyed "
                               "(fill a share stack before it is destroyed)\n");
    CHECK_DIES(fill_own, "aco: fatal: aco_share_stack_fill(@): called on this very stack (fill a "
                         "share stack that nothing runs on)\n");
    aco_share_stack_destroy(stack_to_fill);
    aco_destroy(main_co);
    return 0;
}
