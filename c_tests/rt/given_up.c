/* Calls with the names of files that hang are given up: what they make later is removed, and nothing of the caller is
 * used. Stands in for mkostemp(3), scandir(3) and rmdir(2): needs the shared library. */
#include "rt.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>

/* In the place of the C library's: they hang until the gate has no writer. */
static int gate[2], is_shut, hanging, ended;

static void pass_gate(void) {
    struct pollfd closed = {gate[0], POLLIN, 0};
    if (!__atomic_load_n(&is_shut, __ATOMIC_SEQ_CST)) return;
    __atomic_add_fetch(&hanging, 1, __ATOMIC_SEQ_CST);
    while (poll(&closed, 1, -1) != 1) continue;
    __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
}

int mkostemp(char *path, int flags) {
    pass_gate();
    int fd = mkstemp(path);
    CHECK_EQUAL(flags, O_CLOEXEC);
    if (fd >= 0) CHECK(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
    return fd;
}

int rmdir(const char *path) {
    pass_gate();
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int scandir(const char *path, struct dirent ***list, int (*select)(const struct dirent *),
            int (*compare)(const struct dirent **, const struct dirent **)) {
    int (*next)(const char *, struct dirent ***, int (*)(const struct dirent *),
                int (*)(const struct dirent **, const struct dirent **));
    pass_gate();
    *(void **)&next = dlsym(RTLD_NEXT, "scandir");
    return next(path, list, select, compare);
}

static char stuck[64];

static const char *in(char *path, const char *name) {
    snprintf(path, PATH_MAX, "%s/%s", stuck, name);
    return path;
}

static void *is_given_up(void *deadline) {
    char path[PATH_MAX];
    struct dirent **list = NULL;
    int64_t end = deadline == NULL ? ACORT_NEVER : acort_after(5 * MILLISECONDS);
    int error = deadline == NULL ? ECANCELED : ETIMEDOUT;
    in(path, "t-XXXXXX");
    CHECK_FAILS(acort_mkstemp(path, end), error);
    CHECK(strstr(path, "XXXXXX") != NULL);
    if (deadline != NULL) {
        CHECK_FAILS(acort_scandir(stuck, &list, acort_after(5 * MILLISECONDS)), error);
        CHECK_FAILS(acort_rmdir(in(path, "folder"), acort_after(5 * MILLISECONDS)), error);
    }
    CHECK(list == NULL);
    return NULL;
}

static void *calls_that_hang(void *argument) {
    char path[PATH_MAX];
    snprintf(stuck, sizeof stuck, "/tmp/acort-given-up-XXXXXX");
    CHECK(mkdtemp(stuck) != NULL);
    CHECK_EQUAL(mkdir(in(path, "folder"), 0700), 0);
    CHECK(pipe2(gate, O_CLOEXEC) == 0);
    hanging = ended = 0;
    is_shut = 1;
    for (int i = 0; i < 4; i++) {
        int before = __atomic_load_n(&hanging, __ATOMIC_SEQ_CST);
        acort_task_t *task = go_with(i % 2 ? ACORT_SHARED : 0, is_given_up, POINTER(i / 2));
        if (i / 2 == 0) {
            while (__atomic_load_n(&hanging, __ATOMIC_SEQ_CST) == before) acort_sleep(MILLISECONDS / 10);
            CHECK_EQUAL(acort_cancel(task), 0);
        }
        join(task);
    }
    __atomic_store_n(&is_shut, 0, __ATOMIC_SEQ_CST);
    close(gate[1]);
    while (__atomic_load_n(&ended, __ATOMIC_SEQ_CST) < __atomic_load_n(&hanging, __ATOMIC_SEQ_CST)) acort_sleep(MILLISECONDS);
    /* The threads are done soon. What was given up before it began was not done, so the folder may be there. */
    unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
    while (acort_rmdir(stuck, ACORT_NEVER) != 0) {
        CHECK_EQUAL(errno, ENOTEMPTY);
        acort_sleep(MILLISECONDS);
    }
    close(gate[0]);
    return argument;
}

int main(void) {
    run(calls_that_hang, NULL);
    run_with(3, calls_that_hang, NULL);
    return 0;
}
