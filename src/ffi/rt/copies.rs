//! Copies from file to file in the kernel: by the rules of `files`.

use core::ffi::c_int;

use super::{count, until};
use crate::rt::blocking::send_file;

/// Sends up to `n` bytes of the file `in_fd` to `out_fd` as sendfile(2) does: from `*offset`, which
/// is moved, or from the file's position if `offset` is NULL. If `out_fd` is no regular file, waits
/// until there is room, raises no SIGPIPE, and with a deadline of 0 or in the past sends only bytes
/// of the page cache. To a regular file such a call sends nothing. `offset` may be on a shared stack.
/// acort_close() of `in_fd` ends a call that waits for room when there is room.
///
/// # Returns
/// The bytes sent, perhaps fewer than `n`; 0 at the end of `in_fd`; or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: nothing was sent. A thread that has begun to send is waited for.
/// - `EINVAL` if `in_fd` is neither a regular file nor a block device, or `*offset` is negative.
/// - `ENOMEM` if there is no memory.
/// - `EAGAIN` if the page cache has not the bytes, or `out_fd` is a regular file, and there is no
///   thread.
/// - The errors of sendfile(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sendfile(
    out_fd: c_int,
    in_fd: c_int,
    offset: *mut libc::off_t,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `offset` is NULL or writable.
    count(|| unsafe { send_file::send_file(out_fd, in_fd, offset, n, until(deadline)?) })
}

/// Copies up to `n` bytes from file to file as copy_file_range(2) does: each from or to the offset,
/// which is moved, or the file's position if the offset is NULL. Where the system cannot do that,
/// for two file systems or in a sandbox, the bytes go through a buffer, which is aligned for
/// O_DIRECT: offsets and sizes must be, too. A deadline of 0 or in the past copies nothing. The
/// offsets may be on a shared stack.
///
/// # Returns
/// The bytes copied, perhaps fewer than `n`; 0 at the end of `in_fd`; or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: nothing was copied. A thread that has begun to copy is waited for.
/// - `EINVAL` if one of them is no regular file, if an offset is negative, or if the ranges overlap.
/// - `ENOMEM`, `EAGAIN` if there is no memory or no thread.
/// - The errors of copy_file_range(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_copy_range(
    in_fd: c_int,
    in_offset: *mut libc::off_t,
    out_fd: c_int,
    out_offset: *mut libc::off_t,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: the offsets are NULL or writable.
    count(|| unsafe {
        let (from, to) = ((in_fd, in_offset), (out_fd, out_offset));
        send_file::copy_range(from, to, n, until(deadline)?)
    })
}
