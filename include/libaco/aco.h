/* For programs that include <libaco/aco.h>. */
#include "../aco.h"
