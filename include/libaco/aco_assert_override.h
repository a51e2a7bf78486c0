/* For programs that say <libaco/aco_assert_override.h>. */
#include "../aco_assert_override.h"
