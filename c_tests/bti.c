/* aarch64, with branch protection on: the program's text, this library's code in it, is guarded
 * with PROT_BTI, so that an indirect branch to a place without a landing pad is SIGILL. Fresh
 * starts, continuations, restarts and the protector all work there. */
#include "check.h"

#if !defined(__ARM_FEATURE_BTI_DEFAULT)
#error "compile with -mbranch-protection=standard"
#endif

#ifndef PROT_BTI
#define PROT_BTI 0x10
#endif

extern char __executable_start, etext;

static aco_t *main_co;
static int runs;

static void entry(void) {
    for (int i = 0; i < 3; i++) {
        runs++;
        aco_yield();
    }
    aco_exit();
}
static void returns(void) { runs++; }
static void ends_the_co(void) { aco_exit(); }

/* The place after its first instruction has no landing pad. */
static void __attribute__((noinline)) target(void) { runs++; }
static void jumps_between_pads(void) {
    void (*volatile place)(void) = (void (*)(void))((char *)(uintptr_t)target + 4);
    place();
}

int main(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t low = (uintptr_t)&__executable_start & ~(page - 1);
    uintptr_t high = ((uintptr_t)&etext + page - 1) & ~(page - 1);
    CHECK(mprotect((void *)low, high - low, PROT_READ | PROT_EXEC | PROT_BTI) == 0);
    char text[1000];
    int status = run_in_child(jumps_between_pads, text, sizeof text);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGILL); /* the guard is on */

    aco_thread_init(ends_the_co);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *a = aco_create(main_co, stack, 0, entry, NULL);
    aco_t *b = aco_create(main_co, stack, 0, entry, NULL);
    while (!a->is_end) {
        aco_resume(a);
        aco_resume(b);
    }
    CHECK_EQUAL(runs, 6);
    for (int i = 0; i < 3; i++) {
        a->fp = returns;
        a->reg[ACO_REG_IDX_RETADDR] = (void *)returns;
        a->reg[ACO_REG_IDX_SP] = stack->align_retptr;
        a->is_end = 0;
        aco_resume(a);
        CHECK(a->is_end && runs == 7 + i);
    }
    aco_destroy(a);
    aco_destroy(b);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    _exit(0); /* the C library's own code at exit has no landing pads here */
}
