/* A coroutine that has its stack to itself owns it again after aco_reset(): its next resume prepares nothing. What
 * happens to it, its stack and its neighbors before that resume is as before the reset. */
#include "check.h"

#include "aco_ext.h"

static aco_t *main_co;
static int runs;

static void exits(void) {
    runs++;
    aco_exit();
}
static void yields(void) {
    for (;;) {
        runs++;
        aco_yield();
    }
}
static void *returns(void *arg) {
    runs++;
    return arg;
}

/* Whether a tool or hooks watch: then a resume after a reset may prepare. So does the first one after aco_new(),
 * which takes a coroutine that was freed otherwise. */
static int is_watched(void) {
    aco_free(aco_new(returns, NULL, 16384));
    aco_t *co = aco_new(returns, NULL, 16384);
    aco_resume(co);
    aco_free(co);
    co = aco_new(returns, NULL, 16384);
    int is_owner = co->share_stack->owner == co;
    aco_free(co);
    return !is_owner;
}

static aco_t *ended_on(aco_share_stack_t *stack) {
    aco_t *co = aco_create(main_co, stack, 0, exits, NULL);
    aco_resume(co);
    CHECK(co->is_end == 1 && stack->owner == NULL);
    return co;
}

static void run_once(aco_t *co) {
    int before = runs;
    aco_resume(co);
    CHECK(runs == before + 1);
}

/* The owner, at once; no tool lets one resume without preparation. */
static void check_alone(size_t size, char guarded, int watched) {
    aco_share_stack_t *stack = aco_share_stack_new2(size, guarded);
    aco_t *co = ended_on(stack);
    for (int life = 0; life < 3; life++) {
        aco_reset(co, exits, NULL);
        aco_reset(co, yields, NULL);
        int is_owner = stack->owner == co;
        CHECK(is_owner || (watched && stack->owner == NULL));
        CHECK_EQUAL(stack->align_validsz, is_owner ? sizeof(void *) : 0);
        CHECK(co->reg[ACO_REG_IDX_SP] == stack->align_retptr && co->is_end == 0);
        CHECK_EQUAL(aco_stack_used(co), 0);
        aco_stack_trim(co);
        run_once(co);
        run_once(co);
        CHECK(stack->owner == co);
        aco_destroy(co);
        CHECK(stack->owner == NULL && stack->align_validsz == 0);
        co = ended_on(stack);
    }
    /* Destroyed before its resume; and its stack. */
    aco_reset(co, exits, NULL);
    aco_destroy(co);
    CHECK(stack->owner == NULL);
    co = ended_on(stack);
    aco_reset(co, exits, NULL);
    aco_share_stack_destroy(stack);
    aco_destroy(co);
}

/* Another coroutine takes the stack between the reset and the resume: nothing is copied. */
static void check_neighbor(void) {
    aco_share_stack_t *stack = aco_share_stack_new2(16384, 0);
    aco_t *co = ended_on(stack);
    for (int life = 0; life < 3; life++) {
        aco_reset(co, exits, NULL);
        aco_t *other = aco_create(main_co, stack, 0, yields, NULL);
        run_once(other);
        CHECK(stack->owner == other);
        run_once(co);
        CHECK(co->is_end == 1 && stack->owner == NULL);
        /* Not alone: it gives the stack up. */
        aco_reset(co, exits, NULL);
        CHECK(stack->owner == NULL);
        run_once(other);
        run_once(co);
        CHECK(co->save_stack.ct_save == 0 && co->save_stack.ct_restore == 0);
        aco_destroy(other);
    }
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

/* The program moves it to another stack after the reset: resumed there, destroyed there, or left. */
static void check_move(void) {
    for (int what = 0; what < 3; what++) {
        aco_share_stack_t *stack = aco_share_stack_new2(16384, 0), *next = aco_share_stack_new2(16384, 0);
        aco_t *co = ended_on(stack);
        aco_reset(co, yields, NULL);
        co->share_stack = next;
        co->reg[ACO_REG_IDX_SP] = next->align_retptr;
        if (what == 0) run_once(co);
        if (what == 1) aco_destroy(co);
        aco_t *other = aco_create(main_co, stack, 0, yields, NULL);
        run_once(other);
        run_once(other);
        CHECK(stack->owner == other);
        if (what != 1) {
            run_once(co);
            CHECK(next->owner == co);
            aco_destroy(co);
        }
        aco_destroy(other);
        aco_share_stack_destroy(stack);
        aco_share_stack_destroy(next);
    }
}

/* A copy by value is not alone, whatever the original is; the original is reset beside it. */
static void check_copy(void) {
    aco_share_stack_t *stack = aco_share_stack_new2(16384, 0);
    aco_t *co = ended_on(stack);
    aco_reset(co, exits, NULL);
    aco_t copy = *co;
    stack->owner = NULL;
    aco_reset(&copy, exits, NULL);
    CHECK(stack->owner == NULL);
    run_once(&copy);
    aco_reset(co, exits, NULL);
    run_once(co);
    /* A stack whose owner the program has written. */
    aco_reset(co, exits, NULL);
    stack->owner = NULL;
    run_once(co);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

/* A program starts it again itself after the reset: another function, or the coroutine's own. */
static void check_by_hand(void) {
    aco_share_stack_t *stack = aco_share_stack_new2(16384, 0);
    aco_t *co = ended_on(stack);
    aco_reset(co, exits, NULL);
    co->reg[ACO_REG_IDX_RETADDR] = (void *)(uintptr_t)yields;
    run_once(co);
    CHECK(co->is_end == 0);
    co->reg[ACO_REG_IDX_RETADDR] = (void *)(uintptr_t)exits;
    co->reg[ACO_REG_IDX_SP] = stack->align_retptr;
    run_once(co);
    CHECK(co->is_end == 1);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
}

/* Of aco_new(): started or not, the stack stays its own. */
static void check_owned(void) {
    for (int has_run = 0; has_run < 2; has_run++) {
        aco_t *co = aco_new(returns, NULL, 16384);
        if (has_run) run_once(co);
        aco_reset(co, yields, NULL);
        run_once(co);
        run_once(co);
        aco_free(co);
    }
}

static void has_no_function(void) {
    aco_t *co = ended_on(aco_share_stack_new2(16384, 0));
    aco_reset(co, NULL, NULL);
    CHECK(co->share_stack->owner == NULL);
    aco_resume(co);
}
static void has_lost_its_function(void) {
    aco_t *co = ended_on(aco_share_stack_new2(16384, 0));
    aco_reset(co, exits, NULL);
    aco_reset(co, NULL, NULL);
    CHECK(co->share_stack->owner == NULL);
    aco_resume(co);
}
static void has_no_stack(void) {
    aco_t *co = ended_on(aco_share_stack_new2(16384, 0));
    aco_reset(co, exits, NULL);
    aco_share_stack_destroy(co->share_stack);
    aco_resume(co);
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    int watched = is_watched();
    for (size_t size = 8192; size <= 262144; size *= 2) {
        check_alone(size, 0, watched);
        check_alone(size, 1, watched);
    }
    check_neighbor();
    check_copy();
    check_move();
    check_by_hand();
    check_owned();
    const char *line = "aco: fatal: aco_resume(@): it has no entry function (create a coroutine with a "
                       "function to run)\n";
    CHECK_DIES(has_no_function, line);
    CHECK_DIES(has_lost_its_function, line);
    CHECK_DIES(has_no_stack, "aco: fatal: aco_resume(@, entry @): its share stack is destroyed (destroy a share "
                             "stack after its last resume)\n");
    aco_destroy(main_co);
    return 0;
}
