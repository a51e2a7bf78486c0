//! Is somebody watching the memory of this process: AddressSanitizer, whose runtime is known by a
//! symbol that nothing else has, or Valgrind?

use core::sync::atomic::{AtomicU8, Ordering};

use crate::{arch, valgrind};

/// Is there one? Copies then go past the C library's memcpy, and memory goes back at once: that is what
/// such a tool takes its notes by.
#[inline(always)]
pub(crate) fn is_present() -> bool {
    const UNKNOWN: u8 = 0;
    const NO: u8 = 1;
    const YES: u8 = 2;
    static PRESENT: AtomicU8 = AtomicU8::new(UNKNOWN);
    match PRESENT.load(Ordering::Relaxed) {
        UNKNOWN => {
            let present = find_one();
            PRESENT.store(if present { YES } else { NO }, Ordering::Relaxed);
            present
        }
        known => known == YES,
    }
}

#[cold]
#[inline(never)]
fn find_one() -> bool {
    arch::asan_init_address() != 0 || valgrind::is_running()
}
