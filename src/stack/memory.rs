//! The memory of a share stack: a mapping with a guard page below it, an allocation, or the program's.
//!
//! ```text
//!                  guarded                    apart (tasks)
//! ptr + sz   +----------------+          +----------------+
//!            | frames         |          | frames         |
//! ptr        +----------------+          +----------------+
//!            | guard          |          | guard          |
//! real_ptr   +----------------+          +----------------+
//!                                        | gap            |  nothing lies here
//!                                        +----------------+
//!                                        | guard          |
//!                              real_ptr  +----------------+
//! ```
//!
//! Invariants of stacks that lie apart:
//!
//! 1. All bytes from `real_ptr` to `ptr` belong to this stack alone. So a frame that leaves the stack by no
//!    more than the gap reaches no other memory, whether its function probes it or not.
//! 2. Each access to a guard is a fault. What comes past the first guard in a leap and continues in small
//!    frames meets the second.
//! 3. The gap takes no memory. Where untouched memory costs none it is a part of the stack's own mapping,
//!    which merges with its neighbors': stacks take no mapping each. Where it does cost, nothing can touch
//!    the gap: under mlockall(2), with `vm.overcommit_memory` 2, and without guard regions. Such a stack
//!    takes two mappings.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::layout::Sizes;
use crate::{arch, diag, sanitizer, sys, valgrind};

/// Bytes of a guard below a stack: whole pages, and not less than compilers probe.
pub(super) fn guard_size() -> usize {
    arch::MIN_GUARD.max(sys::page_size())
}

/// Memory for a stack.
pub(super) struct StackMemory {
    /// The lowest usable byte.
    pub(super) usable: *mut c_void,
    /// The mapping that holds it and its guard page; NULL where there is none.
    pub(super) mapping: *mut c_void,
    /// Whether the guard page is one.
    pub(super) is_guarded: bool,
}

/// Obtains memory of these sizes. None: there is none. Where only the guard cannot be had, a stack
/// without one is better than none: a warning, once.
pub(super) fn allocate(sizes: &Sizes) -> Option<StackMemory> {
    if sizes.mapped == 0 {
        let memory = sys::allocate(sizes.usable)?;
        return Some(StackMemory {
            usable: memory.as_ptr(),
            mapping: ptr::null_mut(),
            is_guarded: false,
        });
    }
    let has_gap = sizes.guard_and_gap() > guard_size();
    if has_gap && let Some(memory) = map_with_gap(sizes) {
        sanitizer::register_root(memory.usable, sizes.usable);
        return Some(memory);
    }
    let mapping = sys::map_stack(sizes.mapped)?.as_ptr();
    let usable = usable_start(mapping, sizes);
    // SAFETY: the guard is the lowest pages of the mapping just made, the usable part the rest.
    let is_guarded = unsafe { install_guard(mapping, sizes.guard_and_gap()) };
    if !is_guarded {
        warn_no_guard(sizes.guard_and_gap());
    }
    sanitizer::register_root(usable, sizes.usable);
    if GUARD_REGIONS.load(Ordering::Relaxed) == UNSUPPORTED {
        // SAFETY: the mapping just made. So old a kernel may not know what `map_stack` asks for.
        unsafe { sys::disable_huge_pages(usable, sizes.usable) };
    }
    Some(StackMemory { usable, mapping, is_guarded })
}

#[cold]
fn warn_no_guard(size: usize) {
    #[unsafe(link_section = "aco_shared")]
    static WARNED: AtomicBool = AtomicBool::new(false);
    let errno = sys::errno();
    diag::warn_once(
        &WARNED,
        format_args!(
            "a share stack has no guard page: mprotect of {size} bytes fails with errno {errno}"
        ),
        "each guarded stack takes two of vm.max_map_count mappings: raise it",
    );
}

/// What a gap is made of: a part of the mapping that nothing uses, or address space that nothing can touch.
#[unsafe(link_section = "aco_shared")]
static GAP_KIND: AtomicU8 = AtomicU8::new(UNKNOWN);
const MAPPED: u8 = 1;
const RESERVED: u8 = 2;

/// A mapping for a stack that lies apart. None: there is none, or the guard needs another one (invariant 3)
/// that `vm.max_map_count` does not allow.
fn map_with_gap(sizes: &Sizes) -> Option<StackMemory> {
    if GAP_KIND.load(Ordering::Relaxed) == UNKNOWN {
        let is_strict = sys::is_overcommit_strict();
        GAP_KIND.store(if is_strict { RESERVED } else { MAPPED }, Ordering::Relaxed);
    }
    if GAP_KIND.load(Ordering::Relaxed) == RESERVED {
        return reserve_with_gap(sizes);
    }
    let mapping = sys::map_stack(sizes.mapped)?.as_ptr();
    let usable = usable_start(mapping, sizes);
    let guard = guard_size();
    // SAFETY: the mapping just made: its lowest pages, and those below the usable ones.
    unsafe {
        if install_guard_region(mapping, guard)
            && install_guard_region(usable.byte_sub(guard), guard)
        {
            return Some(StackMemory { usable, mapping, is_guarded: true });
        }
        // Locked memory takes no guard region, nor does an older kernel.
        if sys::errno() == libc::EINVAL || GUARD_REGIONS.load(Ordering::Relaxed) == UNSUPPORTED {
            GAP_KIND.store(RESERVED, Ordering::Relaxed);
        }
        sys::unmap(mapping, sizes.mapped);
    }
    reserve_with_gap(sizes)
}

/// [`map_with_gap`] with a gap that nothing can touch.
#[cold]
fn reserve_with_gap(sizes: &Sizes) -> Option<StackMemory> {
    let mapping = sys::reserve(sizes.mapped)?.as_ptr();
    let usable = usable_start(mapping, sizes);
    // SAFETY: the reservation just made.
    unsafe {
        if sys::make_accessible(usable, sizes.usable) {
            // What cannot be touched takes nothing of RLIMIT_MEMLOCK.
            sys::munlock(mapping, sizes.guard_and_gap());
            sys::disable_huge_pages(usable, sizes.usable);
            return Some(StackMemory { usable, mapping, is_guarded: true });
        }
        sys::unmap(mapping, sizes.mapped);
    }
    None
}

/// The lowest usable byte of a mapping of these sizes.
pub(super) fn usable_start(mapping: *mut c_void, sizes: &Sizes) -> *mut c_void {
    mapping.wrapping_byte_add(sizes.guard_and_gap())
}

/// Releases memory to the system, or to malloc. Returns false, with errno, if the memory stays.
///
/// # Safety
/// `usable` is memory of these sizes from [`allocate`] or the program, and no frame is on it.
pub(super) unsafe fn release(usable: *mut c_void, sizes: &Sizes) -> bool {
    // SAFETY: no frame is on the memory, which is of these sizes.
    unsafe {
        if sizes.mapped == 0 {
            sys::free(usable);
            return true;
        }
        sanitizer::unpoison_stack(usable, sizes.usable);
        if sizes.are_external() {
            sanitizer::unregister_root(usable, sizes.usable);
            // What no frame was on counts as no memory since the last one left.
            valgrind::make_undefined(usable.addr(), sizes.usable);
            return true;
        }
        let is_released = sys::unmap(usable.byte_sub(sizes.guard_and_gap()), sizes.mapped);
        if is_released {
            sanitizer::unregister_root(usable, sizes.usable);
        }
        is_released
    }
}

/// Has the kernel guard regions?
#[unsafe(link_section = "aco_shared")]
static GUARD_REGIONS: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const SUPPORTED: u8 = 1;
const UNSUPPORTED: u8 = 2;

/// Makes `size` bytes at `address` a guard. False: `sys::errno` says why.
///
/// # Safety
/// The range is whole pages of a mapping of the caller's, and nothing uses it.
unsafe fn install_guard(address: *mut c_void, size: usize) -> bool {
    // SAFETY: whole pages of the caller's mapping. Locked memory (mlockall) takes no region: then the other way.
    unsafe { install_guard_region(address, size) || sys::make_inaccessible(address, size) }
}

/// Makes `size` bytes at `address` a guard region. False: not here, or the kernel has none.
///
/// Guard regions cost no mapping, so their number has no limit. Whether they are to be had is found out
/// once: an emulator may take the advice and do nothing.
///
/// # Safety
/// As [`install_guard`].
unsafe fn install_guard_region(address: *mut c_void, size: usize) -> bool {
    // SAFETY: whole pages of the caller's mapping.
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
