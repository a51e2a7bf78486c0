/* Starting with flags and detached, attributes and options by initializer; the destructor of an argument is called
 * once, however the task ends, and where it was not started. */
#include "rt.h"

static long destroyed, begun;
static void *last;

static void counts(void *argument) {
    last = argument;
    destroyed++;
}

static acort_task_t *go_owning(acort_attr_t attributes, void *(*body)(void *), void *argument) {
    attributes.arg_destroy = counts;
    destroyed = 0;
    acort_task_t *task = acort_go_ex(&attributes, body, argument);
    CHECK(task != NULL && destroyed == 0);
    return task;
}

static void *is_not_yet_destroyed(void *argument) {
    begun++;
    for (int i = 0; i < 3; i++) {
        acort_yield();
        CHECK_EQUAL(destroyed, 0);
    }
    return argument;
}

static void *leaves_by_exit(void *argument) { acort_exit(is_not_yet_destroyed(argument)); }

static void *leaves_by_aco_exit(void *argument) {
    is_not_yet_destroyed(argument);
    aco_exit();
    return NULL;
}

static void *waits_in_vain(void *argument) {
    CHECK_FAILS(acort_park(ACORT_NEVER), ECANCELED);
    return argument;
}

/* Joined, detached, cancelled; with and without NULL. */
static void *once_however_it_ends(void *flags) {
    acort_body_t bodies[] = {is_not_yet_destroyed, leaves_by_exit, leaves_by_aco_exit};
    for (int i = 0; i < 6; i++) {
        acort_attr_t attributes = ACORT_ATTR_INIT;
        attributes.flags = (uint32_t)NUMBER(flags);
        void *argument = i & 1 ? &attributes : NULL;
        if (NUMBER(flags) & ACORT_SHARED) argument = NULL;
        join(go_owning(attributes, bodies[i / 2], argument));
        CHECK(destroyed == 1 && last == argument);
        attributes.flags |= ACORT_DETACHED;
        go_owning(attributes, bodies[i / 2], argument);
        while (destroyed == 0) acort_yield();
        CHECK(destroyed == 1 && last == argument);
    }
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.flags = (uint32_t)NUMBER(flags);
    acort_task_t *task = go_owning(attributes, waits_in_vain, NULL);
    acort_yield();
    CHECK_EQUAL(acort_cancel(task), 0);
    join(task);
    CHECK_EQUAL(destroyed, 1);
    return NULL;
}

/* It gets the copy, which lives until then. */
static void *has_a_copy(void *argument) {
    CHECK_EQUAL(*(int *)argument, 7);
    return argument;
}

static void checks_copy(void *argument) {
    CHECK_EQUAL(*(int *)argument, 7);
    counts(argument);
}

static void *gets_the_copy(void *unused) {
    int *original = ON_STACK(sizeof *original);
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.arg_copy_size = sizeof *original;
    attributes.arg_destroy = checks_copy;
    attributes.name = "with a name";
    *original = 7;
    destroyed = 0;
    acort_task_t *task = acort_go_ex(&attributes, has_a_copy, original);
    *original = 8;
    CHECK(join(task) == last && last != original && destroyed == 1);
    return unused;
}

/* After the destructors of keys; as the task, whose calls work; what it sets under a key is destroyed as well. */
static acort_key_t key;
static char order[16];
static acort_task_t *ending;

static void notes_value(void *value) { strcat(order, (char *)value); }

static void notes_argument(void *argument) {
    CHECK(acort_self() == ending);
    CHECK_FAILS(acort_park(0), ETIMEDOUT);
    CHECK(acort_key_get(key) == NULL && acort_key_set(key, (void *)"2") == 0);
    strcat(order, (char *)argument);
}

static void *sets_a_value(void *argument) {
    CHECK_EQUAL(acort_key_set(key, (void *)"1"), 0);
    return argument;
}

static void *is_in_order(void *unused) {
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.arg_destroy = notes_argument;
    CHECK_EQUAL(acort_key_create(&key, notes_value), 0);
    order[0] = 0;
    ending = acort_go_ex(&attributes, sets_a_value, (void *)"a");
    join(ending);
    CHECK(strcmp(order, "1a2") == 0);
    CHECK_EQUAL(acort_key_delete(key), 0);
    return unused;
}

/* A call that fails has destroyed the argument, unless it could not read the attributes. errno is the call's. */
static void spoils_errno(void *argument) {
    errno = E2BIG;
    counts(argument);
}

static void refused(acort_attr_t attributes, acort_body_t body, void *argument, int error) {
    attributes.arg_destroy = spoils_errno;
    destroyed = 0;
    CHECK_REFUSES(acort_go_ex(&attributes, body, argument), error);
    CHECK(destroyed == 1 && last == argument);
}

static void *refuses(void *unused) {
    acort_attr_t attributes = ACORT_ATTR_INIT;
    refused(attributes, NULL, &attributes, EINVAL);
    attributes.flags = 1u << 31;
    refused(attributes, has_a_copy, NULL, EINVAL);
    attributes.flags = 0;
    attributes.arg_copy_size = 4;
    refused(attributes, has_a_copy, NULL, EINVAL);
    attributes.arg_copy_size = SIZE_MAX - 8;
    refused(attributes, has_a_copy, &attributes, ENOMEM);
    destroyed = 0;
    attributes.arg_destroy = counts;
    attributes.size = 1;
    CHECK_REFUSES(acort_go_ex(&attributes, has_a_copy, NULL), EINVAL);
    CHECK_EQUAL(destroyed, 0);
    return unused;
}

static void *refuses_on_shared_stack(void *unused) {
    acort_attr_t attributes = ACORT_ATTR_INIT;
    refused(attributes, has_a_copy, ON_STACK(8), EFAULT);
    return unused;
}

/* No memory for its stack: it never begins. */
static void *never_begins(void *with_yield) {
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.stack_size = SIZE_MAX / 2;
    begun = 0;
    acort_task_t *task = go_owning(attributes, is_not_yet_destroyed, with_yield);
    CHECK_EQUAL(acort_detach(task), 0);
    return NULL;
}

static void makes_calls(void *argument) {
    acort_mutex_t *mutex = argument;
    CHECK_EQUAL(acort_mutex_lock(mutex, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_mutex_unlock(mutex), 0);
    CHECK(acort_self() != NULL && acort_key_set(key, mutex) == 0);
    destroyed++;
}

static void *never_begins_and_calls(void *mutex) {
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.stack_size = SIZE_MAX / 2;
    attributes.flags = ACORT_DETACHED;
    attributes.arg_destroy = makes_calls;
    destroyed = 0;
    CHECK(acort_go_ex(&attributes, is_not_yet_destroyed, mutex) != NULL);
    return NULL;
}

/* Given up in a deadlock: its frames are lost, its argument is not. */
static void *waits_for_good(void *argument) {
    acort_cancel_mask(1);
    acort_park(ACORT_NEVER);
    return argument;
}

static void *is_abandoned(void *unused) {
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.flags = ACORT_DETACHED;
    go_owning(attributes, waits_for_good, unused);
    return unused;
}

static void deadlocks(void) {
    CHECK_FAILS(acort_run(is_abandoned, &begun, NULL), EDEADLK);
    CHECK(destroyed == 1 && last == &begun);
}

static void yields_in_destructor(void *unused) {
    (void)unused;
    acort_yield();
}

static void *seven(void *unused) {
    static int number = 7;
    (void)unused;
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.arg_destroy = yields_in_destructor;
    join(acort_go_ex(&attributes, has_a_copy, &number));
    return NULL;
}

static void waits_in_destructor(void) { acort_run(seven, NULL, NULL); }

/* The initializers say what the functions do, and the short forms are short. */
static void *returns(void *argument) { return argument; }

static void *adds_one(void *number) {
    __atomic_add_fetch((long *)number, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void *short_forms(void *unused) {
    static long count;
    acort_attr_t attributes = ACORT_ATTR_INIT, filled;
    acort_opts_t options = ACORT_OPTS_INIT;
    CHECK_EQUAL(acort_attr_init(&filled, sizeof filled), 0);
    CHECK(attributes.size == filled.size && attributes.worker == filled.worker && attributes.flags == filled.flags);
    CHECK(attributes.name == NULL && attributes.group == NULL && attributes.stack_size == 0);
    CHECK(attributes.stack == NULL && attributes.arg_copy_size == 0 && attributes.arg_destroy == NULL);
    CHECK(filled.arg_destroy == NULL && options.size == sizeof options && options.workers == 0);
    join(acort_go_ex(&attributes, returns, NULL));
    CHECK(join(acort_go_flags(0, returns, &count)) == &count);
    CHECK(join(acort_go_flags(ACORT_SHARED | ACORT_NEXT, returns, &count)) == &count);
    CHECK(acort_go_flags(ACORT_DETACHED, adds_one, &count) != NULL);
    for (int i = 0; i < 9; i++) CHECK_EQUAL(acort_go_detached(adds_one, &count), 0);
    while (__atomic_load_n(&count, __ATOMIC_SEQ_CST) % 10 != 0 || count == 0) acort_yield();
    CHECK_REFUSES(acort_go_flags(1u << 31, returns, NULL), EINVAL);
    CHECK_REFUSES(acort_go_flags(ACORT_SHARED | ACORT_MEASURE, returns, NULL), EINVAL);
    CHECK_REFUSES(acort_go_flags(0, NULL, NULL), EINVAL);
    CHECK_FAILS(acort_go_detached(NULL, NULL), EINVAL);
    return unused;
}

static void *short_forms_on_shared(void *unused) {
    CHECK_REFUSES(acort_go_flags(0, returns, ON_STACK(8)), EFAULT);
    CHECK_FAILS(acort_go_detached(returns, ON_STACK(8)), EFAULT);
    return unused;
}

static void *on_shared(void *unused) {
    join(acort_go_flags(ACORT_SHARED, short_forms_on_shared, NULL));
    join(acort_go_flags(ACORT_SHARED, refuses_on_shared_stack, NULL));
    join(acort_go_flags(ACORT_SHARED, gets_the_copy, NULL));
    return unused;
}

static void outside_of_tasks(void) {
    acort_attr_t attributes = ACORT_ATTR_INIT;
    refused(attributes, returns, &attributes, EPERM);
    CHECK_REFUSES(acort_go_flags(0, returns, NULL), EPERM);
    CHECK_FAILS(acort_go_detached(returns, NULL), EPERM);
}

/* A program that was compiled with the smaller struct of before. */
static void *knows_less(void *unused) {
    acort_attr_t attributes = ACORT_ATTR_INIT;
    attributes.size = offsetof(acort_attr_t, arg_destroy);
    attributes.arg_destroy = counts;
    destroyed = 0;
    join(acort_go_ex(&attributes, returns, NULL));
    CHECK_EQUAL(destroyed, 0);
    return unused;
}

int main(void) {
    acort_mutex_t mutex = {{0}};
    run(once_however_it_ends, NULL);
    run(once_however_it_ends, POINTER(ACORT_SHARED));
    run(gets_the_copy, NULL);
    run(is_in_order, NULL);
    run(refuses, NULL);
    run(short_forms, NULL);
    run(on_shared, NULL);
    run(knows_less, NULL);
    run_with(2, short_forms, NULL);
    outside_of_tasks();
    run(never_begins, NULL);
    CHECK(destroyed == 1 && begun == 0);
    CHECK_EQUAL(acort_key_create(&key, NULL), 0);
    run(never_begins_and_calls, &mutex);
    CHECK(destroyed == 1 && begun == 0);
    CHECK_EQUAL(acort_key_delete(key), 0);
    if (!HAS_FOREIGN_THREADS) {
        char text[4096];
        CHECK(run_in_child(deadlocks, text, sizeof text) == 0);
    }
    CHECK_DIES(waits_in_destructor, "aco: fatal: acort(@, task #): a coroutine that the task resumed would have to wait "
                                    "(wait in the task itself, or call with deadline 0)\n");
    return 0;
}
