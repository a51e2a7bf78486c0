#include <acort.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

static char folder[64], file[80];

static void *writes(void *argument) {
    int fd = acort_open(file, O_CREAT | O_WRONLY, 0600, ACORT_NEVER);
    acort_pwrite(fd, "x", 1, 0, ACORT_NEVER);
    acort_close(fd);
    return argument;
}

static void *watches(void *argument) {
    acort_watch_event_t event;
    int fd =
        acort_watch(folder, IN_CREATE | IN_CLOSE_WRITE, ACORT_NEVER);
    acort_task_t *task = acort_go(writes, NULL);
    for (int i = 0; i < 2; i++) {
        if (acort_watch_next(fd, &event, ACORT_NEVER) == -1) break;
        printf("%s: %s\n", event.name,
               event.mask & IN_CREATE ? "created" : "written");
    }
    if (acort_watch_next(fd, &event, 0) == -1 && errno == ETIMEDOUT)
        puts("nothing more");
    acort_join(task, NULL, ACORT_NEVER);
    acort_close(fd);
    return argument;
}

static void *works(void *argument) {
    snprintf(folder, sizeof folder, "/tmp/acort_watch.%d", (int)getpid());
    snprintf(file, sizeof file, "%s/news", folder);
    acort_mkdir(folder, 0700, ACORT_NEVER);
    watches(argument);
    acort_unlink(file, ACORT_NEVER);
    acort_rmdir(folder, ACORT_NEVER);
    return argument;
}

int main(void) {
    return acort_run(works, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * news: created
 * news: written
 * nothing more
 */
