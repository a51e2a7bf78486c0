#include <acort.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static sigset_t signals;

static void *waits(void *argument) {
    kill(getpid(), SIGUSR1);
    int signal = acort_signal_wait(&signals, NULL, ACORT_NEVER);
    printf("SIGUSR1: %d\n", signal == SIGUSR1);

    pid_t child = fork();
    if (child == 0) {
        execlp("sh", "sh", "-c", "exit 3", NULL);
        _exit(127);
    }
    int status;
    if (acort_waitpid(child, &status, ACORT_NEVER) == child)
        printf("the child has ended: %d\n", WEXITSTATUS(status));

    acort_cancel_on_signals(NULL); /* SIGINT and SIGTERM cancel the main task */
    kill(getpid(), SIGTERM);
    if (acort_sleep(ACORT_S(10)) == -1 && errno == ECANCELED)
        puts("cancelled by SIGTERM");
    return argument;
}

int main(void) {
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before the first thread */
    return acort_run(waits, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * SIGUSR1: 1
 * the child has ended: 3
 * cancelled by SIGTERM
 */
