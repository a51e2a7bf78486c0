/* How tasks are started: with a copy of the argument, in memory of the program's, measured; what does not go
 * together. The version, and how deep stacks were used. */
#include "rt.h"

enum { SIZE = 64 * 1024 };
static _Alignas(16) char memory[SIZE + 16];

/* Structs that may grow at their ends. abidiff does not see their other fields: abi/suppressions. */
#define FIELD(type, field, offset, size) \
    _Static_assert(offsetof(type, field) == (offset) && sizeof((type *)0)->field == (size), #type "." #field)
#if __SIZEOF_POINTER__ == 8
FIELD(acort_attr_t, size, 0, 8);
FIELD(acort_attr_t, name, 8, 8);
FIELD(acort_attr_t, group, 16, 8);
FIELD(acort_attr_t, stack_size, 24, 8);
FIELD(acort_attr_t, flags, 32, 4);
FIELD(acort_attr_t, worker, 36, 4);
FIELD(acort_attr_t, stack, 40, 8);
FIELD(acort_attr_t, arg_copy_size, 48, 8);
FIELD(acort_attr_t, arg_destroy, 56, 8);
FIELD(acort_opts_t, size, 0, 8);
FIELD(acort_opts_t, workers, 8, 4);
FIELD(acort_opts_t, flags, 12, 4);
FIELD(acort_opts_t, stack_size, 16, 8);
FIELD(acort_opts_t, shared_stack_size, 24, 8);
FIELD(acort_opts_t, blocking_threads, 32, 4);
FIELD(acort_opts_t, reserved, 36, 4);
FIELD(acort_opts_t, main_stack_size, 40, 8);
FIELD(acort_opts_t, stack_gap, 48, 8);
FIELD(acort_opts_t, test_seed, 56, 8);
FIELD(acort_stats_t, workers, 0, 8);
FIELD(acort_stats_t, live, 8, 8);
FIELD(acort_stats_t, started, 16, 8);
FIELD(acort_stats_t, ended, 24, 8);
FIELD(acort_stats_t, switches, 32, 8);
FIELD(acort_stats_t, polls, 40, 8);
FIELD(acort_stats_t, sleeps, 48, 8);
FIELD(acort_stats_t, events, 56, 8);
FIELD(acort_stats_t, expired, 64, 8);
FIELD(acort_stats_t, received, 72, 8);
FIELD(acort_stats_t, forced, 80, 8);
#endif

static acort_attr_t attributes_with(uint32_t flags) {
    acort_attr_t attributes;
    CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
    attributes.flags = flags;
    return attributes;
}

struct job {
    unsigned char bytes[1000];
    struct job *from;
};

static void *has_a_copy(void *argument) {
    const struct job *job = argument;
    CHECK(job != job->from && (uintptr_t)job % 16 == 0);
    for (int i = 0; i < 2; i++) {
        for (size_t j = 0; j < sizeof job->bytes; j++) CHECK_EQUAL(job->bytes[j], job->bytes[0]);
        if (job->bytes[0] & 1) CHECK_EQUAL(acort_set_name(acort_self(), "a name beside it"), 0);
        acort_yield();
    }
    return POINTER(job->bytes[0]);
}

/* From any stack to any stack; what was copied may change, or go. */
static void *copies(void *argument) {
    enum { TASKS = 16 };
    acort_task_t *tasks[TASKS];
    struct job *job = ON_STACK(sizeof *job);
    for (int i = 0; i < TASKS; i++) {
        memset(job->bytes, i + 1, sizeof job->bytes);
        job->from = job;
        acort_attr_t attributes = attributes_with(i & 2 ? ACORT_SHARED : 0);
        attributes.arg_copy_size = sizeof *job;
        attributes.name = i & 4 ? "named" : NULL;
        tasks[i] = go_so(attributes, has_a_copy, job);
    }
    memset(job->bytes, 99, sizeof job->bytes);
    for (int i = 0; i < TASKS; i++) CHECK_EQUAL(NUMBER(join(tasks[i])), i + 1);
    return argument;
}

static void *copies_from_shared(void *argument) {
    join(go_with(ACORT_SHARED, copies, NULL));
    return argument;
}

static void *is_in_memory(void *argument) {
    char *place = ON_STACK(16);
    CHECK((uintptr_t)place >= (uintptr_t)memory && (uintptr_t)place < (uintptr_t)memory + SIZE);
    memset(place, 7, 16);
    acort_sleep(MILLISECONDS / 10);
    CHECK(place[15] == 7);
    return argument;
}

static void *in_given_memory(void *argument) {
    acort_attr_t attributes = attributes_with(0);
    attributes.stack = memory;
    attributes.stack_size = SIZE;
    for (int i = 0; i < 20; i++) {
        CHECK(join(go_so(attributes, is_in_memory, POINTER(i))) == POINTER(i));
        memset(memory, i, SIZE); /* the program's again */
    }
    attributes.stack_size = SIZE + 1; /* any size, not only pages */
    CHECK(join(go_so(attributes, is_in_memory, POINTER(5))) == POINTER(5));
    return argument;
}

/* The last frame uses so many bytes. */
static __attribute__((noinline)) void uses(size_t bytes) {
    volatile char *place = ON_STACK(bytes);
    for (size_t i = 0; i < bytes; i += 16) place[i] = 1;
}

static void *goes_deep(void *bytes) {
    ssize_t before = acort_stack_used(acort_self());
    CHECK(before > 0 && before < 8192);
    uses((size_t)NUMBER(bytes));
    return NULL;
}

/* How deep it was by itself, and in a call that is over. */
static void *measured(void *argument) {
    for (int given = 0; given < 2; given++) {
        acort_attr_t attributes = attributes_with(ACORT_MEASURE);
        if (given) {
            attributes.stack = memory;
            attributes.stack_size = SIZE;
        }
        ssize_t last = 0;
        for (long bytes = 10000; bytes <= 40000; bytes += 10000) {
            acort_task_t *task = go_so(attributes, goes_deep, POINTER(bytes));
            CHECK_EQUAL(acort_stack_used(task), 0);
            while ((last = acort_stack_used(task)) == 0) acort_yield(); /* it has ended then */
            CHECK(last > bytes && last < bytes + 8192);
            join(task);
        }
    }
    return argument;
}

static int parked;

static void *parks(void *argument) {
    uses(20000);
    __atomic_add_fetch(&parked, 1, __ATOMIC_SEQ_CST);
    acort_park(ACORT_NEVER);
    return argument;
}

static void *not_measured(void *argument) {
    acort_task_t *task = acort_go(parks, NULL);
    CHECK_EQUAL(acort_stack_used(task), 0);
    acort_sleep(MILLISECONDS);
    ssize_t used = acort_stack_used(task);
    CHECK(used > 0 && used < 4096); /* where it waits; what was is not known */
    acort_unpark(task);
    join(task);
    CHECK_FAILS(acort_stack_used(task), ESRCH);
    CHECK_FAILS(acort_stack_used(NULL), EINVAL);
    CHECK(acort_stack_used(acort_self()) > 0);
    return argument;
}

/* Another worker may take the stack away. */
static void *of_another_worker(void *argument) {
    acort_attr_t attributes = attributes_with(0);
    attributes.worker = 0;
    acort_task_t *tasks[2];
    parked = 0;
    tasks[0] = go_so(attributes, parks, NULL);
    attributes.worker = 1;
    tasks[1] = go_so(attributes, parks, NULL);
    while (__atomic_load_n(&parked, __ATOMIC_SEQ_CST) < 2) acort_sleep(MILLISECONDS);
    int refused = 0;
    for (int i = 0; i < 2; i++) {
        errno = 0;
        refused += acort_stack_used(tasks[i]) == -1 && errno == EBUSY;
        acort_unpark(tasks[i]);
        join(tasks[i]);
    }
    CHECK_EQUAL(refused, 1);
    return argument;
}

static void *nothing(void *argument) { return argument; }

static void refused(acort_attr_t attributes, void *argument, int error) {
    CHECK_REFUSES(acort_go_ex(&attributes, nothing, argument), error);
}

static void *what_does_not_go_together(void *argument) {
    acort_attr_t attributes = attributes_with(ACORT_SHARED | ACORT_MEASURE);
    refused(attributes, NULL, EINVAL);
    attributes = attributes_with(1u << 31);
    refused(attributes, NULL, EINVAL);
    attributes = attributes_with(ACORT_SHARED);
    attributes.stack = memory;
    attributes.stack_size = SIZE;
    refused(attributes, NULL, EINVAL);
    attributes.flags = 0;
    attributes.stack = memory + 8; /* not aligned */
    refused(attributes, NULL, EINVAL);
    attributes.stack = memory;
    attributes.stack_size = 4095;
    refused(attributes, NULL, EINVAL);
    attributes.stack_size = 0;
    refused(attributes, NULL, EINVAL);
    attributes.stack_size = SIZE_MAX;
    refused(attributes, NULL, EINVAL);
    attributes = attributes_with(0);
    attributes.arg_copy_size = 1;
    refused(attributes, NULL, EINVAL);
    attributes.arg_copy_size = SIZE_MAX;
    refused(attributes, memory, ENOMEM);
    attributes = attributes_with(0);
    attributes.size = offsetof(acort_attr_t, stack); /* a program that knows less */
    attributes.stack = POINTER(1);
    CHECK(join(go_so(attributes, nothing, POINTER(3))) == POINTER(3));
    return argument;
}

int main(void) {
    CHECK(strcmp(acort_version(), aco_version_string()) == 0);
    void *(*tests[])(void *) = {copies, copies_from_shared, in_given_memory, what_does_not_go_together};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        run(tests[i], NULL);
        run_with(3, tests[i], NULL);
    }
    run(measured, NULL);
    run(not_measured, NULL);
    run_with(2, of_another_worker, NULL);
    return 0;
}
