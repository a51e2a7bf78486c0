/* One row of the table: measures one thing about one libaco-compatible library. Compiled against
 * any library with libaco's header; `make bench` builds it in each form.
 *
 *   rows ROW    measures it and prints a line (measure.h)
 */
#define _GNU_SOURCE
#include <aco.h>

#if __has_include(<aco_ext.h>)
#include <aco_ext.h>
#define HAS_EXTENSION
#endif

#include "measure.h"

static aco_t *main_co;
static uint64_t random_state = 88172645463325252u;

static unsigned random_below(unsigned limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 11) % limit);
}

/* ---- bodies ------------------------------------------------------------------------------ */

static void empty_body(void) {
    for (;;) aco_yield();
}

/* Six values in registers, and in use: they live across what stands between the two. */
#define KEEP_SIX(a, b, c, d, e, f)                                                               \
    do {                                                                                         \
        KEEP(a);                                                                                 \
        KEEP(b);                                                                                 \
        KEEP(c);                                                                                 \
        KEEP(d);                                                                                 \
        KEEP(e);                                                                                 \
        KEEP(f);                                                                                 \
    } while (0)
#define MIX_SIX(a, b, c, d, e, f)                                                                \
    (a += b, b ^= c, c += d, d ^= e, e += f, f ^= a)

static void busy_body(void) {
    uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6;
    for (;;) {
        KEEP_SIX(a, b, c, d, e, f);
        aco_yield();
        MIX_SIX(a, b, c, d, e, f);
    }
}

static void __attribute__((noinline)) yield_deep(int depth) {
    if (depth == 0) {
        aco_yield();
    } else {
        yield_deep(depth - 1);
    }
    __asm__ volatile("" ::: "memory"); /* no tail call */
}
static void deep_body(void) {
    for (;;) yield_deep(5);
}

/* Writes to its own stack between the switches. */
static void touching_body(void) {
    volatile uint64_t place = 0;
    for (;;) {
        place++;
        aco_yield();
    }
}

static void exiting_body(void) { aco_exit(); }

/* Keeps this many bytes of its stack in use over each yield, and the 32 to 48 of the frame around
 * them: an inline yield's has the callee-saved registers of its function, too. */
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
KEEPS(56)
KEEPS(456)
KEEPS(2040)
KEEPS(8184)
KEEPS(65528)

/* ---- rows -------------------------------------------------------------------------------- */

/* Rounds before those that count. */
enum { SMALL_STACK = 16 * 1024, WARM = 1000 };

static void resume_one(aco_cofuncp_t body, unsigned rounds) {
    aco_t *co = aco_create(main_co, aco_share_stack_new2(SMALL_STACK, 0), 0, body, NULL);
    for (unsigned i = 0; i < 1000; i++) aco_resume(co);
    sample_t start = now();
    for (unsigned i = 0; i < rounds; i++) aco_resume(co);
    report(start, 2.0 * rounds);
}

/* Exception flags that the one side has raised and the other has not. */
static void resume_after_flags(unsigned rounds) {
    volatile double one = 1.0, three = 3.0;
    aco_t *co = aco_create(main_co, aco_share_stack_new2(SMALL_STACK, 0), 0, empty_body, NULL);
    for (unsigned i = 0; i < 1000; i++) aco_resume(co);
    one = one / three;
    sample_t start = now();
    for (unsigned i = 0; i < rounds; i++) aco_resume(co);
    report(start, 2.0 * rounds);
}

static void resume_one_busy(unsigned rounds) {
    aco_t *co = aco_create(main_co, aco_share_stack_new2(SMALL_STACK, 0), 0, busy_body, NULL);
    uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6;
    sample_t start = now();
    for (unsigned i = 0; i < rounds; i++) {
        KEEP_SIX(a, b, c, d, e, f);
        aco_resume(co);
        MIX_SIX(a, b, c, d, e, f);
    }
    report(start, 2.0 * rounds);
}

static void resume_many(aco_cofuncp_t body, unsigned live, int in_order, unsigned rounds) {
    aco_t **cos = (aco_t **)malloc(live * sizeof *cos);
    for (unsigned i = 0; i < live; i++) {
        cos[i] = aco_create(main_co, aco_share_stack_new2(SMALL_STACK, 0), 0, body, NULL);
    }
    for (unsigned i = live - 1; !in_order && i > 0; i--) {
        unsigned other = random_below(i + 1);
        aco_t *kept = cos[i];
        cos[i] = cos[other];
        cos[other] = kept;
    }
    for (unsigned i = 0; i < live; i++) aco_resume(cos[i]);
    /* Making a million coroutines takes longer than measuring them: the rounds are inside. */
    sample_t *samples = (sample_t *)malloc(rounds * sizeof *samples);
    for (unsigned round = 0; round < rounds; round++) {
        sample_t start = now();
        for (unsigned i = 0; i < live; i++) aco_resume(cos[i]);
        samples[round] = since(start);
    }
    report_median(samples, rounds, 2.0 * live);
}

/* A whole life: create, first run, exit, destroy, with a stack of its own. */
static void live_and_die(size_t size, char guarded, unsigned rounds) {
    sample_t start = now();
    for (unsigned i = 0; i < rounds + WARM; i++) {
        if (i == WARM) start = now();
        aco_share_stack_t *stack = aco_share_stack_new2(size, guarded);
        aco_t *co = aco_create(main_co, stack, 0, exiting_body, NULL);
        aco_resume(co);
        aco_destroy(co);
        aco_share_stack_destroy(stack);
    }
    report(start, rounds);
}

/* Copy stacks: each resume copies one coroutine out and one in. */
static void resume_copied(aco_cofuncp_t body, unsigned live, unsigned rounds) {
    aco_t **cos = (aco_t **)malloc(live * sizeof *cos);
    aco_share_stack_t *stack = aco_share_stack_new2(256 * 1024, 0);
    for (unsigned i = 0; i < live; i++) cos[i] = aco_create(main_co, stack, 0, body, NULL);
    for (unsigned i = 0; i < 2 * live; i++) aco_resume(cos[i % live]);
    sample_t start = now();
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < live; i++) aco_resume(cos[i]);
    }
    report(start, (double)rounds * live);
}

/* ---- rows of the extension ------------------------------------------------------------------ */

#ifdef HAS_EXTENSION

static void value_body(void) {
    uintptr_t value = (uintptr_t)aco_first_value();
    for (;;) value = (uintptr_t)aco_yield_value((void *)(value + 1));
}

static void resume_with_values(unsigned rounds) {
    aco_t *co = aco_create(main_co, aco_share_stack_new2(SMALL_STACK, 0), 0, value_body, NULL);
    uintptr_t sum = 0;
    for (unsigned i = 0; i < 1000; i++) sum += (uintptr_t)aco_resume_value(co, (void *)sum);
    sample_t start = now();
    for (uintptr_t i = 0; i < rounds; i++) sum += (uintptr_t)aco_resume_value(co, (void *)i);
    report(start, 2.0 * rounds);
    KEEP(sum);
}

static void *returning_body(void *arg) { return arg; }

/* A whole life in two calls: aco_new, first run, return, aco_free. */
static void live_in_two_calls(size_t size, unsigned rounds) {
    sample_t start = now();
    for (unsigned i = 0; i < rounds; i++) {
        aco_t *co = aco_new(returning_body, NULL, size);
        aco_resume(co);
        aco_free(co);
    }
    report(start, rounds);
}

/* The same coroutine on the same stack, again and again. */
static void reset_and_run(unsigned rounds) {
    aco_t *co = aco_create(main_co, aco_share_stack_new2(SMALL_STACK, 0), 0, exiting_body, NULL);
    aco_resume(co);
    sample_t start = now();
    for (unsigned i = 0; i < rounds; i++) {
        aco_reset(co, exiting_body, NULL);
        aco_resume(co);
    }
    report(start, rounds);
}

static void number_body(void) {
    for (uintptr_t i = 0;; i++) aco_gen_yield((void *)i);
}

static void read_generator(unsigned rounds) {
    aco_gen_t *gen = aco_gen_new(aco_share_stack_new2(SMALL_STACK, 0), number_body, NULL);
    uintptr_t sum = 0;
    void *value;
    for (unsigned i = 0; i < 1000 && aco_gen_next(gen, &value); i++) sum += (uintptr_t)value;
    sample_t start = now();
    for (unsigned i = 0; i < rounds && aco_gen_next(gen, &value); i++) sum += (uintptr_t)value;
    report(start, rounds);
    KEEP(sum);
}

static aco_t *partners[2];
static unsigned passes;

static void passes_back(void) {
    aco_t *to = partners[0];
    for (;;) aco_yield_to(to);
}

static void passes_on(void) {
    aco_t *to = partners[1];
    for (;;) {
        for (unsigned left = passes; left > 0; left--) aco_yield_to(to);
        aco_yield();
    }
}

static void transfer(int shared, unsigned rounds) {
    aco_share_stack_t *stack = aco_share_stack_new2(SMALL_STACK, 0);
    partners[0] = aco_create(main_co, stack, 0, passes_on, NULL);
    if (!shared) stack = aco_share_stack_new2(SMALL_STACK, 0);
    partners[1] = aco_create(main_co, stack, 0, passes_back, NULL);
    passes = 1000;
    aco_resume(partners[0]);
    passes = rounds;
    sample_t start = now();
    aco_resume(partners[0]);
    report(start, 2.0 * rounds);
}

#endif

static double resident_bytes(void) {
    long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &size, &resident) != 2) exit(1);
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

/* Bytes of resident memory for one suspended coroutine, array of pointers not counted. */
static void weigh(aco_cofuncp_t body, unsigned live, int shared) {
    aco_t **cos = (aco_t **)malloc(live * sizeof *cos);
    memset((void *)cos, 1, live * sizeof *cos);
    __asm__ volatile("" ::"r"(cos) : "memory"); /* really */
    aco_share_stack_t *stack = aco_share_stack_new2(256 * 1024, 0);
    aco_resume(aco_create(main_co, stack, 0, body, NULL));
    double before = resident_bytes();
    for (unsigned i = 0; i < live; i++) {
        aco_share_stack_t *own = shared ? stack : aco_share_stack_new2(SMALL_STACK, 0);
        cos[i] = aco_create(main_co, own, 0, body, NULL);
        aco_resume(cos[i]);
    }
    printf("%.1f -1 -1 -1\n", (resident_bytes() - before) / live);
}

int main(int count, char **arguments) {
    const char *row = count > 1 ? arguments[1] : "";
    start_measuring();
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
#define ROW(name, call)                                                                          \
    if (strcmp(row, name) == 0) {                                                                \
        call;                                                                                    \
        return 0;                                                                                \
    }
    ROW("switch", resume_one(empty_body, 5000000))
    ROW("switch-after-fp", resume_after_flags(5000000))
    ROW("switch-6-registers", resume_one_busy(5000000))
    ROW("switch-5-deep", resume_one(deep_body, 3000000))
    ROW("live-10k", resume_many(empty_body, 10000, 1, 200))
    ROW("live-1m", resume_many(empty_body, 1000000, 1, 9))
    ROW("live-1m-random", resume_many(empty_body, 1000000, 0, 9))
    ROW("live-1m-touch", resume_many(touching_body, 1000000, 1, 9))
    ROW("live-1m-touch-random", resume_many(touching_body, 1000000, 0, 9))
    ROW("life", live_and_die(SMALL_STACK, 0, 500000))
    ROW("life-guarded", live_and_die(64 * 1024, 1, 100000))
    ROW("copy-8-2", resume_copied(empty_body, 2, 2000000))
    ROW("copy-64-2", resume_copied(keeps_24, 2, 2000000))
    ROW("copy-512-2", resume_copied(keeps_456, 2, 1000000))
    ROW("copy-8-1000", resume_copied(empty_body, 1000, 2000))
    ROW("copy-64-1000", resume_copied(keeps_24, 1000, 2000))
    ROW("copy-512-1000", resume_copied(keeps_456, 1000, 1000))
    ROW("copy-2k-2", resume_copied(keeps_2040, 2, 300000))
    ROW("copy-8k-2", resume_copied(keeps_8184, 2, 100000))
    ROW("copy-64k-2", resume_copied(keeps_65528, 2, 10000))
#ifdef HAS_EXTENSION
    ROW("life-new", live_in_two_calls(SMALL_STACK, 2000000))
    ROW("reset", reset_and_run(2000000))
    ROW("value", resume_with_values(5000000))
    ROW("generator", read_generator(5000000))
    ROW("transfer", transfer(0, 5000000))
    ROW("transfer-copy", transfer(1, 1000000))
#endif
    ROW("memory-own", weigh(empty_body, 100000, 0))
    ROW("memory-copy-56", weigh(empty_body, 10000000, 1))
    ROW("memory-copy-120", weigh(keeps_56, 10000000, 1))
    fprintf(stderr, "rows: no row %s\n", row);
    return 2;
}
