/* The stacks of tasks: how large, how far apart, and that no frame of up to 1 MiB reaches from one into
 * another. */
#include "rt.h"

#include <sys/mman.h>
#include <stddef.h>
#include <sys/resource.h>

enum { KIB = 1024, MIB = 1024 * KIB, TASKS = 24, MARK = 40000 };

static acort_opts_t options_with(size_t gap) {
    acort_opts_t options;
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    CHECK(options.main_stack_size == 0 && options.stack_gap == 0);
    options.stack_gap = gap;
    return options;
}
static void run_ex(acort_opts_t options, void *(*body)(void *), void *argument) {
    void *result = POINTER(-1);
    CHECK_EQUAL(acort_run_ex(&options, body, argument, &result), 0);
    CHECK(result == NULL);
}

/* Uses so many bytes of the stack, from the top down. */
static void __attribute__((noinline)) uses(size_t size) {
    volatile char *array = ON_STACK(size);
    for (size_t i = size; i > 0; i -= 512) array[i - 1] = 1;
}
static void *uses_much(void *size) {
    uses((size_t)NUMBER(size) / 512 * 512);
    return NULL;
}

/* A frame that its function does not probe: what is written lies so far below the stack; LOWEST: in the
 * second guard. */
enum { LOWEST = 0 };
static size_t leap;
static acort_event_t written;
static void *has_marks(void *argument) {
    volatile unsigned char *marks = ON_STACK(MARK);
    for (int i = 0; i < MARK; i++) marks[i] = 7;
    acort_event_wait(&written, ACORT_NEVER);
    for (int i = 0; i < MARK; i++) CHECK_EQUAL(marks[i], 7);
    return argument;
}
static void *writes_below(void *argument) {
    acort_yield();
    const aco_share_stack_t *stack = aco_get_co()->share_stack;
    uintptr_t low = leap == LOWEST ? (uintptr_t)stack->real_ptr : (uintptr_t)stack->ptr - leap;
    volatile char *frame = (char *)(low + nothing_more);
    for (int i = 0; i < 8000; i++) frame[i] = 1;
    return argument;
}
static acort_task_t *go_small(void *(*body)(void *)) {
    acort_attr_t attributes;
    CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
    attributes.stack_size = 64 * KIB;
    acort_task_t *task = acort_go_ex(&attributes, body, NULL);
    CHECK(task != NULL);
    return task;
}
/* Stacks of their own, or stacks of spans, of which the later ones have several. */
static int are_in_spans;
static void *has_neighbors(void *argument) {
    acort_task_t *tasks[5 * TASKS];
    int count = are_in_spans ? 5 * TASKS : TASKS, culprit = count - TASKS / 2;
    for (int i = 0; i < count; i++) {
        void *(*body)(void *) = i == culprit ? writes_below : has_marks;
        tasks[i] = are_in_spans ? go_with(0, body, NULL) : go_small(body);
    }
    join(tasks[culprit]);
    acort_event_set(&written);
    for (int i = 0; i < count; i++)
        if (i != culprit) join(tasks[i]);
    return argument;
}
static void leaps(void) { run(has_neighbors, NULL); }
/* It is a fault, in a guard certainly, or hits no other stack. */
static void check_leaps(void) {
    static const size_t leaps_of[] = {LOWEST, 1, 4096, 8192, 20000, 70000, 140000, 300000, 600000, MIB};
    char text[4000];
    enum { LEAPS = sizeof leaps_of / sizeof *leaps_of };
    for (int i = 0; i < 2 * LEAPS; i++) {
        leap = leaps_of[i % LEAPS];
        are_in_spans = i >= LEAPS;
        int status = run_in_child(leaps, text, sizeof text);
        int is_fault = WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
        int is_reported = strncmp(text, "acort: fatal: task ", 19) == 0;
        int is_in_guard = leap <= 4096;
        if ((status == 0 && !is_in_guard) || (is_reported && (is_fault || IS_WATCHED))) continue;
        fprintf(stderr, "%zu bytes below: %#x %s\n", leap, status, text);
        exit(1);
    }
}

/* All from `real_ptr` to `ptr` is this stack's alone. */
struct range {
    uintptr_t low, ptr, high;
};
static struct range ranges[2 * TASKS];
static volatile int ranges_count;
static acort_event_t all_told;
static void *tells_its_range(void *argument) {
    const aco_share_stack_t *stack = aco_get_co()->share_stack;
    struct range *range = &ranges[ranges_count++];
    range->ptr = (uintptr_t)stack->ptr;
    range->low = (uintptr_t)stack->real_ptr;
    range->high = range->ptr + stack->sz;
    CHECK_EQUAL(range->high - range->low, stack->real_sz);
    acort_event_wait(&all_told, ACORT_NEVER);
    return argument;
}
static int compare(const void *one, const void *other) {
    uintptr_t a = ((const struct range *)one)->low, b = ((const struct range *)other)->low;
    return a < b ? -1 : a > b;
}
static void *are_apart(void *argument) {
    size_t guard = (size_t)sysconf(_SC_PAGESIZE), gap = (size_t)NUMBER(argument);
#ifdef __aarch64__
    if (guard < 64 * KIB) guard = 64 * KIB;
#endif
    acort_task_t *tasks[TASKS];
    for (int i = 0; i < TASKS; i++)
        tasks[i] = i % 2 ? go_small(tells_its_range) : go_with(0, tells_its_range, NULL);
    acort_task_t *shared = go_with(ACORT_SHARED, tells_its_range, NULL);
    while (ranges_count < TASKS + 1) acort_yield();
    acort_event_set(&all_told);
    tells_its_range(NULL);
    for (int i = 0; i < TASKS; i++) join(tasks[i]);
    join(shared);
    int count = ranges_count;
    CHECK_EQUAL(count, TASKS + 2);
    ranges_count = 0;
    acort_event_reset(&all_told);
    qsort(ranges, (size_t)count, sizeof *ranges, compare);
    for (int i = 0; i < count; i++) {
        CHECK_EQUAL(ranges[i].ptr - ranges[i].low, gap == 0 ? guard : gap + 2 * guard);
        if (i > 0) CHECK(ranges[i - 1].high <= ranges[i].low);
    }
    return NULL;
}
static void check_gaps(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    run(are_apart, POINTER(sizeof(void *) == 8 ? MIB : 64 * KIB));
    run_ex(options_with(1), are_apart, POINTER(0));
    run_ex(options_with(page - 1), are_apart, POINTER(0));
    run_ex(options_with(page), are_apart, POINTER(page));
    run_ex(options_with(300 * KIB + 1), are_apart, POINTER((300 * KIB) & ~(page - 1)));
    run_ex(options_with(0), are_apart, POINTER(sizeof(void *) == 8 ? MIB : 64 * KIB));
}

/* Under a limit of the address space they are nearer, and more of them fit. */
static void *sleeps(void *argument) {
    acort_sleep(20 * MILLISECONDS);
    return argument;
}
static void *has_many(void *argument) {
    enum { MANY = 1500 };
    static acort_task_t *tasks[MANY];
    for (int i = 0; i < MANY; i++) tasks[i] = go_with(0, sleeps, NULL);
    for (int i = 0; i < MANY; i++) CHECK_EQUAL(acort_join(tasks[i], NULL, ACORT_NEVER), 0);
    return argument;
}
static void is_limited(void) {
    struct rlimit limit = {(rlim_t)MIB * 1024, (rlim_t)MIB * 1024};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    run(are_apart, POINTER(64 * KIB));
    run(has_many, NULL);
}

/* Locked memory: the gap takes none of it. */
static void *has_locked_stack(void *argument) {
    const aco_share_stack_t *stack = aco_get_co()->share_stack;
    static unsigned char states[2 * MIB / 4096];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = (size_t)((char *)stack->ptr - (char *)stack->real_ptr) / page;
    CHECK(pages * page > MIB && pages <= sizeof states);
    CHECK(mincore(stack->real_ptr, pages * page, states) == 0);
    for (size_t i = 0; i < pages; i++) CHECK((states[i] & 1) == 0);
    return argument;
}
static void *has_locked_stacks(void *argument) {
    for (int i = 0; i < TASKS; i++) join(go_small(has_locked_stack));
    return argument;
}
static void is_locked(void) {
    if (mlockall(MCL_FUTURE) != 0) return;
    run(has_locked_stacks, NULL);
}

/* A runtime of this size's tasks: the main one has 1 MiB at least. */
static void check_sizes(void) {
    run(uses_much, POINTER(900 * KIB));
    acort_opts_t options = options_with(0);
    options.main_stack_size = 4 * MIB;
    run_ex(options, uses_much, POINTER(4000 * KIB));
    options = options_with(0);
    options.stack_size = 2 * MIB;
    run_ex(options, uses_much, POINTER(1900 * KIB));
    acort_t *runtime = acort_new(&options);
    CHECK(runtime != NULL);
    CHECK_EQUAL(acort_enter(runtime, uses_much, POINTER(1900 * KIB), NULL), 0);
    CHECK_EQUAL(acort_free(runtime), 0);
    CHECK_EQUAL(acort_run_ex(NULL, uses_much, POINTER(900 * KIB), NULL), 0);
}
static void *uses_default(void *argument) {
    join(go_with(0, uses_much, POINTER(240 * KIB)));
    CHECK_FAILS(acort_run_ex(NULL, uses_much, NULL, NULL), EBUSY);
    return argument;
}
static void check_refusals(void) {
    acort_opts_t options = options_with(0);
    options.workers = 2;
    CHECK_FAILS(acort_run_ex(&options, uses_default, NULL, NULL), EINVAL);
    options.workers = 1;
    run_ex(options, uses_default, NULL);
    static const uint32_t wrong[] = {ACORT_LOOP, ACORT_PIN_CPUS, ACORT_TEST_OUTSIDE, 1u << 5, 1u << 31};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        options.flags = wrong[i];
        CHECK_FAILS(acort_run_ex(&options, uses_default, NULL, NULL), EINVAL);
    }
    CHECK_FAILS(acort_run_ex(NULL, NULL, NULL, NULL), EINVAL);
    /* A program of the past knows fewer options. */
    options = options_with(0);
    options.size = offsetof(acort_opts_t, main_stack_size);
    options.main_stack_size = options.stack_gap = 12345;
    run_ex(options, uses_much, POINTER(900 * KIB));
    /* What no address space has room for. */
    options = options_with(SIZE_MAX);
    CHECK_FAILS(acort_run_ex(&options, uses_default, NULL, NULL), ENOMEM);
    options = options_with(0);
    options.main_stack_size = SIZE_MAX;
    CHECK_FAILS(acort_run_ex(&options, uses_default, NULL, NULL), ENOMEM);
}

int main(void) {
    check_leaps();
    check_gaps();
    check_sizes();
    check_refusals();
    if (IS_WATCHED) return 0; /* the tool takes more address space than that */
#ifndef UNDER_EMULATION /* whose memory is not the program's alone */
    char text[1000];
    int status = run_in_child(is_locked, text, sizeof text);
    if (status != 0) fprintf(stderr, "locked: %#x %s\n", status, text);
    CHECK_EQUAL(status, 0);
    status = run_in_child(is_limited, text, sizeof text);
    if (status != 0) fprintf(stderr, "limited: %#x %s\n", status, text);
    CHECK_EQUAL(status, 0);
#else
    (void)is_limited, (void)is_locked;
#endif
    return 0;
}
