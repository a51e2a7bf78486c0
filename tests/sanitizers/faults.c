/* Faults inside coroutines, one at a time, and programs that have none: what a sanitizer is to report,
 * and what not. The first argument names one; on success the program ends with 0. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aco_ext.h"

enum { SHARING = 20, TURNS = 30 };

static aco_t *main_co;
static volatile int index_that_is_too_large = 40, writes_too_far;

static aco_t *make(aco_share_stack_t *stack, aco_cofuncp_t fp, void *arg) {
    return aco_create(main_co, stack, 0, fp, arg);
}

/* ---- frames ----------------------------------------------------------------------------------- */

static __attribute__((noinline)) int deep(int depth, int turn) {
    char block[40];
    memset(block, turn, sizeof block);
    if (depth > 0) return deep(depth - 1, turn) + block[depth];
    aco_yield();
    if (writes_too_far && turn >= TURNS - 4) {
        block[index_that_is_too_large] = 1; /* here */
    }
    return block[turn % 40];
}

/* Other frames at the same places. */
static __attribute__((noinline)) int wide(int depth, int turn) {
    char small[16 + 1], block[100], other[24 + 3];
    memset(block, turn, sizeof block);
    memset(small, turn, sizeof small);
    memset(other, turn, sizeof other);
    if (depth > 0) return wide(depth - 1, turn) + block[depth] + small[depth];
    aco_yield();
    return block[turn % 100] + small[turn % 17] + other[turn % 27];
}

static void walks(void) {
    int sum = 0, slot = (int)(intptr_t)aco_get_arg();
    for (int turn = 0; turn < TURNS; turn++) {
        sum += (turn ^ slot) & 1 ? wide((turn + slot) % 4, turn) : deep((turn + slot) % 5, turn);
    }
    if (sum == 12345) puts("never");
    aco_exit();
}

static void run_on_own_stacks(void) {
    for (int guarded = 0; guarded < 2; guarded++) {
        aco_share_stack_t *stack = aco_share_stack_new2(256 * 1024, (char)guarded);
        aco_t *co = make(stack, walks, NULL);
        while (!co->is_end) aco_resume(co);
        aco_destroy(co);
        aco_share_stack_destroy(stack);
    }
}

static void run_on_one_stack(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *cos[SHARING];
    for (int i = 0; i < SHARING; i++) cos[i] = make(stack, walks, (void *)(intptr_t)i);
    for (int turn = 0; turn <= TURNS; turn++) {
        for (int i = 0; i < SHARING; i++) {
            for (int j = 0; j <= i % 2 && !cos[i]->is_end; j++) aco_resume(cos[i]);
        }
    }
    for (int i = 0; i < SHARING; i++) aco_destroy(cos[i]);
    aco_share_stack_destroy(stack);
}

/* A coroutine that gives its place to fresh ones, on its own stack and on another's frames. */
static __attribute__((noinline)) int gives_place(int turn) {
    char block[40];
    memset(block, turn, sizeof block);
    __asm__ volatile("" ::"r"(block) : "memory"); /* no compiler does without it */
    aco_t *next[3];
    for (int i = 0; i < 3; i++) {
        next[i] = make(aco_get_co()->share_stack, i == 1 ? walks : aco_exit_fn, NULL);
        aco_yield_to(next[i]);
    }
    for (int i = 0; i < 3; i++) aco_destroy(next[i]);
    if (writes_too_far) block[index_that_is_too_large] = 1; /* here */
    return block[turn % 40];
}

static void gives(void) {
    if (gives_place(TURNS) == 12345) puts("never");
    aco_exit();
}

static void run_transfers(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = make(stack, gives, NULL);
    while (!co->is_end) aco_resume(co);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

static int *escaped;
static __attribute__((noinline)) void lets_escape(void) {
    int local = 1;
    int *volatile address = &local;
    escaped = address;
}

static void uses_after_return(void) {
    lets_escape();
    aco_yield();
    *escaped = 2; /* here */
    aco_exit();
}

static void run_after_return(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = make(stack, uses_after_return, NULL);
    while (!co->is_end) aco_resume(co);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

static long mapped_kib(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld", &pages) != 1) exit(3);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Suspended coroutines are destroyed, with what AddressSanitizer keeps for their frames off the stack;
 * left there it is a megabyte and more for each. */
static void run_abandoned(void) {
    long before = 0;
    for (int round = 0; round < 600; round++) {
        aco_share_stack_t *stack = aco_share_stack_new2(1 << 20, (char)(round % 2));
        aco_t *co = make(stack, walks, NULL);
        for (int i = 0; i < 3; i++) aco_resume(co);
        aco_destroy(co);
        aco_share_stack_destroy(stack);
        if (round == 300) before = mapped_kib();
    }
    long grown = mapped_kib() - before;
    if (grown > 100 * 1024) {
        printf("%ld KiB more are mapped\n", grown);
        exit(1);
    }
}

/* ---- memory that coroutines hold --------------------------------------------------------------- */

static void holds_memory(void) {
    char *volatile held = malloc(77);
    held[0] = 1;
    for (;;) {
        aco_yield();
        held[0]++;
    }
}

/* What only a suspended coroutine knows of is no leak: on its own stack, and in its save area. */
enum { KEPT = 12 };
static aco_t *kept[KEPT];
static aco_share_stack_t *kept_stacks[KEPT];
static void run_held(void) {
    for (int i = 0; i < KEPT; i++) {
        kept_stacks[i] = i < KEPT / 2 ? aco_share_stack_new2(65536, (char)(i % 2)) : kept_stacks[0];
        kept[i] = make(kept_stacks[i], holds_memory, malloc(78));
    }
    for (int turn = 0; turn < 3; turn++) {
        for (int i = 0; i < KEPT; i++) aco_resume(kept[i]);
    }
}

/* Memory without a pointer to it is a leak. LeakSanitizer alone reports only what main allocated: memory
 * from an unknown stack may be a coroutine's, as it says. */
static void run_lost(void) {
    run_held();
    for (int i = 0; i < KEPT; i++) aco_destroy(kept[i]);
    for (int i = 0; i < KEPT / 2; i++) aco_share_stack_destroy(kept_stacks[i]);
}

/* ---- what was not written ---------------------------------------------------------------------- */

static __attribute__((noinline)) int half_written(int turn) {
    volatile int numbers[8];
    for (int i = 0; i < 4; i++) numbers[i] = turn + i;
    aco_yield();
    if (writes_too_far && turn == 5 && numbers[5] == 77) puts("never"); /* here */
    return numbers[turn % 4];
}

static __attribute__((noinline)) int deeper(int levels, int turn) {
    volatile char block[24];
    block[levels] = (char)levels;
    return levels == 0 ? half_written(turn) : deeper(levels - 1, turn) + block[levels];
}

static void counts_halves(void) {
    int sum = 0, slot = (int)(intptr_t)aco_get_arg();
    for (int turn = 0; turn < TURNS; turn++) sum += deeper((turn + slot) % 7, turn);
    if (sum == 12345) puts("never");
    aco_exit();
}

static void run_half_written(void) {
    aco_share_stack_t *stack = aco_share_stack_new2(64 * 1024, 0);
    aco_t *cos[5];
    for (int i = 0; i < 5; i++) {
        cos[i] = make(stack, i == 4 ? walks : counts_halves, (void *)(intptr_t)i);
    }
    for (int turn = 0; turn <= TURNS; turn++) {
        for (int i = 0; i < 5; i++) {
            if (!cos[i]->is_end) aco_resume(cos[i]);
        }
    }
    for (int i = 0; i < 5; i++) aco_destroy(cos[i]);
    aco_share_stack_destroy(stack);
}

/* ---- threads ----------------------------------------------------------------------------------- */

static long counter;
static sem_t handed_over, handed_back;
static aco_t *travelling;

static void counts(void) {
    long own[4] = {0};
    for (int i = 0;; i++) {
        counter++; /* here */
        own[i % 4]++;
        aco_yield();
    }
}

static void *resumes(void *unused) {
    aco_t *own_main = aco_create(NULL, NULL, 0, NULL, NULL);
    for (int i = 0; i < 200; i++) {
        sem_wait(&handed_over);
        travelling->main_co = own_main;
        aco_resume(travelling);
        sem_post(&handed_back);
    }
    aco_destroy(own_main);
    return unused;
}

/* A coroutine that threads hand to each other is in no race. */
static void run_travelling(void) {
    sem_init(&handed_over, 0, 0);
    sem_init(&handed_back, 0, 0);
    pthread_t thread;
    aco_share_stack_t *stack = aco_share_stack_new(0);
    travelling = make(stack, counts, NULL);
    pthread_create(&thread, NULL, resumes, NULL);
    for (int i = 0; i < 200; i++) {
        travelling->main_co = main_co;
        aco_resume(travelling);
        sem_post(&handed_over);
        sem_wait(&handed_back);
    }
    pthread_join(thread, NULL);
    aco_destroy(travelling);
    aco_share_stack_destroy(stack);
}

/* Both threads count between these two, where they share no lock of the library's. */
static pthread_barrier_t before_counting, after_counting;

static void *runs_own(void *unused) {
    aco_t *own_main = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(own_main, stack, 0, counts, NULL);
    pthread_barrier_wait(&before_counting);
    for (int i = 0; i < 1000; i++) aco_resume(co);
    pthread_barrier_wait(&after_counting);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(own_main);
    return unused;
}

/* Two coroutines of two threads, and one counter. */
static void run_race(void) {
    pthread_t threads[2];
    pthread_barrier_init(&before_counting, NULL, 2);
    pthread_barrier_init(&after_counting, NULL, 2);
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, runs_own, NULL);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
}

static void yields_at_once(void) {
    for (;;) aco_yield();
}

/* More coroutines, one after another, than ThreadSanitizer has fibers; and so many at once. */
static void run_many(int at_once) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t **cos = calloc((size_t)at_once, sizeof *cos);
    for (int round = 0; round < 9000 / at_once; round++) {
        for (int i = 0; i < at_once; i++) {
            cos[i] = make(stack, yields_at_once, NULL);
            aco_resume(cos[i]);
        }
        for (int i = 0; i < at_once; i++) aco_destroy(cos[i]);
    }
    free(cos);
    aco_share_stack_destroy(stack);
}

int main(int count, char **arguments) {
    const char *what = count > 1 ? arguments[1] : "";
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    writes_too_far = strncmp(what, "fault-", 6) == 0;
    if (writes_too_far) what += 6;
    if (strcmp(what, "own") == 0) run_on_own_stacks();
    else if (strcmp(what, "shared") == 0) run_on_one_stack();
    else if (strcmp(what, "transfer") == 0) run_transfers();
    else if (strcmp(what, "after-return") == 0) run_after_return();
    else if (strcmp(what, "abandoned") == 0) run_abandoned();
    else if (strcmp(what, "held") == 0) run_held();
    else if (strcmp(what, "lost") == 0) run_lost();
    else if (strcmp(what, "half-written") == 0) run_half_written();
    else if (strcmp(what, "travelling") == 0) run_travelling();
    else if (strcmp(what, "race") == 0) run_race();
    else if (strcmp(what, "many") == 0) run_many(100);
    else if (strcmp(what, "too-many") == 0) run_many(8050);
    else return 2;
    return 0;
}
