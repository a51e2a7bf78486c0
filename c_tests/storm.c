/* What happens to a process: signals at any instruction of a switch, on the coroutine's stack and on
 * another one; fork(2) inside and outside of coroutines; all memory locked, and little of it; stacks of
 * all small sizes. Coroutines that keep records on their stacks and in registers go on through it. */
#include "check.h"

#include <errno.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/time.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

#ifdef UNDER_EMULATION
enum { SIGNALS = 40, PERIOD_US = 1000, STEP = 97 };
#else
enum { SIGNALS = 300, PERIOD_US = 100, STEP = 7 };
#endif
enum { COS = 6, SHARING = 3 };

typedef struct {
    aco_t *co;
    uint64_t key, turns, wanted;
} record_t;

static aco_t *main_co;
static record_t records[COS];
static int forks_in = -1; /* which one forks when it runs next */
static pid_t child = -1;  /* 0: this is the child */

/* ---- coroutines ------------------------------------------------------------------------------ */

/* Values in as many registers as there may be. */
#if defined(__x86_64__)
#define REAL "x"
#elif defined(__aarch64__)
#define REAL "w"
#else
#error "another architecture"
#endif
#define HOLD(a, b, c, d, e, x, y)                                                                \
    __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+" REAL(x), "+" REAL(y))

static inline __attribute__((always_inline)) void yield_by(aco_t *self, uint64_t form) {
    if (form % 2 == 0) {
        aco_yield1(self);
    } else {
        acosw(self, self->main_co);
    }
}

static void __attribute__((noinline)) turn(record_t *self) {
    volatile uint64_t words[8];
    uint64_t key = self->key + self->turns, a = key, b = key * 3, c = key * 5, d = key * 7, e = ~key;
    double x = (double)(key % 1000), y = x + 0.5;
    for (unsigned i = 0; i < 8; i++) words[i] = key ^ i;
    HOLD(a, b, c, d, e, x, y);
    yield_by(self->co, key);
    HOLD(a, b, c, d, e, x, y);
    CHECK(a == key && b == key * 3 && c == key * 5 && d == key * 7 && e == ~key);
    CHECK(x == (double)(key % 1000) && y == x + 0.5);
    for (unsigned i = 0; i < 8; i++) CHECK(words[i] == (key ^ i));
    self->turns++;
}

static void entry(void) {
    record_t *self = (record_t *)aco_get_arg();
    for (;;) {
        turn(self);
        if (forks_in == (int)(self - records)) {
            forks_in = -1;
            child = fork();
            CHECK(child >= 0 && aco_get_co() == self->co);
        }
    }
}

static void resume_by(record_t *record, unsigned form) {
    uint64_t key = record->key + form, a = key, b = key * 3, c = key * 5, d = key * 7, e = ~key;
    double x = (double)(key % 1000), y = x + 0.5;
    HOLD(a, b, c, d, e, x, y);
    if (form % 2 == 0) {
        aco_resume(record->co);
    } else {
        (aco_resume)(record->co);
    }
    HOLD(a, b, c, d, e, x, y);
    CHECK(a == key && b == key * 3 && c == key * 5 && d == key * 7 && e == ~key);
    CHECK(x == (double)(key % 1000) && y == x + 0.5);
    CHECK(aco_get_co() == main_co);
    CHECK_EQUAL(record->turns, record->wanted);
    record->wanted++;
}

static aco_share_stack_t *stacks[1 + COS - SHARING];

/* The first ones share a stack, the others have one each. */
static void begin(size_t size) {
    for (int i = 0; i < 1 + COS - SHARING; i++) stacks[i] = aco_share_stack_new2(size, i % 2 == 0);
    for (int i = 0; i < COS; i++) {
        aco_share_stack_t *stack = stacks[i < SHARING ? 0 : 1 + i - SHARING];
        records[i] = (record_t){NULL, 1000u * (unsigned)i, 0, 0};
        records[i].co = aco_create(main_co, stack, 0, entry, &records[i]);
    }
}

static void run_turn(unsigned number) {
    for (int i = 0; i < COS; i++) resume_by(&records[(i * 5 + (int)number) % COS], number / 3);
}

static void end(void) {
    for (int i = 0; i < COS; i++) aco_destroy(records[i].co);
    for (int i = 0; i < 1 + COS - SHARING; i++) aco_share_stack_destroy(stacks[i]);
}

/* ---- signals --------------------------------------------------------------------------------- */

static volatile int signals, inside;

/* Uses memory and vector registers, and looks who runs: a coroutine, main, or none yet. */
static void handles(int number) {
    typedef uint64_t pair __attribute__((vector_size(16)));
    volatile char block[256];
    pair a = {1, 2}, b = {3, 4}, c = {5, 6}, d = {7, 8};
    memset((char *)block, number, sizeof block);
    __asm__ volatile("" : "+" REAL(a), "+" REAL(b), "+" REAL(c), "+" REAL(d));
    pair sum = a + b + c + d;
    CHECK(sum[0] == 16 && sum[1] == 20 && block[255] == (char)number);
    aco_t *co = aco_gtls_co;
    int known = co == NULL || co == main_co;
    for (int i = 0; i < COS; i++) known |= co == records[i].co;
    CHECK(known);
    inside += co != NULL && co != main_co;
    signals++;
}

static void set_timer(int period_us) {
    struct itimerval timer = {{0, period_us}, {0, period_us}};
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static void check_storm(int flags, size_t size) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handles;
    action.sa_flags = flags | SA_RESTART;
    begin(size);
    signals = inside = 0;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    set_timer(PERIOD_US);
    unsigned number = 0;
    while (signals < SIGNALS) run_turn(number++);
    set_timer(0);
    action.sa_handler = SIG_IGN;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(inside > 0);
    end();
}

static void check_storms(void) {
    static char other_stack[64 * 1024];
    stack_t alternative = {.ss_sp = other_stack, .ss_flags = 0, .ss_size = sizeof other_stack};
    CHECK(sigaltstack(&alternative, NULL) == 0);
    /* The frame of a signal holds all registers of the processor. */
    size_t frame = (size_t)getauxval(AT_MINSIGSTKSZ);
    if (frame < 12 * 1024 && sizeof(void *[ACO_REG_COUNT]) > 100) frame = 12 * 1024; /* aarch64 */
    if (frame < 3 * 1024) frame = 3 * 1024;
    check_storm(SA_ONSTACK, 1);
    check_storm(0, frame + 4096);
}

/* ---- fork ------------------------------------------------------------------------------------ */

/* Parent and child both go on, with what they have and with new ones; the child ends here. */
static void check_fork(int inside_which) {
    begin(16 * 1024);
    for (unsigned number = 0; number < 3; number++) run_turn(number);
    child = -1;
    forks_in = inside_which;
    if (inside_which < 0) {
        child = fork();
        CHECK(child >= 0);
    }
    for (unsigned number = 3; number < 12; number++) run_turn(number);
    CHECK(child >= 0);
    end();
    begin(8192);
    for (unsigned number = 0; number < 3; number++) run_turn(number);
    end();
    if (child == 0) exit(0);
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

/* ---- locked memory ---------------------------------------------------------------------------- */

static int is_locked;

/* Everything that is there and that comes, or, where the limit forbids that, what comes. */
static void lock_memory(void) {
    const char *kind = "all memory";
    is_locked = mlockall(MCL_CURRENT | MCL_FUTURE) == 0;
    if (!is_locked) {
        kind = "memory from now on";
        is_locked = mlockall(MCL_FUTURE) == 0;
    }
    if (is_locked) {
        printf("mlockall: %s\n", kind);
    } else {
        printf("mlockall: not run: %s\n", strerror(errno));
    }
}

static void in_locked_memory(void) {
    lock_memory();
    if (!is_locked) return;
    for (int round = 0; round < 3; round++) {
        begin(64 * 1024);
        for (unsigned number = 0; number < 6; number++) run_turn(number);
        end();
    }
    check_fork(1);
}

#ifndef UNDER_EMULATION
/* Little may be locked, also by root: the library says so and ends the program. */
static void beyond_the_limit(void) {
    enum { NOBODY = 65534 };
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_MEMLOCK, &limit) == 0);
    limit.rlim_cur = (rlim_t)1 << 20;
    CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
    CHECK(geteuid() != 0 || setuid(NOBODY) == 0);
    CHECK(mlockall(MCL_FUTURE) == 0);
    for (int i = 0; i < 10000; i++) {
        aco_share_stack_t *stack = aco_share_stack_new2(64 * 1024, 1);
        aco_resume(aco_create(main_co, stack, 0, entry, &records[0]));
    }
}
#endif

static void check_locked_memory(void) {
    char text[500];
    int status = run_in_child(in_locked_memory, text, sizeof text);
    if (status != 0 || text[0] != 0) fprintf(stderr, "in_locked_memory: %d, %s\n", status, text);
    CHECK(status == 0 && text[0] == 0);
#ifndef UNDER_EMULATION
    begin(4096);
    CHECK_DIES(beyond_the_limit, "aco: fatal: aco_share_stack_new2(0x0): no memory for a share stack: "
                                 "69632 bytes, errno 11 (out of memory or over a limit of the "
                                 "system)\n");
    end();
#endif
}

/* ---- tiny stacks ------------------------------------------------------------------------------ */

static void check_tiny_stacks(void) {
    for (size_t size = 1; size <= 8192; size += STEP) {
        begin(size);
        for (unsigned number = 0; number < 3; number++) run_turn(number);
        end();
    }
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    begin(65536); /* the loader looks the names up, which takes more stack than tiny ones have */
    for (unsigned number = 0; number < 6; number++) run_turn(number);
    end();
    check_tiny_stacks();
    check_storms();
    for (int which = -1; which < COS; which++) check_fork(which);
    check_locked_memory();
    aco_destroy(main_co);
    return 0;
}
