/* Uses the plugin in a thread that lives longer than the plugin is there: a hundred times. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void *use(void *path) {
    void *plugin = dlopen((const char *)path, RTLD_NOW);
    if (plugin == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    void (*run)(void);
    *(void **)&run = dlsym(plugin, "run");
    run();
    if (dlclose(plugin) != 0 || dlopen((const char *)path, RTLD_NOW | RTLD_NOLOAD) != NULL) exit(3);
    return NULL;
}

static long mapped_pages(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld", &pages) != 1) exit(4);
    fclose(file);
    return pages;
}

/* The stack goes back, and the slabs; control blocks of stacks stay readable. */
enum { LEFT_PAGES = 30 };

int main(int count, char **arguments) {
    long before = 0;
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        if (count != 2 || pthread_create(&thread, NULL, use, arguments[1]) != 0) return 1;
        pthread_join(thread, NULL);
        if (i == 49) before = mapped_pages();
    }
    return mapped_pages() - before <= 50 * LEFT_PAGES ? 0 : 5;
}
