/* Stacks that reserve far and take memory when they are used: 10,000 coroutines with 8 MiB each, the recipe
 * of docs/memory.md; aco_stack_trim(), which gives back what a deep call has left behind. */
#include "check.h"

#include <aco_ext.h>
#include <errno.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
/* Tools have notes of their own for each page and each coroutine, an emulator has the process's pages: there
 * are few coroutines then, and memory is not counted, only looked into. */
#if defined(UNDER_EMULATION) || defined(UNDER_VALGRIND) || defined(__SANITIZE_ADDRESS__) ||      \
    defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) ||                          \
    __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
enum { COUNTS = 0, MANY = 100 };
#else
enum { COUNTS = 1, MANY = 10000 };
#endif
enum { RESERVE = 8 << 20, DEEP = 4 << 20, EVERY = MANY / 10, EACH = 12 * 1024, ALLOWED = 2 << 20 };

static aco_t *main_co;
static size_t page;

static long resident_bytes(void) {
    long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld %ld", &size, &resident) == 2);
    fclose(file);
    return resident * (long)page;
}

/* Bytes of the stack that are in memory. */
static size_t resident_of(const aco_share_stack_t *stack) {
    uintptr_t low = (uintptr_t)stack->ptr & ~(page - 1), high = (uintptr_t)stack->ptr + stack->sz;
    size_t pages = (high - low + page - 1) / page, count = 0;
    unsigned char *states = (unsigned char *)calloc(pages, 1);
    CHECK(states != NULL && mincore((void *)low, pages * page, states) == 0);
    for (size_t i = 0; i < pages; i++) count += states[i] & 1;
    free(states);
    return count * page;
}

/* So many bytes, each page of them written to. */
static __attribute__((noinline)) int uses(size_t size) {
    volatile char *block = (volatile char *)__builtin_alloca(size);
    for (size_t i = 0; i < size; i += 1024) block[i] = (char)(i >> 10);
    block[size - 1] = 1;
    for (size_t i = 0; i + 1 < size; i += 1024) CHECK(block[i] == (char)(i >> 10));
    return block[size - 1];
}

/* Waits; what it is handed is how deep it goes next. */
static void goes_as_deep_as_it_is_told(void) {
    volatile size_t own = 12345;
    size_t *size = (size_t *)aco_get_arg();
    while (*size != 0) {
        if (*size > 1) CHECK_EQUAL(uses(*size), 1);
        aco_yield();
    }
    CHECK_EQUAL(own, 12345);
    aco_exit();
}

static void check_gone(size_t given_back, size_t at_least) {
    CHECK(!COUNTS || given_back >= at_least);
}

/* ---- the recipe -------------------------------------------------------------------------------- */

static void check_recipe(void) {
    static aco_t *cos[MANY];
    size_t depth = 1;
    long start = resident_bytes();
    for (int i = 0; i < MANY; i++) {
        cos[i] = aco_create(main_co, aco_share_stack_new(RESERVE), 0, goes_as_deep_as_it_is_told, &depth);
        aco_resume(cos[i]);
    }
    long waiting = resident_bytes();
    CHECK(!COUNTS || waiting - start <= (long)MANY * EACH);
    depth = DEEP;
    for (int i = 0; i < MANY; i += EVERY) aco_resume(cos[i]);
    long deep = resident_bytes();
    CHECK(!COUNTS || deep - waiting >= 10L * DEEP);
    size_t given_back = 0;
    for (int i = 0; i < MANY; i++) given_back += aco_stack_trim(cos[i]);
    check_gone(given_back, (size_t)10 * (DEEP - 64 * 1024));
    CHECK(!COUNTS || resident_bytes() - waiting <= ALLOWED);
    depth = 0;
    for (int i = 0; i < MANY; i++) {
        aco_share_stack_t *stack = cos[i]->share_stack;
        aco_resume(cos[i]);
        CHECK_EQUAL(cos[i]->is_end, 1);
        aco_destroy(cos[i]);
        aco_share_stack_destroy(stack);
    }
    CHECK(!COUNTS || resident_bytes() - start <= ALLOWED);
}

/* ---- what stays, and what goes ----------------------------------------------------------------- */

static void check_alone(char guarded) {
    aco_share_stack_t *stack = aco_share_stack_new2(1 << 20, guarded);
    size_t depth = 1, deep = 900 * 1024;
    aco_t *co = aco_create(main_co, stack, 0, goes_as_deep_as_it_is_told, &depth);
    aco_stack_trim(co); /* it has not begun */
    for (int turn = 0; turn < 20; turn++) {
        depth = deep;
        aco_resume(co);
        check_gone(aco_stack_trim(co), deep - 16 * page);
        CHECK(!COUNTS || resident_of(stack) <= 16 * page);
        CHECK_EQUAL(aco_stack_trim(co), 0);
        depth = 1;
        aco_resume(co);
    }
    depth = 0;
    aco_resume(co);
    CHECK_EQUAL(co->is_end, 1);
    aco_stack_trim(co); /* no coroutine is on the stack */
    aco_reset(co, goes_as_deep_as_it_is_told, &depth);
    aco_resume(co);
    CHECK_EQUAL(co->is_end, 1);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

/* A frame of any size, all of it in use, ends anywhere in a page. */
static void holds_bytes(void) {
    size_t size = *(size_t *)aco_get_arg();
    unsigned char *block = (unsigned char *)__builtin_alloca(size);
    memset(block, (int)(size % 251), size);
    for (;;) {
        aco_yield();
        for (size_t i = 0; i < size; i++) CHECK(block[i] == size % 251);
    }
}

static void check_every_frame(void) {
    aco_share_stack_t *stack = aco_share_stack_new(256 * 1024);
    for (size_t size = 16; size < 3 * page; size += 16 * (COUNTS ? 1 : 37)) {
        aco_t *co = aco_create(main_co, stack, 0, holds_bytes, &size);
        aco_resume(co);
        aco_stack_trim(co);
        aco_resume(co);
        aco_stack_trim(co);
        aco_resume(co);
        aco_destroy(co);
    }
    aco_share_stack_destroy(stack);
}

/* The caller is on the stack. */
static void trims_its_own(void) {
    volatile char block[300] = {9, 8, 7};
    for (int turn = 0; turn < 10; turn++) {
        CHECK_EQUAL(uses(700 * 1024), 1);
        check_gone(aco_stack_trim(aco_get_co()), 600 * 1024);
        CHECK(block[0] == 9 && block[1] == 8 && block[2] == 7);
    }
    aco_exit();
}

static size_t outer_depth = 700 * 1024;
static aco_t *outer;

static void trims_the_outer(void) {
    check_gone(aco_stack_trim(outer), outer_depth - 64 * 1024);
    CHECK_EQUAL(aco_stack_trim(outer), 0);
    aco_exit();
}

/* Waits in a resume while another one trims its stack. */
static void resumes_a_trimmer(void) {
    volatile char block[300] = {9, 8, 7};
    CHECK_EQUAL(uses(outer_depth), 1);
    aco_share_stack_t *stack = aco_share_stack_new2(256 * 1024, 1);
    aco_t *inner = aco_create(aco_get_co(), stack, 0, trims_the_outer, NULL);
    aco_resume(inner);
    CHECK(inner->is_end == 1 && block[0] == 9 && block[1] == 8 && block[2] == 7);
    aco_destroy(inner);
    aco_share_stack_destroy(stack);
    aco_exit();
}

static void run_to_end(aco_cofuncp_t body) {
    aco_share_stack_t *stack = aco_share_stack_new(1 << 20);
    outer = aco_create(main_co, stack, 0, body, NULL);
    aco_resume(outer);
    CHECK_EQUAL(outer->is_end, 1);
    aco_destroy(outer);
    aco_share_stack_destroy(stack);
}

/* The coroutine on the stack decides what stays, not the one that is named. */
static void check_shared(void) {
    aco_share_stack_t *stack = aco_share_stack_new(1 << 20);
    size_t small = 100, large = 600 * 1024, size = 5000;
    aco_t *deep = aco_create(main_co, stack, 0, holds_bytes, &large);
    aco_t *low = aco_create(main_co, stack, 0, holds_bytes, &small);
    aco_t *fresh = aco_create(main_co, stack, 0, holds_bytes, &size);
    aco_resume(deep);
    aco_stack_trim(low);
    for (int turn = 0; turn < 3; turn++) {
        aco_resume(deep);
        CHECK_EQUAL(aco_stack_trim(fresh), 0);
        aco_resume(low);
        check_gone(aco_stack_trim(deep), large - 64 * 1024);
        aco_resume(deep);
        aco_resume(low);
    }
    aco_destroy(low);
    aco_stack_trim(fresh); /* no coroutine is on it */
    aco_resume(fresh);
    aco_resume(deep);
    aco_destroy(deep);
    aco_destroy(fresh);
    aco_share_stack_destroy(stack);
}

/* ---- where nothing is given back --------------------------------------------------------------- */

static aco_t *interrupted;
static size_t given_back_by_handler = 1;

static void trims_in_a_handler(int signal) {
    (void)signal;
    given_back_by_handler = aco_stack_trim(interrupted);
}

static void is_interrupted(void) {
    unsigned char block[20000];
    memset(block, 7, sizeof block);
    aco_yield(); /* from here on its registers say that its frames end here */
    unsigned char *lower = (unsigned char *)__builtin_alloca(100000);
    memset(lower, 9, 100000);
    raise(SIGUSR1);
    for (int i = 0; i < 100000; i++) CHECK(lower[i] == 9);
    for (size_t i = 0; i < sizeof block; i++) CHECK(block[i] == 7);
    aco_exit();
}

static void check_signal(void) {
    static char place[128 * 1024];
    stack_t signal_stack, before;
    memset(&signal_stack, 0, sizeof signal_stack);
    signal_stack.ss_sp = place;
    signal_stack.ss_size = sizeof place;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = trims_in_a_handler;
    action.sa_flags = SA_ONSTACK;
    CHECK(sigaltstack(&signal_stack, &before) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
    aco_share_stack_t *stack = aco_share_stack_new(1 << 20);
    interrupted = aco_create(main_co, stack, 0, is_interrupted, NULL);
    aco_resume(interrupted);
    aco_resume(interrupted);
    CHECK(interrupted->is_end == 1 && given_back_by_handler == 0);
    aco_destroy(interrupted);
    aco_share_stack_destroy(stack);
    CHECK(sigaltstack(&before, NULL) == 0);
}

static void check_nothing(void) {
    size_t depth = 100 * 1024;
    CHECK_EQUAL(aco_stack_trim(main_co), 0);
    aco_share_stack_t *least = aco_share_stack_new2(4096, 1), *stack = aco_share_stack_new(256 * 1024);
    aco_t *tiny = aco_create(main_co, least, 0, goes_as_deep_as_it_is_told, &depth);
    CHECK_EQUAL(aco_stack_trim(tiny), 0);
    aco_t *co = aco_create(main_co, stack, 0, goes_as_deep_as_it_is_told, &depth);
    if (COUNTS && mlock(stack->ptr, stack->sz) == 0) {
        aco_resume(co);
        CHECK_EQUAL(aco_stack_trim(co), 0);
        munlock(stack->ptr, stack->sz);
    }
    aco_share_stack_destroy(stack);
    CHECK_EQUAL(aco_stack_trim(co), 0);
    aco_destroy(co);
    aco_destroy(tiny);
    aco_share_stack_destroy(least);
}

/* A copy by value of a stack is trimmed as it is. */
static void check_copy(void) {
    size_t depth = 100 * 1024;
    aco_share_stack_t *stack = aco_share_stack_new(256 * 1024), copy = *stack;
    aco_t *co = aco_create(main_co, &copy, 0, goes_as_deep_as_it_is_told, &depth);
    aco_resume(co);
    check_gone(aco_stack_trim(co), 64 * 1024);
    aco_resume(co);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

/* A stack that was filled, to see how deep it is used, is not any more. */
static void check_filled(void) {
    size_t depth = 200 * 1024;
    aco_share_stack_t *stack = aco_share_stack_new(1 << 20);
    aco_t *co = aco_create(main_co, stack, 0, goes_as_deep_as_it_is_told, &depth);
    aco_share_stack_fill(stack);
    aco_resume(co);
    CHECK(aco_stack_used(co) >= depth);
    check_gone(aco_stack_trim(co), 900 * 1024);
    size_t known = aco_stack_used(co);
    CHECK(known > 0 && known < depth);
    aco_share_stack_fill(stack);
    aco_resume(co);
    CHECK(aco_stack_used(co) >= depth && aco_stack_used(co) < depth + 64 * 1024);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

static void trims_null(void) { aco_stack_trim(NULL); }
static void trims_a_destroyed_one(void) {
    size_t depth = 1;
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, goes_as_deep_as_it_is_told, &depth);
    aco_destroy(co);
    aco_stack_trim(co);
}

int main(void) {
    aco_thread_init(NULL);
    page = (size_t)sysconf(_SC_PAGESIZE);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    check_recipe();
    check_alone(1);
    check_alone(0);
    check_every_frame();
    run_to_end(trims_its_own);
    run_to_end(resumes_a_trimmer);
    check_shared();
    check_signal();
    check_nothing();
    check_copy();
#ifndef UNDER_VALGRIND /* for which there is no memory below the frames to be looked at */
    check_filled();
#else
    (void)check_filled;
#endif
    CHECK_DIES(trims_null, "aco: fatal: aco_stack_trim(0x0): the coroutine is NULL (pass a valid one)\n");
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) && !defined(UNDER_VALGRIND)
    CHECK_DIES(trims_a_destroyed_one, "aco: fatal: aco_stack_trim(@, entry @): the coroutine is destroyed "
                                      "(trim the stack of a coroutine before aco_destroy)\n");
#else
    (void)trims_a_destroyed_one; /* the tool's own report, or another one's block */
#endif
    aco_destroy(main_co);
    return 0;
}
