/* For programs that include <libaco/aco_ext.h>. */
#include "../aco_ext.h"
