/* For programs that say <libaco/aco.h>. */
#include "../aco.h"
