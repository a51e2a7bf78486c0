/* Nothing leaks: a million lives of each kind, and neither memory nor mappings grow. Fewer of what
 * takes mappings or threads. */
#include "check.h"

#include <pthread.h>
#include <sys/prctl.h>

static aco_t *main_co;
static aco_share_stack_t *shared;

static void exits(void) {
    aco_yield();
    aco_exit();
}
static void yields(void) {
    for (;;) aco_yield();
}
static void keeps_much(void) {
    volatile char block[3000];
    block[0] = 1;
    aco_yield();
    CHECK(block[0] == 1);
    aco_exit();
}

/* ---- lives ----------------------------------------------------------------------------------- */

static void run_alone(char guarded, aco_cofuncp_t entry, int stack_first) {
    aco_share_stack_t *stack = aco_share_stack_new2(16 * 1024, guarded);
    aco_t *co = aco_create(main_co, stack, 0, entry, NULL);
    aco_resume(co);
    aco_resume(co);
    CHECK(co->is_end == (entry == exits));
    if (stack_first) aco_share_stack_destroy(stack);
    aco_destroy(co);
    if (!stack_first) aco_share_stack_destroy(stack);
}

static void ends_alone_guarded(int turn) { run_alone(1, exits, turn % 2); }
static void ends_alone(int turn) { run_alone(0, exits, turn % 2); }
static void suspended_alone(int turn) { run_alone((char)(turn / 2 % 2), yields, turn % 2); }

static void never_started(int turn) {
    aco_share_stack_t *own = turn % 2 == 0 ? shared : aco_share_stack_new2(4096, turn % 4 == 1);
    aco_destroy(aco_create(main_co, own, (size_t)(turn % 5) * 500, exits, NULL));
    aco_destroy(aco_create(NULL, NULL, 0, NULL, NULL));
    if (own != shared) aco_share_stack_destroy(own);
}

/* Each is copied out for the next, some to an area that grows; every third one ends, the others are destroyed as they are. */
static void sharing(int turn) {
    static aco_t *kept[16];
    aco_t **co = &kept[turn % 16];
    if (*co != NULL) {
        if (turn % 3 == 0) aco_resume(*co);
        aco_destroy(*co);
    }
    *co = aco_create(main_co, shared, turn % 5 == 0, turn % 7 == 0 ? keeps_much : exits, NULL);
    aco_resume(*co);
}

/* More stacks at once than are kept, in all sizes: most of this is the system's work. */
static void many_at_once(int turn) {
    enum { MANY = 40 };
    static aco_share_stack_t *stacks[MANY];
    static aco_t *cos[MANY];
    int i = turn % MANY;
    if (cos[i] != NULL) {
        aco_destroy(cos[i]);
        aco_share_stack_destroy(stacks[i]);
        cos[i] = NULL;
        return;
    }
    stacks[i] = aco_share_stack_new2((size_t)4096 << turn % 6, turn % 3 != 0);
    cos[i] = aco_create(main_co, stacks[i], 0, yields, NULL);
    aco_resume(cos[i]);
}

static void *lives(void *unused) {
    aco_t *own = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stacks[2] = {aco_share_stack_new(0), aco_share_stack_new2(8192, 0)};
    aco_t *cos[4];
    for (int i = 0; i < 4; i++) {
        cos[i] = aco_create(own, stacks[i % 2], 0, i < 2 ? exits : keeps_much, NULL);
        aco_resume(cos[i]);
    }
    for (int i = 0; i < 4; i++) aco_destroy(cos[i]);
    for (int i = 0; i < 2; i++) aco_share_stack_destroy(stacks[i]);
    aco_destroy(own);
    return unused;
}

static void in_a_thread(int turn) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, lives, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    (void)turn;
}

/* ---- what they leave ------------------------------------------------------------------------- */

static long resident_kib(void) {
    long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld %ld", &size, &resident) == 2);
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static long mappings(void) {
    FILE *file = fopen("/proc/self/maps", "r");
    CHECK(file != NULL);
    long lines = 0;
    for (int byte; (byte = fgetc(file)) != EOF;) lines += byte == '\n';
    fclose(file);
    return lines;
}

static void repeat(const char *name, void (*life)(int), int times, int whole) {
    for (int turn = 0; turn < (times / 10 / whole + 1) * whole; turn++) life(turn);
    long before = resident_kib(), mapped = mappings();
    for (int turn = 0; turn < times / whole * whole; turn++) life(turn);
    long more = resident_kib() - before, more_mapped = mappings() - mapped;
#ifdef UNDER_EMULATION /* whose own memory is counted with it */
    enum { SLACK = 16 * 1024, SLACK_MAPPED = 16 };
#else
    enum { SLACK = 128, SLACK_MAPPED = 2 };
#endif
    if (more > SLACK || more_mapped > SLACK_MAPPED) {
        fprintf(stderr, "%s, %d lives: %ld KiB and %ld mappings more\n", name, times, more,
                more_mapped);
        exit(1);
    }
}

int main(void) {
#ifdef UNDER_EMULATION
    int times = 3000;
#else
    int times = 1000000;
#endif
    resident_kib(), mappings(); /* what they need themselves is there from now on */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    shared = aco_share_stack_new(0);
    repeat("alone, guarded, ends", ends_alone_guarded, times, 2);
    repeat("alone, unguarded, ends", ends_alone, times, 2);
    repeat("alone, destroyed while suspended", suspended_alone, times, 4);
    repeat("never started", never_started, times, 20);
    repeat("sharing", sharing, times, 16 * 3 * 5 * 7);
    repeat("more stacks than are kept", many_at_once, times / 200, 240);
    repeat("in a thread of its own", in_a_thread, times / 3000 + 10, 1);
    return 0;
}
