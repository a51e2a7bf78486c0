/* What the threads of a runtime begin with is the state of the thread that made it: not of the task that asked first for
 * a thread, nor what an earlier call has left there. */
#include "rt.h"

#include <fenv.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static cpu_set_t processors_of_this_thread(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CHECK_EQUAL(sched_getaffinity(0, sizeof set, &set), 0);
    return set;
}

/* The first of these, alone. */
static cpu_set_t only_one(cpu_set_t set) {
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
        if (CPU_ISSET(i, &set)) CPU_SET(i, &one);
    }
    return one;
}

static void use(cpu_set_t set) {
    CHECK_EQUAL(sched_setaffinity(0, sizeof set, &set), 0);
}

/* What a call on a thread of the pool is to see. */
static cpu_set_t wanted;
static int rounding = FE_TONEAREST;

static void *sees_the_makers(void *argument) {
    cpu_set_t set = processors_of_this_thread();
    CHECK(CPU_EQUAL(&set, &wanted));
    CHECK_EQUAL(fegetround(), rounding);
    CHECK_EQUAL(fetestexcept(FE_ALL_EXCEPT), 0);
#ifdef __GLIBC__
    CHECK_EQUAL(fegetexcept(), 0);
#endif
    return argument;
}

/* Floating point that a compiler does not foresee. */
static volatile double zero, one = 1;

static void *divides(void *argument) {
    volatile double result = one / zero;
    (void)result;
    return argument;
}

/* Changes all that a thread has. */
static void *goes_wild(void *argument) {
    use(only_one(processors_of_this_thread()));
    feraiseexcept(FE_OVERFLOW | FE_INEXACT);
    CHECK_EQUAL(fesetround(FE_UPWARD), 0);
    divides(NULL);
#ifdef __GLIBC__
    feenableexcept(FE_DIVBYZERO);
#endif
    return argument;
}

static void *calls(void *argument) {
    CHECK_EQUAL(acort_blocking(sees_the_makers, NULL, NULL), 0);
    CHECK_EQUAL(acort_blocking(divides, NULL, NULL), 0);
    return argument;
}

static void *wild_calls(void *argument) {
    CHECK_EQUAL(acort_blocking(goes_wild, NULL, NULL), 0);
    return calls(argument);
}

/* The thread of a wild task asks, then that of another one; then a call is wild. */
static void *asks(void *argument) {
    enum { TASKS = 4 };
    acort_task_t *tasks[TASKS];
    cpu_set_t before = processors_of_this_thread();
    fenv_t environment;
    CHECK_EQUAL(fegetenv(&environment), 0);
    goes_wild(NULL);
    CHECK_EQUAL(acort_blocking(sees_the_makers, NULL, NULL), 0);
    CHECK_EQUAL(fesetenv(&environment), 0);
    for (int i = 0; i < TASKS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, i < 2 ? calls : wild_calls, NULL);
    for (int i = 0; i < TASKS; i++) CHECK(join(tasks[i]) == NULL);
    use(before);
    return argument;
}

static void run_pinned(uint32_t workers, void *(*body)(void *)) {
    acort_opts_t options;
    CHECK_EQUAL(acort_opts_init(&options, sizeof options), 0);
    options.workers = workers;
    options.flags = ACORT_PIN_CPUS;
    acort_t *runtime = acort_new(&options);
    CHECK(runtime != NULL);
    CHECK_EQUAL(acort_enter(runtime, body, NULL, NULL), 0);
    CHECK_EQUAL(acort_free(runtime), 0);
}

/* A maker whose state is another one: its tasks and calls have it, and those of the next runtime do not. */
static void *has_upward(void *argument) {
    CHECK_EQUAL(fegetround(), FE_UPWARD);
    return calls(argument);
}

static void makers_differ(void) {
    cpu_set_t all = wanted;
    acort_t *plain = runtime_with(2);
    CHECK_EQUAL(fesetround(FE_UPWARD), 0);
    use(wanted = only_one(all));
    acort_t *other = runtime_with(2);
    CHECK_EQUAL(fesetround(FE_TONEAREST), 0);
    use(all);
    for (int i = 0; i < 3; i++) {
        rounding = FE_UPWARD, wanted = only_one(all);
        CHECK_EQUAL(acort_enter(other, has_upward, NULL, NULL), 0);
        rounding = FE_TONEAREST, wanted = all;
        CHECK_EQUAL(acort_enter(plain, calls, NULL, NULL), 0);
    }
    CHECK_EQUAL(acort_free(other), 0);
    CHECK_EQUAL(acort_free(plain), 0);
}

/* A thread of the pool takes no signal between the program's calls, and that for a file is none of those. */
static int handled;
static pid_t pool_thread;

static void counts(int signal) {
    (void)signal;
    __atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
}

static void *says_its_id(void *id) {
    __atomic_store_n((pid_t *)id, (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
    return NULL;
}

static void *is_deaf_when_idle(void *argument) {
    struct sigaction action = {.sa_handler = counts}, before;
    CHECK_EQUAL(sigaction(SIGUSR2, &action, &before), 0);
    CHECK_EQUAL(acort_blocking(says_its_id, &pool_thread, NULL), 0);
    CHECK_EQUAL(syscall(SYS_tgkill, getpid(), pool_thread, SIGUSR2), 0);
    acort_sleep(10 * MILLISECONDS);
    (void)acort_fsync(0, ACORT_NEVER);
    CHECK_EQUAL(__atomic_load_n(&handled, __ATOMIC_SEQ_CST), 0);
    pid_t id = 0;
    for (int i = 0; i < 1000 && id != pool_thread; i++) {
        CHECK_EQUAL(acort_blocking(says_its_id, &id, NULL), 0);
        acort_sleep(MILLISECONDS / 10);
    }
    CHECK_EQUAL(id, pool_thread);
    CHECK_EQUAL(__atomic_load_n(&handled, __ATOMIC_SEQ_CST), 1);
    CHECK_EQUAL(sigaction(SIGUSR2, &before, NULL), 0);
    return argument;
}

/* Names, as top -H shows them. */
static char process_name[16];

static void *checks_name(void *start) {
    char name[16] = "";
    CHECK_EQUAL(prctl(PR_GET_NAME, name), 0);
    CHECK_EQUAL(strncmp(name, (char *)start, strlen((char *)start)), 0);
    return NULL;
}

static void *thread_names(void *start) {
    checks_name(start);
    static char pool[] = "acort-blocking";
    CHECK_EQUAL(acort_blocking(checks_name, pool, NULL), 0);
    return NULL;
}

/* Workers, unless their number is asked for: no more than there are processors for the maker. */
static uint64_t workers;

static void *counts_workers(void *argument) {
    acort_stats_t stats;
    CHECK_EQUAL(acort_stats(&stats, sizeof stats), 0);
    workers = stats.workers;
    return argument;
}

static uint64_t default_workers(void) {
    acort_t *runtime = acort_new(NULL);
    CHECK(runtime != NULL);
    CHECK_EQUAL(acort_enter(runtime, counts_workers, NULL, NULL), 0);
    CHECK_EQUAL(acort_free(runtime), 0);
    return workers;
}

static void workers_by_default(void) {
    cpu_set_t all = processors_of_this_thread();
    uint64_t most = default_workers();
    CHECK(most >= 1 && most <= (uint64_t)CPU_COUNT(&all));
    use(only_one(all));
    CHECK_EQUAL(default_workers(), 1);
    use(all);
    CHECK_EQUAL(default_workers(), most);
}

int main(void) {
    CHECK_EQUAL(prctl(PR_GET_NAME, process_name), 0);
    wanted = processors_of_this_thread();
    run(is_deaf_when_idle, NULL);
    run(asks, NULL);
    run_with(1, asks, NULL);
    run_with(2, asks, NULL);
    run_pinned(2, calls);
    run_pinned(2, asks);
    makers_differ();
    workers_by_default();
    static char worker[] = "acort-work-";
    run(thread_names, process_name);
    run_with(2, thread_names, worker);
    checks_name(process_name);
    return 0;
}
