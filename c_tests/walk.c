/* A suspended coroutine's frames can be walked from reg[] alone, as debuggers and profilers do:
 * reg[RETADDR], then the frame pointer chain from reg[BP]; for a swapped-out coroutine through
 * its saved image, which is linear from reg[SP] to align_retptr. Needs frame pointers. */
#include "check.h"

enum { DEPTH = 7 };

static aco_t *main_co;
static void *return_addresses[DEPTH + 2];

static void __attribute__((noinline)) descend(int depth) {
    return_addresses[depth] = __builtin_return_address(0);
    if (depth == 0) {
        aco_yield();
    } else {
        descend(depth - 1);
    }
    __asm__ volatile("" ::: "memory"); /* no tail call */
}

static void entry(void) {
    for (;;) {
        descend(DEPTH);
        aco_yield();
    }
}

/* The word of co's stack that was at address: on the stack, or in the image. */
static void *word_at(aco_t *co, char *address) {
    char *top = (char *)co->share_stack->align_retptr, *low = (char *)co->reg[ACO_REG_IDX_SP];
    CHECK(address >= low && address + 8 <= top + 8);
    if (address >= top || co->share_stack->owner == co) return *(void **)address;
    CHECK_EQUAL(co->save_stack.valid_sz, top - low);
    return *(void **)((char *)co->save_stack.ptr + (address - low));
}

/* Return addresses may be signed, in the bits above the address itself. */
static int same_code(void *a, void *b) {
    const uintptr_t address = ((uintptr_t)1 << 48) - 1;
    return ((uintptr_t)a & address) == ((uintptr_t)b & address);
}

/* Finds the recorded return addresses, in order, among those of the chain. */
static void check_walk(aco_t *co) {
    char *top = (char *)co->share_stack->align_retptr;
    char *frame = (char *)co->reg[ACO_REG_IDX_BP];
    int found = 0;
    for (int steps = 0; steps < 2 * DEPTH + 4 && found <= DEPTH; steps++) {
        CHECK(frame >= (char *)co->reg[ACO_REG_IDX_SP] && frame + 16 <= top + 8);
        if (same_code(word_at(co, frame + 8), return_addresses[found])) found++;
        frame = (char *)word_at(co, frame);
        if (frame == NULL) break;
    }
    CHECK_EQUAL(found, DEPTH + 1);
    CHECK(co->reg[ACO_REG_IDX_RETADDR] != NULL);
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *a = aco_create(main_co, stack, 0, entry, NULL);
    aco_t *b = aco_create(main_co, stack, 0, entry, NULL);
    aco_resume(a);
    check_walk(a); /* on the stack */
    aco_resume(b);
    CHECK(stack->owner == b);
    check_walk(a); /* in its save area */
    check_walk(b);
    aco_destroy(a);
    aco_destroy(b);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
