//! Memory of the system's and of the C library's.

use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};

use super::process::page_size;

/// Maps `size` bytes of zeroed, private memory, readable and writable. None: the system has no
/// more, `errno` says why.
pub(crate) fn map(size: usize) -> Option<NonNull<c_void>> {
    map_private(size, 0)
}

/// A page that a child of fork(2) has as zeros. None: the system has no such memory.
pub(crate) fn map_wiped_on_fork() -> Option<NonNull<c_void>> {
    let size = page_size();
    let page = map(size)?;
    // SAFETY: the mapping was just made.
    unsafe {
        if libc::madvise(page.as_ptr(), size, libc::MADV_WIPEONFORK) != 0 {
            unmap(page.as_ptr(), size);
            return None;
        }
    }
    Some(page)
}

/// As [`map`], for a stack: Linux (6.7) makes no huge page of the few that are used at its top.
pub(crate) fn map_stack(size: usize) -> Option<NonNull<c_void>> {
    map_private(size, libc::MAP_STACK)
}

fn map_private(size: usize, more_flags: c_int) -> Option<NonNull<c_void>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | more_flags;
    // SAFETY: a fresh anonymous mapping touches nothing that exists.
    let address = unsafe { libc::mmap(ptr::null_mut(), size, protection, flags, -1, 0) };
    if address == libc::MAP_FAILED { None } else { NonNull::new(address) }
}

/// Reserves `size` bytes of address space that nothing can touch: it counts as no memory. None: `errno`
/// says why.
pub(crate) fn reserve(size: usize) -> Option<NonNull<c_void>> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
    // SAFETY: a fresh anonymous mapping touches nothing that exists.
    let address = unsafe { libc::mmap(ptr::null_mut(), size, libc::PROT_NONE, flags, -1, 0) };
    if address == libc::MAP_FAILED { None } else { NonNull::new(address) }
}

/// Makes `size` bytes at `address` readable and writable. False: `errno` says why.
///
/// # Safety
/// The range is whole pages of a mapping from [`reserve`].
pub(crate) unsafe fn make_accessible(address: *mut c_void, size: usize) -> bool {
    // SAFETY: whole pages of the caller's mapping.
    unsafe { libc::mprotect(address, size, libc::PROT_READ | libc::PROT_WRITE) == 0 }
}

/// Takes `size` bytes at `address` out of the locked memory (mlockall); what is not locked stays so.
///
/// # Safety
/// The range is whole pages of a mapping of the caller's.
pub(crate) unsafe fn munlock(address: *mut c_void, size: usize) {
    // SAFETY: whole pages of the caller's mapping.
    unsafe { libc::munlock(address, size) };
}

/// Returns true if the system counts memory that can be written as used at once (`vm.overcommit_memory` 2).
pub(crate) fn is_overcommit_strict() -> bool {
    let mut mode = 0_u8;
    // SAFETY: the name ends in 0; one byte is written; the descriptor is this function's own.
    unsafe {
        let name = c"/proc/sys/vm/overcommit_memory";
        let file = libc::open(name.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if file < 0 {
            return false;
        }
        let got = libc::read(file, (&raw mut mode).cast(), 1);
        libc::close(file);
        got == 1 && mode == b'2'
    }
}

/// The most bytes of address space that the process may have (RLIMIT_AS). None: there is no such limit.
#[cfg(feature = "rt")]
pub(crate) fn address_space_limit() -> Option<usize> {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the limit is written on success.
    let is_known = unsafe { libc::getrlimit(libc::RLIMIT_AS, &mut limit) == 0 };
    let is_limited = is_known && limit.rlim_cur != libc::RLIM_INFINITY;
    is_limited.then(|| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
}

/// As [`map`], at exactly this address, where nothing is mapped yet. None: something is, or as
/// [`map`].
pub(crate) fn map_fixed(address: *mut c_void, size: usize) -> Option<NonNull<c_void>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: replaces nothing. A kernel that does not know the flag takes the address for a wish.
    unsafe {
        let found = libc::mmap(address, size, protection, flags, -1, 0);
        if found == libc::MAP_FAILED {
            return None;
        }
        if found != address {
            libc::munmap(found, size);
            return None;
        }
    }
    NonNull::new(address)
}

/// Gives the pages of `size` bytes at `address` back; they read as zero from then on. False: they stay,
/// as locked memory (mlockall) does.
///
/// # Safety
/// The range is whole pages of a mapping of the caller's, and nothing needs what stands there.
pub(crate) unsafe fn discard(address: *mut c_void, size: usize) -> bool {
    // SAFETY: whole pages of the caller's mapping.
    unsafe { libc::madvise(address, size, libc::MADV_DONTNEED) == 0 }
}

/// Which of the pages of `size` bytes at `address` are in memory: bit 0 of a byte for each. False: the
/// kernel does not tell.
///
/// # Safety
/// The range is whole pages that are mapped, and not more of them than there are bytes.
pub(crate) unsafe fn page_residency(address: *mut c_void, size: usize, states: &mut [u8]) -> bool {
    // SAFETY: whole pages of the caller's mapping.
    unsafe { libc::mincore(address, size, states.as_mut_ptr()) == 0 }
}

/// Asks for no huge pages for `size` bytes at `address`; where there are none nothing changes.
///
/// # Safety
/// The range is a mapping of the caller's.
pub(crate) unsafe fn disable_huge_pages(address: *mut c_void, size: usize) {
    // SAFETY: whole pages of the caller's mapping.
    unsafe { libc::madvise(address, size, libc::MADV_NOHUGEPAGE) };
}

/// Asks for huge pages for `size` bytes at `address`; without them nothing changes.
///
/// # Safety
/// The range is a mapping of the caller's.
pub(crate) unsafe fn enable_huge_pages(address: *mut c_void, size: usize) {
    // SAFETY: whole pages of the caller's mapping.
    unsafe { libc::madvise(address, size, libc::MADV_HUGEPAGE) };
}

/// Takes all access from `size` bytes at `address`. False: `errno` says why.
///
/// # Safety
/// The range is whole pages of a mapping of the caller's, and nothing uses it.
pub(crate) unsafe fn make_inaccessible(address: *mut c_void, size: usize) -> bool {
    // SAFETY: whole pages of the caller's mapping.
    unsafe { libc::mprotect(address, size, libc::PROT_NONE) == 0 }
}

/// Takes all access from `size` bytes at `address` without a mapping of their own
/// (MADV_GUARD_INSTALL, Linux 6.13). False: the kernel has no such thing, or not here.
///
/// # Safety
/// As [`make_inaccessible`].
pub(crate) unsafe fn install_guard_region(address: *mut c_void, size: usize) -> bool {
    const MADV_GUARD_INSTALL: c_int = 102;
    // SAFETY: whole pages of the caller's mapping, which no code uses. A kernel that does not know the advice changes
    // nothing.
    unsafe { libc::madvise(address, size, MADV_GUARD_INSTALL) == 0 }
}

/// Can this process read the byte at `address`? Asked of the kernel: no fault. True where the
/// kernel cannot be asked.
pub(crate) fn is_readable(address: *const c_void) -> bool {
    let mut ends = [0; 2];
    // SAFETY: the kernel reads one byte, or answers EFAULT; the pipe is this function's own.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return true;
        }
        let [reader, writer] = ends;
        let readable = libc::write(writer, address, 1) == 1;
        libc::close(reader);
        libc::close(writer);
        readable
    }
}

/// Gives a mapping back. False: `errno` says why, and the mapping stays.
///
/// # Safety
/// The range is a whole mapping from [`map`], and nothing uses it from here on.
pub(crate) unsafe fn unmap(address: *mut c_void, size: usize) -> bool {
    // SAFETY: whole pages of the caller's mapping.
    unsafe { libc::munmap(address, size) == 0 }
}

/// Allocates `size` bytes, uninitialised and aligned to 16.
pub(crate) fn allocate(size: usize) -> Option<NonNull<c_void>> {
    // SAFETY: malloc has no preconditions.
    NonNull::new(unsafe { libc::malloc(size) })
}

/// Frees memory from [`allocate`]. Does nothing if `address` is NULL.
///
/// # Safety
/// `address` is NULL or from there, and is not used afterwards.
pub(crate) unsafe fn free(address: *mut c_void) {
    // SAFETY: `address` is NULL or from malloc.
    unsafe { libc::free(address) }
}
