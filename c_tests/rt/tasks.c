/* Tasks: started, joined, detached; order, results, errno, names; libaco's own bodies as tasks; misuse. */
#include "rt.h"

static char order[64];

static void *appends(void *text) {
    for (int i = 0; i < 3; i++) {
        strcat(order, (const char *)text);
        CHECK_EQUAL(acort_yield(), 0);
    }
    return text;
}

static void *takes_turns(void *flags) {
    order[0] = 0;
    acort_task_t *a = go_with((uint32_t)NUMBER(flags), appends, (void *)"a");
    acort_task_t *b = go_with((uint32_t)NUMBER(flags), appends, (void *)"b");
    CHECK(strcmp(order, "") == 0);
    CHECK(strcmp(join(a), "a") == 0 && strcmp(join(b), "b") == 0);
    CHECK(strcmp(order, "ababab") == 0);
    order[0] = 0;
    a = go_with((uint32_t)NUMBER(flags), appends, (void *)"a");
    b = go_with((uint32_t)NUMBER(flags) | ACORT_NEXT, appends, (void *)"b");
    join(a), join(b);
    CHECK(strcmp(order, "bababa") == 0);
    return NULL;
}

static void yields_plainly(void) {
    CHECK(aco_get_arg() == (void *)order);
    for (int i = 0; i < 10; i++) aco_yield();
    aco_exit();
}

static void *exits_deep(void *result) {
    acort_yield();
    acort_exit(result);
}

static void *runs_libaco_bodies(void *flags) {
    acort_body_t body;
    void (*plain)(void) = yields_plainly;
    memcpy(&body, &plain, sizeof body);
    acort_task_t *task = go_with((uint32_t)NUMBER(flags), body, order);
    CHECK(join(task) == NULL);
    CHECK(join(go_with((uint32_t)NUMBER(flags), exits_deep, order)) == order);
    return NULL;
}

static void *keeps_errno(void *number) {
    for (int i = 0; i < 20; i++) {
        errno = (int)NUMBER(number);
        if (i % 2) aco_yield();
        else acort_yield();
        CHECK_EQUAL(errno, NUMBER(number));
    }
    return NULL;
}

static void *errno_is_the_tasks(void *flags) {
    acort_task_t *tasks[5];
    for (int i = 0; i < 5; i++) tasks[i] = go_with((uint32_t)NUMBER(flags), keeps_errno, POINTER(i + 1));
    for (int i = 0; i < 5; i++) join(tasks[i]);
    return NULL;
}

static int ended;

static void *ends(void *argument) {
    ended++;
    return argument;
}

static void *many(void *flags) {
    enum { COUNT = 2000 };
    static acort_task_t *tasks[COUNT];
    ended = 0;
    for (int i = 0; i < COUNT; i++) tasks[i] = go_with((uint32_t)NUMBER(flags), ends, POINTER(i));
    for (int i = 0; i < COUNT; i++) CHECK_EQUAL(NUMBER(join(tasks[i])), i);
    CHECK_EQUAL(ended, COUNT);
    for (int i = 0; i < COUNT; i++) go_with((uint32_t)NUMBER(flags) | ACORT_DETACHED, ends, NULL);
    for (int i = 0; i < COUNT; i++) CHECK_EQUAL(acort_detach(acort_go(ends, NULL)), 0);
    return NULL; /* those that are left end before acort_run() does */
}

static void *grows(void *depth) {
    volatile char block[1000];
    memset((char *)block, (int)NUMBER(depth), sizeof block);
    if (NUMBER(depth) > 0) grows(POINTER(NUMBER(depth) - 1));
    acort_yield();
    for (size_t i = 0; i < sizeof block; i++) CHECK_EQUAL(block[i], (char)NUMBER(depth));
    return NULL;
}

static void *stacks_keep_their_frames(void *flags) {
    acort_task_t *tasks[20];
    for (int i = 0; i < 20; i++) tasks[i] = go_with((uint32_t)NUMBER(flags), grows, POINTER(i));
    for (int i = 0; i < 20; i++) join(tasks[i]);
    return NULL;
}

static void *names(void *argument) {
    acort_task_t *me = acort_self();
    CHECK(me != NULL && acort_name(me) == NULL && acort_id(me) != 0);
    char name[] = "worker bee";
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    attributes.name = name;
    acort_task_t *task = acort_go_ex(&attributes, ends, NULL);
    name[0] = 'W';
    CHECK(strcmp(acort_name(task), "worker bee") == 0);
    CHECK_EQUAL(acort_set_name(task, name), 0);
    CHECK(strcmp(acort_name(task), "Worker bee") == 0);
    CHECK(acort_id(task) != acort_id(me));
    CHECK_EQUAL(acort_set_name(task, NULL), 0);
    CHECK(acort_name(task) == NULL);
    join(task);
    return argument;
}

static void *sleeps_long(void *argument) {
    acort_sleep(3600 * 1000 * MILLISECONDS);
    return argument;
}

static void *joins(void *task) {
    CHECK_EQUAL(acort_join((acort_task_t *)task, NULL, ACORT_NEVER), 0);
    return NULL;
}

static void *is_refused(void *argument) {
    CHECK_FAILS(acort_join(NULL, NULL, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_detach(NULL), EINVAL);
    CHECK_FAILS(acort_set_name(NULL, "x"), EINVAL);
    CHECK_FAILS(acort_cancel(NULL), EINVAL);
    CHECK_FAILS(acort_unpark(NULL), EINVAL);
    CHECK_REFUSES(acort_go(NULL, NULL), EINVAL);
    CHECK_EQUAL(acort_id(NULL), 0);
    CHECK_FAILS(acort_join(acort_self(), NULL, ACORT_NEVER), EDEADLK);
    CHECK_FAILS(acort_detach(acort_self()), EINVAL);
    CHECK_FAILS(acort_run(ends, NULL, NULL), EBUSY);

    acort_task_t *task = acort_go(ends, NULL);
    CHECK_FAILS(acort_join(task, NULL, 0), ETIMEDOUT);
    CHECK_EQUAL(acort_join(task, NULL, ACORT_NEVER), 0);
    CHECK_FAILS(acort_join(task, NULL, ACORT_NEVER), ESRCH);
    CHECK_FAILS(acort_detach(task), ESRCH);
    CHECK_FAILS(acort_unpark(task), ESRCH);

    task = go_with(ACORT_DETACHED, sleeps_long, NULL);
    CHECK_FAILS(acort_join(task, NULL, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_detach(task), EINVAL);
    CHECK_EQUAL(acort_cancel(task), 0);

    task = acort_go(sleeps_long, NULL);
    CHECK_FAILS(acort_join(task, NULL, acort_after(MILLISECONDS)), ETIMEDOUT);
    acort_task_t *joiner = acort_go(joins, task);
    acort_yield();
    CHECK_FAILS(acort_join(task, NULL, ACORT_NEVER), EINVAL);
    CHECK_EQUAL(acort_cancel(task), 0);
    join(joiner);

    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    attributes.flags = 0x100;
    CHECK_REFUSES(acort_go_ex(&attributes, ends, NULL), EINVAL);
    acort_attr_init(&attributes, sizeof attributes);
    attributes.worker = 1;
    CHECK_REFUSES(acort_go_ex(&attributes, ends, NULL), EINVAL);
    acort_attr_init(&attributes, sizeof attributes);
    attributes.size = 0;
    CHECK_REFUSES(acort_go_ex(&attributes, ends, NULL), EINVAL);
    attributes.size = (size_t)-1;
    CHECK_REFUSES(acort_go_ex(&attributes, ends, NULL), EINVAL);
    CHECK_FAILS(acort_attr_init(&attributes, 1), EINVAL);
    CHECK_FAILS(acort_attr_init(NULL, sizeof attributes), EINVAL);

    /* A stack larger than the address space: the task never begins. */
    acort_attr_init(&attributes, sizeof attributes);
    attributes.stack_size = SIZE_MAX / 2;
    task = acort_go_ex(&attributes, ends, NULL);
    CHECK(task != NULL);
    acort_yield();
    acort_task_t *small = acort_go(ends, NULL);
    join(small);
    (void)task; /* it waits for memory until the others have ended */
    return argument;
}

static void *big_stack_uses_it(void *argument) {
    volatile char block[900 * 1024];
    for (size_t i = 0; i < sizeof block; i += 4096) block[i] = 1;
    acort_yield();
    return argument;
}

static void *own_size(void *argument) {
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    attributes.stack_size = 1 << 20;
    for (int i = 0; i < 3; i++) join(acort_go_ex(&attributes, big_stack_uses_it, NULL));
    return argument;
}

static void *passes_a_local(void *argument) {
    CHECK_REFUSES(acort_go(ends, ON_STACK(16)), EFAULT);
    return argument;
}

static void *from_shared_stacks(void *argument) {
    join(go_with(ACORT_SHARED, passes_a_local, NULL));
    return argument;
}

static void outside_of_tasks(void) {
    CHECK(acort_self() == NULL);
    CHECK_REFUSES(acort_go(ends, NULL), EPERM);
    CHECK_REFUSES(acort_group_open(), EPERM);
    CHECK_FAILS(acort_yield(), EPERM);
    CHECK_FAILS(acort_park(ACORT_NEVER), EPERM);
    CHECK_FAILS(acort_cancel_mask(1), EPERM);
    CHECK_FAILS(acort_dump(2), EPERM);
    CHECK_EQUAL(acort_cancelled(), 0);
    CHECK_FAILS(acort_run(NULL, NULL, NULL), EINVAL);
    CHECK_FAILS(acort_enter(NULL, ends, NULL, NULL), EINVAL);
    CHECK_FAILS(acort_free(NULL), EINVAL);
    CHECK_EQUAL(acort_run(ends, POINTER(1), NULL), 0);
}

static void exits_outside(void) { acort_exit(NULL); }

static void generates(void) {
    acort_park(ACORT_NEVER);
    aco_exit();
}

static void *parks_in_a_generator(void *argument) {
    aco_t *generator = aco_create(aco_get_co(), aco_share_stack_new(0), 0, generates, NULL);
    aco_resume(generator);
    return argument;
}

static void waits_in_a_nested_coroutine(void) { acort_run(parks_in_a_generator, NULL, NULL); }

/* A coroutine of libaco's, around the runtime and inside a task. */
static int inside;

static void runs_a_runtime(void) {
    run(takes_turns, POINTER(0));
    inside++;
    aco_yield();
    run(takes_turns, POINTER(ACORT_SHARED));
    inside++;
    aco_exit();
}

static void *uses_libaco(void *argument) {
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(aco_get_co(), stack, 0, yields_plainly, order);
    while (!co->is_end) {
        aco_resume(co);
        acort_yield();
    }
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    return argument;
}

static void beside_libaco(void) {
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    aco_t *co = aco_create(main_co, stack, 0, runs_a_runtime, NULL);
    aco_resume(co);
    CHECK_EQUAL(inside, 1);
    run(uses_libaco, NULL);
    aco_resume(co);
    CHECK(inside == 2 && co->is_end);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
}

/* A join that only asks leaves alone who waits. */
static acort_sem_t may_end;

static void *waits_to_end(void *argument) {
    CHECK_EQUAL(acort_sem_wait(&may_end, ACORT_NEVER), 0);
    return argument;
}

static void *waits_for_end(void *task) {
    CHECK_EQUAL(acort_join(task, NULL, ACORT_NEVER), 0);
    return NULL;
}

static acort_task_t *_Atomic asked;
static _Atomic long questions;

static void *asks(void *argument) {
    for (acort_task_t *task; (task = asked) != argument; questions++) {
        if (task != NULL) acort_join(task, NULL, 0);
        else sched_yield();
    }
    return NULL;
}

static void *is_asked(void *none) {
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, asks, acort_self()), 0);
    for (int i = 0; i < 300; i++) {
        acort_task_t *task = acort_go(waits_to_end, NULL), *joiner = acort_go(waits_for_end, task);
        asked = task;
        for (long before = questions; questions < before + 2;) sched_yield();
        acort_yield();
        asked = NULL;
        for (long before = questions; questions < before + 2;) sched_yield();
        CHECK_FAILS(acort_join(task, NULL, 1), EINVAL);
        acort_sem_post(&may_end);
        join(joiner);
    }
    asked = acort_self();
    pthread_join(thread, NULL);
    return none;
}

/* Who looks at a task's coroutine finds the task's function. */
static void *has_its_function(void *argument) {
    CHECK(aco_get_co()->fp == (aco_cofuncp_t)(void (*)(void))has_its_function && aco_get_arg() == argument);
    return NULL;
}

int main(void) {
    for (int i = 0; i < 2; i++) run(has_its_function, POINTER(i));
    if (IN_ORDER) run(is_asked, NULL);
    void *kinds[] = {POINTER(0), POINTER(ACORT_SHARED)};
    for (int i = 0; i < 2; i++) {
        run(takes_turns, kinds[i]);
        run(runs_libaco_bodies, kinds[i]);
        run(errno_is_the_tasks, kinds[i]);
        run(many, kinds[i]);
        run(stacks_keep_their_frames, kinds[i]);
    }
    run(names, NULL);
    run(is_refused, NULL);
    run(own_size, NULL);
    run(from_shared_stacks, NULL);
    outside_of_tasks();
    beside_libaco();
    CHECK_DIES(exits_outside, "aco: fatal: acort_exit(@): no task runs here (only a task ends itself)\n");
    CHECK_DIES(waits_in_a_nested_coroutine,
               "aco: fatal: acort(@, task #): a coroutine that the task resumed would have to wait (wait "
               "in the task itself, or call with deadline 0)\n");
    return 0;
}
