/* The library loaded with dlopen: the TLS variable of each thread, threads older than the load, a
 * coroutine that runs, versions; it stays when it is closed. Takes the library's path. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>

#define ACO_INLINE_H /* the declarations only: nothing of the library is linked */
#include "check.h"

static void *library;
static pthread_barrier_t barrier;
static int ran;

#define SYMBOL(name) __typeof__(name) *name##_ = (__typeof__(name) *)dlsym(library, #name); \
    CHECK(name##_ != NULL)

static void entry(void) {
    SYMBOL(aco_yield_fn);
    SYMBOL(aco_exit_fn);
    SYMBOL(aco_get_arg_fn);
    for (int i = 0; i < 10; i++) {
        ++*(int *)aco_get_arg_fn_();
        aco_yield_fn_();
    }
    aco_exit_fn_();
}

static void use_it(void) {
    aco_t **current = (aco_t **)dlsym(library, "aco_gtls_co");
    CHECK(current != NULL && *current == NULL);
    SYMBOL(aco_create);
    SYMBOL(aco_resume);
    SYMBOL(aco_destroy);
    SYMBOL(aco_share_stack_new);
    SYMBOL(aco_share_stack_destroy);
    int count = 0;
    aco_t *main_co = aco_create_(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stack = aco_share_stack_new_(0);
    aco_t *co = aco_create_(main_co, stack, 0, entry, &count);
    while (!co->is_end) {
        aco_resume_(co);
        CHECK(*current == main_co);
    }
    CHECK_EQUAL(count, 10);
    aco_destroy_(co);
    aco_share_stack_destroy_(stack);
    aco_destroy_(main_co);
    __atomic_fetch_add(&ran, 1, __ATOMIC_SEQ_CST);
}

/* Its coroutines go on after dlclose: nothing was unmapped, no thread's variable lost. */
static void use_it_again(void) {
    aco_t **current = (aco_t **)dlsym(library, "aco_gtls_co");
    CHECK(current != NULL);
    *current = NULL;
    use_it();
    CHECK_EQUAL(ran, 4);
}

static void *late(void *unused) {
    use_it();
    return unused;
}

/* Loaded and closed a hundred times more, and used each time, by a thread of its own. */
static void load_often(const char *path) {
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        void *before = library;
        library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        CHECK(library == before);
        CHECK(pthread_create(&thread, NULL, late, NULL) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(dlclose(library) == 0);
    }
    CHECK_EQUAL(ran, 104);
}

static void *early(void *unused) {
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    use_it();
    return unused;
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    pthread_t threads[2];
    pthread_barrier_init(&barrier, NULL, 2);
    CHECK(pthread_create(&threads[0], NULL, early, NULL) == 0);
    pthread_barrier_wait(&barrier);
    library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) fprintf(stderr, "%s\n", dlerror());
    CHECK(library != NULL);
    use_it();
    pthread_barrier_wait(&barrier);
    CHECK(pthread_create(&threads[1], NULL, late, NULL) == 0);
    for (int i = 0; i < 2; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_EQUAL(ran, 3);
    CHECK(dlvsym(library, "aco_resume", "ACO_1.2") != NULL);
    CHECK(dlvsym(library, "aco_yield_fn", "ACO_1.3") != NULL);
    CHECK(dlvsym(library, "aco_yield_fn", "ACO_1.2") == NULL);
    CHECK(dlclose(library) == 0);
    CHECK(dlopen(arguments[1], RTLD_NOW | RTLD_NOLOAD) != NULL); /* -z nodelete */
    use_it_again();
    load_often(arguments[1]);
    return 0;
}
