/* ACORT_STRICT=1: tasks that nothing has joined are counted; a deadline of long ago is told of once, and so is a start
 * outside of tasks. */
#include "rt.h"

static void *nothing(void *unused) { return unused; }

static void *joins_some(void *unused) {
    acort_go(nothing, NULL);
    acort_go(nothing, NULL);
    CHECK(acort_detach(acort_go(nothing, NULL)) == 0);
    join(acort_go(nothing, NULL));
    return unused;
}

static void *joins_all(void *unused) {
    join(acort_go(nothing, NULL));
    return unused;
}

/* 5 ms, as it seems: of the time since the system was started. */
static void *takes_a_duration(void *unused) {
    acort_event_t event = {0};
    for (int i = 0; i < 3; i++) CHECK_FAILS(acort_event_wait(&event, 5 * MILLISECONDS), ETIMEDOUT);
    CHECK_FAILS(acort_event_wait(&event, acort_after(MILLISECONDS)), ETIMEDOUT);
    return unused;
}

static void some(void) { acort_run(joins_some, NULL, NULL); }
static void some_of_several(void) { run_with(2, joins_some, NULL); }
static void all(void) { acort_run(joins_all, NULL, NULL); }
static void duration(void) { acort_run(takes_a_duration, NULL, NULL); }

static void starts_outside(void) {
    acort_attr_t attributes = ACORT_ATTR_INIT;
    CHECK_REFUSES(acort_go(nothing, NULL), EPERM);
    CHECK_REFUSES(acort_go_ex(&attributes, nothing, NULL), EPERM);
    CHECK_REFUSES(acort_go_flags(0, nothing, NULL), EPERM);
    CHECK_FAILS(acort_go_detached(nothing, NULL), EPERM);
}

static void writes(void (*body)(void), const char *wanted) {
    char text[4096];
    CHECK(run_in_child(body, text, sizeof text) == 0);
    if (!text_matches(text, wanted)) {
        fprintf(stderr, "wanted: %sgot: %s", wanted, text);
        exit(1);
    }
}

int main(void) {
    const char *unjoined = "acort: strict: nothing has joined 2 of the tasks (acort_join() or acort_detach() each of "
                           "them)\n";
    CHECK(setenv("ACORT_STRICT", "1", 1) == 0);
    writes(some, unjoined);
    writes(some_of_several, unjoined);
    writes(all, "");
    writes(starts_outside, "acort: strict: acort_go() outside of a task (acort_run() and acort_enter() run the first "
                           "task)\n");
    /* A system that has just been started has no such time. */
    if (acort_now() > 2 * 3600 * 1000 * MILLISECONDS) {
        writes(duration, "acort: strict: task # waits for an event with a deadline of # hours ago (a deadline is a time: "
                         "acort_after(nanoseconds))\n");
    }
    CHECK(setenv("ACORT_STRICT", "0", 1) == 0);
    writes(some, "");
    writes(duration, "");
    writes(starts_outside, "");
    CHECK(unsetenv("ACORT_STRICT") == 0);
    writes(some, "");
    return 0;
}
