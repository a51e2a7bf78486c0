/* Out of memory: one line and SIGABRT, wherever it happens; nothing leaks in long loops. */
#include "check.h"

#include <sys/resource.h>

static aco_t *main_co;

static void limit_memory(size_t bytes) {
    struct rlimit limit = {bytes, bytes};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
}

static void yields(void) {
    for (;;) aco_yield();
}

static void keeps_a_megabyte(void) {
    char *block = (char *)__builtin_alloca(1 << 20);
    block[0] = 1;
    __asm__ volatile("" ::"r"(block) : "memory"); /* all of it is in use */
    aco_yield();
    CHECK(block[0] == 1);
    aco_exit();
}

static void stacks_without_end(void) {
    limit_memory((size_t)1 << 30);
    for (;;) aco_share_stack_new(0);
}

static void plain_stacks_without_end(void) {
    limit_memory((size_t)1 << 30);
    for (;;) aco_share_stack_new2(0, 0);
}

/* Save areas so large that nothing else can be the first not to fit. */
static void save_stacks_without_end(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    limit_memory((size_t)1 << 30);
    for (;;) aco_create(main_co, stack, 1 << 26, yields, NULL);
}

static void images_without_end(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    limit_memory((size_t)1 << 30);
    for (;;) aco_resume(aco_create(main_co, stack, 0, keeps_a_megabyte, NULL));
}

#ifndef UNDER_EMULATION
static long resident_pages(void) {
    long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld %ld", &size, &resident) == 2);
    fclose(file);
    return resident;
}

static void create_and_destroy(int times) {
    for (int i = 0; i < times; i++) {
        aco_share_stack_t *stack = aco_share_stack_new2(8192, (char)(i % 2));
        aco_t *a = aco_create(main_co, stack, 0, yields, NULL);
        aco_t *b = aco_create(main_co, stack, 0, yields, NULL);
        aco_resume(a);
        if (i % 3 != 0) aco_resume(b);
        aco_destroy(a);
        if (i % 2 == 0) aco_share_stack_destroy(stack);
        aco_destroy(b);
        if (i % 2 != 0) aco_share_stack_destroy(stack);
    }
}
#endif

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
#ifndef UNDER_EMULATION /* where an address space limit would be the emulator's */
#define RULE "(out of memory or over a limit of the system)\n"
    CHECK_DIES(stacks_without_end, "aco: fatal: aco_share_stack_new(0x0): no memory for a share "
                                   "stack: 2101248 bytes, errno 12 " RULE);
    CHECK_DIES(plain_stacks_without_end, "aco: fatal: aco_share_stack_new2(0x0): no memory for a "
                                         "share stack: 2097152 bytes, errno 12 " RULE);
    CHECK_DIES(save_stacks_without_end, "aco: fatal: aco_create(0x0): no memory for a save stack: "
                                        "67108864 bytes, errno 12 " RULE);
    CHECK_DIES(images_without_end, "aco: fatal: aco_resume(@, entry @): no memory for a save stack: "
                                   "2097152 bytes, errno 12 " RULE);
    create_and_destroy(2000);
    long before = resident_pages();
    create_and_destroy(50000);
    CHECK(resident_pages() - before < 64);
#else
    (void)stacks_without_end, (void)plain_stacks_without_end;
    (void)save_stacks_without_end, (void)images_without_end;
#endif
    aco_destroy(main_co);
    return 0;
}
