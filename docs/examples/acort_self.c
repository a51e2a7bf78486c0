#include <acort.h>
#include <stdio.h>

static void *tells(void *argument) {
    acort_task_t *self = acort_self();
    printf("no name: %d\n", acort_name(self) == NULL);
    acort_set_name(self, "teller");
    printf("%s, with a number: %d\n", acort_name(self), acort_id(self) != 0);
    return argument;
}

int main(void) {
    printf("outside of tasks: %d\n", acort_self() == NULL);
    return acort_run(tells, NULL, NULL) == 0 ? 0 : 1;
}
/* Prints:
 * outside of tasks: 1
 * no name: 1
 * teller, with a number: 1
 */
