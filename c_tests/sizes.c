/* Sizes and rounding of share stacks, the guard page, the growth of save stacks. */
#include "check.h"

#include <errno.h>

static size_t page, guard;

static void check_stack(size_t asked, char guarded, size_t usable) {
    aco_share_stack_t *stack = aco_share_stack_new2(asked, guarded);
    uintptr_t low = (uintptr_t)stack->ptr, high = (uintptr_t)stack->align_highptr;
    CHECK_EQUAL(stack->sz, usable);
    CHECK_EQUAL(high, (low + usable - 16) & ~(uintptr_t)15);
#if defined(__x86_64__)
    CHECK_EQUAL((uintptr_t)stack->align_retptr, high - 8);
#elif defined(__aarch64__)
    CHECK_EQUAL((uintptr_t)stack->align_retptr, high - 16);
#else
#error "another architecture"
#endif
    CHECK_EQUAL(stack->align_limit, usable - 32);
    CHECK(stack->owner == NULL && stack->align_validsz == 0);
    CHECK_EQUAL(stack->guard_page_enabled, guarded != 0);
    if (guarded) {
        CHECK_EQUAL(stack->real_sz, usable + guard);
        CHECK_EQUAL((uintptr_t)stack->real_ptr + guard, low);
        /* The guard can be neither written nor read: a system call finds so too. */
        int ends[2];
        CHECK(pipe(ends) == 0);
        for (size_t at = 0; at < guard; at += guard - 1) {
            CHECK(write(ends[1], (char *)stack->real_ptr + at, 1) == -1 && errno == EFAULT);
        }
        CHECK(write(ends[1], stack->ptr, 1) == 1);
        CHECK(read(ends[0], (char *)stack->real_ptr + page - 1, 1) == -1 && errno == EFAULT);
        CHECK(read(ends[0], stack->ptr, 1) == 1);
        close(ends[0]);
        close(ends[1]);
    } else {
        CHECK(stack->real_ptr == NULL && stack->real_sz == 0);
    }
    memset(stack->ptr, 0x5a, usable);
    aco_share_stack_destroy(stack);
}

static size_t round_up(size_t size) { return (size + page - 1) / page * page; }

/* Live on the stack: a block of the argument's size, and what the functions around it need. */
static void keeps_bytes(void) {
    size_t size = *(size_t *)aco_get_arg();
    volatile char *block = (volatile char *)__builtin_alloca(size);
    memset((char *)block, 7, size);
    aco_yield();
    CHECK(block[0] == 7 && block[size - 1] == 7);
    aco_exit();
}

static void check_growth(aco_t *main_co, size_t start, size_t live) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *a = aco_create(main_co, stack, start, keeps_bytes, &live);
    aco_t *b = aco_create(main_co, stack, start, keeps_bytes, &live);
    CHECK_EQUAL(a->save_stack.sz, start == 0 ? 64 : start);
    aco_resume(a);
    CHECK_EQUAL(a->save_stack.sz, start == 0 ? 64 : start);
    aco_resume(b);
    size_t wanted = start == 0 ? 64 : start;
    while (wanted < a->save_stack.valid_sz) wanted *= 2;
    CHECK(a->save_stack.valid_sz >= live);
    CHECK_EQUAL(a->save_stack.sz, wanted);
    CHECK_EQUAL(a->save_stack.max_cpsz, a->save_stack.valid_sz);
    aco_resume(a);
    aco_resume(b);
    CHECK(a->is_end && b->is_end);
    aco_destroy(a);
    aco_destroy(b);
    aco_share_stack_destroy(stack);
}

static void guarded_too_large(void) { aco_share_stack_new2(SIZE_MAX, 1); }
static void guarded_half_large(void) { aco_share_stack_new((size_t)1 << 62); }
static void unguarded_too_large(void) { aco_share_stack_new2(SIZE_MAX, 0); }
static void save_stack_too_large(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_create(main_co, aco_share_stack_new(0), SIZE_MAX, keeps_bytes, NULL);
}

int main(void) {
    page = (size_t)sysconf(_SC_PAGESIZE);
#if defined(__aarch64__) /* what compilers probe there */
    guard = page < 65536 ? 65536 : page;
#elif defined(__x86_64__)
    guard = page;
#else
#error "another architecture"
#endif
    const size_t asked[] = {0,     1,      15,     4095,        4096,         4097,
                            8191,  8192,   8193,   16 * 1024,   100000,       65536,
                            65537, 131071, 999999, 2097152 - 1, 2097152 + 16, 3 * 1048576 + 5};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        size_t size = asked[i] == 0 ? 2 * 1024 * 1024 : asked[i] < 4096 ? 4096 : asked[i];
        check_stack(asked[i], 1, round_up(size));
        check_stack(asked[i], 0, size);
    }
    aco_share_stack_t *stack = aco_share_stack_new(5000);
    CHECK(stack->sz == round_up(5000) && stack->guard_page_enabled == 1);
    aco_share_stack_destroy(stack);

    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    check_growth(main_co, 0, 16);
    check_growth(main_co, 0, 5000);
    check_growth(main_co, 1, 300);
    check_growth(main_co, 100, 300);
    check_growth(main_co, 4096, 300);
    check_growth(main_co, 3, 1500000);
    aco_destroy(main_co);

    CHECK_DIES(guarded_too_large,
               "aco: fatal: aco_share_stack_new2(0x0): a stack of 18446744073709551615 bytes does "
               "not fit the address space (the size is in bytes; 0 means 2 MiB)\n");
    CHECK_DIES(guarded_half_large,
               "aco: fatal: aco_share_stack_new(0x0): no memory for a share stack: # bytes, errno "
               "12 (out of memory or over a limit of the system)\n");
    CHECK_DIES(unguarded_too_large,
               "aco: fatal: aco_share_stack_new2(0x0): no memory for a share stack: "
               "18446744073709551615 bytes, errno 12 (out of memory or over a limit of the "
               "system)\n");
    CHECK_DIES(save_stack_too_large,
               "aco: fatal: aco_create(0x0): no memory for a save stack: 18446744073709551615 "
               "bytes, errno 12 (out of memory or over a limit of the system)\n");
    return 0;
}
