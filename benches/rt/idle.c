/* What an idle keep-alive connection to an HTTP server costs: a client that opens connections, has one request
 * answered on each, and looks at the server's memory while they are idle.
 *
 *   idle SERVER,ARGUMENT,... ROW    starts the server, which prints its port first; ROW is of:
 *
 *   idle          resident bytes
 *   idle-tables   bytes of page tables
 *   idle-kernel   bytes of the kernel's slabs, both ends of the connection
 *
 * The slope from 1,000 to 10,000 connections counts. A row that ends in "-shared" adds the word "shared". */
#include "../measure.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { FEW = 1000, MANY = 10000, TOGETHER = 100 };

static pid_t server;

static void fail(const char *what) {
    perror(what);
    if (server > 0) kill(server, SIGKILL);
    exit(1);
}

/* Starts the server and returns its port: the first number that it prints. */
static int start_server(char *line) {
    char *words[16] = {NULL};
    int ends[2], port = 0, count = 0;
    for (char *word = strtok(line, ","); word != NULL && count < 15; word = strtok(NULL, ",")) words[count++] = word;
    if (pipe(ends) != 0) fail("pipe");
    if ((server = fork()) == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        execv(words[0], words);
        _exit(127);
    }
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    if (output == NULL || fscanf(output, "%*[^0-9]%d", &port) != 1) fail("the server's port");
    return port;
}

static void open_connections(int *fds, int count, int port) {
    static const char get[] = "GET / HTTP/1.1\r\nHost: here\r\nUser-Agent: idle\r\nAccept: */*\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char answer[1024];
    for (int i = 0; i < count; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (fds[i] < 0 || connect(fds[i], (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    }
    for (int i = 0; i < count; i++) {
        if (send(fds[i], get, sizeof get - 1, 0) != sizeof get - 1) fail("send");
    }
    for (int i = 0; i < count; i++) {
        if (recv(fds[i], answer, sizeof answer, 0) < 20 || memcmp(answer, "HTTP/1.1 200", 12) != 0) fail("the answer");
    }
}

/* The number after `name` in a file of /proc, in KiB there. */
static double kibibytes(const char *path, const char *name) {
    char line[256];
    unsigned long value = 0;
    size_t length = strlen(name);
    FILE *file = fopen(path, "r");
    if (file == NULL) fail(path);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, length) == 0) sscanf(line + length, "%lu", &value);
    }
    fclose(file);
    return (double)value * 1024;
}

static double look(const char *row) {
    char path[64];
    usleep(300000); /* what follows the answers is over */
    snprintf(path, sizeof path, "/proc/%d/status", (int)server);
    if (strstr(row, "kernel") != NULL) return kibibytes("/proc/meminfo", "Slab:");
    return kibibytes(path, strstr(row, "tables") != NULL ? "VmPTE:" : "VmRSS:");
}

int main(int count, char **arguments) {
    static int fds[MANY];
    char line[512];
    struct rlimit limit;
    if (count < 3) return 2;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    const char *kind = strstr(arguments[2], "-shared") != NULL ? "shared" : "own";
    snprintf(line, sizeof line, "%s,%s", arguments[1], kind);
    int port = start_server(line);
    double few = 0;
    for (int open = 0; open < MANY; open += TOGETHER) {
        if (open == FEW) few = look(arguments[2]);
        open_connections(fds + open, TOGETHER, port);
    }
    printf("%.1f\n", (look(arguments[2]) - few) / (MANY - FEW));
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return 0;
}
