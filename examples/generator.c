/* Generators, stacked: the primes come out of a sieve that is one generator a prime, each asking
 * the one below it for the next number that its prime does not divide. */
#include <aco_ext.h>

typedef struct {
    aco_gen_t *source; /* where numbers come from */
    uintptr_t prime;   /* those that it divides are left out */
} filter_t;

static void all_numbers(void) {
    for (uintptr_t number = 2;; number++) aco_gen_yield((void *)number);
}

static void others(void) {
    const filter_t *self = (const filter_t *)aco_get_arg();
    for (void *number; aco_gen_next(self->source, &number);) {
        if ((uintptr_t)number % self->prime != 0) aco_gen_yield(number);
    }
}

int main(void) {
    enum { PRIMES = 25 };
    aco_share_stack_t *stacks[PRIMES + 1];
    aco_gen_t *sieve[PRIMES + 1];
    filter_t filters[PRIMES];
    aco_thread_init(NULL);

    stacks[0] = aco_share_stack_new(16 * 1024);
    sieve[0] = aco_gen_new(stacks[0], all_numbers, NULL);
    for (int i = 0; i < PRIMES; i++) {
        void *prime;
        aco_gen_next(sieve[i], &prime);
        printf("%d%s", (int)(uintptr_t)prime, i % 5 == 4 ? "\n" : " ");
        filters[i].source = sieve[i];
        filters[i].prime = (uintptr_t)prime;
        stacks[i + 1] = aco_share_stack_new(16 * 1024);
        sieve[i + 1] = aco_gen_new(stacks[i + 1], others, &filters[i]);
    }
    /* They never end: freeing a half-read generator is all right. */
    for (int i = 0; i <= PRIMES; i++) {
        aco_gen_free(sieve[i]);
        aco_share_stack_destroy(stacks[i]);
    }
    return 0;
}
/* Prints:
 * 2 3 5 7 11
 * 13 17 19 23 29
 * 31 37 41 43 47
 * 53 59 61 67 71
 * 73 79 83 89 97
 */
