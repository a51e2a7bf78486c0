/* More guarded stacks at once than the kernel has mappings for, where guards need none (Linux 6.13): 34,000,
 * of vm.max_map_count / 2 = 32,765 otherwise; a million with ACO_TEST_ROUNDS (make test-long), or as many as
 * memory has room for. Each has its guard, and can run a coroutine. */
#include "check.h"

#include <errno.h>

enum { SOME = 1000, MANY = 34000, MILLION = 1000000, MADV_GUARD = 102 };
/* What a stack of one page costs: the page that has its top, the control block, the page tables. */
enum { COST = 4400 };

static aco_t *main_co;
static int runs;

static void runs_once(void) {
    runs++;
    aco_exit();
}

static int guards_need_no_mapping(void) {
    size_t size = 2 * (size_t)sysconf(_SC_PAGESIZE);
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    int is_there = madvise(pages, size / 2, MADV_GUARD) == 0;
    munmap(pages, size);
    return is_there;
}

static int mappings(void) {
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    int count = 0;
    for (int byte; (byte = fgetc(maps)) != EOF;) count += byte == '\n';
    fclose(maps);
    return count;
}

/* Half of what the system says it could give. */
static long room(void) {
    FILE *file = fopen("/proc/meminfo", "r");
    long kilobytes = 0;
    char line[200];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "MemAvailable: %ld", &kilobytes) == 1) break;
    }
    if (file != NULL) fclose(file);
    return kilobytes * (1024L / 2) / COST;
}

static long how_many(void) {
#ifdef UNDER_EMULATION
    return SOME;
#endif
    if (!guards_need_no_mapping()) return SOME;
    if (getenv("ACO_TEST_ROUNDS") == NULL) return MANY;
    long fitting = room();
    return fitting < MANY ? MANY : fitting < MILLION ? fitting : MILLION;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void check_stack(aco_share_stack_t *stack, int pipe_in) {
    CHECK(stack->guard_page_enabled);
    CHECK(write(pipe_in, (char *)stack->ptr - 1, 1) == -1 && errno == EFAULT);
    CHECK(write(pipe_in, stack->ptr, 1) == 1);
    aco_t *co = aco_create(main_co, stack, 0, runs_once, NULL);
    aco_resume(co);
    CHECK(co->is_end);
    aco_destroy(co);
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    const long count = how_many(), step = count / 100;
    aco_share_stack_t **stacks = (aco_share_stack_t **)malloc((size_t)count * sizeof *stacks);
    CHECK(stacks != NULL);
    const int before = mappings();
    double start = seconds();
    for (long i = 0; i < count; i++) stacks[i] = aco_share_stack_new2(4096, 1);
    double made = seconds();
    int ends[2], more = mappings() - before;
    CHECK(pipe(ends) == 0);
    for (long i = 0; i < count; i += step) check_stack(stacks[i], ends[1]);
    CHECK_EQUAL(runs, (count + step - 1) / step);
    CHECK(count == SOME || more < count / 100);
    double checked = seconds();
    for (long i = 0; i < count; i++) aco_share_stack_destroy(stacks[i]);
    printf("%ld guarded stacks in %d more mappings: made in %.2f s, gone in %.2f s\n", count, more,
           made - start, seconds() - checked);
    close(ends[0]);
    close(ends[1]);
    free(stacks);
    aco_destroy(main_co);
    return 0;
}
