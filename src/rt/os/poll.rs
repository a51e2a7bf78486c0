//! poll(2).

use core::ffi::c_int;

use super::deadline::Deadline;
#[cfg(target_os = "linux")]
use super::linux::poll_files;
use super::refused::{Call, report_errno};
use super::result::Result;
use crate::{sanitizer, sys};

/// poll(2).
///
/// # Safety
/// As there.
#[cfg(not(target_os = "linux"))]
unsafe fn poll_files(files: *mut libc::pollfd, count: usize, limit: c_int) -> c_int {
    // SAFETY: so many structs are at `files`.
    unsafe { libc::poll(files, count as libc::nfds_t, limit) }
}

/// poll(2), until `deadline`. Gives how many are ready; none, too, where a signal comes.
pub(crate) fn poll(files: &mut [libc::pollfd], deadline: Deadline) -> Result<usize> {
    let limit = milliseconds_until(deadline);
    // A tool's poll looks at them, which the library has written.
    sanitizer::unpoison(files.as_mut_ptr().cast(), size_of_val(files));
    // SAFETY: so many structs.
    let found = unsafe { poll_files(files.as_mut_ptr(), files.len(), limit) };
    match usize::try_from(found) {
        Ok(found) => Ok(found),
        _ if sys::errno() != libc::EINTR => Err(report_errno(Call::Poll)),
        _ if limit == 0 => poll(files, Deadline::NOW),
        _ => Ok(0),
    }
}

/// What poll(2) takes for a deadline: milliseconds, rounded up; 0: do not wait; -1: no limit.
fn milliseconds_until(deadline: Deadline) -> c_int {
    const MILLISECOND: i64 = 1_000_000;
    deadline.remaining().map_or(-1, |left| {
        c_int::try_from(left.saturating_add(MILLISECOND - 1) / MILLISECOND).unwrap_or(c_int::MAX)
    })
}
