/* For programs that say <libaco/aco.hpp>. */
#include "../aco.hpp"
