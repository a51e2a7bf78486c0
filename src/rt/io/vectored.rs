//! Scattering reads, gathering writes, and messages with addresses, which do not block the thread.

use core::ffi::{c_int, c_void};

use super::direction::Direction;
use super::fd_entry::SOCKET;
use super::fd_ref::FdRef;
use super::rw::{result, retry_until_ready};
use super::sigpipe::with_sigpipe_blocked;
use crate::rt::os::{Deadline, Result};

/// The flags of a receiving call: it does not block.
const RECEIVE: c_int = libc::MSG_DONTWAIT;
/// The flags of a sending call: it does not block, and raises no SIGPIPE.
const SEND: c_int = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;

/// The buffers of readv(2) or writev(2).
struct Buffers {
    parts: *const libc::iovec,
    count: c_int,
    /// On sockets, too, the call is readv(2) or writev(2): it does nothing, or fails. There recvmsg(2) and sendmsg(2)
    /// would have another errno, or receive or send a datagram.
    is_plain: bool,
}

impl Buffers {
    /// Errors: `EINVAL` if `count` is negative.
    ///
    /// # Safety
    /// `parts` has `count` elements.
    unsafe fn new(parts: *const libc::iovec, count: c_int) -> Result<Buffers> {
        let length = usize::try_from(count).map_err(|_| libc::EINVAL)?;
        let is_plain = length > libc::UIO_MAXIOV as usize
            // SAFETY: `parts` has so many elements.
            || (0..length).all(|index| unsafe { (*parts.add(index)).iov_len } == 0);
        Ok(Buffers { parts, count, is_plain })
    }

    /// A message of these buffers alone.
    fn message(&self) -> libc::msghdr {
        // SAFETY: an all-zero message is valid.
        let mut message: libc::msghdr = unsafe { core::mem::zeroed() };
        message.msg_iov = self.parts.cast_mut();
        message.msg_iovlen = self.count as _;
        message
    }
}

/// Does what readv(2) does.
///
/// # Safety
/// `parts` has `count` buffers, which are writable.
pub(crate) unsafe fn readv(
    fd: c_int,
    parts: *const libc::iovec,
    count: c_int,
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: `parts` has `count` buffers, which are writable.
    unsafe {
        let buffers = Buffers::new(parts, count)?;
        // The sum of the sizes is not computed: a short read does not count as draining.
        retry_until_ready(&FdRef::enter(fd)?, Direction::Read, 0, deadline, &mut |file_type| {
            result(match file_type & SOCKET {
                SOCKET if !buffers.is_plain => libc::recvmsg(fd, &mut buffers.message(), RECEIVE),
                _ => libc::readv(fd, parts, count),
            })
        })
    }
}

/// Does what writev(2) does, without SIGPIPE.
///
/// # Safety
/// `parts` has `count` buffers, which are readable.
pub(crate) unsafe fn writev(
    fd: c_int,
    parts: *const libc::iovec,
    count: c_int,
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: `parts` has `count` buffers, which are readable.
    unsafe {
        let buffers = Buffers::new(parts, count)?;
        retry_until_ready(&FdRef::enter(fd)?, Direction::Write, 0, deadline, &mut |file_type| {
            match file_type & SOCKET {
                0 => with_sigpipe_blocked(&mut || result(libc::writev(fd, parts, count))),
                _ if buffers.is_plain => result(libc::writev(fd, parts, count)),
                _ => result(libc::sendmsg(fd, &buffers.message(), SEND)),
            }
        })
    }
}

/// Does what recvfrom(2) does.
///
/// # Safety
/// `buffer` is writable for `size` bytes; `address` and `length` are as for recvfrom(2).
pub(crate) unsafe fn recvfrom(
    fd: c_int,
    (buffer, size): (*mut c_void, usize),
    flags: c_int,
    (address, length): (*mut libc::sockaddr, *mut libc::socklen_t),
    deadline: Deadline,
) -> Result<usize> {
    // With flags a short read does not count as draining.
    let wanted = if flags == 0 { size } else { 0 };
    // SAFETY: the caller's buffers are as for recvfrom(2).
    retry_until_ready(&FdRef::enter(fd)?, Direction::Read, wanted, deadline, &mut |_| unsafe {
        result(libc::recvfrom(fd, buffer, size, flags | RECEIVE, address, length))
    })
}

/// Does what sendto(2) does, without SIGPIPE.
///
/// # Safety
/// `buffer` is readable for `size` bytes; `address` is as for sendto(2).
pub(crate) unsafe fn sendto(
    fd: c_int,
    (buffer, size): (*const c_void, usize),
    flags: c_int,
    (address, length): (*const libc::sockaddr, libc::socklen_t),
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: the caller's buffers are as for sendto(2).
    retry_until_ready(&FdRef::enter(fd)?, Direction::Write, size, deadline, &mut |_| unsafe {
        result(libc::sendto(fd, buffer, size, flags | SEND, address, length))
    })
}

/// Does what recvmsg(2) does.
///
/// # Safety
/// `message` is as for recvmsg(2).
pub(crate) unsafe fn recvmsg(
    fd: c_int,
    message: *mut libc::msghdr,
    flags: c_int,
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: the caller's message is as for recvmsg(2).
    retry_until_ready(&FdRef::enter(fd)?, Direction::Read, 0, deadline, &mut |_| unsafe {
        result(libc::recvmsg(fd, message, flags | RECEIVE))
    })
}

/// Does what sendmsg(2) does, without SIGPIPE.
///
/// # Safety
/// `message` is as for sendmsg(2).
pub(crate) unsafe fn sendmsg(
    fd: c_int,
    message: *const libc::msghdr,
    flags: c_int,
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: the caller's message is as for sendmsg(2).
    retry_until_ready(&FdRef::enter(fd)?, Direction::Write, 0, deadline, &mut |_| unsafe {
        result(libc::sendmsg(fd, message, flags | SEND))
    })
}
