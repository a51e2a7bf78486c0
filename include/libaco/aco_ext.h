/* For programs that say <libaco/aco_ext.h>. */
#include "../aco_ext.h"
