//! Connections: made, accepted.

use core::ffi::c_int;

use super::fd_entry::Direction;
use super::fd_ref::{FdRef, Woken};
use super::fd_type::{self, SOCKET, TCP};
use super::own_fd::OwnFd;
use super::rw::{result, retry_until_ready};
use super::{fd_identity, nonblock};
use crate::rt::os::{self, Deadline, Result};
use crate::rt::park::sleep::Backoff;
use crate::{sanitizer, sys};

/// accept(2): the connection does not block, and is not inherited.
///
/// # Safety
/// As there.
pub(crate) unsafe fn accept(
    fd: c_int,
    address: *mut libc::sockaddr,
    length: *mut libc::socklen_t,
    deadline: Deadline,
) -> Result<c_int> {
    let file = &FdRef::enter(fd)?;
    // The call shortens it.
    // SAFETY: the caller's, or NULL.
    let room = unsafe { length.as_ref() }.copied();
    let mut of = 0;
    let accepted = retry_until_ready(file, Direction::Read, 0, deadline, &mut |kind| {
        of = kind & (SOCKET | TCP);
        loop {
            // accept4(2) has no flag against blocking. Other code may have replaced the listener, and another process
            // that has it may have given its flag back.
            nonblock::make(file)?;
            // SAFETY: the caller's places, or NULL.
            let accepted = unsafe {
                if let (Some(length), Some(room)) = (length.as_mut(), room) {
                    *length = room;
                }
                os::accept(fd, address, length)
            };
            match result(accepted as isize) {
                // It was gone before it was fetched: the next one.
                Err(libc::ECONNABORTED | libc::EPROTO) => {}
                outcome => return outcome,
            }
        }
    })?;
    let accepted = c_int::try_from(accepted).map_err(|_| libc::EMFILE)?;
    // A listener that other code has made may be of another sort by now than it was.
    let is_known = !file.entry().is_unmanaged();
    fd_identity::adopt(accepted, if is_known { of } else { SOCKET | fd_type::is_tcp(accepted) });
    Ok(accepted)
}

/// connect(2).
///
/// # Safety
/// As there.
pub(crate) unsafe fn connect(
    fd: c_int,
    address: *const libc::sockaddr,
    length: libc::socklen_t,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the caller's address.
    unsafe { connect_file(&FdRef::enter(fd)?, address, length, deadline) }
}

/// As [`socket`], by a call that is inside.
///
/// # Safety
/// As there.
pub(crate) unsafe fn connect_file(
    file: &FdRef,
    address: *const libc::sockaddr,
    length: libc::socklen_t,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the caller's address.
    let outcome = unsafe { connect_with(file, address, length, deadline) };
    file.check_result(outcome)
}

unsafe fn connect_with(
    file: &FdRef,
    address: *const libc::sockaddr,
    length: libc::socklen_t,
    deadline: Deadline,
) -> Result<()> {
    fd_type::refresh_type(file)?;
    let fd = file.fd();
    let mut edges = file.entry().tick(Direction::Write);
    // SAFETY: the caller's address.
    let begun = unsafe {
        match nonblock::during(file, || begin(fd, address, length)) {
            Err(libc::EAGAIN) if is_unix(address, length) => {
                until_there_is_room(file, address, length, deadline)
            }
            begun => begun,
        }
    };
    if begun? {
        return Ok(());
    }
    // Ready for output, which an edge from before it began does not tell.
    let mut is_last = deadline.is_now();
    while !is_connected(fd)? {
        if is_last {
            return Err(libc::ETIMEDOUT);
        }
        is_last = file.wait(Direction::Write, false, edges, deadline)? == Woken::TimedOut;
        file.check()?;
        edges = file.entry().tick(Direction::Write);
    }
    outcome(fd)
}

unsafe fn is_unix(address: *const libc::sockaddr, length: libc::socklen_t) -> bool {
    // SAFETY: the caller's promise.
    length >= 2 && unsafe { (*address).sa_family } == libc::AF_UNIX as libc::sa_family_t
}

/// A unix socket whose listener has as many waiting as it may says EAGAIN, and nothing tells when it has not: it
/// is asked again, less and less often.
unsafe fn until_there_is_room(
    file: &FdRef,
    address: *const libc::sockaddr,
    length: libc::socklen_t,
    deadline: Deadline,
) -> Result<bool> {
    let mut backoff = Backoff::new();
    loop {
        if deadline.has_passed() {
            return Err(libc::ETIMEDOUT);
        }
        backoff.wait(deadline)?;
        file.check()?;
        // SAFETY: the caller's address.
        match nonblock::during(file, || unsafe { begin(file.fd(), address, length) }) {
            Err(libc::EAGAIN) => {}
            begun => return begun,
        }
    }
}

/// Begins connect(2) with a socket that does not block. True: it is connected.
///
/// # Safety
/// As there.
pub(crate) unsafe fn begin(
    fd: c_int,
    address: *const libc::sockaddr,
    length: libc::socklen_t,
) -> Result<bool> {
    // SAFETY: the caller's promise.
    if unsafe { libc::connect(fd, address, length) } == 0 {
        return Ok(true);
    }
    match sys::errno() {
        libc::EINPROGRESS | libc::EINTR => Ok(false),
        error => Err(error),
    }
}

/// Has a connection that was begun succeeded or failed?
pub(crate) fn is_connected(fd: c_int) -> Result<bool> {
    Ok(fd_type::poll(fd, libc::POLLOUT)? != 0)
}

/// What has become of it.
pub(crate) fn outcome(fd: c_int) -> Result<()> {
    match os::socket_option(fd, libc::SO_ERROR) {
        Ok(0) => Ok(()),
        Ok(error) => Err(error),
        Err(error) => Err(os::warn_if_refused(os::Syscall::Getsockopt, error)),
    }
}

/// Returns true if the socket of the internet `fd` is connected to its own address. The system may pick the peer's port
/// for this side where nothing listens there, and TCP's simultaneous open then succeeds.
pub(crate) fn is_to_itself(fd: c_int) -> bool {
    let addresses = (address_by(libc::getsockname, fd), address_by(libc::getpeername, fd));
    matches!(addresses, (Some(own), Some(peer)) if own == peer)
}

type Namer = unsafe extern "C" fn(c_int, *mut libc::sockaddr, *mut libc::socklen_t) -> c_int;

/// Port and address of one end of a socket of the internet. None: it is another one, or has none.
fn address_by(name: Namer, fd: c_int) -> Option<(u16, [u8; 16])> {
    // SAFETY: all zero is an address; the call writes no more than `length` bytes; the family says what they are.
    unsafe {
        let mut place: libc::sockaddr_storage = core::mem::zeroed();
        let mut length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        sanitizer::is_written((&raw mut length).cast(), size_of::<libc::socklen_t>());
        if name(fd, (&raw mut place).cast(), &mut length) != 0 {
            return None;
        }
        match c_int::from(place.ss_family) {
            libc::AF_INET => {
                let place: *const libc::sockaddr_in = (&raw const place).cast();
                let [a, b, c, d] = (*place).sin_addr.s_addr.to_ne_bytes();
                Some(((*place).sin_port, [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
            }
            libc::AF_INET6 => {
                let place: *const libc::sockaddr_in6 = (&raw const place).cast();
                Some(((*place).sin6_port, (*place).sin6_addr.s6_addr))
            }
            _ => None,
        }
    }
}

/// What closes `fd` resets its connection: its port is free at once.
pub(crate) fn reset_at_close(fd: c_int) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let size = size_of::<libc::linger>() as libc::socklen_t;
    // SAFETY: the option has that size. Where it fails the port waits out its time.
    unsafe {
        libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_LINGER, (&raw const linger).cast(), size)
    };
}

/// A new socket, which does not block and is not inherited. What it is will be asked for when it is first used.
pub(crate) fn socket(family: c_int, sort: c_int, protocol: c_int) -> Result<OwnFd> {
    let sort = sort | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: socket has no preconditions.
    OwnFd::from_raw(unsafe { libc::socket(family, sort, protocol) }.into(), 0)
}
