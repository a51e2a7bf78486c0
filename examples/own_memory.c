/* Coroutines in memory that the program gives, for systems where nothing may come from malloc: control blocks
 * and save areas from an arena, stacks that are static arrays. */
#include <aco.h>
#include <aco_ext.h>

enum { ARENA_SIZE = 64 * 1024, STACK_SIZE = 64 * 1024, WORKERS = 3, CLASSES = 32, STEP = 128 };

/* Blocks side by side; each that is freed waits in a list for the next of its class. */
typedef struct {
    char memory[ARENA_SIZE] __attribute__((aligned(16)));
    size_t used, in_use;
    void *freed[CLASSES];
} arena_t;

static arena_t arena;
static char stacks[WORKERS][STACK_SIZE] __attribute__((aligned(16)));

static void *allocate(size_t size, void *user) {
    arena_t *from = (arena_t *)user;
    size_t number = (size + STEP - 1) / STEP;
    if (number >= CLASSES) return NULL;
    void *block = from->freed[number];
    if (block != NULL) {
        memcpy(&from->freed[number], block, sizeof block);
    } else {
        if (number * STEP > ARENA_SIZE - from->used) return NULL; /* aco_create() says so, and aborts */
        block = from->memory + from->used;
        from->used += number * STEP;
    }
    from->in_use++;
    return block;
}

static void give_back(void *block, size_t size, void *user) {
    arena_t *to = (arena_t *)user;
    size_t number = (size + STEP - 1) / STEP;
    memcpy(block, &to->freed[number], sizeof block);
    to->freed[number] = block;
    to->in_use--;
}

static void adds_up(void) {
    int *numbers = (int *)aco_get_arg();
    for (int sum = 0;;) {
        sum += *numbers;
        *numbers = sum;
        aco_yield();
    }
}

int main(void) {
    const aco_allocator_t allocator = {allocate, give_back, &arena};
    if (aco_set_allocator(&allocator) != 0) return 1; /* before the first coroutine */
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    int numbers[WORKERS], lives = 0;
    for (int round = 0; round < 1000; round++) {
        aco_t *workers[WORKERS];
        aco_share_stack_t *own[WORKERS];
        for (int i = 0; i < WORKERS; i++) {
            own[i] = aco_share_stack_new_mem(stacks[i], STACK_SIZE);
            workers[i] = aco_create(main_co, own[i], 0, adds_up, &numbers[i]);
        }
        for (int i = 0; i < WORKERS; i++) {
            numbers[i] = i + 1;
            for (int turn = 0; turn < 3; turn++) aco_resume(workers[i]);
        }
        for (int i = 0; i < WORKERS; i++) {
            aco_destroy(workers[i]);
            aco_share_stack_destroy(own[i]); /* the array is the program's again */
            lives++;
        }
    }
    printf("%d lives, the last ones came to %d, %d, %d\n", lives, numbers[0], numbers[1], numbers[2]);
    printf("%zu bytes of the arena for all of them\n", arena.used);
    aco_destroy(main_co);
    printf("%zu blocks in use at the end\n", arena.in_use);
    return 0;
}
/* Prints:
 * 3000 lives, the last ones came to 4, 8, 12
 * # bytes of the arena for all of them
 * 0 blocks in use at the end
 */
