#include <aco.h>
#include <acort.h>

int main(void) {
    printf("as of aco_version_string(): %d\n",
           strcmp(acort_version(), aco_version_string()) == 0);
    return 0;
}
/* Prints:
 * as of aco_version_string(): 1
 */
