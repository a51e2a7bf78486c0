//! The memory of a share stack: a mapping with a guard page below it, an allocation, or the program's.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::layout::Sizes;
use crate::{diag, sanitizer, sys, valgrind};

/// Memory for a stack.
pub(super) struct Memory {
    /// The lowest usable byte.
    pub(super) usable: *mut c_void,
    /// The mapping that holds it and its guard page; NULL where there is none.
    pub(super) mapping: *mut c_void,
    /// Whether the guard page is one.
    pub(super) guarded: bool,
}

/// Obtains memory of these sizes. None: there is none. Where only the guard cannot be had, a stack
/// without one is better than none: a warning, once.
pub(super) fn obtain(sizes: &Sizes) -> Option<Memory> {
    if sizes.mapped == 0 {
        let memory = sys::allocate(sizes.usable)?;
        return Some(Memory { usable: memory.as_ptr(), mapping: ptr::null_mut(), guarded: false });
    }
    let mapping = sys::map_stack(sizes.mapped)?;
    let mapping = mapping.as_ptr();
    let guard = sizes.mapped - sizes.usable;
    // SAFETY: the guard is the lowest pages of the mapping just made, the usable part the rest.
    unsafe {
        let guarded = install_guard(mapping, guard);
        let usable = usable_of(mapping, sizes);
        if REGIONS.load(Ordering::Relaxed) == NO {
            // So old a kernel may not know what `map_stack` asks for.
            sys::refuse_huge_pages(usable, sizes.usable);
        }
        if !guarded {
            #[unsafe(link_section = "aco_shared")]
            static SAID: AtomicBool = AtomicBool::new(false);
            let errno = sys::errno();
            diag::warn_once(
                &SAID,
                format_args!(
                    "a share stack has no guard page: mprotect of {guard} bytes fails \
                     with errno {errno}"
                ),
                "each guarded stack takes two of vm.max_map_count mappings: raise it",
            );
        }
        sanitizer::holds_pointers(usable, sizes.usable);
        Some(Memory { usable, mapping, guarded })
    }
}

/// The lowest usable byte of a mapping of these sizes.
pub(super) fn usable_of(mapping: *mut c_void, sizes: &Sizes) -> *mut c_void {
    mapping.wrapping_byte_add(sizes.mapped - sizes.usable)
}

/// Gives memory back to the system, or to the program. False: `sys::errno` says why, and it stays.
///
/// # Safety
/// `usable` is memory of these sizes from [`obtain`] or the program, and no frame is on it.
pub(super) unsafe fn release(usable: *mut c_void, sizes: &Sizes) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        if sizes.mapped == 0 {
            sys::free(usable);
            return true;
        }
        sanitizer::forgotten(usable, sizes.usable);
        if sizes.are_the_programs() {
            sanitizer::holds_no_pointers(usable, sizes.usable);
            // What no frame was on counts as no memory since the last one left.
            valgrind::expect_writes(usable.addr(), sizes.usable);
            return true;
        }
        let is_released = sys::unmap(usable.byte_sub(sizes.mapped - sizes.usable), sizes.mapped);
        if is_released {
            sanitizer::holds_no_pointers(usable, sizes.usable);
        }
        is_released
    }
}

/// Has the kernel guard regions?
#[unsafe(link_section = "aco_shared")]
static REGIONS: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const YES: u8 = 1;
const NO: u8 = 2;

/// Makes `size` bytes at `address` a guard. False: `sys::errno` says why.
///
/// The kernel's guard regions cost no mapping, so their number has no limit. Whether they are to
/// be had is found out once: an emulator may take the advice and do nothing.
///
/// # Safety
/// The range is whole pages of a mapping of the caller's, and nothing uses it.
unsafe fn install_guard(address: *mut c_void, size: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        match REGIONS.load(Ordering::Relaxed) {
            // Locked memory (mlockall) takes none: then the other way.
            YES => sys::guard(address, size) || sys::forbid(address, size),
            NO => sys::forbid(address, size),
            _ => {
                let works = sys::guard(address, size) && !sys::is_readable(address);
                REGIONS.store(if works { YES } else { NO }, Ordering::Relaxed);
                works || sys::forbid(address, size)
            }
        }
    }
}
