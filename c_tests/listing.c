/* Names, ids, and the lists: aco_foreach(), aco_dump(), aco_thread_exit(). */
#include "check.h"

#include <aco_ext.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/time.h>

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer) || defined(UNDER_EMULATION)
enum { MANY = 500, THREADS = 3 };
#else
enum { MANY = 20000, THREADS = 6 };
#endif

static __thread aco_t *main_co;
static aco_share_stack_t *shared, *own;

static void yields_inline(void) {
    for (;;) aco_yield();
}
static void yields_by_call(void) {
    for (;;) aco_yield_fn();
}
static void ends_at_once(void) { aco_exit(); }

/* ---- names and ids ---------------------------------------------------------------------------- */

static void check_names(void) {
    aco_t *co = aco_create(main_co, shared, 0, ends_at_once, NULL);
    CHECK(aco_name(co) == NULL && aco_set_name(co, NULL) == 0 && aco_name(co) == NULL);
    char text[200] = "first";
    CHECK_EQUAL(aco_set_name(co, text), 0);
    text[0] = 'x';
    CHECK(strcmp(aco_name(co), "first") == 0);
    CHECK(aco_set_name(co, "") == 0 && aco_name(co) != NULL && aco_name(co)[0] == 0);
    memset(text, 'n', 150);
    text[150] = 0;
    CHECK(aco_set_name(co, text) == 0 && strlen(aco_name(co)) == 63);
    CHECK(strncmp(aco_name(co), text, 63) == 0);
    CHECK_EQUAL(aco_set_name(co, aco_name(co)), 0); /* its own */
    CHECK(strlen(aco_name(co)) == 63);
    for (int i = 0; i < 62; i++) text[i] = 'n';
    strcpy(text + 62, "\xc3\xa9tc");
    CHECK(aco_set_name(co, text) == 0 && strlen(aco_name(co)) == 62);
    aco_resume(co);
    aco_reset(co, ends_at_once, NULL);
    CHECK(strlen(aco_name(co)) == 62);
    CHECK(aco_name(main_co) == NULL && aco_set_name(main_co, "main") == 0);
    CHECK(strcmp(aco_name(main_co), "main") == 0 && aco_set_name(main_co, NULL) == 0);
    aco_destroy(co);
    aco_t *next = aco_create(main_co, shared, 0, ends_at_once, NULL);
    CHECK(aco_name(next) == NULL);
    aco_destroy(next);
}

static void check_ids(void) {
    aco_t *cos[100];
    uint64_t last = 0;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++) {
            cos[i] = aco_create(main_co, shared, 0, ends_at_once, NULL);
            uint64_t id = aco_id(cos[i]);
            CHECK(id > last && aco_id(cos[i]) == id);
            last = id;
        }
        aco_resume(cos[5]);
        CHECK_EQUAL(aco_id(cos[5]), last - 94);
        aco_reset(cos[5], ends_at_once, NULL);
        CHECK_EQUAL(aco_id(cos[5]), last - 94);
        for (int i = 0; i < 100; i++) aco_destroy(cos[i]);
    }
}

/* ---- aco_foreach() ---------------------------------------------------------------------------- */

static size_t visits;

static int counts(aco_t *co, void *data) {
    CHECK(data == &visits && co->share_stack != (void *)1);
    visits++;
    return 0;
}
static size_t listed(void) {
    visits = 0;
    CHECK_EQUAL(aco_foreach(counts, &visits), 0);
    return visits;
}
static int is_it(aco_t *co, void *data) { return co == data; }
static int is_listed(aco_t *co) { return aco_foreach(is_it, co); }

static int destroys(aco_t *co, void *kept) {
    if (co != kept) {
        visits++;
        aco_destroy(co);
    }
    return 0;
}
static aco_t *others[3];
static int destroys_others(aco_t *co, void *unused) {
    (void)unused;
    visits++;
    for (int i = 0; i < 3; i++) {
        if (others[i] != NULL && others[i] != co) {
            aco_destroy(others[i]);
            others[i] = NULL;
        }
    }
    return 0;
}
static int makes(aco_t *co, void *unused) {
    (void)unused;
    CHECK(is_listed(co));
    if (visits < 1000) aco_create(main_co, shared, 0, yields_inline, NULL);
    return visits++ < 3000 ? 0 : -1;
}

static long pages(void) {
    long size = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld", &size) == 1);
    fclose(file);
    return size;
}

static void asks_inside(void) {
    CHECK(is_listed(aco_get_co()) && is_listed(main_co));
    aco_t *inner = aco_create(aco_get_co(), own, 0, yields_inline, NULL);
    aco_resume(inner);
    CHECK(is_listed(inner));
    aco_yield();
    aco_destroy(inner);
    aco_exit();
}

static void check_foreach(void) {
    CHECK(is_listed(main_co));
    CHECK_EQUAL(listed(), 1);
    static aco_t *cos[MANY];
    for (int i = 0; i < MANY; i++) {
        cos[i] = aco_create(main_co, i % 100 == 0 ? own : shared, i % 7 * 100, yields_inline, NULL);
        if (i % 3 == 0) aco_resume(cos[i]);
    }
    CHECK_EQUAL(listed(), MANY + 1);
    for (int i = 0; i < MANY; i += MANY / 10) CHECK(is_listed(cos[i]));
    for (int i = 0; i < MANY; i += 2) aco_destroy(cos[i]);
    CHECK_EQUAL(listed(), MANY / 2 + 1);
    for (int i = 0; i < MANY; i += MANY / 10) CHECK(!is_listed(cos[i]) && is_listed(cos[i + 1]));
    aco_t copy = *cos[1];
    CHECK(!is_listed(&copy));
    long before = pages();
    visits = 0;
    CHECK_EQUAL(aco_foreach(destroys, main_co), 0);
    CHECK(visits == MANY / 2 && listed() == 1);
    if (!IS_WATCHED && MANY >= 20000) CHECK(pages() < before); /* slabs went back all the same */

    aco_t *asks = aco_create(main_co, shared, 0, asks_inside, NULL);
    aco_resume(asks);
    CHECK_EQUAL(listed(), 3);
    aco_resume(asks);
    CHECK(asks->is_end == 1 && is_listed(asks) && listed() == 2);
    aco_destroy(asks);

    for (int i = 0; i < 3; i++) others[i] = aco_create(main_co, shared, 0, yields_inline, NULL);
    visits = 0;
    CHECK_EQUAL(aco_foreach(destroys_others, NULL), 0);
    size_t left = 0;
    for (int i = 0; i < 3; i++) left += others[i] != NULL;
    CHECK(visits <= 2 && listed() == left + 1);
    visits = 0;
    CHECK_EQUAL(aco_foreach(makes, NULL), 0);
    CHECK_EQUAL(aco_foreach(destroys, main_co), 0);
    CHECK_EQUAL(listed(), 1);
}

/* ---- threads ---------------------------------------------------------------------------------- */

static aco_t *left_to_others[THREADS];
static pthread_barrier_t barrier;

static void *lists_its_own(void *place) {
    aco_thread_init(NULL);
    size_t number = (size_t)place, before = 0;
    aco_foreach(destroys, NULL); /* what a thread before has left behind */
    CHECK_EQUAL(aco_thread_exit(), 0);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new2(64 * 1024, 0);
    for (int round = 0; round < 20; round++) {
        aco_t *cos[10];
        for (int i = 0; i < 10; i++) {
            cos[i] = aco_create(main_co, stack, 0, yields_inline, NULL);
            aco_resume(cos[i]);
            CHECK(aco_id(cos[i]) > before);
            before = aco_id(cos[i]);
        }
        left_to_others[number] = cos[0];
        pthread_barrier_wait(&barrier);
        aco_t *other = left_to_others[(number + 1) % THREADS];
        CHECK(!is_listed(other));
        aco_set_name(other, "taken");
        CHECK(strcmp(aco_name(other), "taken") == 0);
        pthread_barrier_wait(&barrier);
        aco_destroy(other);
        pthread_barrier_wait(&barrier);
        CHECK(!is_listed(cos[0]));
        size_t count = 0;
        for (int i = 1; i < 10; i++) count += (size_t)is_listed(cos[i]);
        CHECK_EQUAL(count, 9);
        for (int i = 1; i < 10; i++) aco_destroy(cos[i]);
        pthread_barrier_wait(&barrier);
    }
    CHECK_EQUAL(aco_thread_exit(), 0);
    aco_destroy(main_co);
    aco_share_stack_destroy(stack);
    return NULL;
}

static void check_threads(void) {
    pthread_t threads[THREADS];
    CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, lists_its_own, (void *)i) == 0);
    }
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    pthread_barrier_destroy(&barrier);
    CHECK_EQUAL(listed(), 1);
}

/* ---- aco_dump() ------------------------------------------------------------------------------- */

static char text[1 << 16];

static void dump(void) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    CHECK_EQUAL(aco_dump(ends[1]), 0);
    close(ends[1]);
    size_t length = 0;
    ssize_t got;
    while ((got = read(ends[0], text + length, sizeof text - 1 - length)) > 0) length += (size_t)got;
    close(ends[0]);
    text[length] = 0;
}

/* The rest of the line of this coroutine. */
static const char *line_of(aco_t *co) {
    static char line[500];
    char address[40];
    size_t length = (size_t)snprintf(address, sizeof address, "%p ", (void *)co);
    for (const char *at = text; *at != 0; at = strchr(at, '\n') + 1) {
        if (strncmp(at, address, length) == 0) {
            size_t rest = strcspn(at + length, "\n");
            CHECK(rest < sizeof line);
            memcpy(line, at + length, rest);
            line[rest] = 0;
            return line;
        }
    }
    return "";
}

/* Takes the place in the code after `before` out of a line, with an '@' for it: its module or function,
 * and its number. */
static uint64_t cut_place(char *line, const char *before, char *module) {
    char *place = strstr(line, before);
    CHECK(place != NULL);
    place += strlen(before);
    size_t length = strcspn(place, ","), name = 0;
    for (size_t i = 0; i < length; i++) {
        if (place[i] == '+') name = i + 1;
    }
    uint64_t number = strtoull(place + name, NULL, 16);
    memcpy(module, place, name);
    module[name] = 0;
    memmove(place + 1, place + length, strlen(place + length) + 1);
    *place = '@';
    return number;
}

static void check_line(int at, aco_t *co, const char *pattern) {
    char line[500], modules[2][200];
    strcpy(line, line_of(co));
    char whole[500];
    strcpy(whole, line);
    uint64_t entry = 0;
    if (strstr(line, ", entry ") != NULL) {
        entry = cut_place(line, ", entry ", modules[0]);
        if (modules[0][0] == 0) CHECK_EQUAL(entry, (uintptr_t)co->fp);
    }
    if (strstr(line, ", at ") != NULL) {
        uint64_t here = cut_place(line, ", at ", modules[1]);
        /* In the entry function. Through the library where each switch is watched. */
        if (!IS_WATCHED) CHECK(strcmp(modules[0], modules[1]) == 0 && here - entry - 1 < 1000);
    }
    const char *got = line;
    for (; *pattern != 0; pattern++) {
        if (*pattern == '#') {
            size_t digits = strspn(got, "0123456789");
            if (digits == 0) break;
            got += digits;
        } else if (*got++ != *pattern) {
            break;
        }
    }
    if (*pattern != 0 || *got != 0) {
        fprintf(stderr, "%s:%d: \"%s\" is not as wanted\n", __FILE__, at, whole);
        exit(1);
    }
}
#define CHECK_LINE(co, pattern) check_line(__LINE__, co, pattern)

static void dumps_inside(void) {
    aco_t *waiting = aco_get_co()->main_co;
    dump();
    CHECK_LINE(aco_get_co(), "running, entry @, stack # of 65536, standalone");
    CHECK_LINE(waiting, "waiting \"outer\", entry @, stack # of 2097152, copied");
    CHECK_LINE(main_co, "main \"the ?first??\"");
    aco_exit();
}
static void dumps_deeper(void) {
    aco_t *inner = aco_create(aco_get_co(), own, 0, dumps_inside, NULL);
    aco_resume(inner);
    CHECK_EQUAL(inner->is_end, 1);
    aco_destroy(inner);
    aco_exit();
}

static void check_dump(void) {
    dump();
    CHECK_LINE(main_co, "main");
    aco_t *alone = aco_create(main_co, own, 0, yields_inline, NULL);
    aco_t *inlined = aco_create(main_co, shared, 0, yields_inline, NULL);
    aco_t *called = aco_create(main_co, shared, 0, yields_by_call, NULL);
    aco_t *fresh = aco_create(main_co, shared, 0, yields_inline, NULL);
    aco_t *ended = aco_create(main_co, shared, 0, ends_at_once, NULL);
    aco_set_name(main_co, "the \"first\"\n");
    aco_set_name(alone, "alone");
    uint64_t id = aco_id(ended), other = aco_id(alone);
    CHECK(id < other);
    for (int turn = 0; turn < 2; turn++) {
        aco_resume(alone);
        aco_resume(inlined);
        aco_resume(called);
        if (turn == 0) aco_resume(ended);
        dump();
        CHECK_LINE(main_co, "main \"the ?first??\"");
        CHECK_LINE(alone, "suspended \"alone\" id #, entry @, stack # of 65536, standalone, at @");
        CHECK_LINE(inlined, "suspended, entry @, stack # of 2097152, copied, at @");
        CHECK_LINE(called, "suspended, entry @, stack # of 2097152, copied, at @");
        CHECK_LINE(fresh, "fresh, entry @, stack 0 of 2097152, copied");
        CHECK_LINE(ended, "ended id #, entry @, stack # of 2097152, copied");
        aco_resume(inlined); /* then the other one is copied out */
        dump();
        CHECK_LINE(called, "suspended, entry @, stack # of 2097152, copied, at @");
    }
    aco_destroy(alone);
    aco_t *outer = aco_create(main_co, shared, 0, dumps_deeper, NULL);
    aco_set_name(outer, "outer");
    aco_resume(outer);
    CHECK_EQUAL(outer->is_end, 1);
    aco_share_stack_t *gone = aco_share_stack_new2(8192, 0);
    aco_t *lost = aco_create(main_co, gone, 0, yields_inline, NULL);
    aco_resume(lost);
    aco_share_stack_destroy(gone);
    dump();
    CHECK_LINE(lost, "suspended, entry @, its stack is destroyed");
    aco_t *standing[] = {inlined, called, fresh, ended, outer, lost};
    for (int i = 0; i < 6; i++) aco_destroy(standing[i]);
    aco_set_name(main_co, NULL);
}

/* Into a pipe that holds little, with a reader that takes it in pieces, and signals in between. */
static void *counts_lines(void *end) {
    char piece[700];
    size_t lines = 0;
    ssize_t got;
    usleep(20000); /* the pipe fills up meanwhile, and the writer waits */
    while ((got = read((int)(intptr_t)end, piece, sizeof piece)) > 0) {
        for (ssize_t i = 0; i < got; i++) lines += piece[i] == '\n';
    }
    return (void *)lines;
}
static volatile sig_atomic_t interruptions;
static void interrupts(int signal) {
    (void)signal;
    interruptions++;
}

static void check_interrupted(void) {
    static aco_t *cos[MANY / 4];
    for (int i = 0; i < MANY / 4; i++) {
        cos[i] = aco_create(main_co, shared, 0, ends_at_once, NULL);
        aco_set_name(cos[i], "one of many that have a name of some length");
    }
    int ends[2];
    CHECK(pipe(ends) == 0);
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    CHECK(pthread_sigmask(SIG_BLOCK, &alarms, NULL) == 0);
    pthread_t reader;
    CHECK(pthread_create(&reader, NULL, counts_lines, (void *)(intptr_t)ends[0]) == 0);
    CHECK(pthread_sigmask(SIG_UNBLOCK, &alarms, NULL) == 0);
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    action.sa_handler = interrupts; /* without SA_RESTART: a write(2) that waits gives EINTR */
    CHECK(sigaction(SIGALRM, &action, &before) == 0);
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    CHECK_EQUAL(aco_dump(ends[1]), 0);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    close(ends[1]);
    void *lines;
    CHECK(pthread_join(reader, &lines) == 0);
    CHECK_EQUAL((size_t)lines, MANY / 4 + 1);
    CHECK(sigaction(SIGALRM, &before, NULL) == 0);
    close(ends[0]);
    for (int i = 0; i < MANY / 4; i++) aco_destroy(cos[i]);
}

static void check_no_dump(void) {
    errno = 0;
    CHECK(aco_dump(-1) == -1 && errno == EBADF);
    int ends[2];
    CHECK(pipe2(ends, O_NONBLOCK) == 0);
    static char full[1 << 20];
    while (write(ends[1], full, sizeof full) > 0) {
    }
    while (write(ends[1], full, 1) > 0) {
    }
    errno = 0;
    CHECK(aco_dump(ends[1]) == -1 && errno == EAGAIN);
    signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    errno = 0;
    CHECK(aco_dump(ends[1]) == -1 && errno == EPIPE);
    close(ends[1]);
}

/* ---- aco_thread_exit() ------------------------------------------------------------------------ */

static void check_thread_exit(void) {
    CHECK_EQUAL(aco_thread_exit(), 0);
    aco_t *suspended = aco_create(main_co, shared, 0, yields_inline, NULL);
    aco_t *fresh = aco_create(main_co, shared, 0, yields_inline, NULL);
    aco_t *ended = aco_create(main_co, shared, 0, ends_at_once, NULL);
    aco_resume(suspended);
    aco_resume(ended);
    CHECK_EQUAL(aco_thread_exit(), 2);
    CHECK_EQUAL(aco_thread_exit(), 2);
    aco_resume(suspended);
    aco_destroy(suspended);
    CHECK_EQUAL(aco_thread_exit(), 1);
    for (int i = 0; i < 20; i++) aco_share_stack_destroy(aco_share_stack_new2(256 * 1024, 1));
    aco_share_stack_t *stacks[20];
    for (int i = 0; i < 20; i++) stacks[i] = aco_share_stack_new2(256 * 1024, 1);
    for (int i = 0; i < 20; i++) aco_share_stack_destroy(stacks[i]);
    long before = pages();
    CHECK_EQUAL(aco_thread_exit(), 1);
    if (!IS_WATCHED && MANY >= 20000) CHECK(pages() <= before - 20 * (256 * 1024 / sysconf(_SC_PAGESIZE)));
    aco_destroy(fresh);
    aco_destroy(ended);
    CHECK_EQUAL(aco_thread_exit(), 0);
}

/* ---- misuse ----------------------------------------------------------------------------------- */

static aco_t *destroyed_one(void) {
    aco_t *co = aco_create(main_co, shared, 0, yields_inline, NULL);
    aco_destroy(co);
    return co;
}
static void names_nothing(void) { aco_set_name(NULL, "x"); }
static void asks_nothing(void) { aco_name(NULL); }
static void numbers_nothing(void) { aco_id(NULL); }
static void names_a_destroyed_one(void) { aco_set_name(destroyed_one(), "x"); }
static void asks_a_destroyed_one(void) { aco_name(destroyed_one()); }
static void numbers_a_destroyed_one(void) { aco_id(destroyed_one()); }
static void visits_with_nothing(void) { aco_foreach(NULL, NULL); }

#define IS_NULL "(0x0): the coroutine is NULL (pass a valid one)\n"
#define IS_DEAD "(@, entry @): the coroutine is destroyed (ask about a coroutine before aco_destroy)\n"

static void check_misuse(void) {
    CHECK_DIES(names_nothing, "aco: fatal: aco_set_name" IS_NULL);
    CHECK_DIES(asks_nothing, "aco: fatal: aco_name" IS_NULL);
    CHECK_DIES(numbers_nothing, "aco: fatal: aco_id" IS_NULL);
    CHECK_DIES(names_a_destroyed_one, "aco: fatal: aco_set_name" IS_DEAD);
    CHECK_DIES(asks_a_destroyed_one, "aco: fatal: aco_name" IS_DEAD);
    CHECK_DIES(numbers_a_destroyed_one, "aco: fatal: aco_id" IS_DEAD);
    CHECK_DIES(visits_with_nothing, "aco: fatal: aco_foreach(0x0): visit is NULL (pass a function)\n");
}

int main(void) {
    aco_thread_init(NULL);
    CHECK_EQUAL(listed(), 0);
    CHECK_EQUAL(aco_thread_exit(), 0);
    CHECK_EQUAL(aco_dump(1), 0);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    shared = aco_share_stack_new(0);
    own = aco_share_stack_new2(65536, 1);
    check_names();
    check_ids();
    check_foreach();
    check_threads();
    check_dump();
    check_interrupted();
    check_no_dump();
    check_thread_exit();
    check_misuse();
    CHECK_EQUAL(listed(), 1);
    aco_share_stack_destroy(shared);
    aco_share_stack_destroy(own);
    aco_destroy(main_co);
    CHECK_EQUAL(listed(), 0);
    return 0;
}
