/* aco_set_allocator(): coroutines and save areas from the program's memory, when it has none, from several
 * threads. aco_share_stack_new_mem(): stacks in the program's memory. Each scenario is a process of its
 * own: the allocator is chosen before the first coroutine. */
#include "check.h"

#include <aco_ext.h>
#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                             \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                       \
    __has_feature(memory_sanitizer)
enum { LEAST = 65536 }; /* their runtimes want more of a stack */
#else
enum { LEAST = 4096 };
#endif

static aco_t *main_co;
static char array[3 * 65536] __attribute__((aligned(64)));

static void yields(void) {
    for (;;) aco_yield();
}

static void keeps_bytes(void) {
    size_t size = (size_t)(uintptr_t)aco_get_arg();
    volatile char *block = (volatile char *)__builtin_alloca(size);
    block[0] = block[size - 1] = 7;
    aco_yield();
    CHECK(block[0] == 7 && block[size - 1] == 7);
    aco_exit();
}

static void in_a_child(const char *name, void (*scenario)(void)) {
    char text[4096];
    int status = run_in_child(scenario, text, sizeof text);
    if (status != 0) fprintf(stderr, "%s: status %#x: %s\n", name, status, text);
    CHECK(status == 0 && text[0] == 0);
}
#define IN_A_CHILD(scenario) in_a_child(#scenario, scenario)

/* ---- an allocator that knows its blocks -------------------------------------------------------- */

/* Before each block; in a list, so that a tool sees who holds it. */
typedef struct header_s {
    size_t size, mark;
    struct header_s *next, **link;
} header_t;

enum { MARK = 0x5ca1ab1e };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long live, asked, freed_elsewhere;
static long countdown = -1; /* calls until one fails */
static size_t off_by;       /* how much a block is misaligned by */
static pthread_t maker;
static int the_user;
static header_t *blocks;

static void *gives(size_t size, void *user) {
    CHECK(user == &the_user && size > 0);
    pthread_mutex_lock(&lock);
    int fails = countdown >= 0 && countdown-- == 0;
    asked++;
    live += !fails;
    pthread_mutex_unlock(&lock);
    if (fails) return NULL;
    header_t *header = (header_t *)malloc(sizeof(header_t) + size + 16);
    CHECK(header != NULL);
    header->size = size;
    header->mark = MARK;
    memset(header + 1, 0xa5, size);
    pthread_mutex_lock(&lock);
    header->next = blocks;
    header->link = &blocks;
    if (blocks != NULL) blocks->link = &header->next;
    blocks = header;
    pthread_mutex_unlock(&lock);
    return (char *)(header + 1) + off_by;
}

static int is_ours(const void *block, size_t size) {
    const header_t *header = (const header_t *)block - 1;
    return header->mark == MARK && header->size == size;
}

static void takes(void *block, size_t size, void *user) {
    CHECK(user == &the_user && block != NULL && is_ours(block, size));
    header_t *header = (header_t *)block - 1;
    header->mark = 0;
    memset(block, 0x5a, size);
    pthread_mutex_lock(&lock);
    *header->link = header->next;
    if (header->next != NULL) header->next->link = header->link;
    live--;
    freed_elsewhere += !pthread_equal(pthread_self(), maker);
    pthread_mutex_unlock(&lock);
    free(header);
}

static int set_ours(void) {
    aco_allocator_t ours = {gives, takes, &the_user};
    int result = aco_set_allocator(&ours);
    memset((void *)&ours, 0xff, sizeof ours); /* it was copied */
    return result;
}

/* All control blocks have one size: that of an aco_t, but with a tool that watches. */
static void check_block(const aco_t *co) {
    static size_t wanted;
    const header_t *header = (const header_t *)co - 1;
    if (wanted == 0) wanted = header->size;
    CHECK(header->mark == MARK && header->size == wanted && wanted >= sizeof(aco_t));
}

static void check_area(const aco_t *co) {
    CHECK(co->save_stack.ptr == NULL || is_ours(co->save_stack.ptr, co->save_stack.sz));
}

/* ---- coroutines from it ------------------------------------------------------------------------ */

static void whole_lives(void) {
    static const size_t wishes[] = {0, 1, 64, 65, 100, 1024, 1025, 5000};
    enum { WISHES = sizeof wishes / sizeof *wishes };
    aco_t *cos[WISHES];
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    check_block(main_co);
    aco_share_stack_t *shared = aco_share_stack_new(0), *own = aco_share_stack_new2(65536, 0);
    aco_t *alone = aco_create(main_co, own, 0, yields, NULL);
    check_block(alone);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < WISHES; i++) {
            void *size = (void *)(uintptr_t)(16 << i);
            cos[i] = aco_create(main_co, shared, wishes[i], keeps_bytes, size);
            check_block(cos[i]);
            check_area(cos[i]);
            aco_resume(cos[i]);
            aco_resume(alone);
        }
        for (int i = 0; i < WISHES; i++) {
            if (i % 3 != round) aco_resume(cos[i]); /* to its end */
            check_area(cos[i]);
            CHECK(cos[i]->is_end == 1 || i % 3 == round);
        }
        for (int i = 0; i < WISHES; i++) aco_destroy(cos[i]);
    }
    aco_destroy(alone);
    aco_share_stack_destroy(own);
    aco_share_stack_destroy(shared);
    aco_destroy(main_co);
}

static void comes_from_the_allocator(void) {
    CHECK_EQUAL(set_ours(), 0);
    whole_lives();
    CHECK(live == 0 && asked > 3 * 9);
    errno = 0;
    CHECK(set_ours() == -1 && errno == EBUSY);
    errno = 0;
    CHECK(aco_set_allocator(NULL) == -1 && errno == EBUSY);
    whole_lives();
    CHECK_EQUAL(live, 0);
}

static void comes_from_the_library(void) {
    CHECK_EQUAL(set_ours(), 0);
    CHECK_EQUAL(aco_set_allocator(NULL), 0);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    CHECK(set_ours() == -1 && errno == EBUSY);
    CHECK(aco_set_allocator(NULL) == -1 && errno == EBUSY);
    aco_destroy(main_co);
    CHECK_EQUAL(asked, 0);
}

static void *refuses(size_t size, void *user) {
    (void)size, (void)user;
    return NULL;
}

static void may_be_chosen_again(void) {
    aco_allocator_t none = {refuses, takes, NULL}, half = {NULL, takes, NULL}, other = {gives, NULL, NULL};
    aco_share_stack_t *stack = aco_share_stack_new(0); /* no coroutine */
    for (int i = 0; i < 1000; i++) {
        CHECK_EQUAL(aco_set_allocator(&none), 0);
        CHECK_EQUAL(aco_set_allocator(NULL), 0);
        errno = 0;
        CHECK(aco_set_allocator(&half) == -1 && errno == EINVAL);
        errno = 0;
        CHECK(aco_set_allocator(&other) == -1 && errno == EINVAL);
        CHECK_EQUAL(set_ours(), 0);
    }
    aco_share_stack_destroy(stack);
    whole_lives();
    CHECK(live == 0 && asked > 0);
}

static void exits_later(void) {
    aco_yield();
    aco_exit();
}

/* A coroutine that had its stack alone, ended, and is reset beside another one: its destroyed stack is noticed. */
static void resumes_after_a_reset(void) {
    set_ours();
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(65536);
    aco_t *first = aco_create(main_co, stack, 0, exits_later, NULL);
    for (int i = 0; i < 2; i++) aco_resume(first);
    aco_t *second = aco_create(main_co, stack, 0, yields, NULL);
    aco_reset(first, yields, NULL);
    for (int i = 0; i < 3; i++) aco_resume(i == 1 ? first : second);
    aco_share_stack_destroy(stack);
    aco_share_stack_new(65536);
    aco_resume(first);
}

/* A copy by value that aco_destroy() frees is from the allocator, as the original is. */
static void frees_copies(void) {
    CHECK_EQUAL(set_ours(), 0);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, yields, NULL);
    aco_t *copy = (aco_t *)gives(sizeof(aco_t), &the_user);
    memcpy((void *)copy, (void *)co, sizeof(aco_t));
    copy->save_stack.ptr = gives(300, &the_user);
    copy->save_stack.sz = 300;
    aco_destroy(copy);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    CHECK_EQUAL(live, 0);
}

/* ---- without memory ---------------------------------------------------------------------------- */

static void kth_call_fails(void) {
    CHECK_EQUAL(set_ours(), 0);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    long refused = 0;
    for (long k = 0; k < 12; k++) {
        aco_t *cos[5];
        long before = live;
        countdown = k;
        for (int i = 0; i < 5; i++) {
            errno = 0;
            cos[i] = aco_try_create(main_co, stack, (size_t)i * 1000, yields, NULL);
            CHECK(cos[i] != NULL || errno == ENOMEM);
            refused += cos[i] == NULL;
        }
        CHECK_EQUAL(countdown == -1, k < 9); /* five coroutines, four areas */
        for (int i = 0; i < 5; i++) {
            if (cos[i] != NULL) aco_destroy(cos[i]);
        }
        CHECK_EQUAL(live, before);
    }
    CHECK_EQUAL(refused, 9);
    countdown = 0;
    CHECK(aco_try_create(NULL, NULL, 0, NULL, NULL) == NULL && errno == ENOMEM);
    countdown = -1;
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    CHECK_EQUAL(live, 0);
}

/* What the library itself needs: a copy of the struct, a control block for a stack. */
static void system_has_none(void) {
    struct rlimit before, none;
    CHECK(getrlimit(RLIMIT_AS, &before) == 0);
    none = before;
    none.rlim_cur = 0;
    CHECK(setrlimit(RLIMIT_AS, &none) == 0);
    errno = 0;
    int chosen = set_ours(), why = errno;
    errno = 0;
    aco_share_stack_t *stack = aco_try_share_stack_new_mem(array, sizeof array);
    int why_no_stack = errno;
    CHECK(setrlimit(RLIMIT_AS, &before) == 0);
    CHECK(chosen == -1 && why == ENOMEM && stack == NULL && why_no_stack == ENOMEM);
    CHECK_EQUAL(set_ours(), 0);
    whole_lives();
    CHECK(live == 0 && asked > 0);
}

static void creates_without_memory(void) {
    set_ours();
    countdown = 0;
    aco_create(NULL, NULL, 0, NULL, NULL);
}

static void wants_an_area_without_memory(void) {
    set_ours();
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    countdown = 1;
    aco_create(main_co, aco_share_stack_new(0), 777, yields, NULL);
}

static void copies_without_memory(void) {
    set_ours();
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *a = aco_create(main_co, stack, 0, keeps_bytes, (void *)100000);
    aco_t *b = aco_create(main_co, stack, 0, yields, NULL);
    aco_resume(a);
    countdown = 0;
    aco_resume(b);
}

static void creates_in_a_wrong_place(void) {
    set_ours();
    off_by = 8;
    aco_create(NULL, NULL, 0, NULL, NULL);
}

#define RULE "(out of memory or over a limit of the system)\n"

static void check_deaths(void) {
    CHECK_DIES(creates_without_memory, "aco: fatal: aco_create(0x0): no memory for a coroutine: # bytes, "
                                       "errno 12 " RULE);
    CHECK_DIES(wants_an_area_without_memory,
               "aco: fatal: aco_create(0x0): no memory for a save stack: 777 bytes, errno 12 " RULE);
    CHECK_DIES(copies_without_memory, "aco: fatal: aco_resume(@, entry @): no memory for a save stack: "
                                      "# bytes, errno 12 " RULE);
    CHECK_DIES(resumes_after_a_reset, "aco: fatal: aco_resume(@, entry @): its share stack is destroyed "
                                      "(destroy a share stack after its last resume)\n");
    CHECK_DIES(creates_in_a_wrong_place,
               "aco: fatal: aco_allocator_t(@, allocate @): it gave @ for # bytes (memory for coroutines "
               "is aligned to 16 bytes; NULL where there is none)\n");
}

/* ---- threads ----------------------------------------------------------------------------------- */

enum { THREADS = 4, EACH = 200 };
static aco_t *handed[THREADS][EACH];
static pthread_barrier_t barrier;

/* Makes coroutines for another thread, and destroys those of the one before it. */
static void *makes_and_destroys(void *arg) {
    int self = (int)(intptr_t)arg, other = (self + 1) % THREADS;
    aco_t *own_main = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new2(65536, 0);
    for (int i = 0; i < EACH; i++) {
        handed[self][i] = aco_create(own_main, stack, (size_t)i * 20, keeps_bytes, (void *)500);
        aco_resume(handed[self][i]);
    }
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < EACH; i++) {
        handed[other][i]->main_co = own_main;
        aco_destroy(handed[other][i]);
    }
    pthread_barrier_wait(&barrier);
    aco_share_stack_destroy(stack);
    aco_destroy(own_main);
    return NULL;
}

static void run_threads(void *(*body)(void *)) {
    pthread_t threads[THREADS];
    CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, body, (void *)(intptr_t)i) == 0);
    }
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    pthread_barrier_destroy(&barrier);
}

static void serves_all_threads(void) {
    maker = pthread_self();
    CHECK_EQUAL(set_ours(), 0);
    run_threads(makes_and_destroys);
    CHECK_EQUAL(live, 0);
    CHECK(freed_elsewhere >= THREADS * EACH);
}

/* Some set the allocator, some make coroutines, all at once. */
static void *sets_or_makes(void *arg) {
    int self = (int)(intptr_t)arg;
    pthread_barrier_wait(&barrier);
    if (self % 2 == 0) {
        for (int i = 0; i < 20; i++) {
            if ((i % 2 == 0 ? aco_set_allocator(NULL) : set_ours()) != 0) CHECK(errno == EBUSY);
        }
    }
    aco_t *mine[20];
    for (int i = 0; i < 20; i++) mine[i] = aco_create(NULL, NULL, 0, NULL, NULL);
    for (int i = 0; i < 20; i++) aco_destroy(mine[i]);
    return NULL;
}

static void is_chosen_once(void) {
    run_threads(sets_or_makes);
    CHECK(live == 0 && (asked == 0 || asked == THREADS * 20));
}

/* ---- stacks in the program's memory ------------------------------------------------------------ */

static int returned_slots;

static __attribute__((noinline)) int goes_deep(volatile const char *low) {
    volatile char block[200];
    for (int i = 0; i < 200; i++) block[i] = (char)i;
    if (__builtin_frame_address(0) > (void *)(low + LEAST / 2)) return goes_deep(low) + block[1];
    aco_yield();
    return block[2];
}

static void fills_half(void) {
    aco_share_stack_t *stack = aco_get_co()->share_stack;
    CHECK(aco_stack_remaining() < stack->sz);
    returned_slots += goes_deep((char *)stack->ptr) > 0;
    aco_exit();
}

static void use_stack(aco_share_stack_t *stack) {
    aco_t *cos[3];
    for (int i = 0; i < 3; i++) {
        cos[i] = aco_create(main_co, stack, 0, fills_half, NULL);
        aco_resume(cos[i]);
    }
    for (int i = 0; i < 2; i++) {
        aco_resume(cos[i]);
        CHECK(cos[i]->is_end == 1);
    }
    for (int i = 0; i < 3; i++) aco_destroy(cos[i]);
}

/* `margin` bytes on either side stay as they are. */
static void check_memory(char *memory, size_t size, size_t margin) {
    memset(memory - margin, 0x33, margin);
    memset(memory + size, 0x33, margin);
    for (int life = 0; life < 50; life++) {
        memset(memory, life, size); /* it is the program's again */
        aco_share_stack_t *stack = life % 2 ? aco_share_stack_new_mem(memory, size)
                                            : aco_try_share_stack_new_mem(memory, size);
        CHECK(stack->ptr == memory && stack->sz == size && stack->owner == NULL);
        CHECK(stack->real_ptr == NULL && stack->guard_page_enabled == 0);
        CHECK((char *)stack->align_highptr + 16 <= memory + size);
        use_stack(stack);
        aco_t *alone = aco_create(main_co, stack, 0, fills_half, NULL);
        CHECK_EQUAL(aco_stack_trim(alone), 0);
        aco_resume(alone);
        aco_resume(alone);
        CHECK(alone->is_end == 1 && aco_stack_used(alone) <= size);
        aco_destroy(alone);
        aco_share_stack_destroy(stack);
        /* It is not kept for the next one of its size. */
        aco_share_stack_t *next = aco_share_stack_new2(size, 0);
        CHECK(next->ptr != memory);
        aco_share_stack_destroy(next);
    }
    for (size_t i = 1; i <= margin; i++) {
        CHECK((memory - i)[0] == 0x33 && memory[size + i - 1] == 0x33);
    }
}

static void check_kinds_of_memory(void) {
    const size_t odd[] = {LEAST, LEAST + 1, LEAST + 15, 65536, 100001};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        check_memory(array + 4096, odd[i], 64);
        char *block = (char *)malloc(odd[i] + 128);
        CHECK(block != NULL);
        check_memory(block + 64, odd[i], 64);
        free(block);
    }
#ifndef UNDER_VALGRIND /* which takes a switch between two stacks of which one lies on the other for a call */
    char here[LEAST + 128] __attribute__((aligned(16)));
    check_memory(here + 64, LEAST, 64);
#endif
    enum { HUGE_PAGE = 2 << 20 };
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS, protection = PROT_READ | PROT_WRITE;
    char *pages = (char *)mmap(NULL, HUGE_PAGE, protection, flags | MAP_HUGETLB, -1, 0);
    if (pages == MAP_FAILED) pages = (char *)mmap(NULL, HUGE_PAGE, protection, flags, -1, 0);
    CHECK(pages != MAP_FAILED);
    check_memory(pages, HUGE_PAGE, 0);
    munmap(pages, HUGE_PAGE);
    FILE *file = tmpfile();
    CHECK(file != NULL && ftruncate(fileno(file), 65536) == 0);
    pages = (char *)mmap(NULL, 65536, protection, MAP_SHARED, fileno(file), 0);
    CHECK(pages != MAP_FAILED);
    check_memory(pages, 65536, 0);
    munmap(pages, 65536);
    fclose(file);
}

static void check_unfit(void *memory, size_t size) {
    errno = 0;
    CHECK(aco_try_share_stack_new_mem(memory, size) == NULL);
    CHECK_EQUAL(errno, EINVAL);
}

static void on_null(void) { aco_share_stack_new_mem(NULL, 65536); }
static void on_odd_memory(void) { aco_share_stack_new_mem(array + 8, 65536); }
static void on_little_memory(void) { aco_share_stack_new_mem(array, 4095); }
static void on_endless_memory(void) { aco_share_stack_new_mem(array, SIZE_MAX - 4096); }
static void on_the_stack_itself(void) { aco_share_stack_destroy(aco_get_co()->share_stack); }
static void destroys_its_stack(void) {
    aco_share_stack_t *stack = aco_share_stack_new_mem(array, sizeof array);
    aco_resume(aco_create(main_co, stack, 0, on_the_stack_itself, NULL));
}
static void resumes_without_a_stack(void) {
    aco_share_stack_t *stack = aco_share_stack_new_mem(array, sizeof array);
    aco_t *co = aco_create(main_co, stack, 0, yields, NULL);
    aco_resume(co);
    aco_share_stack_destroy(stack);
    stack = aco_share_stack_new_mem(array, sizeof array);
    aco_resume(co);
}

#define NEW_MEM "aco: fatal: aco_share_stack_new_mem(0x0): the memory "
#define NEW_MEM_RULE " (a stack's memory has 4096 bytes or more and is aligned to 16)\n"

static void check_refusals(void) {
    check_unfit(NULL, 65536);
    check_unfit(NULL, 0);
    for (int off = 1; off < 16; off++) check_unfit(array + off, 65536);
    for (size_t size = 0; size < 4096; size += 315) check_unfit(array, size);
    check_unfit(array, SIZE_MAX);
    check_unfit(array, SIZE_MAX - (size_t)(uintptr_t)array + 1);
    CHECK_DIES(on_null, NEW_MEM "is NULL: 65536 bytes at 0x0" NEW_MEM_RULE);
    CHECK_DIES(on_odd_memory, NEW_MEM "is not aligned: 65536 bytes at @" NEW_MEM_RULE);
    CHECK_DIES(on_little_memory, NEW_MEM "is too small: 4095 bytes at @" NEW_MEM_RULE);
    CHECK_DIES(on_endless_memory, NEW_MEM "does not fit the address space: # bytes at @" NEW_MEM_RULE);
    CHECK_DIES(destroys_its_stack, "aco: fatal: aco_share_stack_destroy(@): called on this very stack "
                                   "(destroy a share stack after leaving it)\n");
    CHECK_DIES(resumes_without_a_stack, "aco: fatal: aco_resume(@, entry @): its share stack is destroyed "
                                        "(destroy a share stack after its last resume)\n");
}

/* What is freed through a copy by value of the struct is not the program's memory. */
static void check_copied_struct(void) {
    aco_share_stack_t *stack = aco_share_stack_new_mem(array, sizeof array);
    aco_share_stack_t copy = *stack;
    aco_share_stack_destroy(&copy);
    memset(array, 1, sizeof array);
}

/* A stack that is filled to see how deep it is used. */
static void check_depth(void) {
    aco_share_stack_t *stack = aco_share_stack_new_mem(array, sizeof array);
    aco_t *co = aco_create(main_co, stack, 0, keeps_bytes, (void *)50000);
    aco_share_stack_fill(stack);
    aco_resume(co);
    CHECK(aco_stack_used(co) >= 50000 && aco_stack_trim(co) == 0 && aco_stack_used(co) >= 50000);
    aco_resume(co);
    aco_share_stack_destroy(stack); /* before its coroutine */
    memset(array, 0, sizeof array);
    aco_destroy(co);
}

static void stacks_in_own_memory(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    check_kinds_of_memory();
    check_copied_struct();
#ifndef UNDER_VALGRIND /* for which there is no memory below the frames to be looked at */
    check_depth();
#else
    (void)check_depth;
#endif
    aco_destroy(main_co);
}

/* Nothing but stacks' control blocks is the library's own. */
static void all_in_own_memory(void) {
    CHECK_EQUAL(set_ours(), 0);
    stacks_in_own_memory();
    CHECK_EQUAL(live, 0);
}

int main(void) {
    aco_thread_init(NULL);
    IN_A_CHILD(comes_from_the_allocator);
    IN_A_CHILD(comes_from_the_library);
    IN_A_CHILD(may_be_chosen_again);
    IN_A_CHILD(frees_copies);
    IN_A_CHILD(kth_call_fails);
#if !defined(UNDER_EMULATION) && !defined(UNDER_VALGRIND) /* which want address space of their own */
    if (LEAST == 4096) IN_A_CHILD(system_has_none);
#else
    (void)system_has_none;
#endif
    IN_A_CHILD(serves_all_threads);
    for (int i = 0; i < 20; i++) IN_A_CHILD(is_chosen_once);
    IN_A_CHILD(all_in_own_memory);
    check_deaths();
    stacks_in_own_memory();
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    check_refusals();
    aco_destroy(main_co);
    CHECK(returned_slots > 0);
    return 0;
}
