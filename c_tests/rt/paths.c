/* Calls with the names of files: they do what POSIX has, for tasks on own and shared stacks and for plain threads; with
 * deadlines and bad arguments. */
#include "rt.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

static char folder[64];

static const char *in(char *path, const char *place, const char *name) {
    snprintf(path, PATH_MAX, "%s/%s", place, name);
    return path;
}

/* A folder of the test's own: several run at once. */
static void make_place(char *place) {
    static int count;
    snprintf(place, 100, "%s/%d", folder, __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST));
    CHECK_EQUAL(acort_mkdir(place, 0700, ACORT_NEVER), 0);
}

static void *names_and_sizes(void *argument) {
    char place[100], file[PATH_MAX], link[PATH_MAX], other[PATH_MAX];
    struct stat status, wanted;
    make_place(place);
    in(file, place, "file"), in(link, place, "link"), in(other, place, "other");
    CHECK_FAILS(acort_mkdir(place, 0700, ACORT_NEVER), EEXIST);
    CHECK_FAILS(acort_stat(file, &status, ACORT_NEVER), ENOENT);
    int fd = acort_open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0640, ACORT_NEVER);
    CHECK(fd >= 0 && symlink("file", link) == 0);
    CHECK_EQUAL(acort_truncate(file, 1000, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_stat(link, &status, ACORT_NEVER), 0);
    CHECK(stat(link, &wanted) == 0 && status.st_ino == wanted.st_ino && status.st_mode == wanted.st_mode);
    CHECK(S_ISREG(status.st_mode) && status.st_size == 1000);
    CHECK_EQUAL(acort_ftruncate(fd, 10, ACORT_NEVER), 0);
    memset(&status, 0x55, sizeof status);
    CHECK_EQUAL(acort_fstat(fd, &status, ACORT_NEVER), 0);
    CHECK(status.st_ino == wanted.st_ino && status.st_size == 10);
    CHECK_EQUAL(acort_lstat(link, &status, ACORT_NEVER), 0);
    CHECK(S_ISLNK(status.st_mode) && status.st_size == 4);
    CHECK_EQUAL(acort_unlink(link, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_rename(file, other, acort_after(60000 * MILLISECONDS)), 0);
    CHECK(access(file, F_OK) == -1 && acort_stat(other, &status, ACORT_NEVER) == 0);
    CHECK(status.st_ino == wanted.st_ino);
    CHECK_FAILS(acort_rename(file, other, ACORT_NEVER), ENOENT);
    CHECK_FAILS(acort_rmdir(place, ACORT_NEVER), ENOTEMPTY);
    CHECK_FAILS(acort_rmdir(other, ACORT_NEVER), ENOTDIR);
    CHECK_EQUAL(acort_unlink(other, ACORT_NEVER), 0);
    CHECK_EQUAL(acort_close(fd), 0);
    CHECK_EQUAL(acort_rmdir(place, ACORT_NEVER), 0);
    return argument;
}

static void *lists(void *argument) {
    enum { NAMES = 60 };
    char place[100], path[PATH_MAX], name[NAME_MAX + 1];
    struct dirent **list = NULL;
    make_place(place);
    CHECK_EQUAL(acort_scandir(place, &list, ACORT_NEVER), 0);
    free(list);
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "%03d", i * 7 % NAMES);
        if (i == 0) memset(name, 'x', NAME_MAX), name[NAME_MAX] = 0;
        if (i % 3) CHECK_EQUAL(mkdir(in(path, place, name), 0700), 0);
        else CHECK_EQUAL(mknod(in(path, place, name), S_IFREG | 0600, 0), 0);
    }
    CHECK_EQUAL(acort_scandir(place, &list, ACORT_NEVER), NAMES);
    for (int i = 0; i < NAMES; i++) {
        struct stat status;
        if (i > 0) CHECK(strcmp(list[i - 1]->d_name, list[i]->d_name) < 0);
        CHECK(lstat(in(path, place, list[i]->d_name), &status) == 0 && status.st_ino == list[i]->d_ino);
        unsigned char type = S_ISDIR(status.st_mode) ? DT_DIR : DT_REG;
        CHECK(list[i]->d_type == type || list[i]->d_type == DT_UNKNOWN);
        CHECK_EQUAL(type == DT_DIR ? unlinkat(AT_FDCWD, path, AT_REMOVEDIR) : unlink(path), 0);
    }
    for (int i = 0; i < NAMES; i++) free(list[i]);
    free(list);
    CHECK_FAILS(acort_scandir(in(path, place, "none"), &list, ACORT_NEVER), ENOENT);
    CHECK_EQUAL(acort_rmdir(place, ACORT_NEVER), 0);
    return argument;
}

static void *temporary_files(void *argument) {
    char place[100], path[PATH_MAX], again[PATH_MAX];
    struct stat status, named;
    make_place(place);
    in(path, place, "t-XXXXXX"), in(again, place, "t-XXXXXX");
    int fd = acort_mkstemp(path, ACORT_NEVER), other = acort_mkstemp(again, ACORT_NEVER);
    CHECK(fd >= 0 && other >= 0 && strcmp(path, again) != 0 && strstr(path, "XXXXXX") == NULL);
    CHECK(fstat(fd, &status) == 0 && stat(path, &named) == 0 && status.st_ino == named.st_ino);
    CHECK((status.st_mode & 07777) == 0600 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK_EQUAL(acort_pwrite(fd, "x", 1, 0, ACORT_NEVER), 1);
    CHECK(acort_unlink(path, ACORT_NEVER) == 0 && acort_unlink(again, ACORT_NEVER) == 0);
    CHECK(acort_close(fd) == 0 && acort_close(other) == 0);
    in(path, place, "none");
    CHECK_FAILS(acort_mkstemp(path, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_mkstemp(in(path, place, "none/XXXXXX") ? path : NULL, ACORT_NEVER), ENOENT);
    CHECK_EQUAL(acort_rmdir(place, ACORT_NEVER), 0);
    return argument;
}

static void *bad_arguments(void *argument) {
    struct stat status;
    struct dirent **list;
    char *name = ON_STACK(PATH_MAX + 10);
    memset(name, 'a', PATH_MAX + 9), name[PATH_MAX + 9] = 0;
    CHECK_FAILS(acort_stat(NULL, &status, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_stat(folder, NULL, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_lstat(folder, NULL, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_fstat(0, NULL, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_fstat(-1, &status, ACORT_NEVER), EBADF);
    CHECK_FAILS(acort_ftruncate(-1, 0, ACORT_NEVER), EBADF);
    CHECK_FAILS(acort_truncate(NULL, 0, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_truncate(folder, -1, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_unlink(NULL, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_rename(NULL, folder, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_rename(folder, NULL, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_mkdir(NULL, 0700, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_rmdir(NULL, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_scandir(NULL, &list, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_scandir(folder, NULL, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_mkstemp(NULL, ACORT_NEVER), EINVAL);
    CHECK_FAILS(acort_stat(name, &status, ACORT_NEVER), ENAMETOOLONG);
    CHECK_FAILS(acort_unlink(name, ACORT_NEVER), ENAMETOOLONG);
    return argument;
}

/* With a deadline of 0 or in the past nothing is done. */
static void *too_late(void *argument) {
    const int64_t past[] = {0, 1, acort_now()};
    char place[100], path[PATH_MAX];
    struct stat status;
    struct dirent **list = NULL;
    make_place(place);
    int fd = open(in(path, place, "new"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (int i = 0; i < 3; i++) {
        CHECK_FAILS(acort_stat(place, &status, past[i]), ETIMEDOUT);
        CHECK_FAILS(acort_lstat(place, &status, past[i]), ETIMEDOUT);
        CHECK_FAILS(acort_fstat(fd, &status, past[i]), ETIMEDOUT);
        CHECK_FAILS(acort_ftruncate(fd, 5, past[i]), ETIMEDOUT);
        CHECK_FAILS(acort_truncate(path, 5, past[i]), ETIMEDOUT);
        CHECK_FAILS(acort_unlink(path, past[i]), ETIMEDOUT);
        CHECK_FAILS(acort_rename(path, place, past[i]), ETIMEDOUT);
        CHECK_FAILS(acort_rmdir(place, past[i]), ETIMEDOUT);
        CHECK_FAILS(acort_scandir(place, &list, past[i]), ETIMEDOUT);
    }
    CHECK(fstat(fd, &status) == 0 && status.st_size == 0 && list == NULL);
    CHECK(close(fd) == 0 && unlink(path) == 0);
    CHECK_FAILS(acort_mkdir(path, 0700, 0), ETIMEDOUT);
    strcat(path, "XXXXXX");
    CHECK_FAILS(acort_mkstemp(path, 0), ETIMEDOUT);
    CHECK_EQUAL(acort_rmdir(place, ACORT_NEVER), 0); /* it is empty */
    return argument;
}

/* By itself: no other task opens a file of that number. */
static void *closed_file(void *argument) {
    struct stat status;
    int fd = open("/", O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && acort_close(fd) == 0);
    CHECK_FAILS(acort_fstat(fd, &status, ACORT_NEVER), EBADF);
    return argument;
}

static void *(*const tests[])(void *) = {names_and_sizes, lists, temporary_files, bad_arguments, too_late};
enum { TESTS = sizeof tests / sizeof *tests };

static void *all(void *argument) {
    acort_task_t *tasks[2 * TESTS];
    for (int i = 0; i < 2 * TESTS; i++) tasks[i] = go_with(i % 2 ? ACORT_SHARED : 0, tests[i / 2], NULL);
    for (int i = 0; i < 2 * TESTS; i++) join(tasks[i]);
    return argument;
}

int main(void) {
    snprintf(folder, sizeof folder, "/tmp/acort-paths-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    closed_file(NULL);
    run(closed_file, NULL);
    run(all, NULL);
    run_with(3, all, NULL);
    for (int i = 0; i < TESTS; i++) tests[i](NULL);
    CHECK_EQUAL(rmdir(folder), 0);
    return 0;
}
