/* The model of tests/fuzz over random programs, without libFuzzer: whatever compiles this file. */
#ifdef UNDER_EMULATION
enum { ROUNDS = 60 };
#else
enum { ROUNDS = 150 };
#endif

#include "../tests/fuzz/body.c"

#include "../tests/fuzz/operations.c"
#include "../tests/fuzz/replay.c"
#include "../tests/fuzz/threads.c"
#include "../tests/fuzz/world.c"

#ifdef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
const body_t *const bodies_own[] = {NULL, NULL}, *const bodies_shared[] = {&body, NULL};
#else
const body_t *const bodies_own[] = {&body, NULL}, *const bodies_shared[] = {NULL, NULL};
#endif
