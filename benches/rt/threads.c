/* One row of docs/performance-rt.md, of plain threads: a mutex that several of them want.
 *
 *   threads ROW    measures it and prints a line (../measure.h) */
#include "../measure.h"

#include <pthread.h>
#include <stdlib.h>

enum { TURNS = 400000, WORK = 20, MOST = 8 };
static pthread_mutex_t wanted = PTHREAD_MUTEX_INITIALIZER;
static int turns;
static volatile unsigned worked;

static void *takes_turns(void *unused) {
    for (int i = 0; i < turns; i++) {
        pthread_mutex_lock(&wanted);
        for (int k = 0; k < WORK; k++) worked = worked * 3 + 1;
        pthread_mutex_unlock(&wanted);
    }
    return unused;
}

int main(int count, char **arguments) {
    if (count < 2) return 2;
    int threads = strcmp(arguments[1], "mutex-workers-two") == 0 ? 2 : MOST;
    pthread_t all[MOST];
    turns = TURNS / threads;
    sample_t begin = now();
    for (int i = 0; i < threads; i++) {
        if (pthread_create(&all[i], NULL, takes_turns, NULL) != 0) return 1;
    }
    for (int i = 0; i < threads; i++) pthread_join(all[i], NULL);
    report(begin, TURNS);
    return 0;
}
