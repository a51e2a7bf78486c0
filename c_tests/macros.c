/* Every macro of the header, the functions beside them, the versions, and the eight system
 * headers that programs lean on. */
struct aco_share_stack_s; /* programs forward-declare it */
struct aco_s;
static struct aco_share_stack_s *forward_declared;

#include "libaco/aco.h"

/* Names of <string.h> <stdint.h> <limits.h> <stdlib.h> <stdio.h> <unistd.h> <time.h>
 * <sys/mman.h>, none of which is included here. */
static int system_headers(void) {
    uintptr_t number = strlen("four") + INT_MAX - INT_MAX;
    time_t now = time(NULL);
    return number == 4 && getpid() > 0 && now > 0 && abs(-1) == 1 && stderr != NULL &&
           PROT_NONE == 0;
}

#include "check.h"

#include "libaco/aco_assert_override.h"

#if ACO_VERSION_MAJOR != 1 || ACO_VERSION_MINOR != 3 || ACO_VERSION_PATCH != 0
#error "the version in the header"
#endif

static int evaluations;
static aco_t *once(aco_t *co) {
    evaluations++;
    return co;
}

static void entry(void) {
    int *count = (int *)aco_get_arg_fn();
    CHECK(count == aco_get_arg() && aco_get_co_fn() == aco_get_co() && aco_co() == aco_get_co());
    CHECK(!aco_is_main_co(aco_get_co()));
    ++*count;
    aco_yield();
    ++*count;
    aco_yield_fn();
    ++*count;
    aco_yield1(once(aco_get_co()));
    CHECK_EQUAL(evaluations, 1);
    ++*count;
    if (*count == 4) aco_exit();
    aco_exit_fn();
}

static void assert_fails(void) { assert(evaluations == 1000); }
static void assertptr_fails(void) { assertptr(forward_declared); }
static void aco_assert_fails(void) { aco_assert(evaluations == 1000); }
static void aco_assertptr_fails(void) { aco_assertptr(forward_declared); }
static void assertalloc_bool_fails(void) { assertalloc_bool(evaluations == 1000); }
static void assertalloc_ptr_fails(void) { assertalloc_ptr(forward_declared); }
static void yield_fn_fails(void) { aco_yield_fn(); }
static void exit_fn_fails(void) { aco_exit_fn(); }

aco_attr_no_asan static int attributed(void) { return 5; }

int main(void) {
    CHECK(system_headers());
    CHECK(forward_declared == NULL && attributed() == 5);
    CHECK(aco_likely(1) == 1 && aco_unlikely(0) == 0 && likely(7) == 1 && unlikely(0) == 0);
    CHECK_EQUAL(ACO_VERSION_NUMBER, 0x010300);
    CHECK_EQUAL(aco_version(), ACO_VERSION_NUMBER);
    CHECK(strcmp(aco_version_string(), "1.3.0") == 0);
    CHECK(aco_get_co() == NULL && aco_get_co_fn() == NULL && aco_get_arg_fn() == NULL);

    aco_runtime_test();
    aco_thread_init(NULL);
    int main_arg = 0;
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, &main_arg);
    CHECK(aco_is_main_co(main_co));
    aco_share_stack_t *stack = aco_share_stack_new(0);
    for (int start = 0; start < 2; start++) {
        int count = start;
        aco_t *co = aco_create(main_co, stack, 0, entry, &count);
        void (*resume)(aco_t *) = &aco_resume;
        aco_resume(co);
        CHECK(aco_get_arg() == &main_arg && aco_get_arg_fn() == &main_arg);
        resume(co);
        (aco_resume)(co);
        aco_resume(co);
        CHECK(co->is_end && count == start + 4);
        aco_destroy(co);
        evaluations = 0;
    }
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    aco_gtls_co = NULL;

    assert(1 == 1);
    assertptr(&evaluations);
    assertalloc_bool(1);
    assertalloc_ptr(&evaluations);
    CHECK_DIES(assert_fails, "");
    CHECK_DIES(assertptr_fails, "");
    CHECK_DIES(aco_assert_fails, "");
    CHECK_DIES(aco_assertptr_fails, "");
    char line[300];
#if defined(__clang__) /* whose __PRETTY_FUNCTION__ is the whole declaration */
#define PRETTY(function) "void " function "(void)"
#else
#define PRETTY(function) function
#endif
#define ALLOC_LINE(function)                                                                     \
    (snprintf(line, sizeof line, "Aborting: failed to allocate memory: %s:#:%s\n", __FILE__,     \
              PRETTY(function)),                                                                 \
     line)
    CHECK_DIES(assertalloc_bool_fails, ALLOC_LINE("assertalloc_bool_fails"));
    CHECK_DIES(assertalloc_ptr_fails, ALLOC_LINE("assertalloc_ptr_fails"));
    CHECK_DIES(yield_fn_fails, "aco: fatal: aco_yield(0x0): no coroutine runs (only a coroutine "
                               "that aco_resume runs can yield)\n");
    CHECK_DIES(exit_fn_fails, "aco: fatal: aco_exit(0x0): no coroutine runs (only a coroutine "
                              "that aco_resume runs can exit)\n");
    return 0;
}
