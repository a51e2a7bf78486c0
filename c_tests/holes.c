/* Guarded stacks that the system does not take back for want of mappings: kept for the next, given back
 * later. */
#include "check.h"

#include <stddef.h>
#include <sys/mman.h>

enum { STACKS = 200, FILLER = 1 << 17 };
static aco_share_stack_t *stacks[STACKS];
static aco_t *main_co;

static void exits(void) { aco_exit(); }

static void use(aco_share_stack_t *stack) {
    aco_t *co = aco_create(main_co, stack, 0, exits, NULL);
    aco_resume(co);
    CHECK(co->is_end == 1);
    aco_destroy(co);
}

static void make(int first, int step) {
    for (int i = first; i < STACKS; i += step) {
        if (stacks[i] != NULL) continue;
        stacks[i] = aco_share_stack_new2(1 << 16, 1);
        use(stacks[i]);
    }
}

static void destroy(int first, int step) {
    for (int i = first; i < STACKS; i += step) {
        aco_share_stack_destroy(stacks[i]);
        stacks[i] = NULL;
    }
}

/* Another stack lies `distance` bytes above this one. */
static int is_beside(const aco_share_stack_t *stack, ptrdiff_t distance) {
    for (int i = 0; i < STACKS; i++) {
        if (stacks[i] != NULL && (char *)stacks[i]->ptr - (char *)stack->ptr == distance) return 1;
    }
    return 0;
}

/* As destroy(), of those alone that lie between two others: the system takes back one at an end of its mapping, and
 * another one in its place needs a mapping where the system puts it elsewhere. */
static void destroy_between(int first, int step) {
    int between[STACKS], count = 0;
    ptrdiff_t distance = (ptrdiff_t)stacks[first]->real_sz;
    for (int i = first; i < STACKS; i += step) {
        if (is_beside(stacks[i], distance) && is_beside(stacks[i], -distance)) between[count++] = i;
    }
#ifndef UNDER_EMULATION /* the emulator places mappings in its own way */
    CHECK(count > STACKS / 4);
#endif
    for (int i = 0; i < count; i++) destroy(between[i], STACKS);
}

static long mapped_pages(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld", &pages) == 1);
    fclose(file);
    return pages;
}

/* Makes mappings until there are no more. */
static char *use_up_mappings(size_t page) {
    char *filler = (char *)mmap(NULL, FILLER * page, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(filler != MAP_FAILED);
    for (size_t i = 0; i < FILLER; i += 2) {
        if (mprotect(filler + i * page, page, PROT_READ) != 0) return filler;
    }
    printf("no limit of mappings is near\n");
    return filler;
}

int main(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    /* What the thread keeps for its next stacks is full, and stays so. */
    make(0, 1);
    destroy(0, 1);
    long before = mapped_pages();
    make(0, 1);
    char *filler = use_up_mappings(page);
    destroy_between(0, 2);
    make(0, 2);
    destroy_between(1, 2);
    make(1, 2);
    destroy_between(0, 2);
    munmap(filler, FILLER * page);
    make(0, 2);
    destroy(0, 1);
    long after = mapped_pages();
#ifndef UNDER_EMULATION /* the emulator's own memory counts, too */
    if (after > before + 32) printf("%ld pages before, %ld after\n", before, after);
    CHECK(after <= before + 32);
#endif
    CHECK(after > 0 && before > 0);
    aco_destroy(main_co);
    return 0;
}
