/* First success. Several mirrors are asked, and the first answer counts. The others are cancelled. */
#include <acort.h>
#include <stdio.h>

typedef struct {
    const char *name;
    int64_t takes;                                      /* ns; negative: it fails at once */
} mirror_t;

static void *ask(void *argument) {
    mirror_t *mirror = argument;
    return mirror->takes > 0 && acort_sleep(mirror->takes) == 0 ? mirror : NULL;
}

/* Returns the first mirror that has answered, or NULL. */
static mirror_t *first_of(mirror_t *mirrors, int count, int64_t deadline) {
    acort_attr_t attr = ACORT_ATTR_INIT;
    void *answer = NULL;
    attr.group = acort_group_open();
    if (attr.group == NULL) return NULL;
    for (int i = 0; i < count; i++) acort_go_ex(&attr, ask, &mirrors[i]);
    while (acort_group_next(attr.group, &answer, deadline) != NULL)     /* ESRCH: all have failed */
        if (answer != NULL) break;
    acort_group_close(attr.group);                      /* cancels the others */
    return answer;
}

static void *begin(void *unused) {
    static mirror_t mirrors[] = {{"far", ACORT_S(30)}, {"broken", -1}, {"near", ACORT_MS(2)}};
    mirror_t *first = first_of(mirrors, 3, acort_after(20000000000));
    puts(first == NULL ? "no answer" : first->name);
    first = first_of(&mirrors[1], 1, ACORT_NEVER);
    puts(first == NULL ? "no answer" : first->name);
    return unused;
}

int main(void) { return acort_run(begin, NULL, NULL); }

/* Prints:
 * near
 * no answer
 */
