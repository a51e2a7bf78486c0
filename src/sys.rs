//! The libc calls that the library makes, each wrapped once.

use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};

/// Bytes of a memory page: a power of two.
pub(crate) fn page_size() -> usize {
    // SAFETY: sysconf has no preconditions.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}

/// Maps `size` bytes of zeroed, private memory, readable and writable. None: the system has no
/// more, [`errno`] says why.
pub(crate) fn map(size: usize) -> Option<NonNull<c_void>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a fresh anonymous mapping touches nothing that exists.
    let address = unsafe { libc::mmap(ptr::null_mut(), size, protection, flags, -1, 0) };
    if address == libc::MAP_FAILED { None } else { NonNull::new(address) }
}

/// Takes all access from `size` bytes at `address`. False: [`errno`] says why.
///
/// # Safety
/// The range is whole pages of a mapping of the caller's, and nothing uses it.
pub(crate) unsafe fn forbid(address: *mut c_void, size: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { libc::mprotect(address, size, libc::PROT_NONE) == 0 }
}

/// Gives a mapping back. False: [`errno`] says why, and the mapping stays.
///
/// # Safety
/// The range is a whole mapping from [`map`], and nothing uses it from here on.
pub(crate) unsafe fn unmap(address: *mut c_void, size: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { libc::munmap(address, size) == 0 }
}

/// Allocates `size` bytes, uninitialised and aligned to 16.
pub(crate) fn allocate(size: usize) -> Option<NonNull<c_void>> {
    // SAFETY: malloc has no preconditions.
    NonNull::new(unsafe { libc::malloc(size) })
}

/// Allocates one `T` with every byte 0.
pub(crate) fn allocate_zeroed<T>() -> Option<NonNull<T>> {
    // SAFETY: calloc has no preconditions.
    NonNull::new(unsafe { libc::calloc(1, size_of::<T>()) }.cast())
}

/// Frees what [`allocate`] or [`allocate_zeroed`] gave; NULL is let through.
///
/// # Safety
/// `address` came from there and is not used from here on.
pub(crate) unsafe fn free(address: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { libc::free(address) }
}

/// The error number of the last call that failed on this thread.
pub(crate) fn errno() -> c_int {
    // SAFETY: the location is valid for as long as the thread lives.
    unsafe { *libc::__errno_location() }
}

/// Writes `text` to standard error with write(2): no lock, no buffer, no allocation.
pub(crate) fn write_error(mut text: &[u8]) {
    while !text.is_empty() {
        // SAFETY: `text` is readable for its length.
        let written = unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
        match usize::try_from(written) {
            Ok(written) if written > 0 => text = text.get(written..).unwrap_or_default(),
            _ if errno() == libc::EINTR => {}
            _ => return,
        }
    }
}

/// Ends the process with SIGABRT.
pub(crate) fn abort() -> ! {
    // SAFETY: abort has no preconditions.
    unsafe { libc::abort() }
}
