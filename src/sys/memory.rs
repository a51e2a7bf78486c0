//! Memory from the system and from malloc.

use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};

#[cfg(target_os = "linux")]
use super::linux::STACK_FLAGS;

/// Maps `size` bytes of zeroed, private memory, readable and writable. None: see [`errno`].
pub(crate) fn map(size: usize) -> Option<NonNull<c_void>> {
    map_private(size, READ_WRITE, 0)
}

/// As [`map`], for a stack: no huge pages, of which a stack uses few bytes at its top.
pub(crate) fn map_stack(size: usize) -> Option<NonNull<c_void>> {
    map_private(size, READ_WRITE, STACK_FLAGS)
}

/// Reserves `size` bytes of inaccessible address space, which do not count as memory. None: see [`errno`].
pub(crate) fn reserve(size: usize) -> Option<NonNull<c_void>> {
    map_private(size, libc::PROT_NONE, STACK_FLAGS)
}

/// The protection of memory that a program uses.
pub(super) const READ_WRITE: c_int = libc::PROT_READ | libc::PROT_WRITE;

fn map_private(size: usize, protection: c_int, more_flags: c_int) -> Option<NonNull<c_void>> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | more_flags;
    // SAFETY: a new anonymous mapping replaces nothing.
    let address = unsafe { libc::mmap(ptr::null_mut(), size, protection, flags, -1, 0) };
    if address == libc::MAP_FAILED { None } else { NonNull::new(address) }
}

/// Makes `size` bytes at `address` readable and writable. Returns false on failure: see [`errno`].
///
/// # Safety
/// The range is whole pages of a mapping from [`reserve`].
pub(crate) unsafe fn make_accessible(address: *mut c_void, size: usize) -> bool {
    // SAFETY: whole pages of a mapping from `reserve`: no contents are lost.
    unsafe { libc::mprotect(address, size, READ_WRITE) == 0 }
}

/// Unlocks `size` bytes at `address` that mlockall(2) has locked. Does nothing if they are not locked.
///
/// # Safety
/// The range is whole pages of a mapping.
pub(crate) unsafe fn munlock(address: *mut c_void, size: usize) {
    // SAFETY: whole pages of a mapping, whose contents stay.
    unsafe { libc::munlock(address, size) };
}

/// The limit of address space of the process, in bytes (RLIMIT_AS). None: there is none.
pub(crate) fn address_space_limit() -> Option<usize> {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: `limit` is valid for writes.
    let is_known = unsafe { libc::getrlimit(libc::RLIMIT_AS, &mut limit) == 0 };
    let is_limited = is_known && limit.rlim_cur != libc::RLIM_INFINITY;
    is_limited.then(|| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
}

/// Makes `size` bytes at `address` inaccessible. Returns false on failure: see [`errno`].
///
/// # Safety
/// The range is whole pages of a mapping, and nothing uses it.
pub(crate) unsafe fn make_inaccessible(address: *mut c_void, size: usize) -> bool {
    // SAFETY: whole pages of a mapping that nothing uses.
    unsafe { libc::mprotect(address, size, libc::PROT_NONE) == 0 }
}

/// A range of memory.
pub(crate) type Range = libc::iovec;

/// Unmaps `size` bytes at `address`. Returns false on failure: see [`errno`]. The mapping stays.
///
/// # Safety
/// The range is whole pages of mappings, and nothing uses it afterwards.
pub(crate) unsafe fn unmap(address: *mut c_void, size: usize) -> bool {
    // SAFETY: whole pages that nothing uses from here on.
    unsafe { libc::munmap(address, size) == 0 }
}

/// Allocates `size` bytes with malloc, uninitialized and aligned to 16.
pub(crate) fn allocate(size: usize) -> Option<NonNull<c_void>> {
    // SAFETY: malloc has no preconditions.
    NonNull::new(unsafe { libc::malloc(size) })
}

/// As [`allocate()`], but aligned to `alignment`, a power of two and at least 16.
pub(crate) fn allocate_aligned(alignment: usize, size: usize) -> Option<NonNull<c_void>> {
    let mut memory = ptr::null_mut();
    // SAFETY: the call writes the address.
    match unsafe { libc::posix_memalign(&mut memory, alignment, size) } {
        0 => NonNull::new(memory),
        _ => None,
    }
}

/// Frees memory from [`allocate`]. Does nothing if `address` is NULL.
///
/// # Safety
/// `address` is NULL, or from [`allocate`] and not used afterwards.
pub(crate) unsafe fn free(address: *mut c_void) {
    // SAFETY: the address is NULL, or from malloc and not used from here on.
    unsafe { libc::free(address) }
}
