//! File descriptors, as in POSIX, with deadlines. A call that would block blocks its task only. Signals do not
//! interrupt it, and it never raises SIGPIPE. Buffers may be on a shared stack.

use core::ffi::{c_int, c_void};

use super::{answer, bytes, count, status, until};
use crate::rt::io::{rw, socket, vectored};
use crate::rt::select::fdwait;

/// Waits until `fd` is ready for one of `events`: POLLIN, POLLOUT or both. A cancellation point.
///
/// # Returns
/// The events of poll(2), or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled, or acort_close() closes `fd`.
/// - `EBADF` if `fd` is not open.
/// - `EINVAL` if `events` is empty or has other bits, or `deadline` is invalid.
#[unsafe(no_mangle)]
pub extern "C" fn acort_fdwait(fd: c_int, events: c_int, deadline: i64) -> c_int {
    answer(until(deadline).and_then(|deadline| fdwait::fdwait(fd, events, deadline)))
}

/// Closes a file descriptor. Calls of acort that use `fd`, in tasks and in plain threads, fail with
/// `ECANCELED`: those that wait, and those that were woken but have not returned. None of them
/// continues with the next file of the same number. The file is closed at once. The number is free
/// when the last of these calls has returned. The call itself does not block.
///
/// Close file descriptors of acort_accept(), acort_open() and the like with this function. Another
/// file descriptor may be closed with close(2) while no call of acort waits for it. Its number may
/// then mean another file: the next call is for that file.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBADF` if `fd` is not open.
/// - the errors of close(2).
#[unsafe(no_mangle)]
pub extern "C" fn acort_close(fd: c_int) -> c_int {
    status(rw::close(fd))
}

/// Reads like read(2), and blocks the task until there is data. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled, or acort_close() closes `fd`.
/// - `EINVAL` if `deadline` is invalid.
/// - the errors of read(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_read(
    fd: c_int,
    buf: *mut c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is writable for `n` bytes (F2).
    count(until(deadline).and_then(|deadline| unsafe { rw::read(fd, buf, n, deadline) }))
}

/// Writes like write(2), and blocks the task until some bytes can be written. It may write fewer
/// than `n` bytes. It never raises SIGPIPE. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled, or acort_close() closes `fd`.
/// - `EINVAL` if `deadline` is invalid.
/// - the errors of write(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_write(
    fd: c_int,
    buf: *const c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is readable for `n` bytes (F2).
    count(until(deadline).and_then(|deadline| unsafe { rw::write(fd, buf, n, deadline) }))
}

/// Reads like readv(2), and blocks as acort_read() does. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - those of acort_read() and readv(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_readv(
    fd: c_int,
    iov: *const libc::iovec,
    iovcnt: c_int,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `iov` has `iovcnt` buffers, each writable (F2).
    count(
        until(deadline).and_then(|deadline| unsafe { vectored::readv(fd, iov, iovcnt, deadline) }),
    )
}

/// Writes like writev(2), and blocks as acort_write() does. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - those of acort_write() and writev(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_writev(
    fd: c_int,
    iov: *const libc::iovec,
    iovcnt: c_int,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `iov` has `iovcnt` buffers, each readable (F2).
    count(
        until(deadline).and_then(|deadline| unsafe { vectored::writev(fd, iov, iovcnt, deadline) }),
    )
}

/// Receives like recvfrom(2), and blocks as acort_read() does. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - those of acort_read() and recvfrom(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_recvfrom(
    fd: c_int,
    buf: *mut c_void,
    n: usize,
    flags: c_int,
    addr: *mut libc::sockaddr,
    addrlen: *mut libc::socklen_t,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is writable for `n` bytes. `addr` is NULL, or writable for `*addrlen` bytes (F2).
    count(until(deadline).and_then(|deadline| unsafe {
        vectored::recvfrom(fd, (buf, n), flags, (addr, addrlen), deadline)
    }))
}

/// Sends like sendto(2), and blocks as acort_write() does. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - those of acort_write() and sendto(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sendto(
    fd: c_int,
    buf: *const c_void,
    n: usize,
    flags: c_int,
    addr: *const libc::sockaddr,
    addrlen: libc::socklen_t,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is readable for `n` bytes, `addr` for `addrlen` bytes (F2).
    count(until(deadline).and_then(|deadline| unsafe {
        vectored::sendto(fd, (buf, n), flags, (addr, addrlen), deadline)
    }))
}

/// Receives like recvmsg(2), and blocks as acort_read() does. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - those of acort_read() and recvmsg(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_recvmsg(
    fd: c_int,
    msg: *mut libc::msghdr,
    flags: c_int,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `msg` is a message with writable buffers (F2).
    count(
        until(deadline).and_then(|deadline| unsafe { vectored::recvmsg(fd, msg, flags, deadline) }),
    )
}

/// Sends like sendmsg(2), and blocks as acort_write() does. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - those of acort_write() and sendmsg(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sendmsg(
    fd: c_int,
    msg: *const libc::msghdr,
    flags: c_int,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `msg` is a message with readable buffers (F2).
    count(
        until(deadline).and_then(|deadline| unsafe { vectored::sendmsg(fd, msg, flags, deadline) }),
    )
}

/// Reads `n` bytes. Stops early at the end of the file, and at an error or the deadline after some
/// bytes. A cancellation point.
///
/// # Returns
/// The number of bytes. If there are fewer than `n`, `errno` is 0 at the end of the file, otherwise
/// the error. -1 and `errno` if the error comes before the first byte.
///
/// # Errors
/// - those of acort_read().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_read_full(
    fd: c_int,
    buf: *mut c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is writable for `n` bytes (F2).
    bytes(until(deadline).and_then(|deadline| unsafe { rw::read_full(fd, buf, n, deadline) }))
}

/// Writes `n` bytes. Stops early at an error or the deadline after some bytes. A cancellation
/// point.
///
/// # Returns
/// The number of bytes. If there are fewer than `n`, `errno` is the error. -1 and `errno` if the
/// error comes before the first byte.
///
/// # Errors
/// - those of acort_write().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_write_all(
    fd: c_int,
    buf: *const c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is readable for `n` bytes (F2).
    bytes(until(deadline).and_then(|deadline| unsafe { rw::write_all(fd, buf, n, deadline) }))
}

/// Accepts a connection like accept(2). The new file descriptor is non-blocking and close-on-exec.
/// Skips connections that their peers have aborted. A cancellation point.
///
/// # Returns
/// The file descriptor, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled, or acort_close() closes `fd`.
/// - `EINVAL` if `deadline` is invalid.
/// - the errors of accept(2). After `EMFILE` the connection is still pending.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_accept(
    fd: c_int,
    addr: *mut libc::sockaddr,
    addrlen: *mut libc::socklen_t,
    deadline: i64,
) -> c_int {
    // SAFETY: `addr` is NULL, or writable for `*addrlen` bytes (F2).
    answer(
        until(deadline).and_then(|deadline| unsafe { socket::accept(fd, addr, addrlen, deadline) }),
    )
}

/// Connects like connect(2). After `ETIMEDOUT` or `ECANCELED` the attempt may still be in progress:
/// close the socket. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled, or acort_close() closes `fd`.
/// - `EINVAL` if `deadline` is invalid.
/// - the errors of connect(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_connect(
    fd: c_int,
    addr: *const libc::sockaddr,
    addrlen: libc::socklen_t,
    deadline: i64,
) -> c_int {
    // SAFETY: `addr` is readable for `addrlen` bytes (F2).
    status(
        until(deadline)
            .and_then(|deadline| unsafe { socket::connect(fd, addr, addrlen, deadline) }),
    )
}
