/* State Threads: creation and end of a thread, mutex, sleepers, echo. It has neither a yield nor channels: a
 * sleep of no time stands for the first. */
#include "echo.h"
#include "naps.h"

#include <st.h>

enum { YIELDS = 100000, LIVES = 200000, LOCKS = 10000000 };
enum { STACK = 64 * 1024 };

static st_thread_t go(void *(*body)(void *), void *argument) {
    st_thread_t thread = st_thread_create(body, argument, 1, STACK);
    if (thread == NULL) {
        perror("st_thread_create");
        exit(1);
    }
    return thread;
}

static void *yields(void *unused) {
    for (int i = 0; i < YIELDS; i++) st_usleep(0);
    return unused;
}

static void yield(void) {
    st_thread_t one = go(yields, NULL), other = go(yields, NULL);
    sample_t begin = now();
    st_thread_join(one, NULL);
    st_thread_join(other, NULL);
    report(begin, 2.0 * YIELDS);
}

static void *ends(void *unused) { return unused; }

static void go_join(void) {
    sample_t begin = now();
    for (int i = 0; i < LIVES; i++) st_thread_join(go(ends, NULL), NULL);
    report(begin, LIVES);
}

static void mutex(void) {
    st_mutex_t lock = st_mutex_new();
    sample_t begin = now();
    for (int i = 0; i < LOCKS; i++) {
        st_mutex_lock(lock);
        st_mutex_unlock(lock);
    }
    report(begin, LOCKS);
}

static void *sleeps(void *number) {
    st_usleep(10000 + (st_utime_t)(intptr_t)number % 100 * 100);
    return number;
}

static void many_sleep(void *(*body)(void *)) {
    static st_thread_t threads[SLEEPERS];
    for (int i = 0; i < SLEEPERS; i++) threads[i] = go(body, (void *)(intptr_t)i);
    for (int i = 0; i < SLEEPERS; i++) st_thread_join(threads[i], NULL);
}

static void burst_first(void) {
    sample_t begin = now();
    many_sleep(sleeps);
    report(begin, SLEEPERS);
}

static void burst_later(void) {
    many_sleep(sleeps);
    sample_t begin = now();
    for (int i = 0; i < BURSTS; i++) {
        st_usleep(PAUSE);
        many_sleep(sleeps);
    }
    report(begin, (double)SLEEPERS * BURSTS);
}

static void sleepers_again(void) {
    many_sleep(sleeps_again);
    print_sample(all_again, (double)SLEEPERS * NAPS);
}

static void *serve(void *fd) {
    char data[ROOM];
    for (;;) {
        ssize_t size = st_read(fd, data, sizeof data, ST_UTIME_NO_TIMEOUT);
        if (size <= 0) break;
        if (st_write(fd, data, (size_t)size, ST_UTIME_NO_TIMEOUT) != size) break;
    }
    st_netfd_close(fd);
    return NULL;
}

static void echo(const char *client) {
    st_thread_t threads[CONNECTIONS];
    int port;
    st_netfd_t listener = st_netfd_open_socket(listen_anywhere(0, &port));
    start_client(client, port);
    sample_t begin = now();
    for (int i = 0; i < CONNECTIONS; i++) {
        threads[i] = go(serve, st_accept(listener, NULL, NULL, ST_UTIME_NO_TIMEOUT));
    }
    for (int i = 0; i < CONNECTIONS; i++) st_thread_join(threads[i], NULL);
    report(begin, (double)CONNECTIONS * REQUESTS);
    end_client();
}

int main(int count, char **arguments) {
    const char *names[] = {"yield", "go-join", "mutex", "burst-first", "burst-later", "sleepers-again"};
    void (*const bodies[])(void) = {yield, go_join, mutex, burst_first, burst_later, sleepers_again};
    if (count < 3) return 2;
    start_measuring();
    st_set_eventsys(ST_EVENTSYS_ALT); /* epoll, where it was built with that */
    st_init();
    if (strcmp(arguments[1], "echo") == 0) {
        echo(arguments[2]);
        return 0;
    }
    for (int i = 0; i < 6; i++) {
        if (strcmp(arguments[1], names[i]) != 0) continue;
        bodies[i]();
        return 0;
    }
    return 2;
}
