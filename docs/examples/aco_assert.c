#include <aco.h>

int main(void) {
    aco_assert(1 + 1 == 2);
    char *text = malloc(6);
    aco_assertalloc_ptr(text);
    aco_assertalloc_bool(text != NULL);
    aco_assertptr(text);
    strcpy(text, "hello");
    if (aco_likely(text[0] == 'h')) puts(text);
    if (aco_unlikely(text[0] == 'x')) puts("never");
    free(text);
    return 0;
}
/* Prints:
 * hello
 */
