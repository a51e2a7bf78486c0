/* aco_set_hooks(): who comes, runs, leaves and goes is seen in exactly this order, whatever code switches;
 * and nothing is seen, nor in the way, once the hooks are off. */
#include "check.h"

#include <aco_ext.h>
#include <pthread.h>
#include <setjmp.h>

static __thread aco_t *main_co;
static __thread char seen[4096]; /* a letter for the event, a letter for the coroutine */
static __thread size_t length;
static __thread aco_t *known[26];

static char letter_of(aco_t *co) {
    for (int i = 0; i < 26; i++) {
        if (known[i] == co) return (char)('a' + i);
    }
    return '?';
}

static aco_t *call_it(char letter, aco_t *co) {
    known[letter - 'a'] = co;
    return co;
}

static void note(char event, aco_t *co, void *data) {
    CHECK(data == &length);
    CHECK(length + 3 < sizeof seen);
    seen[length++] = event;
    seen[length++] = letter_of(co);
    seen[length++] = ' ';
    seen[length] = 0;
}

/* Not on the stack of the coroutine that it is about. */
static void note_outside(char event, aco_t *co, void *data) {
    char here;
    aco_share_stack_t *stack = co->share_stack;
    int is_outside = stack == NULL || (size_t)(&here - (char *)stack->ptr) >= stack->sz;
    CHECK(is_outside || IS_WATCHED);
    CHECK(aco_get_co() == co->main_co);
    note(event, co, data);
}

static void on_create(aco_t *co, void *data) { note('C', co, data); }
static void on_resume(aco_t *co, void *data) { note_outside('R', co, data); }
static void on_yield(aco_t *co, void *data) { note_outside('Y', co, data); }
static void on_exit_of(aco_t *co, void *data) { note_outside('X', co, data); }
static void on_destroy(aco_t *co, void *data) { note('D', co, data); }

static __thread aco_hooks_t hooks;

static void set_hooks(void) {
    aco_hooks_t all = {on_create, on_resume, on_yield, on_exit_of, on_destroy, &length};
    hooks = all;
    CHECK_EQUAL(aco_set_hooks(&hooks), 0);
}

static void check_seen(int line, const char *wanted) {
    if (strcmp(seen, wanted) != 0) {
        fprintf(stderr, "%s:%d: seen \"%s\", wanted \"%s\"\n", __FILE__, line, seen, wanted);
        exit(1);
    }
    length = 0;
    seen[0] = 0;
}
#define CHECK_SEEN(wanted) check_seen(__LINE__, wanted)

/* ---- every way to switch ----------------------------------------------------------------------- */

static void yields_inline(void) {
    for (;;) aco_yield();
}
static void yields_by_call(void) {
    for (;;) aco_yield_fn();
}
static void yields_as_old_binaries(void) {
    for (;;) acosw(aco_get_co(), aco_get_co()->main_co);
}
static void exits_inline(void) {
    aco_yield();
    aco_exit();
}
static void exits_by_call(void) {
    aco_yield();
    aco_exit_fn();
}

static aco_cofuncp_t const FORMS[] = {yields_inline, yields_by_call, yields_as_old_binaries};

static void check_form(aco_cofuncp_t form, aco_share_stack_t *stack, aco_share_stack_t *other) {
    aco_t *a = call_it('a', aco_create(main_co, stack, 0, form, NULL));
    aco_t *b = call_it('b', aco_create(main_co, other, 0, exits_inline, NULL));
    aco_t *c = call_it('c', aco_create(main_co, other, 0, exits_by_call, NULL));
    /* Begun before the hooks are set, and left in each way. */
    aco_resume(a);
    aco_resume(a);
    aco_resume(b);
    CHECK_SEEN("");
    set_hooks();
    aco_resume(a);
    aco_resume(b);
    CHECK(aco_get_co() == main_co);
    CHECK_SEEN("Ra Ya Rb Xb ");
    (aco_resume)(a);
    (aco_resume)(c);
    aco_resume(c);
    aco_resume(a);
    CHECK_SEEN("Ra Ya Rc Yc Rc Xc Ra Ya ");
    aco_reset(c, exits_by_call, NULL);
    aco_resume(c);
    CHECK_SEEN("Rc Yc ");
    aco_set_hooks(NULL);
    for (int i = 0; i < 3; i++) aco_resume(a);
    CHECK_SEEN("");
    set_hooks();
    aco_resume(a);
    aco_destroy(b);
    call_it('b', NULL);
    CHECK_SEEN("Ra Ya Db ");
    b = aco_create(main_co, other, 0, yields_inline, NULL);
    CHECK_SEEN("C? ");
    call_it('b', b);
    aco_resume(b);
    aco_destroy(a);
    aco_destroy(b);
    aco_destroy(c);
    CHECK_SEEN("Rb Yb Da Db Dc ");
    aco_set_hooks(NULL);
}

static void check_forms(void) {
    aco_share_stack_t *one = aco_share_stack_new2(64 * 1024, 1);
    aco_share_stack_t *two = aco_share_stack_new2(64 * 1024, 0);
    for (size_t i = 0; i < sizeof FORMS / sizeof *FORMS; i++) {
        check_form(FORMS[i], one, two);
        check_form(FORMS[i], one, one);
    }
    aco_share_stack_destroy(one);
    aco_share_stack_destroy(two);
}

/* ---- the first resume of a thread -------------------------------------------------------------- */

static void *in_a_new_thread(void *unused) {
    set_hooks();
    aco_t *m = aco_create(NULL, NULL, 0, NULL, NULL);
    CHECK_SEEN("C? ");
    main_co = call_it('m', m);
    aco_share_stack_t *stack = aco_share_stack_new2(64 * 1024, 1);
    CHECK(aco_get_co() == NULL);
    aco_t *a = aco_create(m, stack, 0, yields_inline, NULL);
    call_it('a', a);
    aco_resume(a);
    aco_resume(a);
    CHECK(aco_get_co() == m);
    CHECK_SEEN("C? Ra Ya Ra Ya ");
    /* Nothing is the current coroutine again. */
    aco_gtls_co = NULL;
    aco_resume(a);
    CHECK(aco_get_co() == m);
    aco_t *n = call_it('n', aco_create(NULL, NULL, 0, NULL, NULL));
    aco_destroy(m);
    CHECK(aco_get_co() == NULL);
    a->main_co = main_co = n;
    aco_resume(a);
    aco_resume(a);
    CHECK_SEEN("Ra Ya C? Dm Ra Ya Ra Ya ");
    aco_destroy(a);
    aco_destroy(n);
    CHECK_SEEN("Da Dn ");
    aco_share_stack_destroy(stack);
    return unused; /* with its hooks set */
}

static void run_thread(void *(*body)(void *)) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, body, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

/* ---- nesting, and hooks that come and go in the middle ------------------------------------------ */

static aco_share_stack_t *inner_stack;

static void resumes_others(void) {
    aco_t *self = aco_get_co();
    aco_t *b = call_it('b', aco_create(self, inner_stack, 0, yields_inline, NULL));
    aco_t *c = call_it('c', aco_create(self, inner_stack, 0, exits_by_call, NULL));
    for (int i = 0; i < 2; i++) {
        aco_resume(b);
        aco_resume(c);
        CHECK(aco_get_co() == self);
        if (i == 0) aco_yield();
    }
    aco_destroy(b);
    aco_destroy(c);
    aco_exit();
}

static void sets_hooks(void) {
    set_hooks();
    aco_yield();
    aco_yield_fn();
    aco_set_hooks(NULL);
    aco_yield();
    aco_yield_fn();
    set_hooks();
    aco_exit();
}

static void check_nesting(void) {
    inner_stack = aco_share_stack_new2(64 * 1024, 0);
    aco_share_stack_t *stack = aco_share_stack_new2(64 * 1024, 0);
    set_hooks();
    aco_t *a = call_it('a', aco_create(main_co, stack, 0, resumes_others, NULL));
    aco_resume(a);
    aco_resume(a);
    length = 0; /* letters of coroutines that are reborn depend on their places */
    aco_set_hooks(NULL);
    aco_destroy(a);
    a = call_it('a', aco_create(main_co, stack, 0, resumes_others, NULL));
    memset(known + 1, 0, sizeof known - sizeof *known);
    seen[0] = 0;
    set_hooks();
    aco_resume(a);
    CHECK_SEEN("Ra C? C? Rb Yb Rc Yc Ya ");
    aco_resume(a);
    CHECK_SEEN("Ra Rb Yb Rc Xc Db Dc Xa ");
    aco_set_hooks(NULL);
    aco_destroy(a);

    a = call_it('a', aco_create(main_co, stack, 0, sets_hooks, NULL));
    aco_resume(a);
    /* It was resumed before they were set. An inline resume has no code that sees it come back. */
    CHECK(strcmp(seen, "") == 0 || strcmp(seen, "Ya ") == 0);
    length = 0;
    aco_resume(a);
    CHECK_SEEN("Ra Ya ");
    aco_resume(a);
    CHECK_SEEN("Ra ");
    aco_resume(a);
    CHECK_SEEN("");
    aco_resume(a);
    CHECK(aco_get_co() == main_co);
    aco_set_hooks(NULL);
    aco_destroy(a);
    aco_share_stack_destroy(stack);
    aco_share_stack_destroy(inner_stack);
    length = 0;
    seen[0] = 0;
}

/* ---- hooks of one sort; hooks that change hooks ------------------------------------------------- */

static int counted;
static void counts(aco_t *co, void *data) {
    (void)co;
    CHECK(data == &counted);
    counted++;
}
static void counts_and_stops(aco_t *co, void *data) {
    counts(co, data);
    aco_set_hooks(NULL);
}

static void check_few(void) {
    aco_share_stack_t *stack = aco_share_stack_new2(64 * 1024, 0);
    aco_t *a = aco_create(main_co, stack, 0, yields_by_call, NULL);
    aco_hooks_t few = {NULL, NULL, NULL, NULL, NULL, &counted};
    for (int which = 0; which < 4; which++) {
        few.resume = which == 1 ? counts : which == 2 ? counts_and_stops : NULL;
        few.yield = which == 3 ? counts_and_stops : NULL;
        aco_set_hooks(&few);
        counted = 0;
        for (int i = 0; i < 5; i++) aco_resume(a);
        CHECK_EQUAL(counted, which == 0 ? 0 : which == 1 ? 5 : 1);
    }
    aco_set_hooks(NULL);
    aco_set_hooks(NULL);
    aco_destroy(a);
    aco_share_stack_destroy(stack);
}

/* ---- by hand ----------------------------------------------------------------------------------- */

static void check_by_hand(void) {
    aco_share_stack_t *stack = aco_share_stack_new2(64 * 1024, 0);
    aco_t *a = call_it('a', aco_create(main_co, stack, 0, yields_as_old_binaries, NULL));
    aco_resume(a);
    set_hooks();
    for (int i = 0; i < 3; i++) {
        /* As libaco's own resume does. */
        aco_gtls_co = a;
        acosw(main_co, a);
        aco_gtls_co = main_co;
        CHECK_SEEN("");
        aco_resume(a);
        CHECK(aco_get_co() == main_co);
        CHECK_SEEN("Ra Ya ");
    }
    aco_destroy(a);
    CHECK_SEEN("Da ");
    aco_set_hooks(NULL);
    aco_share_stack_destroy(stack);
}

/* ---- moved, left, refused ---------------------------------------------------------------------- */

static __attribute__((noinline)) aco_t *current_co(void) { return aco_get_co(); }

static void yields_in_turn(void) {
    for (;;) {
        aco_yield1(current_co());
        aco_yield1_fn(current_co());
    }
}

static aco_t *traveller;

/* On a thread with hooks, or without, whatever the one before had. */
static void *resumes_the_traveller(void *with_hooks) {
    aco_t *m = main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    if (with_hooks != NULL) set_hooks();
    traveller->main_co = m;
    call_it('t', traveller);
    for (int i = 0; i < 3; i++) aco_resume(traveller);
    CHECK(aco_get_co() == m);
    CHECK_SEEN(with_hooks != NULL ? "Rt Yt Rt Yt Rt Yt " : "");
    if (with_hooks != NULL) aco_set_hooks(NULL);
    aco_destroy(m);
    return NULL;
}

static void run_thread_with(void *(*body)(void *), void *argument) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, body, argument) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void check_moved(void) {
    aco_share_stack_t *stack = aco_share_stack_new2(64 * 1024, 0);
    traveller = aco_create(main_co, stack, 0, yields_in_turn, NULL);
    for (uintptr_t i = 0; i < 12; i++) run_thread_with(resumes_the_traveller, (void *)(i / 2 % 2));
    aco_destroy(traveller);
    aco_share_stack_destroy(stack);
}

#define RESUME "aco: fatal: aco_resume(@, entry @): "

static aco_share_stack_t *any_stack(void) { return aco_share_stack_new2(64 * 1024, 0); }
static void ends(void) { aco_exit(); }
static void resumes_its_arg(void) { aco_resume((aco_t *)aco_get_arg()); }
static void resumes_itself(void) { aco_resume(aco_get_co()); }

static void resumes_an_ended_one(void) {
    set_hooks();
    aco_t *co = aco_create(main_co, any_stack(), 0, ends, NULL);
    aco_resume(co);
    aco_resume(co);
}
static void resumes_a_sibling(void) {
    set_hooks();
    aco_t *sibling = aco_create(main_co, any_stack(), 0, yields_inline, NULL);
    aco_resume(aco_create(main_co, any_stack(), 0, resumes_its_arg, sibling));
}
static void resumes_the_running_one(void) {
    set_hooks();
    aco_resume(aco_create(main_co, any_stack(), 0, resumes_itself, NULL));
}
static void yields_in_main(void) {
    set_hooks();
    aco_resume(aco_create(main_co, any_stack(), 0, yields_inline, NULL));
    aco_yield_fn();
}

static void check_refused(void) {
    CHECK_DIES(resumes_an_ended_one, RESUME "the coroutine has ended (resume a coroutine while its is_end "
                                            "is 0)\n");
    CHECK_DIES(resumes_a_sibling, RESUME "called inside @, while its main_co is @ (only its main_co "
                                         "resumes a coroutine)\n");
    CHECK_DIES(resumes_the_running_one, RESUME "the coroutine is running (resume a coroutine after it has "
                                               "yielded)\n");
    CHECK_DIES(yields_in_main, "aco: fatal: aco_yield(@, main): it is a main coroutine (only a coroutine "
                               "that aco_resume runs can yield)\n");
}

#if !defined(__SANITIZE_THREAD__) && !__has_feature(thread_sanitizer)
static jmp_buf way_out;
static void jumps_out(void) { longjmp(way_out, 1); }
static void ends_the_thread(void) { pthread_exit(&way_out); }

static void *leaves_for_good(void *unused) {
    (void)unused;
    aco_t *m = main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = any_stack();
    aco_t *jumper = call_it('j', aco_create(m, stack, 0, jumps_out, NULL));
    aco_t *plain = call_it('p', aco_create(m, stack, 0, ends, NULL));
    set_hooks();
    if (setjmp(way_out) == 0) aco_resume(jumper);
    CHECK_SEEN("Rj ");
    stack->owner = NULL; /* its frames are gone */
    aco_resume(plain);
    CHECK(aco_get_co() == m);
    CHECK_SEEN("Rp Xp ");
    aco_destroy(jumper);
    aco_destroy(plain);
    CHECK_SEEN("Dj Dp ");
    memset(known, 0, sizeof known);
    call_it('e', aco_create(m, stack, 0, ends_the_thread, NULL));
    CHECK_SEEN("C? ");
    aco_resume(known['e' - 'a']);
    CHECK(0);
    return NULL;
}

static void check_left(void) {
    pthread_t thread;
    void *result;
    CHECK(pthread_create(&thread, NULL, leaves_for_good, NULL) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == &way_out);
}
#else
static void check_left(void) {} /* it knows neither */
#endif

/* ---- back to full speed ------------------------------------------------------------------------ */

/* The thread-local word that the inline code asks. */
static int sees_switches(void) {
    void **words = (void **)&aco_gtls_co;
    __asm__("" : "+r"(words)); /* what is behind a variable, a compiler knows better */
    return words[2] != NULL;
}

/* The state word's form for the inline resume. */
static int is_resident(aco_t *co) {
    uint64_t word;
    memcpy(&word, &co->is_end, sizeof word);
    return word == (uint64_t)(uintptr_t)co << 8;
}

static void check_speed(void) {
    aco_share_stack_t *stack = aco_share_stack_new2(64 * 1024, 0);
    aco_t *a = aco_create(main_co, stack, 0, yields_inline, NULL);
    aco_resume(a);
    int saw = sees_switches(), was_resident = is_resident(a);
    set_hooks();
    aco_resume(a);
    CHECK(sees_switches());
    aco_set_hooks(NULL);
    CHECK_EQUAL(sees_switches(), saw);
    aco_resume(a);
    CHECK_EQUAL(is_resident(a), was_resident);
    aco_destroy(a);
    aco_share_stack_destroy(stack);
    length = 0;
    seen[0] = 0;
}

/* ---- transfers --------------------------------------------------------------------------------- */

static void gives_place(void) {
    aco_yield_to((aco_t *)aco_get_arg());
    (aco_yield_to)((aco_t *)aco_get_arg());
    aco_exit();
}
static void gives_it_back(void) {
    aco_yield_to(known[0]);
    aco_yield_value(&length);
    aco_exit();
}

static void check_transfer(int shared) {
    aco_share_stack_t *stacks[2] = {aco_share_stack_new(0), aco_share_stack_new(0)};
    aco_t *b = call_it('b', aco_create(main_co, stacks[0], 0, gives_it_back, NULL));
    aco_t *a = call_it('a', aco_create(main_co, stacks[!shared], 0, gives_place, b));
    set_hooks();
    CHECK(aco_resume_value(a, NULL) == &length && aco_get_co() == main_co);
    CHECK_SEEN("Ra Ya Rb Yb Ra Ya Rb Yb ");
    aco_resume(b);
    aco_resume(a);
    CHECK(a->is_end && b->is_end);
    CHECK_SEEN("Rb Xb Ra Xa ");
    aco_set_hooks(NULL);
    aco_destroy(a);
    aco_destroy(b);
    for (int i = 0; i < 2; i++) aco_share_stack_destroy(stacks[i]);
    CHECK_SEEN("");
}

int main(void) {
    aco_thread_init(NULL);
    main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    check_few();
    check_forms();
    check_nesting();
    check_by_hand();
    check_moved();
    check_transfer(0);
    check_transfer(1);
    check_refused();
    check_left();
    check_speed();
    run_thread(in_a_new_thread);
    check_forms(); /* another thread's hooks are not this one's */
    aco_destroy(main_co);
    run_thread(in_a_new_thread);
    return 0;
}
