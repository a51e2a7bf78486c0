/* Where control blocks and save areas lie: side by side, freed by any thread, given back to the
 * system, and still to be had where memory is short. */
#include "check.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#ifdef UNDER_EMULATION
enum { MANY = 3000, THREADS = 3 };
#else
enum { MANY = 200000, THREADS = 8 };
#endif

static __thread aco_t *main_co;

static void yields(void) {
    for (;;) aco_yield();
}

static void start_thread(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
}

static void run_thread(void *(*body)(void *), void *argument) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, body, argument) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static long pages(int resident) {
    long sizes[2] = {0, 0};
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld %ld", &sizes[0], &sizes[1]) == 2);
    fclose(file);
    return sizes[resident];
}

static long resident_kib(void) { return pages(1) * (sysconf(_SC_PAGESIZE) / 1024); }

/* ---- places ------------------------------------------------------------------------------- */

static void check_places(void) {
    /* Alone on its stack: what a switch needs lies in one line of 64 bytes. */
    aco_share_stack_t *stacks[100];
    aco_t *cos[100];
    for (int i = 0; i < 100; i++) {
        stacks[i] = aco_share_stack_new2(4096, 0);
        cos[i] = aco_create(main_co, stacks[i], 0, yields, NULL);
        CHECK_EQUAL((uintptr_t)cos[i] % 64, 32);
    }
    /* The place that was left last is the next one. */
    aco_t *last = cos[50];
    aco_destroy(last);
    aco_t *next = aco_create(main_co, stacks[50], 0, yields, NULL);
    CHECK(next == last);
    for (int i = 0; i < 100; i++) {
        aco_destroy(cos[i]);
        aco_share_stack_destroy(stacks[i]);
    }
    /* Several on a stack: side by side. */
    aco_share_stack_t *stack = aco_share_stack_new(0);
    int neighbours = 0;
    for (int i = 0; i < 100; i++) {
        cos[i] = aco_create(main_co, stack, 0, yields, NULL);
        neighbours += i > 1 && (size_t)((char *)cos[i] - (char *)cos[i - 1]) <= sizeof(aco_t) + 15;
        aco_resume(cos[i]);
    }
    CHECK(neighbours >= 90);
    /* Save areas, too, once there is a copy; and they hold what was asked for. */
    aco_t *asked = aco_create(main_co, stack, 1000, yields, NULL);
    memset(asked->save_stack.ptr, 0x55, 1000);
    CHECK_EQUAL(asked->save_stack.sz, 1000);
    aco_t *large = aco_create(main_co, stack, 100000, yields, NULL);
    memset(large->save_stack.ptr, 0x55, 100000);
    for (int i = 0; i < 100; i++) aco_resume(cos[i]);
    aco_destroy(asked);
    aco_destroy(large);
    for (int i = 0; i < 100; i++) aco_destroy(cos[i]);
    aco_share_stack_destroy(stack);
}

/* What the program allocated itself, and the library frees. */
static void check_own_memory(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    for (int i = 0; i < 1000; i++) {
        aco_t *co = aco_create(main_co, stack, 0, yields, NULL);
        aco_t *copy = (aco_t *)malloc(sizeof *copy);
        memcpy(copy, co, sizeof *co);
        co->save_stack.ptr = malloc(300);
        co->save_stack.sz = 300;
        aco_resume(copy);
        aco_resume(co);
        aco_destroy(copy);
        aco_destroy(co);
    }
    aco_share_stack_destroy(stack);
}

/* ---- threads ------------------------------------------------------------------------------- */

static aco_t *shared[MANY];
static aco_share_stack_t *stacks[MANY];

/* Coroutines with an image each, some alone, with a mark to know them by. */
static void *makes_them(void *unused) {
    start_thread();
    aco_share_stack_t *stack = aco_share_stack_new(0);
    for (int i = 0; i < MANY; i++) {
        stacks[i] = i % 16 == 0 ? aco_share_stack_new2(4096, 0) : stack;
        shared[i] = aco_create(main_co, stacks[i], 0, yields, (void *)&shared[i]);
        if (i % 5 != 0) aco_resume(shared[i]);
    }
    aco_destroy(main_co);
    return unused;
}

static void *frees_its_part(void *part) {
    for (int i = (int)(intptr_t)part; i < MANY; i += THREADS) {
        CHECK(shared[i]->arg == (void *)&shared[i]);
        aco_destroy(shared[i]);
        if (i % 16 == 0) aco_share_stack_destroy(stacks[i]);
    }
    return NULL;
}

static void free_by_threads(void) {
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, frees_its_part, (void *)i) == 0);
    }
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    aco_share_stack_destroy(stacks[1]);
}

/* Made by a thread that lives on, freed by others while it makes more. */
static void *passes_on(void *unused) {
    start_thread();
    for (int round = 0; round < 3; round++) {
        makes_them(NULL);
        free_by_threads();
    }
    return unused;
}

static aco_t *ring[64];

/* Any thread takes what another one put there, frees it, and puts something new. */
static void *exchanges(void *seed) {
    start_thread();
    uint64_t random = (uint64_t)(intptr_t)seed;
    aco_share_stack_t *stack = aco_share_stack_new2(4096, 0);
    for (int i = 0; i < MANY; i++) {
        aco_t *mine = aco_create(main_co, stack, random_next(&random) % 2 * 100, yields, NULL);
        mine->arg = mine;
        aco_t *other = __atomic_exchange_n(&ring[random_next(&random) % 64], mine, __ATOMIC_ACQ_REL);
        if (other != NULL) {
            CHECK(other->arg == other);
            other->share_stack = NULL; /* its thread may have ended, and its stack with it */
            aco_destroy(other);
        }
    }
    aco_destroy(main_co);
    return NULL;
}

static void check_threads(void) {
    run_thread(makes_them, NULL); /* that thread has ended: its heap has no owner */
    free_by_threads();
    run_thread(passes_on, NULL);
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, exchanges, (void *)(i + 1)) == 0);
    }
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

/* Coroutines and stacks in the last destructors of a thread: nothing calls the library again. */
static pthread_key_t late_key;

static void works_late(void *value) {
    static __thread int rounds;
    if (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
        pthread_setspecific(late_key, value);
        return;
    }
    start_thread();
    aco_share_stack_t *stack = aco_share_stack_new2(1 << 20, 0);
    memset(stack->ptr, 1, 1 << 20);
    for (int i = 0; i < 1000; i++) shared[i] = aco_create(main_co, stack, 0, yields, NULL);
    aco_resume(shared[0]);
    for (int i = 0; i < 1000; i++) aco_destroy(shared[i]);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
}

static void *ends_late(void *unused) {
    start_thread();
    aco_destroy(main_co);
    aco_share_stack_destroy(aco_share_stack_new(0));
    CHECK(pthread_setspecific(late_key, &late_key) == 0);
    return unused;
}

static void check_late(void) {
    CHECK(pthread_key_create(&late_key, works_late) == 0);
    for (int i = 0; i < 3; i++) run_thread(ends_late, NULL);
#ifndef UNDER_EMULATION
    long before = resident_kib();
    for (int i = 0; i < 50; i++) run_thread(ends_late, NULL);
    CHECK(resident_kib() - before < 8 * 1024);
#endif
}

/* ---- large images -------------------------------------------------------------------------- */

static size_t image_size;

static void keeps_image(void) {
    volatile char *block = (volatile char *)__builtin_alloca(image_size);
    memset((char *)block, 1, image_size);
    for (;;) {
        aco_yield();
        CHECK(block[0] == 1 && block[image_size - 1] == 1);
    }
}

/* Images of 1 to 8 KiB are in slabs: destroying them one by one moves no program break, whatever the order. The
 * C library would give each page back by a system call. */
static void check_large_images(void) {
    enum { COUNT = 300 };
    aco_t *cos[COUNT];
    uint64_t random = 7;
    for (image_size = 1000; image_size <= 8000; image_size += 1400) {
        for (int order = 0; order < 3; order++) {
            aco_share_stack_t *stack = aco_share_stack_new2(65536, 0);
            for (int i = 0; i < COUNT; i++) {
                cos[i] = aco_create(main_co, stack, 0, keeps_image, NULL);
                aco_resume(cos[i]);
            }
            for (int i = 0; i < COUNT; i++) aco_resume(cos[i]);
            for (int i = COUNT - 1; order > 0 && i > 0; i--) {
                int other = order == 1 ? COUNT - 1 - i : (int)(random_next(&random) % (uint64_t)(i + 1));
                if (order == 1 && other >= i) break;
                aco_t *kept = cos[i];
                cos[i] = cos[other];
                cos[other] = kept;
            }
            const void *end = sbrk(0);
            for (int i = 0; i < COUNT; i++) aco_destroy(cos[i]);
            CHECK(sbrk(0) == end);
            aco_share_stack_destroy(stack);
        }
    }
}

/* ---- memory given back --------------------------------------------------------------------- */

#ifndef UNDER_EMULATION
static void make_and_destroy(char guarded) {
    for (int i = 0; i < MANY; i++) {
        stacks[i] = aco_share_stack_new2(4096, guarded);
        shared[i] = aco_create(main_co, stacks[i], 0, yields, NULL);
    }
    for (int i = 0; i < MANY; i++) {
        aco_destroy(shared[i]);
        aco_share_stack_destroy(stacks[i]);
    }
}

static void copy_and_destroy(void) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    for (int i = 0; i < MANY; i++) {
        shared[i] = aco_create(main_co, stack, 0, yields, NULL);
        aco_resume(shared[i]);
    }
    uint64_t random = 99;
    for (int i = MANY - 1; i > 0; i--) {
        int other = (int)(random_next(&random) % (uint64_t)(i + 1));
        aco_t *kept = shared[i];
        shared[i] = shared[other];
        shared[other] = kept;
    }
    for (int i = 0; i < MANY; i++) aco_destroy(shared[i]);
    aco_share_stack_destroy(stack);
}

static void *leaves_it_to_others(void *unused) {
    start_thread();
    for (int i = 0; i < 100; i++) ring[i % 64] = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_destroy(main_co);
    return unused;
}

static void check_given_back(void) {
    enum { SLACK_KIB = 6 * 1024 };
    /* The kernel's khugepaged may fill up a slab of which only the first pages are kept. */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    memset(shared, 1, sizeof shared);
    memset(stacks, 1, sizeof stacks);
    long before = resident_kib();
    make_and_destroy(0);
    CHECK(resident_kib() - before < SLACK_KIB);
    copy_and_destroy();
    CHECK(resident_kib() - before < SLACK_KIB);
    run_thread(makes_them, NULL);
    CHECK(resident_kib() - before > 2 * SLACK_KIB);
    free_by_threads();
    CHECK(resident_kib() - before < SLACK_KIB);
    /* Threads come and go, and leave 10 MB behind: what follows them uses the rest of their slabs. */
    run_thread(leaves_it_to_others, NULL);
    long mapped = pages(0);
    for (int i = 0; i < 500; i++) run_thread(leaves_it_to_others, NULL);
    CHECK(pages(0) - mapped < 5000);
}

/* ---- memory is short ----------------------------------------------------------------------- */

/* Little address space: no room for whole regions. */
static void in_little_space(void) {
    aco_share_stack_t *own[200];
    struct rlimit limit;
    limit.rlim_cur = limit.rlim_max =
        (rlim_t)pages(0) * (rlim_t)sysconf(_SC_PAGESIZE) + (rlim_t)(1300 * 1024);
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    start_thread();
    for (int i = 0; i < 100; i++) {
        own[i] = aco_share_stack_new2(4096, (char)(i % 2));
        aco_t *co = aco_create(main_co, own[i], 0, yields, NULL);
        aco_t *other = aco_create(main_co, own[i], 0, yields, NULL);
        for (int turn = 0; turn < 3; turn++) {
            aco_resume(co);
            aco_resume(other);
        }
        aco_destroy(co);
        shared[i] = other;
    }
    for (int i = 0; i < 100; i++) {
        aco_destroy(shared[i]);
        aco_share_stack_destroy(own[i]);
    }
}

/* All memory is locked, and little of it may be. */
static void in_locked_memory(void) {
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_MEMLOCK, &limit) == 0);
    limit.rlim_cur = (rlim_t)1 << 20;
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || mlockall(MCL_FUTURE) != 0) return;
    start_thread();
    for (int i = 0; i < 20; i++) {
        aco_share_stack_t *stack = aco_share_stack_new2(4096, (char)(i % 2));
        aco_t *co = aco_create(main_co, stack, 0, yields, NULL);
        aco_resume(co);
        aco_destroy(co);
        aco_share_stack_destroy(stack);
    }
}

static void check_short_memory(void) {
    char text[500];
    int status = run_in_child(in_little_space, text, sizeof text);
    if (status != 0) fprintf(stderr, "in_little_space: %d, %s\n", status, text);
    CHECK(status == 0 && text[0] == 0);
    status = run_in_child(in_locked_memory, text, sizeof text);
    if (status != 0) fprintf(stderr, "in_locked_memory: %d, %s\n", status, text);
    CHECK(status == 0 && text[0] == 0);
}
#endif

int main(void) {
#ifndef UNDER_EMULATION
    check_short_memory(); /* before this process has regions of its own */
#endif
    start_thread();
    check_places();
    check_own_memory();
    check_threads();
    check_late();
    check_large_images();
#ifndef UNDER_EMULATION
    check_given_back();
#else
    (void)resident_kib;
#endif
    aco_destroy(main_co);
    return 0;
}
