/* State Threads: two threads that wake each other by condition variables; creation and end of one. */
#include "../measure.h"

#include <st.h>

enum { ROUNDS = 1000000 };

static st_cond_t ping, pong;

static void *body(void *unused) {
    for (;;) {
        st_cond_wait(ping);
        st_cond_signal(pong);
    }
    return unused;
}
static void *ends(void *unused) { return unused; }

int main(int count, char **arguments) {
    start_measuring();
    st_init();
    if (count > 1 && strcmp(arguments[1], "switch") == 0) {
        ping = st_cond_new();
        pong = st_cond_new();
        st_thread_create(body, NULL, 0, 16 * 1024);
        st_sleep(0);
        sample_t begin = now();
        for (int i = 0; i < ROUNDS; i++) {
            st_cond_signal(ping);
            st_cond_wait(pong);
        }
        report(begin, 2.0 * ROUNDS);
        return 0;
    }
    if (count > 1 && strcmp(arguments[1], "life") == 0) {
        enum { LIVES = 200000 };
        sample_t begin = now();
        for (int i = 0; i < LIVES; i++) {
            st_thread_t thread = st_thread_create(ends, NULL, 1, 16 * 1024);
            st_thread_join(thread, NULL);
        }
        report(begin, LIVES);
        return 0;
    }
    return 2;
}
