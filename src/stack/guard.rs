//! Guards: memory that nothing can access, below a stack.
//!
//! A guard is a guard region if the kernel has them (Linux 6.13), else pages that mprotect has made inaccessible.

use core::ffi::c_void;
use core::sync::atomic::{AtomicU8, Ordering};

use crate::{arch, sys};

/// The size of a guard, in bytes: whole pages, and at least the distance at which compilers probe.
pub(super) fn guard_size() -> usize {
    arch::MIN_GUARD.max(sys::page_size())
}

/// The kernel's support of guard regions.
#[unsafe(link_section = "aco_shared")]
static GUARD_REGIONS: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const SUPPORTED: u8 = 1;
const UNSUPPORTED: u8 = 2;

/// Returns true if guard regions work. The first guard finds out.
pub(super) fn are_regions_supported() -> bool {
    GUARD_REGIONS.load(Ordering::Relaxed) == SUPPORTED
}

/// Returns true if guard regions do not work. The first guard finds out.
pub(super) fn are_regions_unsupported() -> bool {
    GUARD_REGIONS.load(Ordering::Relaxed) == UNSUPPORTED
}

/// Makes `size` bytes at `address` inaccessible. Returns false if the system refuses: see `sys::errno`.
///
/// # Safety
/// The range is whole pages of a mapping, and nothing uses it.
pub(super) unsafe fn install_guard(address: *mut c_void, size: usize) -> bool {
    // SAFETY: whole pages that nothing uses. Locked memory has no guard regions: mprotect is the other way.
    unsafe { install_guard_region(address, size) || sys::make_inaccessible(address, size) }
}

/// Makes `size` bytes at `address` a guard region. Returns false if the kernel has none, or refuses this one.
///
/// Guard regions take no mapping, so their number has no limit. The first one is tested: an emulator may accept the
/// advice and do nothing.
///
/// # Safety
/// The range is whole pages of a mapping, and nothing uses it.
pub(super) unsafe fn install_guard_region(address: *mut c_void, size: usize) -> bool {
    // SAFETY: whole pages that nothing uses.
    unsafe {
        match GUARD_REGIONS.load(Ordering::Relaxed) {
            SUPPORTED => sys::install_guard_region(address, size),
            UNSUPPORTED => false,
            _ => {
                let works = sys::install_guard_region(address, size) && !sys::is_readable(address);
                GUARD_REGIONS.store(if works { SUPPORTED } else { UNSUPPORTED }, Ordering::Relaxed);
                works
            }
        }
    }
}
