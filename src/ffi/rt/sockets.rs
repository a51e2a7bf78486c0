//! Sockets: as POSIX has them, by the rules of `io`.

use core::ffi::{c_int, c_void};

use super::{count, try_answer, try_status, until};
use crate::rt::io::{socket, vectored};

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
