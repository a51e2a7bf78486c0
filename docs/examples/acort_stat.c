#include <acort.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file and a name for it in the folder that the task works in. */
static void make_files(const char *folder) {
    char path[80], name[80];
    struct stat status;
    snprintf(path, sizeof path, "%s/file-XXXXXX", folder);
    snprintf(name, sizeof name, "%s/name", folder);
    int fd = acort_mkstemp(path, ACORT_NEVER);
    acort_truncate(path, 100, ACORT_NEVER);
    if (acort_stat(path, &status, ACORT_NEVER) == 0)
        printf("%d bytes\n", (int)status.st_size);
    acort_rename(path, name, ACORT_NEVER);
    acort_close(fd);
}

static void show_and_remove(const char *folder) {
    char path[400];
    struct stat status;
    struct dirent **list;
    int count = acort_scandir(folder, &list, ACORT_NEVER);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, list[i]->d_name);
        if (acort_lstat(path, &status, ACORT_NEVER) == 0)
            printf("%s: a %s\n", list[i]->d_name,
                   S_ISREG(status.st_mode) ? "file" : "folder");
        acort_unlink(path, ACORT_NEVER);
        free(list[i]);
    }
    if (count >= 0) free(list);
}

static void *works(void *argument) {
    char folder[64];
    int64_t deadline = acort_after(ACORT_S(10)); /* a dead server, say */
    snprintf(folder, sizeof folder, "/tmp/acort_stat.%d", (int)getpid());
    if (acort_mkdir(folder, 0700, deadline) == -1) {
        perror(folder);
        return argument;
    }
    make_files(folder);
    show_and_remove(folder);
    if (acort_rmdir(folder, ACORT_NEVER) == 0) puts("removed");
    return argument;
}

int main(void) {
    return acort_run(works, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * 100 bytes
 * name: a file
 * removed
 */
