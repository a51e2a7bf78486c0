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

int main(int count, char **arguments) {
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        if (count != 2 || pthread_create(&thread, NULL, use, arguments[1]) != 0) return 1;
        pthread_join(thread, NULL);
    }
    return 0;
}
