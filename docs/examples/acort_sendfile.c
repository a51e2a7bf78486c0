#include <acort.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int new_file(int number) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/acort_sendfile.%d.%d", (int)getpid(),
             number);
    int fd =
        acort_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600, ACORT_NEVER);
    unlink(path);
    return fd;
}

static void *serves(void *argument) {
    int page = new_file(1), copy = new_file(2), ends[2];
    if (page == -1 || copy == -1 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        perror("files");
        return argument;
    }
    acort_pwrite(page, "<h1>hello</h1>", 14, 0, ACORT_NEVER);

    off_t from = 4, to = 0;
    acort_copy_range(page, &from, copy, &to, 5, ACORT_NEVER);
    printf("copied up to %d\n", (int)from);

    char text[16] = "";
    for (off_t at = 0; at < 5;)
        if (acort_sendfile(ends[0], copy, &at, 5 - (size_t)at,
                           acort_after(1000000000)) <= 0)
            break;
    acort_read(ends[1], text, sizeof text - 1, ACORT_NEVER);
    printf("sent: %s\n", text);

    acort_close(ends[0]), acort_close(ends[1]);
    acort_close(page), acort_close(copy);
    return argument;
}

int main(void) {
    return acort_run(serves, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * copied up to 9
 * sent: hello
 */
