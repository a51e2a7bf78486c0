//! Calls of the system that gather and scatter, and those with addresses.

use core::ffi::{c_int, c_void};

use super::fd_entry::Direction;
use super::fd_ref::FdRef;
use super::fd_type::SOCKET;
use super::rw::{result, retry_until_ready, with_sigpipe_blocked};
use crate::rt::os::Result;

/// readv(2).
///
/// # Safety
/// `parts` are `count` valid buffers.
pub(crate) unsafe fn readv(
    fd: c_int,
    parts: *const libc::iovec,
    count: c_int,
    deadline: i64,
) -> Result<usize> {
    let length = usize::try_from(count).map_err(|_| libc::EINVAL)?;
    // SAFETY: the caller's promise.
    let is_plain = unsafe { is_plain(parts, length) };
    let file = &FdRef::enter(fd)?;
    // SAFETY: the caller's promise. What it wants in all is not known: it is never empty for certain.
    retry_until_ready(file, Direction::Read, 0, deadline, &mut |kind| unsafe {
        match kind & SOCKET {
            SOCKET if !is_plain => {
                result(libc::recvmsg(fd, &mut message_of(parts, length), libc::MSG_DONTWAIT))
            }
            _ => result(libc::readv(fd, parts, count)),
        }
    })
}

/// What readv(2) and writev(2) refuse, and where they do nothing: sendmsg(2) and recvmsg(2) would have another
/// errno there, send a datagram, or take one.
///
/// # Safety
/// `parts` are so many.
unsafe fn is_plain(parts: *const libc::iovec, length: usize) -> bool {
    length > libc::UIO_MAXIOV as usize
        // SAFETY: the caller's promise.
        || (0..length).all(|index| unsafe { (*parts.add(index)).iov_len } == 0)
}

/// Parts alone.
fn message_of(parts: *const libc::iovec, length: usize) -> libc::msghdr {
    // SAFETY: all zero is a message.
    let mut message: libc::msghdr = unsafe { core::mem::zeroed() };
    message.msg_iov = parts.cast_mut();
    message.msg_iovlen = length as _;
    message
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
) -> Result<usize> {
    let length = usize::try_from(count).map_err(|_| libc::EINVAL)?;
    // SAFETY: the caller's promise.
    let is_plain = unsafe { is_plain(parts, length) };
    let file = &FdRef::enter(fd)?;
    // SAFETY: the caller's promise.
    retry_until_ready(file, Direction::Write, 0, deadline, &mut |kind| unsafe {
        match kind & SOCKET {
            SOCKET if is_plain => result(libc::writev(fd, parts, count)),
            0 => with_sigpipe_blocked(&mut || result(libc::writev(fd, parts, count))),
            _ => {
                let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
                result(libc::sendmsg(fd, &message_of(parts, length), flags))
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
) -> Result<usize> {
    // Flags change what a short answer means.
    let wanted = if flags == 0 { size } else { 0 };
    let flags = flags | libc::MSG_DONTWAIT;
    let file = &FdRef::enter(fd)?;
    // SAFETY: the caller's promise.
    retry_until_ready(file, Direction::Read, wanted, deadline, &mut |_| unsafe {
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
) -> Result<usize> {
    let flags = flags | libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
    let file = &FdRef::enter(fd)?;
    // SAFETY: the caller's promise.
    retry_until_ready(file, Direction::Write, size, deadline, &mut |_| unsafe {
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
) -> Result<usize> {
    let flags = flags | libc::MSG_DONTWAIT;
    let file = &FdRef::enter(fd)?;
    // SAFETY: the caller's promise.
    retry_until_ready(file, Direction::Read, 0, deadline, &mut |_| unsafe {
        result(libc::recvmsg(fd, message, flags))
    })
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
) -> Result<usize> {
    let flags = flags | libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
    let file = &FdRef::enter(fd)?;
    // SAFETY: the caller's promise.
    retry_until_ready(file, Direction::Write, 0, deadline, &mut |_| unsafe {
        result(libc::sendmsg(fd, message, flags))
    })
}
