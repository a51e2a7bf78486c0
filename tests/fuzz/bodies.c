/* The ways to compile coroutines that are linked into the fuzzer, body.c four times, and its report. */
#include "world.h"

extern const body_t inline_own, calls_own, inline_shared, calls_shared;
const body_t *const bodies_own[] = {&inline_own, &calls_own, NULL};
const body_t *const bodies_shared[] = {&inline_shared, &calls_shared, NULL};

static void report(void) { fprintf(stderr, "stat::operations: %lu\n", model_operations); }

/* libFuzzer's name for what comes first. */
int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count, (void)arguments;
    return atexit(report);
}
