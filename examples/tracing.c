/* Which coroutine ran, and for how long: hooks count each coroutine's turns and its time, kept as its local value;
 * aco_dump() shows where those are that have not finished. */
#include <aco_ext.h>

typedef struct {
    long turns;
    struct timespec since;
    double seconds;
} account_t;

static aco_key_t account_key;

static account_t *account_of(aco_t *co) {
    account_t *account = aco_get_local_of(co, account_key);
    if (account == NULL) {
        account = calloc(1, sizeof *account);
        if (account == NULL || aco_set_local_of(co, account_key, account) != 0) abort();
    }
    return account;
}

static void begins(aco_t *co, void *unused) {
    (void)unused;
    clock_gettime(CLOCK_MONOTONIC, &account_of(co)->since);
}

static void has_left(aco_t *co, void *unused) {
    (void)unused;
    struct timespec now;
    account_t *account = account_of(co);
    clock_gettime(CLOCK_MONOTONIC, &now);
    account->turns++;
    account->seconds += (double)(now.tv_sec - account->since.tv_sec) +
                        (double)(now.tv_nsec - account->since.tv_nsec) / 1e9;
}

static void counts_down(void) {
    for (intptr_t left = (intptr_t)aco_get_arg(); left > 0; left--) aco_yield();
    aco_exit();
}

int main(void) {
    static const char *const NAMES[] = {"short", "middle", "endless"};
    aco_thread_init(NULL);
    if (aco_key_create(&account_key, free) != 0) return 1;
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL), *cos[3];
    aco_share_stack_t *stack = aco_share_stack_new(0);
    for (int i = 0; i < 3; i++) {
        cos[i] = aco_create(main_co, stack, 0, counts_down, (void *)(intptr_t)(i * i * 5000 + 10));
        aco_set_name(cos[i], NAMES[i]);
    }
    aco_hooks_t hooks = {.resume = begins, .yield = has_left, .exit = has_left};
    aco_set_hooks(&hooks);
    for (int turn = 0; turn < 10000; turn++) {
        for (int i = 0; i < 3; i++) {
            if (!cos[i]->is_end) aco_resume(cos[i]);
        }
    }
    for (int i = 0; i < 3; i++) {
        account_t *account = account_of(cos[i]);
        printf("%s: %ld turns, %.3f ms\n", aco_name(cos[i]), account->turns, account->seconds * 1e3);
    }
    fflush(stdout);
    aco_dump(STDOUT_FILENO);
    printf("not finished: %zu\n", aco_thread_exit()); /* the hooks are off now */
    for (int i = 0; i < 3; i++) aco_destroy(cos[i]);  /* and their accounts are freed */
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * short: 11 turns, # ms
 * middle: 5011 turns, # ms
 * endless: 10000 turns, # ms
 * ...
 * not finished: 1
 */
