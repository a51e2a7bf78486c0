/* For programs that include <libaco/aco.hpp>. */
#include "../aco.hpp"
