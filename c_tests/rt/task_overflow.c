/* A task that overflows its stack has a line without being asked, and the signal goes on as if nothing had
 * looked at it: to a handler before, to one after, to one that returns. */
#include "rt.h"

#include <sys/mman.h>

static volatile int never;

static void __attribute__((noinline)) recurses(volatile char *above) {
    volatile char frame[256];
    frame[0] = above == NULL ? 0 : above[0];
    if (!never) recurses(frame);
    frame[1] = frame[0]; /* no tail call */
}
static void *overflows(void *argument) {
    recurses(NULL);
    return argument;
}
static void *overflows_in_task(void *argument) {
    acort_attr_t attributes;
    CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
    attributes.flags = (uint32_t)NUMBER(argument);
    attributes.name = "reader";
    join(acort_go_ex(&attributes, overflows, NULL));
    return NULL;
}

#define LINE(name, kib, field)                                                                       \
    "acort: fatal: task #" name " (entry @) overflowed its " kib " KiB stack: fault at @, sp @, " \
    "stack from @ (make it larger: acort_opts_t." field ")\n"
#define OF_TASK LINE(" reader", "256", "stack_size or acort_attr_t.stack_size")
#define OF_MAIN LINE("", "1024", "main_stack_size")

static void in_task(void) { acort_run(overflows_in_task, NULL, NULL); }
static void in_shared_task(void) { acort_run(overflows_in_task, POINTER(ACORT_SHARED), NULL); }
static void in_main_task(void) { acort_run(overflows, NULL, NULL); }
static void in_thread(void) { acort_enter(runtime_with(2), overflows_in_task, NULL, NULL); }
static void in_loop(void) {
    acort_opts_t options;
    acort_opts_init(&options, sizeof options);
    options.flags = ACORT_LOOP;
    acort_t *runtime = acort_new(&options);
    CHECK(acort_loop_go(runtime, overflows_in_task, NULL) != NULL);
    acort_loop_step(runtime, ACORT_NEVER);
}
static void is_asked_too(void) {
    CHECK(aco_report_overflow() == 0);
    in_task();
}
/* The text has this line first, or none; the signal then does its work, or another handler's tool does. */
static void check_end(int line, void (*body)(void), const char *wanted, int exit_code) {
    char text[8000];
    int status = run_in_child(body, text, sizeof text);
    char *end = strchr(text, '\n');
    if (IS_WATCHED && *wanted != 0 && end != NULL) end[1] = 0; /* its own report */
    if (IS_WATCHED && *wanted == 0 && strncmp(text, "acort:", 6) != 0) text[0] = 0;
#ifdef UNDER_EMULATION
    char *own = strstr(text, "qemu:");
    if (own != NULL) *own = 0;
#endif
    int is_ended = exit_code != 0 ? WIFEXITED(status) && WEXITSTATUS(status) == exit_code
                   : IS_WATCHED   ? status != 0
                                  : WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
    if (!is_ended || !text_matches(text, wanted)) {
        fprintf(stderr, "task_overflow.c:%d: wanted %s got %#x and: %s\n", line, wanted, status, text);
        exit(1);
    }
}
#define CHECK_END(body, wanted, code) check_end(__LINE__, body, wanted, code)

static void handle(void (*handler)(int, siginfo_t *, void *), int flags, struct sigaction *before) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    sigaddset(&action.sa_mask, SIGUSR1);
    CHECK(sigaction(SIGSEGV, &action, before) == 0);
    CHECK(sigaction(SIGBUS, &action, NULL) == 0);
}
static int is_on_signal_stack(void) {
    stack_t stack;
    return sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_ONSTACK) != 0;
}
static int blocks(int signal) {
    sigset_t blocked;
    return sigprocmask(SIG_BLOCK, NULL, &blocked) == 0 && sigismember(&blocked, signal);
}

/* A handler before: its flags, its mask, its stack. */
static void ends_with_7(int signal, siginfo_t *info, void *context) {
    (void)context;
    CHECK(signal == SIGSEGV && info->si_code > 0 && info->si_addr != NULL);
    CHECK(is_on_signal_stack() && blocks(SIGUSR1) && blocks(SIGSEGV));
    _exit(7);
}
static void handler_before(void) {
    handle(ends_with_7, SA_ONSTACK, NULL);
    in_task();
}

/* One after, which calls what was there before; with a handler before, and without. */
static struct sigaction was_there;
static void calls_before(int signal, siginfo_t *info, void *context) {
    was_there.sa_sigaction(signal, info, context);
}
static void *is_later(void *argument) {
    handle(calls_before, SA_ONSTACK, &was_there);
    return overflows_in_task(argument);
}
static void handler_after(void) { acort_run(is_later, NULL, NULL); }
static void handlers_before_and_after(void) {
    handle(ends_with_7, SA_ONSTACK, NULL);
    handler_after();
}
/* The same in a second runtime: the later handler stays before the reporter, which goes round in no circle. */
static void *installs_later(void *argument) {
    handle(calls_before, SA_ONSTACK, &was_there);
    return argument;
}
static void handler_after_in_second(void) {
    acort_run(installs_later, NULL, NULL);
    in_task();
}
/* As Python's faulthandler: puts back what was there, and sends the signal. */
static void puts_back(int signal, siginfo_t *info, void *context) {
    (void)info, (void)context;
    sigaction(signal, &was_there, NULL);
    raise(signal);
}
static void *faults(void *argument) {
    *(volatile int *)argument = 1;
    return argument;
}
static void *faults_with_later(void *argument) {
    handle(puts_back, SA_ONSTACK | SA_NODEFER, &was_there);
    return faults(argument);
}
static void later_that_sends(void) { acort_run(faults_with_later, POINTER(0x18), NULL); }

/* One that returns: the fault is mended, on the task's own stack, and the next one comes to it, too. */
static volatile int mended;
static int harmless, needs_stack;
static const struct sigaction dies;
static void mends(int signal, siginfo_t *info, void *context) {
    (void)context;
    CHECK(signal == SIGSEGV || signal == SIGBUS);
    if (mended == 4) { /* an overflow, which takes its course */
        CHECK(is_on_signal_stack());
        sigaction(signal, &dies, NULL);
        return;
    }
    CHECK(is_on_signal_stack() == needs_stack && blocks(SIGUSR1));
    char *page = (char *)((uintptr_t)info->si_addr & ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1));
    CHECK(mprotect(page, 1, PROT_READ | PROT_WRITE) == 0);
    mended++;
}
static void *faults_and_goes_on(void *argument) {
    char *pages = argument;
    for (int i = 0; i < 4; i++) {
        *(volatile char *)&pages[i * sysconf(_SC_PAGESIZE)] = 1;
        CHECK_EQUAL(mended, i + 1);
        join(go_with(0, faults, &harmless));
    }
    return NULL;
}
static void check_one_that_returns(void) {
    char *pages = mmap(NULL, 4 * sysconf(_SC_PAGESIZE), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    handle(mends, 0, NULL);
    run(faults_and_goes_on, pages);
    _exit(7);
}
/* After it the reporter is back. */
static void *faults_and_overflows(void *argument) {
    faults_and_goes_on(argument);
    return overflows_in_task(NULL);
}

/* A signal that is sent comes with all that it was sent with. */
static void was_sent(int signal, siginfo_t *info, void *context) {
    (void)context;
    CHECK(info->si_code == SI_QUEUE && info->si_value.sival_int == 42 && signal == SIGSEGV);
    CHECK_EQUAL(info->si_pid, getpid());
    _exit(7);
}
static void *sends(void *argument) {
    union sigval value;
    value.sival_int = 42;
    sigqueue(getpid(), SIGSEGV, value);
    return argument;
}
static void sent(void) {
    handle(was_sent, 0, NULL);
    acort_run(sends, NULL, NULL);
}

/* What is no overflow of a task has no line. */
static void wild_pointer(void) { acort_run(faults, POINTER(0x18), NULL); }
static void overflows_alone(void) { recurses(NULL); }
static void *overflows_in_coroutine(void *argument) {
    aco_t *self = aco_get_co();
    aco_resume(aco_create(self, aco_share_stack_new(65536), 0, overflows_alone, NULL));
    return argument;
}
static void in_coroutine(void) { acort_run(overflows_in_coroutine, NULL, NULL); }
static void off_by_environment(void) {
    setenv("ACORT_NO_OVERFLOW_REPORT", "1", 1);
    in_task();
}
static void on_by_environment(void) {
    setenv("ACORT_NO_OVERFLOW_REPORT", "0", 1);
    in_task();
}
static void off_by_flag(void) {
    acort_opts_t options;
    acort_opts_init(&options, sizeof options);
    options.flags = ACORT_NO_OVERFLOW_REPORT;
    acort_run_ex(&options, overflows_in_task, NULL, NULL);
}
static void off_beside_another(void) {
    runtime_with(1);
    off_by_flag();
}

/* What was there is there again when no runtime is; a later handler stays. */
static struct sigaction present(void) {
    struct sigaction action;
    CHECK(sigaction(SIGSEGV, NULL, &action) == 0);
    return action;
}
static void *nothing(void *argument) { return argument; }
static void *is_there(void *before) {
    CHECK(present().sa_sigaction != ((struct sigaction *)before)->sa_sigaction);
    return NULL;
}
static void check_it_is_put_back(void) {
    handle(was_sent, SA_RESTART, NULL);
    struct sigaction before = present();
    run(is_there, &before);
    CHECK(present().sa_sigaction == was_sent);
    struct sigaction after = present();
    CHECK(after.sa_flags == before.sa_flags && sigismember(&after.sa_mask, SIGUSR1));
    acort_t *one = runtime_with(1), *two = runtime_with(2);
    struct sigaction reporter = present();
    run(is_there, &before);
    CHECK(present().sa_sigaction == reporter.sa_sigaction);
    CHECK_EQUAL(acort_free(one), 0);
    CHECK(present().sa_sigaction == reporter.sa_sigaction);
    CHECK_EQUAL(acort_free(two), 0);
    CHECK(present().sa_sigaction == was_sent);
    run(installs_later, NULL);
    CHECK(present().sa_sigaction == calls_before);
    run(nothing, NULL);
    CHECK(present().sa_sigaction == calls_before);
    _exit(7);
}

static void returns_and_overflows(void) {
    char *pages = mmap(NULL, 4 * sysconf(_SC_PAGESIZE), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    handle(mends, SA_ONSTACK, NULL); /* there is no room on the other */
    needs_stack = 1;
    acort_run(faults_and_overflows, pages, NULL);
}

/* The program saves the action, which is the reporter's, and sets it again after a fault: it is not its own next one. */
static void *sets_it_again(void *argument) {
    volatile char *pages = argument;
    for (int i = 0; i < 3; i++) {
        sigaction(SIGSEGV, NULL, &was_there);
        pages[i * sysconf(_SC_PAGESIZE)] = 1;
        CHECK_EQUAL(mended, i + 1);
        sigaction(SIGSEGV, &was_there, NULL);
        join(go_with(0, faults, &harmless));
    }
    return NULL;
}
static void set_again(void) {
    char *pages = mmap(NULL, 4 * sysconf(_SC_PAGESIZE), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    handle(mends, 0, NULL);
    alarm(60);
    run(sets_it_again, pages);
    _exit(7);
}

int main(void) {
    CHECK_END(in_task, OF_TASK, 0);
    CHECK_END(in_shared_task, LINE(" reader", "2048", "shared_stack_size"), 0);
    CHECK_END(in_main_task, OF_MAIN, 0);
    CHECK_END(in_thread, OF_TASK, 0);
    CHECK_END(in_loop, OF_TASK, 0);
    CHECK_END(is_asked_too, OF_TASK, 0);
    CHECK_END(on_by_environment, OF_TASK, 0);
    CHECK_END(off_by_environment, "", 0);
    CHECK_END(off_by_flag, "", 0);
    CHECK_END(off_beside_another, "", 0);
    CHECK_END(wild_pointer, "", 0);
    CHECK_END(in_coroutine, "", 0);
    if (IS_WATCHED) return 0; /* the tool has the handlers in its own hands */
    CHECK_END(handler_before, OF_TASK, 7);
    CHECK_END(handler_after, OF_TASK, 0);
    CHECK_END(handlers_before_and_after, OF_TASK, 7);
    CHECK_END(handler_after_in_second, OF_TASK, 0);
    CHECK_END(later_that_sends, "", 0);
    CHECK_END(check_one_that_returns, "", 7);
    CHECK_END(returns_and_overflows, OF_TASK, 0);
    CHECK_END(set_again, "", 7);
    CHECK_END(sent, "", 7);
    CHECK_END(check_it_is_put_back, "", 7);
    return 0;
}
