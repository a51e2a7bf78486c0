/* A hundred thousand sessions on one stack: each is a coroutine that waits in the middle of its
 * work, and costs its few live bytes. What is live at a yield is copied out when another
 * coroutine wants the stack; the statistics tell how much that is. */
#include <aco.h>

enum { SESSIONS = 100000, MESSAGES = 3 };

typedef struct {
    unsigned id;
    unsigned message; /* what the session is handed */
    unsigned long sum;
} session_t;

static void serve(void) {
    session_t *session = (session_t *)aco_get_arg();
    unsigned long sum = 0; /* lives on the stack, across the yields */
    for (int i = 0; i < MESSAGES; i++) {
        sum += session->message * (session->id + 1UL);
        aco_yield();
    }
    session->sum = sum;
    aco_exit();
}

int main(void) {
    static session_t sessions[SESSIONS];
    static aco_t *cos[SESSIONS];
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    for (unsigned i = 0; i < SESSIONS; i++) {
        sessions[i].id = i;
        cos[i] = aco_create(main_co, stack, 0, serve, &sessions[i]);
    }
    for (unsigned message = 1; message <= MESSAGES + 1; message++) {
        for (unsigned i = 0; i < SESSIONS; i++) {
            sessions[i].message = message;
            aco_resume(cos[i]);
        }
    }
    size_t ended = 0, right = 0, saves = 0, largest = 0, bytes = 0;
    for (unsigned i = 0; i < SESSIONS; i++) {
        ended += (size_t)cos[i]->is_end;
        right += sessions[i].sum == (1 + 2 + 3) * (i + 1UL);
        saves += cos[i]->save_stack.ct_save;
        if (cos[i]->save_stack.max_cpsz > largest) largest = cos[i]->save_stack.max_cpsz;
        bytes += sizeof(aco_t) + cos[i]->save_stack.sz;
        aco_destroy(cos[i]);
    }
    printf("%zu sessions ended, %zu with the right sum\n", ended, right);
    printf("%zu copies out, the largest of %zu bytes\n", saves, largest);
    printf("%zu bytes a session, not counting malloc's own\n", bytes / SESSIONS);
    aco_share_stack_destroy(stack);
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * 100000 sessions ended, 100000 with the right sum
 * 300000 copies out, the largest of # bytes
 * # bytes a session, not counting malloc's own
 */
