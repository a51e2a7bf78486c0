//! poll(2), with a deadline.

use core::ffi::c_int;

use super::deadline::Deadline;
#[cfg(target_os = "linux")]
use super::linux::poll_files;
use super::refused::{Syscall, last_errno};
use super::result::Result;
use crate::{sanitizer, sys};

/// poll(2).
///
/// # Safety
/// `files` has `count` structs.
#[cfg(not(target_os = "linux"))]
unsafe fn poll_files(files: *mut libc::pollfd, count: usize, timeout: c_int) -> c_int {
    // SAFETY: `files` has `count` structs.
    unsafe { libc::poll(files, count as libc::nfds_t, timeout) }
}

/// Waits until one of `files` is ready, or until `deadline`. Returns how many are ready. A signal ends the wait, too:
/// 0.
pub(crate) fn poll(files: &mut [libc::pollfd], deadline: Deadline) -> Result<usize> {
    let timeout = poll_timeout(deadline);
    // MemorySanitizer's poll checks them, and has not seen the library write them.
    sanitizer::unpoison(files.as_mut_ptr().cast(), size_of_val(files));
    // SAFETY: a slice has so many structs.
    let ready = unsafe { poll_files(files.as_mut_ptr(), files.len(), timeout) };
    match usize::try_from(ready) {
        Ok(ready) => Ok(ready),
        _ if sys::errno() != libc::EINTR => Err(last_errno(Syscall::Poll)),
        _ if timeout == 0 => poll(files, Deadline::NOW),
        _ => Ok(0),
    }
}

/// The timeout of poll(2) for a deadline: milliseconds, rounded up; 0: do not wait; -1: no limit.
fn poll_timeout(deadline: Deadline) -> c_int {
    const MILLISECOND: i64 = 1_000_000;
    deadline.remaining().map_or(-1, |left| {
        c_int::try_from(left.saturating_add(MILLISECOND - 1) / MILLISECOND).unwrap_or(c_int::MAX)
    })
}
