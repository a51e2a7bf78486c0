//! File descriptors: as POSIX has them, with a deadline. What would block lets the task wait; signals do not
//! interrupt, and nothing raises SIGPIPE. A file descriptor that is not a file is made not to block. It is
//! to be closed by acort_close(). Buffers may be on a shared stack.

use core::ffi::{c_int, c_void};
use core::slice;

use super::{bytes, count, status, try_answer, until};
use crate::rt::io::{fd_ref, rw, vectored};
use crate::rt::select::{fdwait, poll};

/// Waits until `fd` is ready for some of `events`: POLLIN, POLLOUT, POLLPRI, POLLRDHUP.
///
/// # Returns
/// The events of poll(2), or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EBADF` if `fd` is not open.
/// - `EINVAL` if `events` is 0 or has other events.
#[unsafe(no_mangle)]
pub extern "C" fn acort_fdwait(fd: c_int, events: c_int, deadline: i64) -> c_int {
    try_answer(|| fdwait::fdwait(fd, events, until(deadline)?))
}

/// Waits until some of `n` file descriptors are ready, as poll(2) does, with its events and its
/// results in `revents`. A negative descriptor is not looked at; one that is not open is ready, with
/// POLLNVAL. `fds` may be on a shared stack.
///
/// A plain thread calls poll(2) itself: acort_close() does not end its call.
///
/// # Returns
/// How many are ready, 0 if the deadline has passed, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED` if the task is cancelled, or acort_close() closes one of the files.
/// - `EFAULT` if `fds` is NULL and `n` is not 0.
/// - `EINVAL` if there are more descriptors than the process may open; in a task also above 32,767.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_poll(
    fds: *mut libc::pollfd,
    n: libc::nfds_t,
    deadline: i64,
) -> c_int {
    try_answer(|| {
        let deadline = until(deadline)?;
        let count = c_int::try_from(n).map_err(|_| libc::EINVAL)? as usize;
        let fds = match count {
            0 => &mut [],
            _ if fds.is_null() => return Err(libc::EFAULT),
            // SAFETY: `fds` is not NULL, so it has `n` structs.
            _ => unsafe { slice::from_raw_parts_mut(fds, count) },
        };
        Ok(poll::poll(fds, deadline)? as c_int)
    })
}

/// Closes `fd`. Calls of acort that use `fd` end with ECANCELED, in tasks and in plain threads;
/// none of them continues with the next file of that number. The file is closed at once. The number
/// is free when the last of these calls has returned.
///
/// Close by this function what acort has opened: acort_accept(), acort_open() and so on. Other code
/// may close other file descriptors by close(2) while no call of acort waits for them. The next
/// call is then for the next file of the number.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBADF` if `fd` is closed already.
/// - The errors of close(2).
#[unsafe(no_mangle)]
pub extern "C" fn acort_close(fd: c_int) -> c_int {
    status(fd_ref::close(fd))
}

/// Reads as read(2) does. Waits until there is input.
///
/// # Returns
/// The bytes read, 0 at the end, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of read(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_read(
    fd: c_int,
    buf: *mut c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is writable for `n` bytes.
    count(|| unsafe { rw::read(fd, buf, n, until(deadline)?) })
}

/// Writes as write(2) does, perhaps less than `n` bytes. Waits until there is room. Raises no
/// SIGPIPE.
///
/// # Returns
/// The bytes written, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of write(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_write(
    fd: c_int,
    buf: *const c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is readable for `n` bytes.
    count(|| unsafe { rw::write(fd, buf, n, until(deadline)?) })
}

/// Reads as readv(2) does, with the rules of acort_read().
///
/// # Returns
/// The bytes read, 0 at the end, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of readv(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_readv(
    fd: c_int,
    iov: *const libc::iovec,
    iovcnt: c_int,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `iov` has `iovcnt` parts, whose memory is as the call asks.
    count(|| unsafe { vectored::readv(fd, iov, iovcnt, until(deadline)?) })
}

/// Writes as writev(2) does, with the rules of acort_write().
///
/// # Returns
/// The bytes written, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of writev(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_writev(
    fd: c_int,
    iov: *const libc::iovec,
    iovcnt: c_int,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `iov` has `iovcnt` parts, whose memory is as the call asks.
    count(|| unsafe { vectored::writev(fd, iov, iovcnt, until(deadline)?) })
}

/// Reads `n` bytes, or up to the end of the input.
///
/// # Returns
/// The bytes read. Fewer than `n` at the end, with `errno` 0, or after an error, with its `errno`.
/// -1 and `errno` if the error comes before the first byte.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of read(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_read_full(
    fd: c_int,
    buf: *mut c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is writable for `n` bytes.
    bytes(|| unsafe { rw::read_full(fd, buf, n, until(deadline)?) })
}

/// Writes `n` bytes. Raises no SIGPIPE.
///
/// # Returns
/// The bytes written. Fewer than `n` after an error, with its `errno`. -1 and `errno` if the error
/// comes before the first byte.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of write(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_write_all(
    fd: c_int,
    buf: *const c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is readable for `n` bytes.
    bytes(|| unsafe { rw::write_all(fd, buf, n, until(deadline)?) })
}
