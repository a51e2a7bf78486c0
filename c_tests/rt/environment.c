/* Variables of the environment come from secure_getenv(3), so that a set-user-ID program ignores them; without that
 * function the library asks the kernel itself. */
#include "rt.h"

static int asked;
static const char *answer;

/* Before the C library's own, in whatever way the program is linked. */
char *secure_getenv(const char *name) {
    asked += strcmp(name, "ACORT_CHAOS") == 0;
    return (char *)(uintptr_t)answer;
}

enum { TASKS = 40 };
static int order[TASKS], count;

static void *one(void *number) {
    order[count++] = (int)NUMBER(number);
    return NULL;
}

static void *many(void *argument) {
    acort_group_t *group = acort_group_open();
    CHECK(group != NULL);
    for (int i = 0; i < TASKS; i++) {
        acort_attr_t attributes;
        acort_attr_init(&attributes, sizeof attributes);
        attributes.group = group;
        acort_task_t *task = acort_go_ex(&attributes, one, POINTER(i));
        CHECK(task != NULL);
        acort_detach(task);
    }
    CHECK_EQUAL(acort_group_close(group), 0);
    return argument;
}

/* In how many places do the tasks run out of order? */
static int disorder(void) {
    int places = 0;
    count = 0;
    run(many, NULL);
    CHECK_EQUAL(count, TASKS);
    for (int i = 0; i < TASKS; i++) places += order[i] != i;
    return places;
}

int main(void) {
    CHECK_EQUAL(setenv("ACORT_CHAOS", "7", 1), 0);
    answer = NULL; /* what it gives in a set-user-ID program */
    CHECK_EQUAL(disorder(), 0);
    CHECK(asked > 0);
    answer = "7";
    CHECK(disorder() > 0);
    return 0;
}
