//! File descriptors: as POSIX has them, with a deadline. What would block lets the task wait; signals do not
//! interrupt, and nothing raises SIGPIPE. A file descriptor that is not a file is made not to block. It is
//! to be closed by acort_close(). Buffers may be on a shared stack.

use core::ffi::{c_int, c_void};

use super::{answer, bytes, count, status, until};
use crate::rt::io::{rw, socket, vectored};
use crate::rt::select::fdwait;

/// Waits until `fd` is ready for some of `events`, POLLIN or POLLOUT, and gives what poll(2) says of it. -1
/// and errno: ETIMEDOUT, ECANCELED, EBADF; EINVAL for no events, or others.
#[unsafe(no_mangle)]
pub extern "C" fn acort_fdwait(fd: c_int, events: c_int, deadline: i64) -> c_int {
    answer(until(deadline).and_then(|deadline| fdwait::fdwait(fd, events, deadline)))
}

/// close(2). Calls of acort that are on their way with `fd` have ECANCELED, in tasks and in plain threads: those that
/// wait, and those that were woken already; none goes on with the next file of that number. The file is closed at
/// once, and the number is free when the last of them has come back. 0, or -1 and errno: EBADF where it is closed
/// already; what close(2) says.
///
/// What acort has made (acort_accept(), acort_open(), ...) is to be closed by this. A file descriptor from
/// elsewhere may be closed by close(2) while no call of acort waits for it, and its number be another file's: then the
/// next call is for that.
#[unsafe(no_mangle)]
pub extern "C" fn acort_close(fd: c_int) -> c_int {
    status(rw::close(fd))
}

/// read(2). -1 and errno: ETIMEDOUT, ECANCELED, what read(2) says.
///
/// # Safety
/// As read(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_read(
    fd: c_int,
    buf: *mut c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is writable for `n` bytes.
    count(until(deadline).and_then(|deadline| unsafe { rw::read(fd, buf, n, deadline) }))
}

/// write(2): some of it may be written. -1 and errno: ETIMEDOUT, ECANCELED, what write(2) says; EPIPE without
/// SIGPIPE.
///
/// # Safety
/// As write(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_write(
    fd: c_int,
    buf: *const c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is readable for `n` bytes.
    count(until(deadline).and_then(|deadline| unsafe { rw::write(fd, buf, n, deadline) }))
}

/// readv(2), as acort_read().
///
/// # Safety
/// As readv(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_readv(
    fd: c_int,
    iov: *const libc::iovec,
    iovcnt: c_int,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `iov` has `iovcnt` parts, whose memory is as the call asks.
    count(
        until(deadline).and_then(|deadline| unsafe { vectored::readv(fd, iov, iovcnt, deadline) }),
    )
}

/// writev(2), as acort_write().
///
/// # Safety
/// As writev(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_writev(
    fd: c_int,
    iov: *const libc::iovec,
    iovcnt: c_int,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `iov` has `iovcnt` parts, whose memory is as the call asks.
    count(
        until(deadline).and_then(|deadline| unsafe { vectored::writev(fd, iov, iovcnt, deadline) }),
    )
}

/// recvfrom(2), as acort_read().
///
/// # Safety
/// As recvfrom(2).
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
    count(until(deadline).and_then(|deadline| unsafe {
        vectored::recvfrom(fd, (buf, n), flags, (addr, addrlen), deadline)
    }))
}

/// sendto(2), as acort_write().
///
/// # Safety
/// As sendto(2).
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
    count(until(deadline).and_then(|deadline| unsafe {
        vectored::sendto(fd, (buf, n), flags, (addr, addrlen), deadline)
    }))
}

/// recvmsg(2), as acort_read().
///
/// # Safety
/// As recvmsg(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_recvmsg(
    fd: c_int,
    msg: *mut libc::msghdr,
    flags: c_int,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `msg` and what it points to are as the call asks.
    count(
        until(deadline).and_then(|deadline| unsafe { vectored::recvmsg(fd, msg, flags, deadline) }),
    )
}

/// sendmsg(2), as acort_write().
///
/// # Safety
/// As sendmsg(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sendmsg(
    fd: c_int,
    msg: *const libc::msghdr,
    flags: c_int,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `msg` and what it points to are as the call asks.
    count(
        until(deadline).and_then(|deadline| unsafe { vectored::sendmsg(fd, msg, flags, deadline) }),
    )
}

/// Reads `n` bytes, or up to the end: then fewer, and errno is 0. Fewer, too, with the errno, where an
/// error or the deadline comes after some; -1 and errno where it comes first.
///
/// # Safety
/// As read(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_read_full(
    fd: c_int,
    buf: *mut c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is writable for `n` bytes.
    bytes(until(deadline).and_then(|deadline| unsafe { rw::read_full(fd, buf, n, deadline) }))
}

/// Writes `n` bytes. Fewer, with the errno, where an error or the deadline comes after some; -1 and errno
/// where it comes first.
///
/// # Safety
/// As write(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_write_all(
    fd: c_int,
    buf: *const c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is readable for `n` bytes.
    bytes(until(deadline).and_then(|deadline| unsafe { rw::write_all(fd, buf, n, deadline) }))
}

/// accept(2): the connection neither blocks nor is inherited. Connections that are gone already are passed
/// over. -1 and errno: ETIMEDOUT, ECANCELED, what accept(2) says: after EMFILE the connection waits still.
///
/// # Safety
/// As accept(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_accept(
    fd: c_int,
    addr: *mut libc::sockaddr,
    addrlen: *mut libc::socklen_t,
    deadline: i64,
) -> c_int {
    // SAFETY: `addr` and `addrlen` are as accept(2) asks.
    answer(
        until(deadline).and_then(|deadline| unsafe { socket::accept(fd, addr, addrlen, deadline) }),
    )
}

/// connect(2). 0, or -1 and errno: ETIMEDOUT, ECANCELED (close it then), what connect(2) says.
///
/// # Safety
/// As connect(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_connect(
    fd: c_int,
    addr: *const libc::sockaddr,
    addrlen: libc::socklen_t,
    deadline: i64,
) -> c_int {
    // SAFETY: `addr` has `addrlen` bytes.
    status(
        until(deadline)
            .and_then(|deadline| unsafe { socket::connect(fd, addr, addrlen, deadline) }),
    )
}
