/* Hooks, lists, numbers: what a program can see of its tasks. */
#include "rt.h"

static int created, started, blocked, woken, finished, overran;
static char reason[64];
static int user;

static void creates(void *data, acort_task_t *task) {
    CHECK(data == &user && task != NULL);
    created++;
}

static void starts(void *data, acort_task_t *task) {
    CHECK(data == &user && task != NULL);
    started++;
}

static void wakes(void *data, acort_task_t *task) {
    CHECK(data == &user && task != NULL);
    woken++;
}

static void finishes(void *data, acort_task_t *task) {
    CHECK(data == &user && task != NULL);
    finished++;
}


static void blocks(void *data, acort_task_t *task, const char *why) {
    CHECK(data == &user && task == acort_self());
    snprintf(reason, sizeof reason, "%s", why);
    blocked++;
}

static void overruns(void *data, acort_task_t *task, int64_t took) {
    CHECK(data == &user && task != NULL && took > MILLISECONDS);
    overran++;
}

static void *parks(void *argument) {
    CHECK_EQUAL(acort_park(ACORT_NEVER), 0);
    return argument;
}

static void *is_long(void *argument) {
    int64_t end = acort_after(3 * MILLISECONDS);
    while (acort_now() < end) {
    }
    return argument;
}

static void *is_watched(void *argument) {
    acort_task_t *task = acort_go(parks, NULL), *slow = acort_go(is_long, NULL);
    CHECK_EQUAL(created, 3);
    acort_yield();
    CHECK_EQUAL(started, 3);
    CHECK(blocked == 1 && strcmp(reason, "unpark") == 0);
    CHECK_EQUAL(woken, 0);
    acort_unpark(task);
    CHECK_EQUAL(woken, 1);
    join(task), join(slow);
    CHECK_EQUAL(finished, 2);
    CHECK(overran >= 1); /* the machine may be busy with something else */
    return argument;
}

static void hooks(void) {
    acort_hooks_t hooks = {&user, creates, starts, blocks, wakes, finishes, overruns, MILLISECONDS};
    acort_set_hooks(&hooks);
    run(is_watched, NULL);
    CHECK_EQUAL(finished, 3);
    acort_hooks_t none;
    memset(&none, 0, sizeof none);
    acort_set_hooks(&none);
    run(is_long, NULL);
    acort_set_hooks(NULL);
    run(is_long, NULL);
    CHECK_EQUAL(created, 3);
}

static acort_mutex_t mutex;

static void *locks(void *argument) {
    CHECK_EQUAL(acort_mutex_lock(&mutex, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_mutex_unlock(&mutex), 0);
    return argument;
}

static void *reads(void *fd) {
    char byte;
    CHECK_EQUAL(acort_read((int)NUMBER(fd), &byte, 1, ACORT_NEVER), 1);
    return NULL;
}

static void *sleeps(void *argument) {
    CHECK_EQUAL(acort_sleep(20 * MILLISECONDS), 0);
    return argument;
}

static int counts(void *most, acort_task_t *task) {
    CHECK(acort_id(task) != 0);
    return ++*(int *)most == 3 ? 77 : 0;
}

/* The line of a task without a name, which its entry function stands for. */
static int shows(char *line, const char *pattern) {
    char *entry = strstr(line, ", entry ");
    if (entry == NULL || entry[strlen(", entry ")] == 0) return 0;
    *entry = 0;
    return text_matches(line, pattern);
}

static void *is_shown(void *argument) {
    int ends[2], shown[2], visited = 0;
    char text[2048];
    CHECK(pipe(ends) == 0 && pipe(shown) == 0);
    acort_mutex_lock(&mutex, ACORT_NEVER);
    acort_task_t *tasks[] = {acort_go(locks, NULL), acort_go(reads, POINTER(ends[0])), acort_go(sleeps, NULL)};
    acort_set_name(tasks[1], "reader");
    acort_set_name(acort_self(), "a name that is much longer than a line: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    acort_yield();
    acort_task_t *fresh = acort_go(locks, NULL);
    CHECK_EQUAL(acort_dump(shown[1]), 0);
    ssize_t length = read(shown[0], text, sizeof text - 1);
    CHECK(length > 0);
    text[length] = 0;
    char *lines[8];
    int count = 0;
    for (char *line = strtok(text, "\n"); line != NULL && count < 8; line = strtok(NULL, "\n")) lines[count++] = line;
    CHECK_EQUAL(count, 5);
    CHECK(shows(lines[0], "acort: task #: has not begun"));
    CHECK(shows(lines[1], "acort: task # of worker 0: waits for a time"));
    char wanted[128];
    snprintf(wanted, sizeof wanted, "acort: task # reader of worker 0: waits for input of a file descriptor %d", ends[0]);
    CHECK(text_matches(lines[2], wanted));
    snprintf(wanted, sizeof wanted, "acort: task # of worker 0: waits for a mutex at @, held by task %llu",
             (unsigned long long)acort_id(acort_self()));
    CHECK(shows(lines[3], wanted));
    CHECK(text_matches(lines[4], "acort: task # a name that is much longer than a line: aaaaaaaaaaaaaaaaaaaa"
                                 "aaaaaaaaaaaaaaaaaaaa of worker 0: runs or is ready"));
    CHECK_FAILS(acort_dump(-1), EBADF);

    CHECK_EQUAL(acort_foreach(counts, &visited), 77);
    CHECK_EQUAL(visited, 3);
    visited = 10;
    CHECK_EQUAL(acort_foreach(counts, &visited), 0);
    CHECK_EQUAL(visited, 15);
    CHECK_FAILS(acort_foreach(NULL, NULL), EINVAL);

    acort_stats_t stats;
    CHECK_EQUAL(acort_stats(&stats, sizeof stats), 0);
    CHECK(stats.workers == 1 && stats.live == 5 && stats.started == 4 && stats.ended == 0);
    CHECK(stats.switches >= 4);
    CHECK_FAILS(acort_stats(NULL, sizeof stats), EINVAL);
    CHECK_FAILS(acort_stats(&stats, 0), EINVAL);
    uint64_t longer[sizeof stats / 8 + 4];
    memset(longer, 0xff, sizeof longer);
    CHECK_EQUAL(acort_stats((acort_stats_t *)longer, sizeof longer), 0);
    CHECK(longer[0] == 1 && longer[sizeof longer / 8 - 1] == 0);

    acort_mutex_unlock(&mutex);
    CHECK(write(ends[1], "x", 1) == 1);
    for (int i = 0; i < 3; i++) join(tasks[i]);
    join(fresh);
    CHECK_EQUAL(acort_stats(&stats, sizeof stats), 0);
    CHECK(stats.ended == 4 && stats.live == 1 && stats.expired >= 1 && stats.events >= 1);
    acort_close(ends[0]);
    acort_close(ends[1]);
    close(shown[0]);
    close(shown[1]);
    return argument;
}

/* Who visits tasks, and a hook, may call whatever does not wait. */
static int which;

static void calls_back(acort_task_t *task) {
    static acort_key_t key;
    switch (which) {
    case 0: CHECK_EQUAL(acort_set_name(task, "seen"), 0); break;
    case 1: {
        int shown[2];
        CHECK(pipe(shown) == 0);
        CHECK_EQUAL(acort_dump(shown[1]), 0);
        close(shown[0]), close(shown[1]);
        break;
    }
    case 2: {
        acort_group_t *group = acort_group_open();
        CHECK(group != NULL);
        CHECK_EQUAL(acort_group_cancel(group), 0);
        CHECK_EQUAL(acort_group_close(group), 0);
        break;
    }
    case 3: CHECK_EQUAL(acort_key_create(&key, NULL), 0); break;
    case 4: acort_set_name(task, acort_name(task)); break;
    default: CHECK_EQUAL(acort_foreach(counts, &(int){4}), 0); break;
    }
}

static int visits(void *count, acort_task_t *task) {
    ++*(int *)count;
    calls_back(task);
    return 0;
}

static void is_woken(void *data, acort_task_t *task) {
    ++*(int *)data;
    calls_back(task);
}

static void *parks_in_vain(void *argument) {
    CHECK_FAILS(acort_park(ACORT_NEVER), ECANCELED);
    return argument;
}

static void *calls_from_everywhere(void *argument) {
    int visited = 0, seen = 0;
    acort_group_t *group = acort_group_open();
    acort_attr_t attributes;
    acort_attr_init(&attributes, sizeof attributes);
    attributes.group = group;
    for (int i = 0; i < 3; i++) CHECK(acort_go_ex(&attributes, parks_in_vain, NULL) != NULL);
    acort_yield();
    CHECK_EQUAL(acort_foreach(visits, &visited), 0);
    CHECK_EQUAL(visited, 4);
    acort_hooks_t hooks = {&seen, NULL, NULL, NULL, is_woken, NULL, NULL, 0};
    acort_set_hooks(&hooks);
    CHECK_EQUAL(acort_group_close(group), 0);
    acort_set_hooks(NULL);
    CHECK(seen >= 3);
    return argument;
}

static void waits_itself(void *data, acort_task_t *task, const char *why) {
    (void)data, (void)task, (void)why;
    acort_sleep(MILLISECONDS);
}

static void waits_in_a_hook(void) {
    acort_hooks_t hooks = {NULL, NULL, NULL, waits_itself, NULL, NULL, NULL, 0};
    acort_set_hooks(&hooks);
    run(sleeps, NULL);
}

static void *unparks_soon(void *task) {
    usleep(30000);
    acort_unpark(task);
    return NULL;
}

/* A deadline in centuries is slept for, too, by systems that take no such limit. */
static void *is_patient(void *argument) {
    acort_stats_t before, after;
    pthread_t helper;
    CHECK_EQUAL(acort_stats(&before, sizeof before), 0);
    CHECK(pthread_create(&helper, NULL, unparks_soon, acort_self()) == 0);
    CHECK_EQUAL(acort_park(INT64_MAX), 0);
    CHECK(pthread_join(helper, NULL) == 0);
    CHECK_EQUAL(acort_stats(&after, sizeof after), 0);
    CHECK(after.sleeps - before.sleeps >= 1 && after.sleeps - before.sleeps < 10);
    return argument;
}

int main(void) {
    acort_stats_t stats;
    alarm(60);
    for (which = 0; which < 6; which++) run(calls_from_everywhere, NULL);
    CHECK_DIES(waits_in_a_hook, "aco: fatal: acort(@, task #): a hook that is told of a wait would have to wait (wait in "
                                "tasks, or call with deadline 0)\n");
    hooks();
    run(is_shown, NULL);
    run(is_patient, NULL);
    CHECK_FAILS(acort_stats(&stats, sizeof stats), EPERM);
    CHECK_FAILS(acort_foreach(counts, NULL), EPERM);
    return 0;
}
