//! Sockets: new ones, accepted ones, connected ones.

use core::ffi::c_int;

use super::direction::Direction;
use super::fd_entry::{SOCKET, TCP};
use super::fd_ref::FdRef;
use super::own_fd::OwnFd;
use super::readiness::Woken;
use super::retry::retry_with_backoff;
use super::rw::{result, retry_until_ready};
use super::{fd_identity, fd_type, nonblock};
use crate::rt::os::{self, Deadline, Result};
use crate::{sanitizer, sys};

/// Creates a socket, which does not block and is not inherited. acort asks for its type when it is first used.
pub(crate) fn socket(family: c_int, socket_type: c_int, protocol: c_int) -> Result<OwnFd> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: socket(2) has no preconditions.
    OwnFd::from_raw(unsafe { libc::socket(family, socket_type | flags, protocol) }.into(), 0)
}

/// Does what accept(2) does. The accepted socket does not block, and is not inherited.
///
/// # Safety
/// `address` and `length` are as for accept(2).
pub(crate) unsafe fn accept(
    fd: c_int,
    address: *mut libc::sockaddr,
    length: *mut libc::socklen_t,
    deadline: Deadline,
) -> Result<c_int> {
    let file = &FdRef::enter(fd)?;
    // accept4(2) replaces the size, so that each attempt needs the caller's value again.
    // SAFETY: `length` is NULL or valid.
    let size = unsafe { length.as_ref() }.copied();
    let mut socket_type = 0;
    let accepted = retry_until_ready(file, Direction::Read, 0, deadline, &mut |file_type| {
        socket_type = file_type & (SOCKET | TCP);
        loop {
            // accept4(2) has no flag against blocking. Other code may have replaced the listener, and another process
            // that shares it may have cleared its flag.
            nonblock::ensure_nonblock(file)?;
            // SAFETY: `address` and `length` are as for accept(2).
            let accepted = unsafe {
                if let (Some(length), Some(size)) = (length.as_mut(), size) {
                    *length = size;
                }
                os::accept(fd, address, length)
            };
            match result(accepted as isize) {
                // The peer closed the connection before it was accepted: the next one.
                Err(libc::ECONNABORTED | libc::EPROTO) => {}
                outcome => return outcome,
            }
        }
    })?;
    let accepted = c_int::try_from(accepted).map_err(|_| libc::EMFILE)?;
    // An unmanaged listener may have been replaced by one of another type.
    let is_unmanaged = file.entry().is_unmanaged();
    let file_type = if is_unmanaged { SOCKET | fd_type::is_tcp(accepted) } else { socket_type };
    fd_identity::adopt(accepted, file_type);
    Ok(accepted)
}

/// Does what connect(2) does.
///
/// # Safety
/// `address` is readable for `length` bytes.
pub(crate) unsafe fn connect(
    fd: c_int,
    address: *const libc::sockaddr,
    length: libc::socklen_t,
    deadline: Deadline,
) -> Result<()> {
    let file = &FdRef::enter(fd)?;
    // SAFETY: `address` is readable for `length` bytes.
    file.check_result(unsafe { connect_file(file, address, length, deadline) })
}

/// As [`connect`], for a call that has entered. The caller checks the result.
///
/// # Safety
/// As [`connect`].
pub(crate) unsafe fn connect_file(
    file: &FdRef,
    address: *const libc::sockaddr,
    length: libc::socklen_t,
    deadline: Deadline,
) -> Result<()> {
    fd_type::refresh_type(file)?;
    let fd = file.fd();
    let mut tick = file.entry().tick(Direction::Write);
    // SAFETY: `address` is readable for `length` bytes.
    let mut start =
        || nonblock::with_nonblock(file, || unsafe { start_connect(fd, address, length) });
    // SAFETY: `address` is readable for `length` bytes, and two bytes have the family.
    let is_unix =
        length >= 2 && unsafe { (*address).sa_family } == libc::AF_UNIX as libc::sa_family_t;
    // For a unix socket EAGAIN says that the listener's backlog is full. The system does not report when it has room.
    let started = if is_unix { retry_with_backoff(deadline, &mut start) } else { start() };
    if started? {
        return Ok(());
    }
    // poll(2) decides, not the edge: that may be older than the connection attempt.
    let mut is_last = deadline.is_now();
    while !is_connected(fd)? {
        if is_last {
            return Err(libc::ETIMEDOUT);
        }
        is_last = file.wait(Direction::Write, false, tick, deadline)? == Woken::TimedOut;
        file.check()?;
        tick = file.entry().tick(Direction::Write);
    }
    connect_result(fd)
}

/// Starts connect(2) with a non-blocking socket. Returns true if the socket is connected already.
///
/// # Safety
/// As [`connect`].
pub(crate) unsafe fn start_connect(
    fd: c_int,
    address: *const libc::sockaddr,
    length: libc::socklen_t,
) -> Result<bool> {
    // SAFETY: `address` is readable for `length` bytes.
    if unsafe { libc::connect(fd, address, length) } == 0 {
        return Ok(true);
    }
    match sys::errno() {
        libc::EINPROGRESS | libc::EINTR => Ok(false),
        error => Err(error),
    }
}

/// Returns true if a connection attempt has ended, with success or not.
pub(crate) fn is_connected(fd: c_int) -> Result<bool> {
    Ok(fd_type::poll(fd, libc::POLLOUT)? != 0)
}

/// The result of a connection attempt that has ended.
pub(crate) fn connect_result(fd: c_int) -> Result<()> {
    match os::socket_option(fd, libc::SO_ERROR) {
        Ok(0) => Ok(()),
        Ok(error) => Err(error),
        Err(error) => Err(os::warn_if_refused(os::Syscall::Getsockopt, error)),
    }
}

/// Returns true if the internet socket `fd` is connected to its own address. The system may choose the peer's port for
/// this side if no socket listens there. Then TCP's simultaneous open succeeds.
pub(crate) fn is_to_itself(fd: c_int) -> bool {
    let addresses = (endpoint(libc::getsockname, fd), endpoint(libc::getpeername, fd));
    matches!(addresses, (Some(own), Some(peer)) if own == peer)
}

type GetAddress = unsafe extern "C" fn(c_int, *mut libc::sockaddr, *mut libc::socklen_t) -> c_int;

/// Port and address of one end of an internet socket. None: the socket is of another family, or has no such address.
fn endpoint(get: GetAddress, fd: c_int) -> Option<(u16, [u8; 16])> {
    // SAFETY: an all-zero address is valid; the call writes at most `length` bytes; the family says which type they
    // have.
    unsafe {
        let mut storage: libc::sockaddr_storage = core::mem::zeroed();
        let mut length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        sanitizer::unpoison((&raw mut length).cast(), size_of::<libc::socklen_t>());
        if get(fd, (&raw mut storage).cast(), &mut length) != 0 {
            return None;
        }
        match c_int::from(storage.ss_family) {
            libc::AF_INET => {
                let address: *const libc::sockaddr_in = (&raw const storage).cast();
                let [a, b, c, d] = (*address).sin_addr.s_addr.to_ne_bytes();
                Some(((*address).sin_port, [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
            }
            libc::AF_INET6 => {
                let address: *const libc::sockaddr_in6 = (&raw const storage).cast();
                Some(((*address).sin6_port, (*address).sin6_addr.s6_addr))
            }
            _ => None,
        }
    }
}

/// Makes close(2) of `fd` reset the connection, so that its port is free at once. On failure the port waits out its
/// time.
pub(crate) fn reset_at_close(fd: c_int) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let size = size_of::<libc::linger>() as libc::socklen_t;
    // SAFETY: the option has that size.
    unsafe {
        libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_LINGER, (&raw const linger).cast(), size)
    };
}
