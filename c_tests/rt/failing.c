/* Each allocation, mapping and protection fails once, in turn, over a scenario of the runtime: a call gives
 * ENOMEM, or a stack cannot be copied, which is a line and SIGABRT; nothing is lost. Interposes the C
 * library's functions, so it needs the shared library. */
#include "rt.h"

#include <dlfcn.h>
#include <sys/mman.h>

static long countdown = -1;
static int counting, refusals;
static long blocks, mapped;

static int fails_now(void) {
    if (!counting || countdown < 0 || countdown-- != 0) return 0;
    errno = ENOMEM;
    return 1;
}

#define REAL(name, type, parameters)                                                             \
    static type(*real) parameters;                                                               \
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, #name)

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
    REAL(mmap, void *, (void *, size_t, int, int, int, off_t));
    if (fails_now()) return MAP_FAILED;
    void *result = real(address, size, protection, flags, file, offset);
    if (counting && result != MAP_FAILED) mapped += (long)size;
    return result;
}

int munmap(void *address, size_t size) {
    REAL(munmap, int, (void *, size_t));
    int result = real(address, size);
    if (counting && result == 0) mapped -= (long)size;
    return result;
}

int mprotect(void *address, size_t size, int protection) {
    REAL(mprotect, int, (void *, size_t, int));
    return fails_now() ? -1 : real(address, size, protection);
}

/* Made of the C library's own. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

void *malloc(size_t size) {
    if (fails_now()) return NULL;
    void *result = __libc_malloc(size);
    if (counting && result != NULL) blocks++;
    return result;
}

void *calloc(size_t count, size_t size) {
    if (fails_now()) return NULL;
    void *result = __libc_calloc(count, size);
    if (counting && result != NULL) blocks++;
    return result;
}

void *realloc(void *block, size_t size) {
    if (fails_now()) return NULL;
    void *result = __libc_realloc(block, size);
    if (counting && block == NULL && result != NULL) blocks++;
    return result;
}

void free(void *block) {
    if (counting && block != NULL) blocks--;
    __libc_free(block);
}

/* Is it there? If not, that is for want of memory. */
static int is_there(const void *object) {
    if (object != NULL) return 1;
    CHECK_EQUAL(errno, ENOMEM);
    refusals++;
    return 0;
}

static int is_done(long result) {
    if (result >= 0) return 1;
    CHECK_EQUAL(errno, ENOMEM);
    refusals++;
    return 0;
}

static acort_key_t key;

static void *naps(void *argument) {
    volatile char block[300];
    memset((char *)block, 5, sizeof block);
    is_done(acort_key_set(key, argument));
    int64_t outer, far = acort_after(3600000 * MILLISECONDS);
    int has_scope = is_done(acort_deadline_push(far, &outer));
    is_done(acort_sleep(100000));
    if (has_scope) CHECK_EQUAL(acort_deadline_pop(&outer), 0);
    for (size_t i = 0; i < sizeof block; i++) CHECK(block[i] == 5);
    return argument;
}

static void *selects(void *channel) {
    int64_t value = 0;
    acort_case_t cases[2];
    memset(cases, 0, sizeof cases);
    cases[0].op = cases[1].op = ACORT_RECV;
    cases[0].object = cases[1].object = channel;
    cases[0].data = cases[1].data = &value;
    is_done(acort_select(cases, 2, acort_after(10 * MILLISECONDS)));
    return NULL;
}

static void *scenario(void *argument) {
    acort_task_t *tasks[8];
    acort_attr_t attributes;
    acort_chan_t *channel = acort_chan_new(8, 1, 0);
    acort_group_t *group = acort_group_open();
    if (is_there(group)) is_done(acort_group_deadline(group, acort_after(3600000 * MILLISECONDS)));
    if (!is_there(channel)) return argument;
    for (int i = 0; i < 8; i++) {
        acort_attr_init(&attributes, sizeof attributes);
        attributes.flags = i % 2 ? ACORT_SHARED : i == 0 ? ACORT_MEASURE : 0;
        attributes.arg_copy_size = i == 1 ? 48 : 0;
        attributes.stack_size = i == 6 ? 300000 : 0;
        attributes.name = i == 3 ? "three" : NULL;
        attributes.group = i == 2 ? group : NULL;
        tasks[i] = acort_go_ex(&attributes, i < 4 ? naps : selects, channel);
        is_there(tasks[i]);
    }
    int64_t value = 1;
    for (int i = 0; i < 4; i++) {
        int sent = acort_chan_send(channel, &value, acort_after(20 * MILLISECONDS));
        CHECK(sent == 0 || errno == ETIMEDOUT || errno == ENOMEM);
    }
    int ends[2];
    char byte;
    CHECK(pipe(ends) == 0);
    int got = (int)acort_read(ends[0], &byte, 1, acort_after(MILLISECONDS / 10));
    CHECK(got == -1 && (errno == ETIMEDOUT || errno == ENOMEM));
    refusals += errno == ENOMEM;
    acort_close(ends[0]);
    acort_close(ends[1]);
    for (int i = 0; i < 8; i++) {
        if (tasks[i] != NULL) is_done(acort_join(tasks[i], NULL, ACORT_NEVER));
    }
    if (group != NULL) CHECK_EQUAL(acort_group_close(group), 0);
    acort_chan_unref(channel);
    return argument;
}

static void *counted_scenario(void *fail_at) {
    countdown = NUMBER(fail_at);
    counting = 1;
    int result = acort_run(scenario, NULL, NULL);
    counting = 0;
    if (result != 0) {
        CHECK_EQUAL(errno, ENOMEM);
        refusals++;
    }
    return POINTER(countdown == -1);
}

/* In a thread: its pools and slabs go back when it ends. Did a call fail? */
static int run_scenario(long fail_at) {
    pthread_t thread;
    void *failed;
    CHECK(pthread_create(&thread, NULL, counted_scenario, POINTER(fail_at)) == 0);
    CHECK(pthread_join(thread, &failed) == 0);
    return failed != NULL;
}

static long fail_at_in_child;
static int is_afresh;
enum { NONE_FAILED = 42 };

static void run_in_this_child(void) {
    if (!is_afresh) { /* what stays for good was made by the run without failure */
        run_scenario(-1);
        blocks = mapped = 0;
    }
    int failed = run_scenario(fail_at_in_child);
    if (!is_afresh) CHECK(blocks <= 0);
    if (!failed) _exit(NONE_FAILED);
    if (refusals > 0) fprintf(stderr, "refused\n");
}

int main(void) {
    char text[2000];
    CHECK_EQUAL(acort_key_create(&key, NULL), 0);
    for (is_afresh = 0; is_afresh < 2; is_afresh++) {
        long refused = 0;
        for (fail_at_in_child = 0;; fail_at_in_child++) {
            int status = run_in_child(run_in_this_child, text, sizeof text);
            if (WIFEXITED(status) && WEXITSTATUS(status) == NONE_FAILED) break;
            int died = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
            int said = died && strncmp(text, "aco: fatal: ", 12) == 0 && strstr(text, "no memory for") != NULL;
            int warned = strncmp(text, "aco: warning: ", 14) == 0;
            int well = status == 0 && (text[0] == 0 || warned || strcmp(text, "refused\n") == 0);
            if (!said && !well) fprintf(stderr, "%ld: %#x, %s\n", fail_at_in_child, status, text);
            CHECK(said || well);
            refused += strstr(text, "refused") != NULL;
        }
        CHECK(fail_at_in_child > 8 && refused > 5);
    }
    return 0;
}
