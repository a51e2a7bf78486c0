#include <aco_ext.h>

/* Needs more stack than a small coroutine has. */
static void *sum(void *numbers) {
    double much[16 * 1024] = {0};
    for (int i = 0; i < 3; i++) much[i] = ((int *)numbers)[i];
    static double total;
    for (int i = 0; i < 16 * 1024; i++) total += much[i];
    return &total;
}

static void *body(void *numbers) {
    return aco_on_resumer(sum, numbers);
}

int main(void) {
    int numbers[] = {1, 2, 3};
    aco_t *co = aco_new(body, numbers, 16 * 1024);
    if (co == NULL) return 1;
    aco_resume(co);
    printf("%g\n", *(double *)aco_result(co));
    aco_free(co);
    return 0;
}
/* Prints:
 * 6
 */
