/* GNU Pth: its user-space contexts, the layer below its threads. */
#include "../measure.h"

#include <pth.h>

static pth_uctx_t here, there;

static void body(void *unused) {
    (void)unused;
    for (;;) pth_uctx_switch(there, here);
}

int main(int count, char **arguments) {
    start_measuring();
    pth_init();
    pth_uctx_create(&here);
    if (count > 1 && strcmp(arguments[1], "switch") == 0) {
        enum { ROUNDS = 300000 };
        pth_uctx_create(&there);
        pth_uctx_make(there, NULL, 16 * 1024, NULL, body, NULL, here);
        sample_t begin = now();
        for (int i = 0; i < ROUNDS; i++) pth_uctx_switch(here, there);
        report(begin, 2.0 * ROUNDS);
        return 0;
    }
    if (count > 1 && strcmp(arguments[1], "life") == 0) {
        enum { LIVES = 30000 };
        sample_t begin = now();
        for (int i = 0; i < LIVES; i++) {
            pth_uctx_create(&there);
            pth_uctx_make(there, NULL, 16 * 1024, NULL, body, NULL, here);
            pth_uctx_switch(here, there);
            pth_uctx_destroy(there);
        }
        report(begin, LIVES);
        return 0;
    }
    return 2;
}
