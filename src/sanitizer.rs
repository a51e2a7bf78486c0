//! Is somebody watching the memory of this process: AddressSanitizer, whose runtime is known by a
//! symbol that nothing else has, or Valgrind?

use crate::{arch, valgrind};

/// Is there one? Copies then go past the C library's memcpy, and memory goes back at once: that is
/// what such a tool takes its notes by.
#[inline(always)]
pub(crate) fn is_present() -> bool {
    arch::asan_init_address() != 0 || valgrind::is_running()
}
