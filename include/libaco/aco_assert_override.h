/* For programs that include <libaco/aco_assert_override.h>. */
#include "../aco_assert_override.h"
