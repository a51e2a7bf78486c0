/* Repeats an operation as often as its second argument says, for an emulator that counts what it takes.
 *
 *   count ROW ROUNDS
 *
 * -DMARKED: each operation begins with a call of aco_operation(), and what begins a line of memory depends
 * neither on the environment nor on the size of the program. */
#include <aco.h>

#if __has_include(<aco_ext.h>)
#include <aco_ext.h>
#define HAS_EXTENSION
#endif

#include <string.h>

static aco_t *main_co;

#ifdef MARKED
#include <malloc.h>

static __thread char thread_line[64] __attribute__((aligned(64)));

void __attribute__((noinline)) aco_operation(void) { __asm__ volatile(""); }
#else
#define aco_operation() ((void)0)
#endif

static void empty_body(void) {
    for (;;) aco_yield();
}

static void exiting_body(void) { aco_exit(); }

/* Keeps this many bytes of its stack in use over each yield. */
#define KEEPS(bytes)                                                                             \
    static void keeps_##bytes(void) {                                                            \
        char block[bytes];                                                                       \
        memset(block, 1, sizeof block);                                                          \
        for (;;) {                                                                               \
            __asm__ volatile("" ::"r"(block) : "memory");                                        \
            aco_yield();                                                                         \
        }                                                                                        \
    }
KEEPS(24)
KEEPS(200)

static void resume_one(long rounds) {
    aco_t *co = aco_create(main_co, aco_share_stack_new2(16384, 0), 0, empty_body, NULL);
    for (int i = 0; i < 10; i++) aco_resume(co);
    for (long i = 0; i < rounds; i++) {
        aco_operation();
        aco_resume(co);
    }
}

static void resume_copied(aco_cofuncp_t body, long rounds) {
    aco_share_stack_t *stack = aco_share_stack_new2(16384, 0);
    aco_t *cos[2] = {aco_create(main_co, stack, 0, body, NULL), aco_create(main_co, stack, 0, body, NULL)};
    for (int i = 0; i < 10; i++) aco_resume(cos[i % 2]);
    for (long i = 0; i < rounds; i++) {
        aco_operation();
        aco_resume(cos[i % 2]);
    }
}

static void live_and_die(char guarded, long rounds) {
    for (long i = -10; i < rounds; i++) {
        aco_operation();
        aco_share_stack_t *stack = aco_share_stack_new2(65536, guarded);
        aco_t *co = aco_create(main_co, stack, 0, exiting_body, NULL);
        aco_resume(co);
        aco_destroy(co);
        aco_share_stack_destroy(stack);
    }
}

/* A coroutine that shares its stack, and is copied out before it is destroyed. */
static void destroy_copied(long rounds) {
    aco_share_stack_t *stack = aco_share_stack_new2(65536, 0);
    aco_t *other = aco_create(main_co, stack, 0, keeps_24, NULL);
    for (long i = -10; i < rounds; i++) {
        aco_operation();
        aco_t *co = aco_create(main_co, stack, 0, keeps_24, NULL);
        aco_resume(co);
        aco_resume(other);
        aco_destroy(co);
    }
}

#ifdef HAS_EXTENSION

static void value_body(void) {
    uintptr_t value = (uintptr_t)aco_first_value();
    for (;;) value = (uintptr_t)aco_yield_value((void *)(value + 1));
}

static void resume_with_values(long rounds) {
    aco_t *co = aco_create(main_co, aco_share_stack_new2(16384, 0), 0, value_body, NULL);
    for (int i = 0; i < 10; i++) aco_resume_value(co, co);
    for (long i = 0; i < rounds; i++) {
        aco_operation();
        aco_resume_value(co, co);
    }
}

static aco_t *partner;

static void passes_back(void) {
    aco_t *to = (aco_t *)aco_get_arg();
    for (;;) aco_yield_to(to);
}

static void passes_on(void) {
    aco_t *to = partner;
    long rounds = (long)(intptr_t)aco_get_arg();
    for (long i = -10; i < rounds; i++) {
        aco_operation();
        aco_yield_to(to);
    }
    aco_exit();
}

/* There and back. */
static void transfer(long rounds) {
    aco_share_stack_t *stacks[2] = {aco_share_stack_new2(16384, 0), aco_share_stack_new2(16384, 0)};
    aco_t *co = aco_create(main_co, stacks[0], 0, passes_on, (void *)(intptr_t)rounds);
    partner = aco_create(main_co, stacks[1], 0, passes_back, co);
    aco_resume(co);
}

static void *returning_body(void *arg) { return arg; }

static void live_in_two_calls(long rounds) {
    for (long i = -10; i < rounds; i++) {
        aco_operation();
        aco_t *co = aco_new(returning_body, NULL, 65536);
        aco_resume(co);
        aco_free(co);
    }
}

static void reset_and_run(long rounds) {
    aco_t *co = aco_create(main_co, aco_share_stack_new2(16384, 0), 0, exiting_body, NULL);
    aco_resume(co);
    for (long i = -10; i < rounds; i++) {
        aco_operation();
        aco_reset(co, exiting_body, NULL);
        aco_resume(co);
    }
}

#endif

int main(int count, char **arguments) {
    const char *row = count > 2 ? arguments[1] : "";
    long rounds = count > 2 ? atol(arguments[2]) : 0;
#ifdef MARKED
    char line[64] __attribute__((aligned(64)));
    __asm__ volatile("" ::"r"(line), "r"(thread_line));
    mallopt(M_MMAP_THRESHOLD, 4096);
#endif
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
#define ROW(name, call)                                                                          \
    if (strcmp(row, name) == 0) {                                                                \
        call;                                                                                    \
        return 0;                                                                                \
    }
    ROW("switch", resume_one(rounds))
    ROW("copy-8", resume_copied(empty_body, rounds))
    ROW("copy-64", resume_copied(keeps_24, rounds))
    ROW("copy-256", resume_copied(keeps_200, rounds))
    ROW("destroy", destroy_copied(rounds))
    ROW("life", live_and_die(0, rounds))
    ROW("life-guarded", live_and_die(1, rounds))
#ifdef HAS_EXTENSION
    ROW("value", resume_with_values(rounds))
    ROW("transfer", transfer(rounds))
    ROW("life-new", live_in_two_calls(rounds))
    ROW("reset", reset_and_run(rounds))
#endif
    fprintf(stderr, "count: no row %s\n", row);
    return 2;
}
