/* Changes of files: one event for each call, with its name, for tasks on own and shared stacks and for plain threads. */
#include "rt.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/stat.h>

static char folder[64];

static void make(const char *place, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", place, name);
    CHECK_EQUAL(mknod(path, S_IFREG | 0600, 0), 0);
}

static void removes(const char *place, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", place, name);
    CHECK_EQUAL(unlink(path), 0);
}

static void make_place(char *place) {
    static int count;
    snprintf(place, 100, "%s/%d", folder, __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST));
    CHECK_EQUAL(mkdir(place, 0700), 0);
}

static void has_event(int fd, uint32_t mask, const char *name, int64_t deadline) {
    acort_watch_event_t event;
    memset(&event, 0x55, sizeof event);
    CHECK_EQUAL(acort_watch_next(fd, &event, deadline), 0);
    CHECK(event.wd == 1 && event.mask == mask && strcmp(event.name, name) == 0);
}

/* Names of every length, and an event without one: each call takes one, whatever comes next. */
static void *one_at_a_time(void *argument) {
    char place[100], name[NAME_MAX + 1];
    acort_watch_event_t event;
    make_place(place);
    int fd = acort_watch(place, IN_CREATE | IN_ATTRIB, ACORT_NEVER);
    CHECK(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK_FAILS(acort_watch_next(fd, &event, 0), ETIMEDOUT);
    CHECK_FAILS(acort_watch_next(fd, &event, 1), ETIMEDOUT);
    CHECK_FAILS(acort_watch_next(fd, &event, acort_after(MILLISECONDS)), ETIMEDOUT);
    for (int length = NAME_MAX; length > 0; length -= 6) {
        memset(name, 'n', sizeof name), name[length] = 0;
        make(place, name);
    }
    CHECK_EQUAL(chmod(place, 0750), 0);
    make(place, "last");
    for (int length = NAME_MAX; length > 0; length -= 6) {
        memset(name, 'n', sizeof name), name[length] = 0;
        has_event(fd, IN_CREATE, name, length % 2 ? 0 : ACORT_NEVER);
        removes(place, name);
    }
    has_event(fd, IN_ATTRIB | IN_ISDIR, "", 0);
    has_event(fd, IN_CREATE, "last", 0);
    CHECK_FAILS(acort_watch_next(fd, &event, 0), ETIMEDOUT);
    removes(place, "last");
    CHECK_EQUAL(acort_close(fd), 0);
    CHECK_EQUAL(rmdir(place), 0);
    return argument;
}

static void *wrong(void *argument) {
    acort_watch_event_t event;
    int ends[2];
    CHECK_FAILS(acort_watch(NULL, IN_CREATE, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_watch("/nowhere/at/all", IN_CREATE, ACORT_NEVER), ENOENT);
    CHECK_FAILS(acort_watch(folder, 0, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_watch(folder, IN_CREATE, 0), ETIMEDOUT);
    CHECK_FAILS(acort_watch_next(-1, &event, 0), EBADF);
    CHECK_FAILS(acort_watch_next(0, NULL, 0), EINVAL);
    const struct {
        const char *bytes;
        size_t size;
    } others[] = {{"short", 5}, {"as many as an event has, and more than one of them", 48}, {(char[16]){0}, 16}};
    for (int i = 0; i < 3; i++) {
        CHECK(pipe(ends) == 0 && write(ends[1], others[i].bytes, others[i].size) == (ssize_t)others[i].size);
        CHECK_FAILS(acort_watch_next(ends[0], &event, 0), EINVAL);
        CHECK(acort_close(ends[0]) == 0 && acort_close(ends[1]) == 0);
    }
    return argument;
}

/* An event that comes later; the end of a wait. */
static char watched[100];
static int watch;

static void *waits_for_event(void *argument) {
    has_event(watch, IN_CREATE, "later", ACORT_NEVER);
    return argument;
}

/* EBADF: the file was closed before the call began. */
static void *is_ended(void *argument) {
    acort_watch_event_t event;
    CHECK_EQUAL(acort_watch_next(watch, &event, ACORT_NEVER), -1);
    CHECK(errno == ECANCELED || (argument != NULL && errno == EBADF));
    return NULL;
}

static void *later(void *argument) {
    for (uint32_t flags = 0; flags <= ACORT_SHARED; flags += ACORT_SHARED) {
        make_place(watched);
        watch = acort_watch(watched, IN_CREATE, ACORT_NEVER);
        acort_task_t *task = go_with(flags, waits_for_event, NULL);
        acort_sleep(MILLISECONDS);
        acort_case_t one = {.op = ACORT_FD_READ, .fd = watch};
        CHECK_FAILS(acort_select(&one, 1, 0), ETIMEDOUT);
        make(watched, "later");
        join(task);
        task = go_with(flags, is_ended, NULL);
        acort_sleep(MILLISECONDS);
        CHECK_EQUAL(acort_cancel(task), 0);
        join(task);
        task = go_with(flags, is_ended, &watch);
        acort_sleep(MILLISECONDS);
        CHECK_EQUAL(acort_close(watch), 0);
        join(task);
        removes(watched, "later");
        CHECK_EQUAL(rmdir(watched), 0);
    }
    return argument;
}

static void *all(void *argument) {
    void *(*tests[])(void *) = {one_at_a_time, wrong};
    for (int i = 0; i < 2; i++) {
        join(acort_go(tests[i], NULL));
        join(go_with(ACORT_SHARED, tests[i], NULL));
    }
    return later(argument);
}

int main(void) {
    snprintf(folder, sizeof folder, "/tmp/acort-watch-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    run(all, NULL);
    run_with(2, all, NULL);
    one_at_a_time(NULL);
    wrong(NULL);
    CHECK_EQUAL(rmdir(folder), 0);
    return 0;
}
