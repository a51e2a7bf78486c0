/* Generators, stacked: the primes come out of a sieve that is one coroutine a prime, each asking
 * the one below it for the next number that its prime does not divide. */
#include <aco.h>

typedef struct generator {
    int value;                /* the number given last */
    int prime;                /* numbers that it divides are left out */
    struct generator *source; /* where numbers come from; NULL: all of them, from 2 on */
    aco_t *co;
    aco_share_stack_t *stack;
} generator_t;

static int next(generator_t *generator) {
    generator->co->main_co = aco_get_co(); /* whoever asks is yielded to */
    aco_resume(generator->co);
    return generator->value;
}

static void generate(void) {
    generator_t *self = (generator_t *)aco_get_arg();
    if (self->source == NULL) {
        for (self->value = 2;; self->value++) aco_yield();
    }
    for (;;) {
        self->value = next(self->source);
        if (self->value % self->prime != 0) aco_yield();
    }
}

static void open_generator(generator_t *generator, aco_t *main_co, int prime,
                           generator_t *source) {
    generator->prime = prime;
    generator->source = source;
    generator->stack = aco_share_stack_new(16 * 1024);
    generator->co = aco_create(main_co, generator->stack, 0, generate, generator);
}

int main(void) {
    enum { PRIMES = 25 };
    generator_t sieve[PRIMES + 1];
    aco_thread_init(NULL);
    aco_t *main_co = aco_gtls_co = aco_create(NULL, NULL, 0, NULL, NULL);

    open_generator(&sieve[0], main_co, 0, NULL);
    for (int i = 0; i < PRIMES; i++) {
        int prime = next(&sieve[i]);
        printf("%d%s", prime, i % 5 == 4 ? "\n" : " ");
        open_generator(&sieve[i + 1], main_co, prime, &sieve[i]);
    }
    /* They never end: destroying a suspended coroutine is all right. */
    for (int i = 0; i <= PRIMES; i++) {
        aco_destroy(sieve[i].co);
        aco_share_stack_destroy(sieve[i].stack);
    }
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * 2 3 5 7 11
 * 13 17 19 23 29
 * 31 37 41 43 47
 * 53 59 61 67 71
 * 73 79 83 89 97
 */
