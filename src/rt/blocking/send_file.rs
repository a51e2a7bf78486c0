//! acort_sendfile() and acort_copy_range(): from descriptor to descriptor.
//!
//! ```text
//!   acort_sendfile    to a regular file, as the others of `file`: in a task on the pool
//!                     to a socket, a pipe or a device:
//!                       the page cache has the bytes ──> sendfile(2) on the caller's thread
//!                       it has not, or cannot tell ────> in a task on the pool
//!                       EAGAIN: there is no room ──────> waits until there is, as acort_write() does
//!   acort_copy_range  as the others of `file`
//! ```
//!
//! * F1. sendfile(2) has no flag against blocking. The destination is made non-blocking (N3 of `nonblock`); the source
//!   must be a regular file or a block device, so no wait for its bytes lasts. Otherwise the call fails with EINVAL.
//! * F2. The page cache is asked for the first byte and for the last one. So a call on the worker sends at most
//!   [`MAX_CACHED`] bytes.
//! * F3. A pool thread sends as the worker would: it does not wait for room. Its EAGAIN makes the caller wait; that of
//!   a pool that can have no thread ends the call.

use core::ffi::{c_int, c_void};
use core::ptr;

use libc::off_t;

use super::copy::Place;
use super::file::{read_cached, run_and_tell, transfer_entered};
use super::operation::{MAX_TRANSFER, Operation};
use crate::rt::io::direction::Direction;
use crate::rt::io::fd_entry::ALWAYS_READY;
use crate::rt::io::fd_ref::FdRef;
use crate::rt::io::rw::retry_until_ready;
use crate::rt::io::{chaos, nonblock};
use crate::rt::model::task;
use crate::rt::os::{self, Deadline, Result};

/// The most bytes that one call sends on the caller's thread (F2).
const MAX_CACHED: usize = 1 << 18;

/// The place of a descriptor and an offset of the caller; NULL: the file's position. Errors: `EINVAL`.
///
/// # Safety
/// `offset` is NULL or readable.
unsafe fn place(fd: c_int, offset: *const off_t) -> Result<Place> {
    // SAFETY: `offset` is NULL or readable.
    match unsafe { offset.as_ref() }.copied() {
        Some(..0) => Err(libc::EINVAL),
        offset => Ok(Place { fd, offset }),
    }
}

/// Adds the bytes of a call to an offset of the caller.
///
/// # Safety
/// `offset` is NULL or writable.
unsafe fn advance(offset: *mut off_t, count: usize) {
    // SAFETY: `offset` is NULL or writable.
    if let Some(offset) = unsafe { offset.as_mut() } {
        *offset += count as off_t;
    }
}

/// Makes a call that enters both files, and returns its bytes.
#[inline(never)]
fn with_files(
    from: c_int,
    to: c_int,
    call: &mut dyn FnMut(&FdRef) -> Result<usize>,
) -> Result<usize> {
    let from = &FdRef::enter(from)?;
    let to = &FdRef::enter(to)?;
    from.check_result(to.check_result(call(to)))
}

/// sendfile(2).
///
/// Errors: `ETIMEDOUT`, `ECANCELED`: nothing was sent; `EINVAL` for a source that is neither a regular file nor a block
/// device; those of [`transfer`](super::file::transfer) and of the system's call.
///
/// # Safety
/// `offset` is NULL or writable.
pub(crate) unsafe fn send_file(
    to: c_int,
    from: c_int,
    offset: *mut off_t,
    size: usize,
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: `offset` is NULL or writable.
    unsafe {
        let source = place(from, offset)?;
        let count = with_files(from, to, &mut |to| {
            send_entered(to, source, size.min(MAX_TRANSFER), deadline)
        })?;
        advance(offset, count);
        Ok(count)
    }
}

/// As [`send_file`], by a call that has entered both files.
fn send_entered(to: &FdRef, source: Place, size: usize, deadline: Deadline) -> Result<usize> {
    if !matches!(os::file_type(source.fd)?, libc::S_IFREG | libc::S_IFBLK) {
        return Err(libc::EINVAL);
    }
    let size = chaos::maybe_shorten(to, size);
    let mut is_threadless = false;
    let outcome = retry_until_ready(to, Direction::Write, size, deadline, &mut |file_type| {
        if file_type & ALWAYS_READY == 0 {
            nonblock::ensure_nonblock(to)?;
            let may_block = task::current().is_null() && !deadline.has_passed();
            let part = if may_block { size } else { size.min(MAX_CACHED) };
            if may_block || is_cached(source, part)? {
                // SAFETY: the operation has no buffer.
                return unsafe { Operation::Send(source, part).perform_here(to.fd()) };
            }
        }
        if deadline.has_passed() {
            return Err(libc::ETIMEDOUT);
        }
        // SAFETY: the operation has no buffer.
        let sent = unsafe { run_and_tell(to.fd(), Operation::Send(source, size), deadline) };
        sent.unwrap_or_else(|error| {
            is_threadless = error == libc::EAGAIN;
            Err(if is_threadless { libc::ENOMEM } else { error })
        })
    });
    if is_threadless { Err(libc::EAGAIN) } else { outcome }
}

/// Returns true if the page cache has the `size` bytes, as far as the first and the last one tell (F2).
fn is_cached(source: Place, size: usize) -> Result<bool> {
    let start = source.position()?;
    let mut byte = 0u8;
    let buffer: *mut c_void = ptr::from_mut(&mut byte).cast();
    let has = |offset: off_t| {
        // SAFETY: the buffer has one byte.
        unsafe { read_cached(source.fd, buffer, 1, offset) }.is_ok()
    };
    Ok(size == 0 || has(start) && has(start.saturating_add(size as off_t - 1)))
}

/// copy_file_range(2).
///
/// Errors: `ETIMEDOUT`, `ECANCELED`: nothing was copied; those of [`transfer`](super::file::transfer) and of the
/// system's call.
///
/// # Safety
/// The offsets are NULL or writable.
pub(crate) unsafe fn copy_range(
    (from, read_at): (c_int, *mut off_t),
    (to, write_at): (c_int, *mut off_t),
    size: usize,
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: the offsets are NULL or writable.
    unsafe {
        let (source, target) = (place(from, read_at)?, place(to, write_at)?);
        let operation = Operation::Copy(source, target.offset, size.min(MAX_TRANSFER));
        let count = with_files(from, to, &mut |to| transfer_entered(to, operation, deadline))?;
        advance(read_at, count);
        advance(write_at, count);
        Ok(count)
    }
}
