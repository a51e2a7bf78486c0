//! File descriptors: as POSIX has them, with a deadline. What would block lets the task wait; signals do not
//! interrupt, and nothing raises SIGPIPE. A file descriptor that is not a file is made not to block. It is
//! to be closed by acort_close(). Buffers may be on a shared stack.

use core::ffi::{c_int, c_void};
use core::slice;

use super::{bytes, count, status, try_answer, try_status, until};
use crate::rt::io::{fd_ref, rw, socket, vectored};
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

/// Receives as recvfrom(2) does, with the rules of acort_read().
///
/// # Returns
/// The bytes received, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of recvfrom(2).
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
    // SAFETY: `buf` is writable for `n` bytes; `addr` and `addrlen` are as recvfrom(2) asks.
    count(|| unsafe { vectored::recvfrom(fd, (buf, n), flags, (addr, addrlen), until(deadline)?) })
}

/// Sends as sendto(2) does, with the rules of acort_write().
///
/// # Returns
/// The bytes sent, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of sendto(2).
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
    // SAFETY: `buf` is readable for `n` bytes; `addr` has `addrlen` bytes.
    count(|| unsafe { vectored::sendto(fd, (buf, n), flags, (addr, addrlen), until(deadline)?) })
}

/// Receives as recvmsg(2) does, with the rules of acort_read().
///
/// # Returns
/// The bytes received, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of recvmsg(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_recvmsg(
    fd: c_int,
    msg: *mut libc::msghdr,
    flags: c_int,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `msg` and what it points to are as the call asks.
    count(|| unsafe { vectored::recvmsg(fd, msg, flags, until(deadline)?) })
}

/// Sends as sendmsg(2) does, with the rules of acort_write().
///
/// # Returns
/// The bytes sent, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of sendmsg(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sendmsg(
    fd: c_int,
    msg: *const libc::msghdr,
    flags: c_int,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `msg` and what it points to are as the call asks.
    count(|| unsafe { vectored::sendmsg(fd, msg, flags, until(deadline)?) })
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

/// Accepts a connection as accept(2) does. The new socket does not block, and is not inherited over
/// execve(2). Connections that are closed already are skipped.
///
/// # Returns
/// The socket, or -1 and `errno`. Close it by acort_close().
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EMFILE` if the process has no file descriptors left: the connection waits still.
/// - The errors of accept(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_accept(
    fd: c_int,
    addr: *mut libc::sockaddr,
    addrlen: *mut libc::socklen_t,
    deadline: i64,
) -> c_int {
    // SAFETY: `addr` and `addrlen` are as accept(2) asks.
    try_answer(|| unsafe { socket::accept(fd, addr, addrlen, until(deadline)?) })
}

/// Connects as connect(2) does. After ETIMEDOUT or ECANCELED close the socket.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of connect(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_connect(
    fd: c_int,
    addr: *const libc::sockaddr,
    addrlen: libc::socklen_t,
    deadline: i64,
) -> c_int {
    // SAFETY: `addr` has `addrlen` bytes.
    try_status(|| unsafe { socket::connect(fd, addr, addrlen, until(deadline)?) })
}
