/* The model without libFuzzer: runs the programs in the files given, or random ones, as many as
 * ACO_TEST_ROUNDS says (from seed 1 on, or ACO_TEST_SEED). */
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 4096 };
static uint8_t bytes[LONGEST];

static void replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, size);
}

static void run_random(uint64_t seed) {
    uint64_t state = mix(seed, 7) | 1;
    size_t size = 100 + random_next(&state) % (LONGEST - 100);
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(random_next(&state) >> 32);
    LLVMFuzzerTestOneInput(bytes, size);
}

/* A program of the past lacks the functions beside the macros. */
static int has_form(unsigned form) {
    if (form == FORMS + 4 || form == FORMS + 5) return 0; /* there are four ways to end */
#ifdef OLD_HEADER
    return form < 3 * FORMS;
#else
    return form < sizeof model_forms / sizeof *model_forms;
#endif
}

int main(int count, char **arguments) {
    for (int i = 1; i < count; i++) replay_file(arguments[i]);
    if (count > 1) return 0;
    const char *wanted = getenv("ACO_TEST_ROUNDS"), *first = getenv("ACO_TEST_SEED");
    uint64_t rounds = wanted != NULL ? (uint64_t)atol(wanted) : ROUNDS;
    uint64_t seed = first != NULL ? (uint64_t)atol(first) : 1;
    for (uint64_t round = 0; round < rounds; round++) run_random(seed + round);
    printf("%lu programs, %lu operations, no fault\n", (unsigned long)rounds, model_operations);
    for (unsigned form = 0; form < sizeof model_forms / sizeof *model_forms; form++) {
        if (has_form(form)) CHECK(model_forms[form] > 0);
    }
    return 0;
}
