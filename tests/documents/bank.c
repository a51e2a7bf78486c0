/* Two tasks that wait for each other: README.md shows the report. */
#include <acort.h>
#include <stdio.h>

static acort_mutex_t accounts, journal;

void *transfer(void *unused) {
    acort_mutex_lock(&accounts, ACORT_NEVER);
    acort_sleep(ACORT_MS(20));
    acort_mutex_lock(&journal, ACORT_NEVER);
    return unused;
}

void *rotate(void *unused) {
    acort_mutex_lock(&journal, ACORT_NEVER);
    acort_sleep(ACORT_MS(20));
    acort_mutex_lock(&accounts, ACORT_NEVER);
    return unused;
}

void *begin(void *unused) {
    acort_set_name(acort_go(transfer, NULL), "transfer");
    acort_go(rotate, NULL);
    return unused;
}

int main(void) {
    if (acort_run(begin, NULL, NULL) != 0) perror("acort_run");
    return 0;
}
