/* Backtraces that a program takes in coroutines two deep: by libunwind's unw_step() and, which is
 * its backtrace() then, its unw_backtrace(); with -DWITHOUT_LIBUNWIND by the C library's backtrace(). Every
 * function in its place, main() the last. The stack of who is resumed lies below the resumer's in one half
 * of the rounds, above it in the other; alone on its stack, or one of two that are copied. */
#define _GNU_SOURCE
#include <aco.h>

#include <execinfo.h>

/* Innermost first. */
static const char *const wanted[] = {"looks", "inner", "middle", "outer", "turn", "main"};
enum { WANTED = sizeof wanted / sizeof wanted[0], MOST = 64, AFTER_MAIN = 3 };

static int looks_taken;

typedef struct {
    int found, after;
} walk_t;

static void fail(const char *who, const char *why, const walk_t *walk) {
    fprintf(stderr, "%s: %s after %d of the %d functions\n", who, why, walk->found, WANTED);
    exit(1);
}

/* The next frame's function; others, of the library, may stand between those that are wanted. */
static void step(const char *who, walk_t *walk, const char *name) {
    if (walk->found == WANTED) {
        if (++walk->after > AFTER_MAIN) fail(who, "frames behind main()", walk);
    } else if (strcmp(name, wanted[walk->found]) == 0) {
        walk->found++;
    }
    for (int i = 0; i < walk->found - 1; i++) {
        if (strcmp(name, wanted[i]) == 0) fail(who, name, walk);
    }
}

#ifdef WITHOUT_LIBUNWIND
static void look_by_libunwind(void) {}
#else
#define UNW_LOCAL_ONLY
#include <libunwind.h>

static void __attribute__((noinline)) look_by_libunwind(void) {
    unw_context_t context;
    unw_cursor_t cursor;
    walk_t walk = {0, 0};
    unw_getcontext(&context);
    if (unw_init_local(&cursor, &context) != 0) fail("libunwind", "no start", &walk);
    int more, frames = 0;
    while ((more = unw_step(&cursor)) > 0 && frames++ < MOST) {
        char name[200] = "?";
        unw_word_t offset;
        unw_get_proc_name(&cursor, name, sizeof name, &offset);
        step("libunwind", &walk, name);
    }
    if (more != 0 || walk.found != WANTED) fail("libunwind", "the end", &walk);
}

#endif

/* PROGRAM(name+0x12) [0x1234], from the table of dynamic symbols. */
static void name_of(const char *line, char *name, size_t size) {
    const char *from = strchr(line, '(');
    size_t length = from == NULL ? 0 : strcspn(from + 1, "+)");
    snprintf(name, size, "%.*s", (int)length, from == NULL ? "" : from + 1);
}

static void __attribute__((noinline)) look_by_backtrace(void) {
    void *frames[MOST];
    walk_t walk = {0, 0};
    int count = backtrace(frames, MOST);
    char **lines = backtrace_symbols(frames, count);
    for (int i = 0; i < count; i++) {
        char name[200];
        name_of(lines[i], name, sizeof name);
        step("backtrace()", &walk, name);
    }
    if (count == MOST || walk.found != WANTED) fail("backtrace()", "the end", &walk);
    free(lines);
}

#define NO_TAIL_CALL __asm__ __volatile__("" ::: "memory")
#define VISIBLE __attribute__((noinline, visibility("default")))

static aco_t *main_co, *inner_co;

VISIBLE void looks(void) {
    look_by_libunwind();
    look_by_backtrace();
    looks_taken++;
}
VISIBLE void inner(void) {
    for (;;) {
        looks();
        aco_yield();
    }
}
VISIBLE void middle(void) {
    aco_resume(inner_co);
    NO_TAIL_CALL;
}
VISIBLE void outer(void) {
    for (;;) {
        middle();
        aco_yield();
    }
}
VISIBLE void turn(aco_t *co) {
    aco_resume(co);
    NO_TAIL_CALL;
}
static void rival(void) {
    for (;;) aco_yield();
}

/* Coroutines on these stacks, the second one's resumed by the first one's; a rival each is what takes their
 * stacks from them. */
static void round_of(aco_share_stack_t *low, aco_share_stack_t *high, int has_rivals) {
    aco_t *outer_co = aco_create(main_co, low, 0, outer, NULL);
    aco_t *rivals[] = {aco_create(main_co, low, 0, rival, NULL), aco_create(main_co, high, 0, rival, NULL)};
    inner_co = aco_create(outer_co, high, 0, inner, NULL);
    for (int i = 0; i < 3; i++) {
        turn(outer_co);
        for (int j = 0; has_rivals && j < 2; j++) turn(rivals[j]);
    }
    aco_destroy(inner_co);
    aco_destroy(outer_co);
    for (int j = 0; j < 2; j++) aco_destroy(rivals[j]);
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stacks[] = {aco_share_stack_new(0), aco_share_stack_new(0)};
    for (int i = 0; i < 4; i++) round_of(stacks[i & 1], stacks[!(i & 1)], i >= 2);
    NO_TAIL_CALL;
    for (int i = 0; i < 2; i++) aco_share_stack_destroy(stacks[i]);
    aco_destroy(main_co);
    printf("%d backtraces\n", looks_taken);
    return 0;
}
