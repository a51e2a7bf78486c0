/* Stacks that a thread keeps for its next ones: how many, that they are whole, and that they go
 * back when the thread ends; very many guarded stacks at once; guards in locked memory. */
#include "check.h"

#include <errno.h>
#include <pthread.h>

static void fills_its_stack(void) {
    aco_share_stack_t *stack = aco_get_co()->share_stack;
    volatile char block[3000];
    memset((char *)block, 0x33, sizeof block);
    CHECK(block[0] == 0x33 && block[2999] == 0x33);
    CHECK((char *)block > (char *)stack->ptr);
    aco_yield();
    aco_exit();
}

/* A stack, kept or new, is as documented, and a coroutine runs on it. */
static void use(aco_t *main_co, aco_share_stack_t *stack, size_t size, char guarded) {
    CHECK_EQUAL(stack->sz, size);
    CHECK(stack->owner == NULL && stack->align_validsz == 0);
    CHECK_EQUAL(stack->guard_page_enabled, guarded);
    CHECK((stack->real_ptr != NULL) == (guarded != 0));
    aco_t *co = aco_create(main_co, stack, 0, fills_its_stack, NULL);
    aco_resume(co);
    if (guarded) {
        int ends[2];
        CHECK(pipe(ends) == 0);
        CHECK(write(ends[1], (char *)stack->ptr - 1, 1) == -1 && errno == EFAULT);
        close(ends[0]);
        close(ends[1]);
    }
    if (size % 3 == 0) aco_resume(co);
    aco_destroy(co);
}

static void mix_sizes(aco_t *main_co) {
    const size_t sizes[] = {4096, 8192, 65536, 1 << 20, 3 << 20};
    uint64_t random = 7;
    aco_share_stack_t *stacks[60] = {NULL};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < 3000; i++) {
        unsigned slot = (unsigned)(random_next(&random) % 60);
        if (stacks[slot] != NULL) {
            aco_share_stack_destroy(stacks[slot]);
            stacks[slot] = NULL;
            continue;
        }
        size_t size = sizes[random_next(&random) % 5];
        char guarded = (char)(random_next(&random) % 2);
        if (guarded && size < page) size = page;
        stacks[slot] = aco_share_stack_new2(size, guarded);
        use(main_co, stacks[slot], size, guarded);
    }
    for (int i = 0; i < 60; i++) {
        if (stacks[i] != NULL) aco_share_stack_destroy(stacks[i]);
    }
}

static long mapped_pages(void) {
    long size = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld", &size) == 1);
    fclose(file);
    return size;
}

static void *keeps_stacks(void *unused) {
    aco_share_stack_t *stacks[40];
    for (int i = 0; i < 40; i++) stacks[i] = aco_share_stack_new(256 * 1024);
    for (int i = 0; i < 40; i++) aco_share_stack_destroy(stacks[i]);
    return unused;
}

static void *mixes_sizes(void *unused) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    mix_sizes(main_co);
    aco_destroy(main_co);
    return unused;
}

static void run_thread(void *(*body)(void *)) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, body, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

#ifndef UNDER_EMULATION
/* More guarded stacks than mappings are allowed, where the kernel has guard regions. */
static void check_very_many(void) {
    enum { MOST = 40000 };
    static aco_share_stack_t *stacks[MOST];
    char *probe = (char *)mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                               -1, 0);
    CHECK(probe != MAP_FAILED);
    int many = madvise(probe, 4096, 102 /* MADV_GUARD_INSTALL */) == 0 ? MOST : 10000;
    munmap(probe, 1 << 16);
    for (int i = 0; i < many; i++) stacks[i] = aco_share_stack_new(4096);
    for (int i = 0; i < many; i++) aco_share_stack_destroy(stacks[i]);
}

static void locked(void) {
    if (mlockall(MCL_FUTURE) != 0) return; /* not allowed here: nothing to see */
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    for (int i = 0; i < 20; i++) {
        aco_share_stack_t *stack = aco_share_stack_new(8192 * (size_t)(1 + i % 3));
        use(main_co, stack, 8192 * (size_t)(1 + i % 3), 1);
        aco_share_stack_destroy(stack);
    }
}
#endif

int main(void) {
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    mix_sizes(main_co);

    /* The last one destroyed is the next one, in its place. */
    aco_share_stack_t *stack = aco_share_stack_new(65536);
    void *low = stack->ptr;
    aco_share_stack_destroy(stack);
    stack = aco_share_stack_new(65536);
    CHECK(stack->ptr == low);
    use(main_co, stack, 65536, 1);
    aco_share_stack_destroy(stack);

    for (int i = 0; i < 8; i++) run_thread(mixes_sizes);
    run_thread(keeps_stacks);
#ifndef UNDER_EMULATION
    long before = mapped_pages();
    for (int i = 0; i < 200; i++) run_thread(keeps_stacks);
    CHECK(mapped_pages() - before < 1000);
    check_very_many();
    char text[500];
    int status = run_in_child(locked, text, sizeof text);
    CHECK(status == 0 && text[0] == 0);
#else
    (void)mapped_pages;
#endif
    aco_destroy(main_co);
    return 0;
}
