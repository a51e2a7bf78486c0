/* ACORT_CHAOS: another order of tasks, short reads and the choice of a select, all the same again for the same
 * seed. */
#include "rt.h"

#include <sys/socket.h>

enum { TASKS = 12, READS = 4 };
static char order[TASKS * 3 + 1];

static void *appends(void *letter) {
    for (int i = 0; i < 3; i++) {
        char text[2] = {(char)NUMBER(letter), 0};
        strcat(order, text);
        acort_yield();
    }
    return NULL;
}

static void *all_append(void *argument) {
    acort_task_t *tasks[TASKS];
    for (int i = 0; i < TASKS; i++) tasks[i] = acort_go(appends, POINTER('a' + i));
    for (int i = 0; i < TASKS; i++) join(tasks[i]);
    return argument;
}

static int pieces;

static void *reads_in_pieces(void *argument) {
    static char block[1000], back[1000];
    int ends[2];
    CHECK(pipe(ends) == 0);
    for (size_t i = 0; i < sizeof block; i++) block[i] = (char)(i * 7);
    CHECK_EQUAL(acort_write_all(ends[1], block, sizeof block, ACORT_NEVER), sizeof block);
    for (size_t done = 0; done < sizeof back; pieces++) {
        ssize_t got = acort_read(ends[0], back + done, sizeof back - done, ACORT_NEVER);
        CHECK(got > 0);
        done += (size_t)got;
    }
    CHECK(memcmp(block, back, sizeof block) == 0);
    acort_close(ends[0]), acort_close(ends[1]);
    return argument;
}

/* Datagrams and what else has whole messages stay whole. */
static void *reads_messages(void *argument) {
    int pair[2];
    char back[100];
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    for (int i = 0; i < 50; i++) {
        CHECK_EQUAL(acort_write(pair[0], "a whole message", 15, ACORT_NEVER), 15);
        CHECK_EQUAL(acort_read(pair[1], back, sizeof back, ACORT_NEVER), 15);
    }
    acort_close(pair[0]), acort_close(pair[1]);
    return argument;
}

/* Which of two cases that are ready a select takes: one letter each time. */
static void *chooses(void *argument) {
    static acort_event_t events[2];
    acort_case_t cases[2] = {{.op = ACORT_EVENT, .object = &events[0]},
                             {.op = ACORT_EVENT, .object = &events[1]}};
    acort_event_set(&events[0]), acort_event_set(&events[1]);
    for (int i = 0; i < 64; i++) fprintf(stderr, "%d", acort_select(cases, 2, ACORT_NEVER));
    return argument;
}

static void says_choices(void) { run(chooses, NULL); }

/* The child says what it has seen. */
static void says(void) {
    run(all_append, NULL);
    for (int i = 0; i < READS; i++) run(reads_in_pieces, NULL);
    run(reads_messages, NULL);
    fprintf(stderr, "%s %d", order, pieces);
}

static void body_under(void (*body)(void), const char *seed, char *said, size_t size) {
    CHECK((seed == NULL ? unsetenv("ACORT_CHAOS") : setenv("ACORT_CHAOS", seed, 1)) == 0);
    CHECK_EQUAL(run_in_child(body, said, size), 0);
}

static void under(const char *seed, char *said, size_t size) { body_under(says, seed, said, size); }

/* Without a seed the choices of two processes differ but for one time in 2^64. */
static void choices(void) {
    char said[200], again[200];
    body_under(says_choices, "1", said, sizeof said);
    body_under(says_choices, "1", again, sizeof again);
    CHECK(strcmp(said, again) == 0);
    body_under(says_choices, "2", again, sizeof again);
    CHECK(strcmp(said, again) != 0);
    body_under(says_choices, NULL, said, sizeof said);
    body_under(says_choices, NULL, again, sizeof again);
    CHECK(strcmp(said, again) != 0);
}

int main(void) {
    char plain[200], said[200], again[200], seed[20];
    under(NULL, plain, sizeof plain);
    CHECK(strcmp(plain, "abcdefghijklabcdefghijklabcdefghijkl 4") == 0);
    under("0", said, sizeof said);
    CHECK(strcmp(said, plain) == 0);
    int different = 0, short_ones = 0;
    for (int i = 1; i <= 8; i++) {
        snprintf(seed, sizeof seed, "%d", i);
        under(seed, said, sizeof said);
        under(seed, again, sizeof again);
        CHECK(strcmp(said, again) == 0);
        CHECK_EQUAL(strchr(said, ' ') - said, TASKS * 3);
        different += strncmp(said, plain, TASKS * 3) != 0;
        short_ones += strcmp(strchr(said, ' '), " 4") != 0;
    }
    CHECK(different >= 7 && short_ones >= 6);
    choices();
    return 0;
}
