/* Several calls that wait for the same signals: the one that came first has them, wherever it waits; when it
 * leaves, the next one. No signal is lost. */
#include "rt.h"

#include <dirent.h>

/* A call in a task or a thread, and what it has come to. */
typedef struct {
    sigset_t set;
    int64_t deadline;
    int result, error, value;
    acort_task_t *task;
    pthread_t thread;
} call_t;

static sigset_t all;
static uint32_t workers;
static int ended;

static sigset_t set_of(int one, int other) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, one);
    sigaddset(&set, other);
    return set;
}

static void *waits(void *place) {
    call_t *call = place;
    siginfo_t info;
    memset(&info, 0, sizeof info);
    call->result = acort_signal_wait(&call->set, &info, call->deadline);
    call->error = errno;
    call->value = info.si_value.sival_int;
    __atomic_fetch_add(&ended, 1, __ATOMIC_RELEASE);
    return NULL;
}

/* So many calls of the process wait: each has a signalfd. */
static int waiting(void) {
    DIR *folder = opendir("/proc/self/fd");
    CHECK(folder != NULL);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char what[64] = "";
        if (readlinkat(dirfd(folder), entry->d_name, what, sizeof what - 1) < 0) continue;
        count += strcmp(what, "anon_inode:[signalfd]") == 0;
    }
    closedir(folder);
    return count;
}

/* Those, and those that have ended: one that leaves counts as less for a moment, and never as more. */
static int begun(void) {
    int over = __atomic_load_n(&ended, __ATOMIC_ACQUIRE);
    return waiting() + over;
}

/* A call makes its signalfd and joins the others with one mutex. One for a signal that no other wants has it after that. */
static void settle(void) {
    sigset_t unwanted = set_of(SIGRTMIN + 1, SIGRTMIN + 1);
    CHECK_FAILS(acort_signal_wait(&unwanted, NULL, 1), ETIMEDOUT);
}

/* Begins a call in a task, whose kind and worker change, and waits until it waits. */
static void begin_task(call_t *call, sigset_t set, int64_t deadline) {
    static int number;
    int before = begun();
    acort_attr_t attributes;
    CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
    attributes.flags = ++number % 2 ? ACORT_SHARED : 0;
    attributes.worker = number / 2 % (int)workers;
    *call = (call_t){.set = set, .deadline = deadline};
    CHECK((call->task = acort_go_ex(&attributes, waits, call)) != NULL);
    while (begun() <= before) acort_sleep(MILLISECONDS / 10);
    settle();
}

/* The same, every third time in a thread. */
static void begin(call_t *call, sigset_t set, int64_t deadline) {
    static int number;
    if (++number % 3 != 0) return begin_task(call, set, deadline);
    int before = begun();
    *call = (call_t){.set = set, .deadline = deadline};
    CHECK(pthread_create(&call->thread, NULL, waits, call) == 0);
    while (begun() <= before) acort_sleep(MILLISECONDS / 10);
    settle();
}

static void end(call_t *call) {
    if (call->task != NULL) join(call->task);
    while (call->task == NULL && pthread_tryjoin_np(call->thread, NULL) != 0) acort_sleep(MILLISECONDS / 10);
}

/* It has this signal, or this error. */
static void has(call_t *call, int result, int error) {
    end(call);
    CHECK_EQUAL(call->result, result);
    if (result == -1) CHECK_EQUAL(call->error, error);
}

static void queue(int signal, int value) {
    union sigval what = {.sival_int = value};
    CHECK(sigqueue(getpid(), signal, what) == 0);
}

static void wait_for_ends(int count) {
    while (__atomic_load_n(&ended, __ATOMIC_ACQUIRE) < count) acort_sleep(MILLISECONDS / 10);
    CHECK_EQUAL(__atomic_load_n(&ended, __ATOMIC_ACQUIRE), count);
}

/* One after the other, and as many as wait at once. */
static void *in_order(void *argument) {
    enum { COUNT = 9 };
    call_t calls[COUNT];
    for (int at_once = 0; at_once < 2; at_once++) {
        __atomic_store_n(&ended, 0, __ATOMIC_RELEASE);
        for (int i = 0; i < COUNT; i++) begin(&calls[i], all, ACORT_NEVER);
        for (int i = 0; i < COUNT; i++) {
            queue(SIGRTMIN, i);
            if (!at_once) wait_for_ends(i + 1);
        }
        for (int i = 0; i < COUNT; i++) {
            has(&calls[i], SIGRTMIN, 0);
            CHECK_EQUAL(calls[i].value, i);
        }
    }
    return argument;
}

/* Sets that overlap: in each order of the signals the first call that wants one has it. */
static void *overlapping(void *argument) {
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t order = 0; order < sizeof orders / sizeof *orders; order++) {
        const int signals[] = {SIGUSR1, SIGUSR2, SIGRTMIN};
        call_t calls[3];
        int has_ended[3] = {0, 0, 0};
        __atomic_store_n(&ended, 0, __ATOMIC_RELEASE);
        begin(&calls[0], set_of(SIGUSR1, SIGUSR2), ACORT_NEVER);
        begin(&calls[1], set_of(SIGUSR2, SIGRTMIN), ACORT_NEVER);
        begin(&calls[2], set_of(SIGRTMIN, SIGUSR1), ACORT_NEVER);
        for (int i = 0; i < 3; i++) {
            int signal = signals[orders[order][i]], first = 0;
            while (first < 3 && (has_ended[first] || !sigismember(&calls[first].set, signal))) first++;
            if (first == 3) continue; /* both that want it have another one */
            queue(signal, 0);
            has(&calls[first], signal, 0);
            has_ended[first] = 1;
        }
        for (int i = 0; i < 3; i++) {
            if (has_ended[i]) continue;
            queue(signals[i], 0);
            has(&calls[i], signals[i], 0);
        }
    }
    return argument;
}

/* A call that leaves without a signal, even one that has come for it, leaves that to the next. */
static void *leaving(void *argument) {
    call_t first, next;
    for (int i = 0; i < 12; i++) {
        begin(&first, all, acort_after(5 * MILLISECONDS));
        begin(&next, all, ACORT_NEVER);
        has(&first, -1, ETIMEDOUT);
        queue(SIGUSR1, 0);
        has(&next, SIGUSR1, 0);
        begin_task(&first, all, ACORT_NEVER);
        begin(&next, all, ACORT_NEVER);
        queue(SIGRTMIN, 0);
        acort_cancel(first.task);
        end(&first);
        if (first.result == SIGRTMIN) { /* its own worker was faster */
            CHECK(workers > 1);
            queue(SIGRTMIN, 0);
        } else {
            CHECK_EQUAL(first.error, ECANCELED);
        }
        has(&next, SIGRTMIN, 0);
    }
    return argument;
}

/* No call overtakes another one: neither one that only looks nor one that comes later. */
static void *overtaking(void *argument) {
    call_t calls[2];
    for (int i = 0; i < 6; i++) {
        __atomic_store_n(&ended, 0, __ATOMIC_RELEASE);
        begin(&calls[0], all, ACORT_NEVER);
        queue(SIGUSR2, 0);
        CHECK_FAILS(acort_signal_wait(&all, NULL, 0), ETIMEDOUT);
        CHECK_FAILS(acort_signal_wait(&all, NULL, 1), ETIMEDOUT);
        has(&calls[0], SIGUSR2, 0);
        sigset_t others = set_of(SIGUSR1, SIGRTMIN);
        begin(&calls[1], others, ACORT_NEVER);
        queue(SIGUSR2, 0);
        CHECK_EQUAL(acort_signal_wait(&all, NULL, 0), SIGUSR2); /* no call waits for that one */
        queue(SIGUSR1, 0);
        CHECK_FAILS(acort_signal_wait(&all, NULL, acort_after(2 * MILLISECONDS)), ETIMEDOUT);
        has(&calls[1], SIGUSR1, 0);
    }
    return argument;
}

/* What has come when the deadline has passed is not too late: signals and children. */
static void *waits_for_child(void *pid) {
    return POINTER(acort_waitpid((pid_t)NUMBER(pid), NULL, acort_after(5 * MILLISECONDS)));
}

static void *looks_once_more(void *argument) {
    for (int i = 0; i < 3; i++) {
        call_t call = {.set = all, .deadline = acort_after(100 * MILLISECONDS)};
        __atomic_store_n(&ended, 0, __ATOMIC_RELEASE);
        acort_task_t *task = acort_go(waits, &call);
        while (begun() == 0) acort_yield();
        while (acort_now() <= call.deadline) continue;
        int is_late = __atomic_load_n(&ended, __ATOMIC_ACQUIRE); /* the machine is busy with something else */
        if (!is_late) CHECK(raise(SIGUSR1) == 0);
        join(task);
        CHECK(is_late || call.result == SIGUSR1);
    }
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) pause(), _exit(0);
    acort_task_t *task = acort_go(waits_for_child, POINTER(child));
    acort_yield();
    for (int64_t end = acort_after(10 * MILLISECONDS); acort_now() < end;) continue;
    siginfo_t info;
    CHECK(kill(child, SIGKILL) == 0 && waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
    CHECK_EQUAL(NUMBER(join(task)), child);
    return argument;
}

/* Many calls that come and go, some of which are given up at random: each signal is had once. */
enum { MANY = 12, SIGNALS = 1500 };
static long had, sum;
static int is_over;

static void *takes_many(void *seed) {
    uint64_t random = (uint64_t)NUMBER(seed) + 1;
    while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE)) {
        sigset_t set = random_next(&random) % 2 ? all : set_of(SIGRTMIN, SIGUSR1);
        int64_t wait = (int64_t)(random % 5) * MILLISECONDS / 10;
        siginfo_t info;
        if (acort_signal_wait(&set, &info, wait == 0 ? 0 : acort_after(wait)) == -1) {
            CHECK(errno == ETIMEDOUT);
            if (wait == 0) acort_sleep(MILLISECONDS / 10);
            continue;
        }
        __atomic_fetch_add(&sum, info.si_value.sival_int, __ATOMIC_RELAXED);
        __atomic_fetch_add(&had, 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void *takes_many_outside(void *seed) { return takes_many(seed); }

static void *none_is_lost(void *argument) {
    acort_task_t *tasks[MANY];
    pthread_t threads[2];
    had = sum = is_over = 0;
    for (long i = 0; i < MANY; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, takes_many, POINTER(i));
    for (long i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], NULL, takes_many_outside, POINTER(77 + i)) == 0);
    for (int i = 0; i < SIGNALS; i++) {
        queue(SIGRTMIN, i);
        while (__atomic_load_n(&had, __ATOMIC_ACQUIRE) < i - 16) acort_sleep(MILLISECONDS / 10);
    }
    while (__atomic_load_n(&had, __ATOMIC_ACQUIRE) < SIGNALS) acort_sleep(MILLISECONDS / 10);
    __atomic_store_n(&is_over, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < MANY; i++) join(tasks[i]);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(had, SIGNALS);
    CHECK_EQUAL(sum, (long)SIGNALS * (SIGNALS - 1) / 2);
    CHECK_EQUAL(waiting(), 0);
    return argument;
}

/* A child of fork(2) has no call of its parent's threads before its own. */
static void *is_told(void *argument) {
    CHECK_FAILS(acort_signal_wait(&all, NULL, acort_after(MILLISECONDS)), ETIMEDOUT);
    CHECK(kill(getpid(), SIGUSR1) == 0);
    CHECK_EQUAL(acort_signal_wait(&all, NULL, 0), SIGUSR1);
    CHECK(kill(getppid(), SIGUSR2) == 0); /* the child waits, or will */
    CHECK_EQUAL(acort_signal_wait(&all, NULL, ACORT_NEVER), SIGRTMIN);
    return argument;
}

static void child_is_told(void) {
    call_t call = {.set = all, .deadline = ACORT_NEVER};
    __atomic_store_n(&ended, 0, __ATOMIC_RELEASE);
    CHECK(pthread_create(&call.thread, NULL, waits, &call) == 0);
    while (waiting() == 0) usleep(100);
    usleep(100000); /* it sleeps by now: the child has no lock of the library that another thread held */
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(60);
        run(is_told, NULL);
        _exit(0);
    }
    pthread_join(call.thread, NULL);
    CHECK_EQUAL(call.result, SIGUSR2);
    int status;
    CHECK(kill(child, SIGRTMIN) == 0 && waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
}

int main(void) {
    alarm(300);
    all = set_of(SIGUSR1, SIGUSR2);
    sigaddset(&all, SIGRTMIN);
    sigset_t blocked = all;
    sigaddset(&blocked, SIGRTMIN + 1);
    CHECK(pthread_sigmask(SIG_BLOCK, &blocked, NULL) == 0);
    void *(*tests[])(void *) = {in_order, overlapping, leaving, overtaking, none_is_lost};
    for (workers = 1; workers < 3; workers++)
        for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) run_with(workers, tests[i], NULL);
    run(looks_once_more, NULL);
    child_is_told();
    return 0;
}
