/* A deadlock is shown with what each task waits for, which task or thread has that, and where a task without a name began. */
#include "rt.h"

static acort_mutex_t first, second;
static acort_rwlock_t lock, other_lock;
static unsigned long long id_of[2];

static void *takes_both(void *number) {
    int is_second = (int)NUMBER(number);
    id_of[is_second] = acort_id(acort_self());
    CHECK(acort_mutex_lock(is_second ? &second : &first, ACORT_NEVER) == 0);
    acort_sleep(MILLISECONDS);
    acort_mutex_lock(is_second ? &first : &second, ACORT_NEVER);
    return NULL;
}

static void *locks(void *is_writer) {
    is_writer ? acort_rwlock_wrlock(&lock, ACORT_NEVER) : acort_rwlock_rdlock(&other_lock, ACORT_NEVER);
    return NULL;
}

static void *is_stuck(void *unused) {
    acort_set_name(acort_self(), "main");
    CHECK(acort_rwlock_rdlock(&lock, ACORT_NEVER) == 0 && acort_rwlock_wrlock(&other_lock, ACORT_NEVER) == 0);
    fprintf(stderr, "me %llu\n", (unsigned long long)acort_id(acort_self()));
    acort_go(takes_both, POINTER(0));
    acort_go(takes_both, POINTER(1));
    acort_go(locks, POINTER(0));
    acort_go(locks, POINTER(1));
    acort_sleep(2 * MILLISECONDS);
    fprintf(stderr, "both %llu %llu\n", id_of[0], id_of[1]);
    acort_park(ACORT_NEVER);
    return unused;
}

static void gets_stuck(void) {
    CHECK_FAILS(acort_run(is_stuck, NULL, NULL), EDEADLK);
}

/* The line about what has `wanted` in it. */
static void check_line(const char *text, const char *wanted) {
    const char *at = strstr(text, wanted);
    if (at == NULL || strncmp(at + strlen(wanted), ", entry ", 8) != 0) {
        fprintf(stderr, "no '%s, entry ...' in: %s", wanted, text);
        exit(1);
    }
}

int main(void) {
    if (HAS_FOREIGN_THREADS) return 0;
    char text[4096], wanted[128];
    CHECK(run_in_child(gets_stuck, text, sizeof text) == 0);
    unsigned long long me, ids[2];
    char *numbers = strstr(text, "both ");
    CHECK(sscanf(text, "me %llu", &me) == 1 && numbers != NULL);
    CHECK(sscanf(numbers, "both %llu %llu", &ids[0], &ids[1]) == 2);
    for (int i = 0; i < 2; i++) {
        snprintf(wanted, sizeof wanted, "acort: task %llu of worker 0: waits for a mutex at %p, held by task %llu", ids[i],
                 (void *)(i ? &first : &second), ids[!i]);
        check_line(text, wanted);
    }
    snprintf(wanted, sizeof wanted, "waits for a lock, to read at %p, held by task %llu", (void *)&other_lock, me);
    check_line(text, wanted);
    snprintf(wanted, sizeof wanted, "waits for a lock, to write at %p, held by 1 readers", (void *)&lock);
    check_line(text, wanted);
    return 0;
}
