/* Runs a program again and again in one process: what it does not give back adds up. Its `main` has the name `program`
 * here, by objcopy(1); one without parameters ignores them. Three measures, each of what another one does not see: the
 * coroutines of the thread; the bytes of malloc(3); the address space, in which stacks are. The first runs fill caches:
 * each slab is larger than the one before. On a busy machine a later run may need one more thread of the pool, which
 * stays. So a program leaks only if each round of runs keeps something. */
#include <aco_ext.h>
#include <malloc.h>
#include <unistd.h>

int program(int count, char **arguments);

enum { WARM = 3, RUNS = 4, ROUNDS = 5 };

typedef struct {
    long coroutines, allocated, mapped;
} held_t;

static int count(aco_t *co, void *number) {
    (void)co;
    ++*(long *)number;
    return 0;
}

static held_t held(void) {
    held_t now = {0, (long)mallinfo2().uordblks, 0};
    aco_foreach(count, &now.coroutines);
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld", &now.mapped) != 1) abort();
    fclose(file);
    now.mapped *= sysconf(_SC_PAGESIZE);
    return now;
}

static int keeps_something(int count, char **arguments) {
    held_t before = held();
    for (int i = 0; i < RUNS; i++) program(count, arguments);
    held_t after = held();
    long coroutines = after.coroutines - before.coroutines;
    long allocated = after.allocated - before.allocated, mapped = after.mapped - before.mapped;
    fprintf(stderr, "%d runs keep %ld coroutines, %ld bytes of malloc, %ld bytes of address space\n", RUNS, coroutines,
            allocated, mapped);
    /* Fewer than one of each in a run: none of them leaks. */
    return coroutines >= RUNS || allocated >= RUNS || mapped >= RUNS * sysconf(_SC_PAGESIZE);
}

int main(int count, char **arguments) {
    if (freopen("/dev/null", "w", stdout) == NULL) return 2;
    for (int i = 0; i < WARM; i++) program(count, arguments);
    (void)held();
    for (int round = 0; round < ROUNDS; round++)
        if (!keeps_something(count, arguments)) return 0;
    return 1;
}
