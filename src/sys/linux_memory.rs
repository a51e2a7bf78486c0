//! Memory in the ways of Linux: advice, guard regions, fixed addresses.

use core::ffi::{c_int, c_void};
use core::ptr::NonNull;

use super::memory::{READ_WRITE, Range, map, unmap};
use super::process::page_size;

/// Maps a page that reads as zero in a child of fork(2). None: the system has no such memory.
pub(crate) fn map_wiped_on_fork() -> Option<NonNull<c_void>> {
    let size = page_size();
    let page = map(size)?;
    // SAFETY: the mapping was created above.
    unsafe {
        if libc::madvise(page.as_ptr(), size, libc::MADV_WIPEONFORK) != 0 {
            unmap(page.as_ptr(), size);
            return None;
        }
    }
    Some(page)
}

/// As [`map`], at exactly this address. None: something is mapped there, or the system has no memory.
pub(crate) fn map_fixed(address: *mut c_void, size: usize) -> Option<NonNull<c_void>> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: the flag forbids to replace a mapping. A kernel that does not know the flag treats the address as a hint.
    unsafe {
        let found = libc::mmap(address, size, READ_WRITE, flags, -1, 0);
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

/// Returns true if the system counts writable memory as used before it is written (`vm.overcommit_memory` 2).
pub(crate) fn is_overcommit_strict() -> bool {
    let mut mode = 0_u8;
    // SAFETY: the name ends in 0, read writes one byte, and no other code has the descriptor.
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

/// Discards the contents of `size` bytes at `address`: they read as zero afterwards, and take no memory. Returns false
/// if they keep it, as memory that is locked (mlockall) does.
///
/// # Safety
/// The range is whole pages of a mapping, and nothing needs its contents.
pub(crate) unsafe fn discard(address: *mut c_void, size: usize) -> bool {
    // SAFETY: whole pages of a mapping, whose contents nothing needs.
    unsafe { libc::madvise(address, size, libc::MADV_DONTNEED) == 0 }
}

/// As [`discard`], for several ranges.
///
/// # Safety
/// As [`discard`], each of them.
pub(crate) unsafe fn discard_all(ranges: &[Range]) -> bool {
    // SAFETY: the caller's ranges.
    unsafe { advise_all(ranges, libc::MADV_DONTNEED) }
}

/// Writes for each page of `size` bytes at `address` a byte whose bit 0 says whether the page is in memory. Returns
/// false if the kernel does not tell.
///
/// # Safety
/// The range is whole pages, all mapped. `states` has a byte for each of them.
pub(crate) unsafe fn page_residency(address: *mut c_void, size: usize, states: &mut [u8]) -> bool {
    // SAFETY: `states` has a byte for each page.
    unsafe { libc::mincore(address, size, states.as_mut_ptr()) == 0 }
}

/// Disables huge pages for `size` bytes at `address`, if the system has them.
///
/// # Safety
/// The range is whole pages of a mapping.
pub(crate) unsafe fn disable_huge_pages(address: *mut c_void, size: usize) {
    // SAFETY: the advice changes no contents.
    unsafe { libc::madvise(address, size, libc::MADV_NOHUGEPAGE) };
}

/// Enables huge pages for `size` bytes at `address`, if the system has them.
///
/// # Safety
/// The range is whole pages of a mapping.
pub(crate) unsafe fn enable_huge_pages(address: *mut c_void, size: usize) {
    // SAFETY: the advice changes no contents.
    unsafe { libc::madvise(address, size, libc::MADV_HUGEPAGE) };
}

const MADV_GUARD_INSTALL: c_int = 102;

/// Makes `size` bytes at `address` inaccessible without another mapping (MADV_GUARD_INSTALL, Linux 6.13). Returns false
/// on failure: the kernel has no guard regions, or refuses this one.
///
/// # Safety
/// The range is whole pages of a mapping, and nothing uses it.
pub(crate) unsafe fn install_guard_region(address: *mut c_void, size: usize) -> bool {
    // SAFETY: whole pages that nothing uses. A kernel that does not know the advice changes nothing.
    unsafe { libc::madvise(address, size, MADV_GUARD_INSTALL) == 0 }
}

/// As [`install_guard_region`], for several ranges.
///
/// # Safety
/// As [`install_guard_region`], each of them.
pub(crate) unsafe fn install_guard_regions(ranges: &[Range]) -> bool {
    // SAFETY: the caller's ranges.
    unsafe { advise_all(ranges, MADV_GUARD_INSTALL) }
}

/// Has the system provide the pages of several ranges now, which the process would touch one by one. Does nothing on a
/// kernel that does not know this (before Linux 5.14), or without memory.
///
/// # Safety
/// The ranges are whole pages of mappings.
pub(crate) unsafe fn populate_all(ranges: &[Range]) {
    const MADV_POPULATE_WRITE: c_int = 23;
    // SAFETY: the advice changes no contents.
    unsafe { advise_all(ranges, MADV_POPULATE_WRITE) };
}

/// Gives the same advice for several ranges: by one call if the kernel permits it (Linux 6.15). Returns false on
/// failure: see [`errno`].
///
/// # Safety
/// The advice is sound for each range, also if it is given twice.
#[inline(never)]
unsafe fn advise_all(ranges: &[Range], advice: c_int) -> bool {
    let size: usize = ranges.iter().map(|range| range.iov_len).sum();
    // SAFETY: the caller's ranges. A kernel that does not know the call or the descriptor does nothing.
    unsafe {
        const PIDFD_SELF: c_int = -10001;
        let (first, count) = (ranges.as_ptr(), ranges.len());
        let call = libc::SYS_process_madvise;
        if libc::syscall(call, PIDFD_SELF, first, count, advice, 0) == size as libc::c_long {
            return true;
        }
        let mut each = ranges.iter();
        each.all(|range| libc::madvise(range.iov_base, range.iov_len, advice) == 0)
    }
}

/// Returns true if the process can read the byte at `address`, or if that is not known. The kernel reads the byte, so
/// there is no fault.
pub(crate) fn is_readable(address: *const c_void) -> bool {
    let mut ends = [0; 2];
    // SAFETY: the kernel reads one byte, or fails with EFAULT. No other code has the pipe.
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
