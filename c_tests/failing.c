/* Each allocation, mapping, protection and advice fails once, in turn, over a scenario of creates,
 * resumes and destroys: a line and SIGABRT, or the scenario ends well, with at most one warning;
 * nothing leaks. Interposes the C library's functions, so it needs the shared library. */
#include "check.h"

#include <aco_ext.h>

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/personality.h>

/* Calls that may fail until one does; -1: none does. */
static __thread long countdown = -1;
static __thread int counting;
/* Blocks and mappings that are there. */
static long blocks, mapped_bytes;
static int lacks_guard_regions, has_no_mappings;

static int fails_now(void) {
    if (!counting) return 0;
    if (countdown < 0 || countdown-- != 0) return 0; /* -1 again once it was 0 */
    errno = ENOMEM;
    return 1;
}

#define REAL(name, type, parameters)                                                             \
    static type(*real) parameters;                                                               \
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, #name)

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
    REAL(mmap, void *, (void *, size_t, int, int, int, off_t));
    if (fails_now() || (has_no_mappings && counting)) return MAP_FAILED;
    void *result = real(address, size, protection, flags, file, offset);
    if (counting && result != MAP_FAILED) mapped_bytes += (long)size;
    return result;
}

int munmap(void *address, size_t size) {
    REAL(munmap, int, (void *, size_t));
    int result = real(address, size);
    if (counting && result == 0) mapped_bytes -= (long)size;
    return result;
}

int mprotect(void *address, size_t size, int protection) {
    REAL(mprotect, int, (void *, size_t, int));
    return fails_now() ? -1 : real(address, size, protection);
}

int madvise(void *address, size_t size, int advice) {
    REAL(madvise, int, (void *, size_t, int));
    if (lacks_guard_regions && advice == 102) {
        errno = EINVAL;
        return -1;
    }
    return fails_now() ? -1 : real(address, size, advice);
}

/* malloc itself is the program's, too, and made of the C library's. */
extern void *__libc_malloc(size_t);
extern void __libc_free(void *);

void *malloc(size_t size) {
    if (fails_now()) return NULL;
    void *result = __libc_malloc(size);
    if (counting && result != NULL) blocks++;
    return result;
}

void free(void *block) {
    if (counting && block != NULL) blocks--;
    __libc_free(block);
}

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

static void scenario(void) {
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    for (int guarded = 0; guarded < 2; guarded++) {
        aco_share_stack_t *stack = aco_share_stack_new2(65536, (char)guarded);
        aco_share_stack_t *own = aco_share_stack_new2(8192, (char)guarded);
        aco_t *cos[8];
        for (int i = 0; i < 8; i++) {
            void *size = (void *)(uintptr_t)(16 << i);
            cos[i] = aco_create(main_co, stack, (size_t)(i % 2 * 20000), keeps_bytes, size);
            aco_resume(cos[i]);
        }
        aco_t *alone = aco_create(main_co, own, 0, yields, NULL);
        for (int i = 0; i < 8; i++) {
            aco_resume(cos[i]);
            aco_resume(alone);
            aco_destroy(cos[i]);
        }
        aco_destroy(alone);
        aco_share_stack_destroy(own);
        aco_share_stack_destroy(stack);
    }
    aco_destroy(main_co);
}

/* The constructors that do not abort. */
static int refusals;

static int is_there(const void *object) {
    if (object != NULL) return 1;
    CHECK_EQUAL(errno, ENOMEM);
    refusals++;
    return 0;
}

/* What a coroutine has beside its control block. */
static aco_key_t key;

static int succeeds(int result) {
    if (result == 0) return 1;
    CHECK_EQUAL(result, -1);
    return is_there(NULL);
}

static void note_down(aco_t *co) {
    errno = 0;
    if (!succeeds(aco_set_name(co, "first"))) CHECK(aco_name(co) == NULL);
    const char *before = aco_name(co);
    errno = 0;
    if (!succeeds(aco_set_name(co, "second"))) CHECK(aco_name(co) == before);
    if (aco_name(co) != NULL) CHECK(aco_name(co)[0] == 'f' || aco_name(co)[0] == 's');
    errno = 0;
    uint64_t id = aco_id(co);
    if (id == 0) is_there(NULL);
    if (id != 0) CHECK_EQUAL(aco_id(co), id);
    errno = 0;
    int is_set = succeeds(aco_set_local_of(co, key, &key));
    CHECK(aco_get_local_of(co, key) == (is_set ? &key : NULL));
}

static int counts(aco_t *co, void *count) {
    CHECK(co->share_stack == NULL || co->fp == yields);
    ++*(int *)count;
    return 0;
}

static void trying_scenario(void) {
    aco_t *main_co = aco_try_create(NULL, NULL, 0, NULL, NULL);
    if (!is_there(main_co)) return;
    for (int guarded = 0; guarded < 2; guarded++) {
        errno = 0;
        aco_share_stack_t *stack = aco_try_share_stack_new2(65536, (char)guarded);
        if (!is_there(stack)) continue;
        aco_t *cos[8];
        for (int i = 0; i < 8; i++) {
            errno = 0;
            cos[i] = aco_try_create(main_co, stack, (size_t)(i % 2 * 20000), yields, NULL);
            if (is_there(cos[i])) note_down(cos[i]);
        }
        int live = 1, listed = 0;
        for (int i = 0; i < 8; i++) live += cos[i] != NULL;
        CHECK_EQUAL(aco_foreach(counts, &listed), 0);
        CHECK_EQUAL(listed, live);
        for (int i = 0; i < 8; i++) {
            if (cos[i] != NULL) aco_destroy(cos[i]);
        }
        aco_share_stack_destroy(stack);
    }
    aco_destroy(main_co);
}

/* ---- no mapping at all: coroutines come from malloc, and are listed all the same ------------------- */

enum { CROWD = 3000 };

static int destroys(aco_t *co, void *main_co) {
    if (co != main_co) aco_destroy(co);
    return 0;
}

static int is_listed(aco_t *co, void *wanted) { return co == wanted; }

static void *destroys_half(void *cos) {
    for (int i = 1; i < CROWD; i += 2) {
        CHECK_EQUAL(aco_foreach(is_listed, ((aco_t **)cos)[i]), 0); /* another thread's */
        aco_destroy(((aco_t **)cos)[i]);
    }
    return NULL;
}

static void crowd_without_mappings(void) {
    static aco_t *cos[CROWD];
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new2(65536, 0);
    has_no_mappings = 1;
    for (int i = 0; i < CROWD; i++) cos[i] = aco_create(main_co, stack, 0, yields, NULL);
    for (int i = 0; i < CROWD; i++) aco_resume(cos[i]);
    int listed = 0;
    CHECK_EQUAL(aco_foreach(counts, &listed), 0);
    CHECK(listed == CROWD + 1 && aco_thread_exit() == CROWD);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, destroys_half, cos) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    listed = 0;
    CHECK_EQUAL(aco_foreach(counts, &listed), 0);
    CHECK_EQUAL(listed, CROWD / 2 + 1);
    for (int i = 0; i < CROWD; i += 2) CHECK_EQUAL(aco_foreach(is_listed, cos[i]), 1);
    CHECK_EQUAL(aco_foreach(destroys, main_co), 0);
    CHECK_EQUAL(aco_thread_exit(), 0);
    has_no_mappings = 0;
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
}

static void (*what)(void) = scenario;

/* In a thread: its pools and slabs go back when it ends. Did a call fail? */
static void *counted_scenario(void *fail_at) {
    countdown = (long)(intptr_t)fail_at;
    counting = 1;
    what();
    return (void *)(intptr_t)(countdown == -1);
}

static int run(long fail_at) {
    pthread_t thread;
    void *failed;
    CHECK(pthread_create(&thread, NULL, counted_scenario, (void *)(intptr_t)fail_at) == 0);
    CHECK(pthread_join(thread, &failed) == 0);
    return failed != NULL;
}

static long fail_at_in_child;
enum { NONE_FAILED = 42 };

static void run_in_this_child(void) {
    /* What stays for good is made here: by a run without failure, and by one in which the control block of main_co is
     * in no slab, so that the table of such coroutines is made. */
    run(-1);
    run(0);
    blocks = mapped_bytes = 0;
    int failed = run(fail_at_in_child);
    CHECK_EQUAL(blocks, 0);
    /* Slabs of stack control blocks stay; a failure can only have made them smaller. */
    CHECK(mapped_bytes <= 0);
    if (!failed) _exit(NONE_FAILED);
    if (refusals > 0) fprintf(stderr, "refused\n");
}

/* The first time in a process, with nothing kept from before. An emulator starts no programs. */
static void run_afresh(void) {
#ifdef UNDER_EMULATION
    _exit(run(fail_at_in_child) ? 0 : NONE_FAILED);
#endif
    char number[20];
    snprintf(number, sizeof number, "%ld", fail_at_in_child);
    /* The same addresses in each, as far as the system allows: the calls depend on them. */
    personality(ADDR_NO_RANDOMIZE);
    execl("/proc/self/exe", "failing", number, lacks_guard_regions ? "without" : "with",
          what == trying_scenario ? "trying" : "aborting", NULL);
    _exit(3);
}

static int starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static long refused;

static long fail_each(void (*body)(void), int *warnings) {
    char text[2000];
    long deaths = 0;
    refused = 0;
    for (fail_at_in_child = 0;; fail_at_in_child++) {
        int status = run_in_child(body, text, sizeof text);
        if (WIFEXITED(status) && WEXITSTATUS(status) == NONE_FAILED) break;
        if (status == 0 && strcmp(text, "refused\n") == 0) {
            refused++;
            continue;
        }
        int died = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
        int is_line = strchr(text, '\n') == text + strlen(text) - 1;
        int well = status == 0 && (text[0] == 0 || (is_line && starts_with(text, "aco: warning: ")));
        int said = died && is_line && starts_with(text, "aco: fatal: ") &&
                   strstr(text, "no memory for") != NULL;
        if (!well && !said) fprintf(stderr, "%ld: %d, %s\n", fail_at_in_child, status, text);
        CHECK(well || said);
        deaths += died;
        *warnings += strstr(text, "vm.max_map_count") != NULL;
    }
    CHECK(fail_at_in_child > (what == scenario ? 20 : 10));
    return deaths;
}

int main(int count, char **arguments) {
    int warnings = 0;
    aco_thread_init(NULL);
    if (count > 1) {
        lacks_guard_regions = strcmp(arguments[2], "without") == 0;
        if (strcmp(arguments[3], "trying") == 0) {
            what = trying_scenario;
            CHECK_EQUAL(aco_key_create(&key, NULL), 0);
        }
        return run(atol(arguments[1])) ? 0 : NONE_FAILED;
    }
    CHECK(fail_each(run_afresh, &warnings) > 5);
    CHECK(fail_each(run_in_this_child, &warnings) > 5);
    CHECK_EQUAL(aco_key_create(&key, NULL), 0);
    what = trying_scenario;
    CHECK_EQUAL(fail_each(run_afresh, &warnings), 0);
    CHECK_EQUAL(fail_each(run_in_this_child, &warnings), 0);
    CHECK(refused > 20);
    what = crowd_without_mappings;
    run(-1);
    what = scenario;
    lacks_guard_regions = 1;
    warnings = 0;
    CHECK(fail_each(run_afresh, &warnings) > 5);
    CHECK(warnings >= 1);
    return 0;
}
