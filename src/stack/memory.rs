//! The memory of a share stack: a mapping with a guard page below, an allocation of malloc, or the program's memory.
//!
//! ```text
//!                  guarded                    with gap (tasks)
//! ptr + sz   +----------------+          +----------------+
//!            | frames         |          | frames         |
//! ptr        +----------------+          +----------------+
//!            | guard          |          | guard          |
//! real_ptr   +----------------+          +----------------+
//!                                        | gap            |  unused
//!                                        +----------------+
//!                                        | guard          |
//!                              real_ptr  +----------------+
//! ```
//!
//! * G1. All bytes from `real_ptr` to `ptr` belong to this stack alone. So a frame that overflows the stack by at most
//!   the gap reaches no other memory. That holds for functions that do not probe the stack, too.
//! * G2. Each access to a guard is a fault. An overflow that passes the first guard in one step and continues in small
//!   frames meets the second.
//! * G3. The gap takes no memory. If untouched memory is free, the gap is a part of the stack's mapping. That mapping
//!   merges with its neighbors', so stacks do not take one mapping each. If untouched memory counts, the gap is
//!   inaccessible, and the stack takes two mappings. It counts under mlockall(2), with `vm.overcommit_memory` 2, and
//!   without guard regions.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::guard::{self, guard_size, install_guard, install_guard_region};
use super::layout::Sizes;
use crate::{diag, sanitizer, sys, valgrind};

/// The most stacks that [`map_stacks`] maps at once.
pub(super) const MAX_STACKS: usize = 64;

/// The memory of a stack.
pub(super) struct StackMemory {
    /// The lowest usable byte.
    pub(super) usable: *mut c_void,
    /// The mapping of the stack and its guard page. NULL: the memory is not mapped by the library.
    pub(super) mapping: *mut c_void,
    /// The guard page is inaccessible.
    pub(super) is_guarded: bool,
}

/// Allocates memory of these sizes. None: there is none. If only the guard fails, the stack has none, and the library
/// warns once.
#[inline(never)]
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
    // SAFETY: the guard is the lowest pages of the mapping created above, which nothing uses yet.
    let is_guarded = unsafe { install_guard(mapping, sizes.guard_and_gap()) };
    if !is_guarded {
        warn_no_guard(sizes.guard_and_gap());
    }
    sanitizer::register_root(usable, sizes.usable);
    if guard::are_regions_unsupported() {
        // SAFETY: a part of the mapping created above. A kernel without guard regions may ignore MAP_STACK.
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

/// The kind of a gap: an unused part of the mapping, or inaccessible address space (G3).
#[unsafe(link_section = "aco_shared")]
static GAP_KIND: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const MAPPED: u8 = 1;
const RESERVED: u8 = 2;

/// Maps a stack with a gap. None: there is no memory, or the stack takes two mappings (G3) and `vm.max_map_count`
/// forbids that.
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
    // SAFETY: the lowest pages of the mapping created above, and those below its usable ones.
    unsafe {
        if install_guard_region(mapping, guard)
            && install_guard_region(usable.byte_sub(guard), guard)
        {
            return Some(StackMemory { usable, mapping, is_guarded: true });
        }
        // EINVAL: the memory is locked. UNSUPPORTED: the kernel has no guard regions.
        if sys::errno() == libc::EINVAL || guard::are_regions_unsupported() {
            GAP_KIND.store(RESERVED, Ordering::Relaxed);
        }
        sys::unmap(mapping, sizes.mapped);
    }
    reserve_with_gap(sizes)
}

/// Maps a stack with an inaccessible gap. None: there is no memory.
#[cold]
fn reserve_with_gap(sizes: &Sizes) -> Option<StackMemory> {
    let mapping = sys::reserve(sizes.mapped)?.as_ptr();
    let usable = usable_start(mapping, sizes);
    // SAFETY: parts of the reservation created above.
    unsafe {
        if sys::make_accessible(usable, sizes.usable) {
            // Inaccessible memory does not count for RLIMIT_MEMLOCK.
            sys::munlock(mapping, sizes.guard_and_gap());
            sys::disable_huge_pages(usable, sizes.usable);
            return Some(StackMemory { usable, mapping, is_guarded: true });
        }
        sys::unmap(mapping, sizes.mapped);
    }
    None
}

/// Maps `count` guarded stacks of these sizes side by side. None: the system refuses, or does not give each of them
/// its guards and its gap without more mappings (G3). [`allocate`] has found out about that.
pub(super) fn map_stacks(sizes: &Sizes, count: usize) -> Option<NonNull<c_void>> {
    /// The memory of the process is locked (mlockall), and has no guard regions.
    #[unsafe(link_section = "aco_shared")]
    static IS_LOCKED: AtomicBool = AtomicBool::new(false);
    let guard = guard_size();
    let has_gap = sizes.guard_and_gap() > guard;
    let is_gap_free = !has_gap || GAP_KIND.load(Ordering::Relaxed) == MAPPED;
    let can_be_many = is_gap_free && !IS_LOCKED.load(Ordering::Relaxed);
    if !can_be_many || !guard::are_regions_supported() || count > MAX_STACKS {
        return None;
    }
    let size = sizes.mapped.checked_mul(count)?;
    let mapping = sys::map_stack(size)?;
    let start = mapping.as_ptr();
    let range = |address| sys::Range { iov_base: address, iov_len: guard };
    let mut guards = [range(start); 2 * MAX_STACKS];
    let mut used = 0;
    let stacks = guards.chunks_exact_mut(if has_gap { 2 } else { 1 }).take(count);
    for (index, of_stack) in stacks.enumerate() {
        let lowest = start.wrapping_byte_add(index * sizes.mapped);
        let places = [usable_start(lowest, sizes).wrapping_byte_sub(guard), lowest];
        used += of_stack.len();
        of_stack.iter_mut().zip(places).for_each(|(one, address)| *one = range(address));
    }
    // SAFETY: pages of the mapping created above, which nothing uses.
    unsafe {
        if sys::install_guard_regions(guards.get(..used)?) {
            let page = sys::page_size();
            let mut tops = [sys::Range { iov_base: start, iov_len: page }; MAX_STACKS];
            for (index, top) in tops.iter_mut().enumerate().take(count) {
                top.iov_base = start.wrapping_byte_add((index + 1) * sizes.mapped - page);
            }
            sys::populate_all(tops.get(..count)?);
            return Some(mapping);
        }
        if sys::errno() == libc::EINVAL {
            IS_LOCKED.store(true, Ordering::Relaxed);
        }
        sys::unmap(start, size);
    }
    None
}

/// The lowest usable byte of a mapping of these sizes.
pub(super) fn usable_start(mapping: *mut c_void, sizes: &Sizes) -> *mut c_void {
    mapping.wrapping_byte_add(sizes.guard_and_gap())
}

/// Frees the memory of a stack, or returns it to the program. Returns false if the system refuses: see `sys::errno`.
/// The memory stays.
///
/// # Safety
/// `usable` is memory of these sizes, from [`allocate`] or the program's, and no frame is on it.
pub(super) unsafe fn release(usable: *mut c_void, sizes: &Sizes) -> bool {
    // SAFETY: the memory has these sizes, and no frame is on it.
    unsafe {
        if sizes.mapped == 0 {
            sys::free(usable);
            return true;
        }
        sanitizer::unpoison_stack(usable, sizes.usable);
        if sizes.are_external() {
            sanitizer::unregister_root(usable, sizes.usable);
            // Valgrind treats memory below a stack pointer as freed. The program may write it again.
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
