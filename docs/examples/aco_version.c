#include <aco.h>

int main(void) {
    unsigned int version = aco_version();
    printf("%u.%u, as text: %.3s\n", version >> 16, version >> 8 & 255,
           aco_version_string());
    printf("not older than the header: %d\n", version >= ACO_VERSION_NUMBER);
    return 0;
}
/* Prints:
 * 1.3, as text: 1.3
 * not older than the header: 1
 */
