#include <acort.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void *writes(void *argument) {
    char path[64], text[16] = "";
    snprintf(path, sizeof path, "/tmp/acort_open.%d", (int)getpid());
    int fd =
        acort_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600, ACORT_NEVER);
    if (fd == -1) {
        perror(path);
        return argument;
    }
    acort_pwrite(fd, "hello, file", 11, 0, ACORT_NEVER);
    if (acort_fsync(fd, ACORT_NEVER) == 0) puts("on disk");
    ssize_t n = acort_pread(fd, text, sizeof text, 7, ACORT_NEVER);
    printf("%zd bytes: %s\n", n, text);
    struct stat status;
    acort_ftruncate(fd, 5, ACORT_NEVER);
    if (acort_fstat(fd, &status, ACORT_NEVER) == 0)
        printf("cut to %d\n", (int)status.st_size);
    acort_close(fd);
    unlink(path);
    return argument;
}

int main(void) {
    return acort_run(writes, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * on disk
 * 4 bytes: file
 * cut to 5
 */
