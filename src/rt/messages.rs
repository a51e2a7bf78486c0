//! Calls of the system that gather and scatter, and those with addresses.

use core::ffi::{c_int, c_void};

use super::Outcome;
use super::descriptors::Way;
use super::io::{perform, result, without_sigpipe};
use super::kinds::{PIPE, SOCKET};

/// readv(2).
///
/// # Safety
/// `parts` are `count` valid buffers.
pub(crate) unsafe fn readv(
    fd: c_int,
    parts: *const libc::iovec,
    count: c_int,
    deadline: i64,
) -> Outcome<usize> {
    // SAFETY: the caller's promise. What it wants in all is not known: it is never empty for certain.
    perform(fd, Way::In, 0, deadline, &mut |_| unsafe { result(libc::readv(fd, parts, count)) })
}

/// writev(2), without SIGPIPE.
///
/// # Safety
/// As [`readv`].
pub(crate) unsafe fn writev(
    fd: c_int,
    parts: *const libc::iovec,
    count: c_int,
    deadline: i64,
) -> Outcome<usize> {
    let length = usize::try_from(count).map_err(|_| libc::EINVAL)?;
    // What writev(2) refuses, and where it does nothing, sendmsg(2) has another errno or sends a datagram.
    // SAFETY: the caller's promise.
    let is_plain = length > libc::UIO_MAXIOV as usize
        || (0..length).all(|index| unsafe { (*parts.add(index)).iov_len } == 0);
    // SAFETY: the caller's promise; all zero is a message.
    perform(fd, Way::Out, 0, deadline, &mut |kind| unsafe {
        match kind & (SOCKET | PIPE) {
            SOCKET if is_plain => result(libc::writev(fd, parts, count)),
            0 => result(libc::writev(fd, parts, count)),
            PIPE => without_sigpipe(&mut || result(libc::writev(fd, parts, count))),
            _ => {
                let mut message: libc::msghdr = core::mem::zeroed();
                message.msg_iov = parts.cast_mut();
                message.msg_iovlen = length as _;
                result(libc::sendmsg(fd, &message, libc::MSG_NOSIGNAL))
            }
        }
    })
}

/// recvfrom(2).
///
/// # Safety
/// As there.
pub(crate) unsafe fn recvfrom(
    fd: c_int,
    (buffer, size): (*mut c_void, usize),
    flags: c_int,
    (address, length): (*mut libc::sockaddr, *mut libc::socklen_t),
    deadline: i64,
) -> Outcome<usize> {
    // Flags change what a short answer means.
    let wanted = if flags == 0 { size } else { 0 };
    let flags = flags | libc::MSG_DONTWAIT;
    // SAFETY: the caller's promise.
    perform(fd, Way::In, wanted, deadline, &mut |_| unsafe {
        result(libc::recvfrom(fd, buffer, size, flags, address, length))
    })
}

/// sendto(2), without SIGPIPE.
///
/// # Safety
/// As there.
pub(crate) unsafe fn sendto(
    fd: c_int,
    (buffer, size): (*const c_void, usize),
    flags: c_int,
    (address, length): (*const libc::sockaddr, libc::socklen_t),
    deadline: i64,
) -> Outcome<usize> {
    let flags = flags | libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
    // SAFETY: the caller's promise.
    perform(fd, Way::Out, size, deadline, &mut |_| unsafe {
        result(libc::sendto(fd, buffer, size, flags, address, length))
    })
}

/// recvmsg(2).
///
/// # Safety
/// As there.
pub(crate) unsafe fn recvmsg(
    fd: c_int,
    message: *mut libc::msghdr,
    flags: c_int,
    deadline: i64,
) -> Outcome<usize> {
    let flags = flags | libc::MSG_DONTWAIT;
    // SAFETY: the caller's promise.
    perform(fd, Way::In, 0, deadline, &mut |_| unsafe { result(libc::recvmsg(fd, message, flags)) })
}

/// sendmsg(2), without SIGPIPE.
///
/// # Safety
/// As there.
pub(crate) unsafe fn sendmsg(
    fd: c_int,
    message: *const libc::msghdr,
    flags: c_int,
    deadline: i64,
) -> Outcome<usize> {
    let flags = flags | libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
    // SAFETY: the caller's promise.
    perform(fd, Way::Out, 0, deadline, &mut |_| unsafe {
        result(libc::sendmsg(fd, message, flags))
    })
}
