//! Sockets of names: connected, bound, listening.

use core::ffi::{CStr, c_int};

use super::addr::{Addresses, network, unix_address};
use super::happy_eyeballs;
use crate::rt::io::fd_ref::FdRef;
use crate::rt::io::socket;
use crate::rt::os::{Deadline, Result};
use crate::sys;

/// A socket that `set_up` has seen to; closed where that fails.
fn socket_with(
    family: c_int,
    sort: c_int,
    protocol: c_int,
    set_up: &mut dyn FnMut(&FdRef) -> Result<()>,
) -> Result<c_int> {
    let own = socket::socket(family, sort, protocol)?;
    set_up(own.file())?;
    own.into_raw()
}

/// A connection to `address`. EINVAL for names that mean nothing, EADDRNOTAVAIL for a host that is not
/// known, what connect(2) says.
pub(crate) fn dial(net: &CStr, address: &CStr, deadline: Deadline) -> Result<c_int> {
    let (family, sort) = network(net)?;
    if family == libc::AF_UNIX {
        let (place, length) = unix_address(address)?;
        return socket_with(family, sort, 0, &mut |file| {
            // SAFETY: the address has that length.
            unsafe { socket::connect_file(file, (&raw const place).cast(), length, deadline) }
        });
    }
    happy_eyeballs::first_of(&Addresses::of((family, sort), address, 0, deadline)?, deadline)
}

fn status(answer: c_int) -> Result<()> {
    if answer == 0 { Ok(()) } else { Err(sys::errno()) }
}

fn set_option(fd: c_int, level: c_int, option: c_int, value: bool) -> Result<()> {
    let value = c_int::from(value);
    let size = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: the option has that size.
    status(unsafe { libc::setsockopt(fd, level, option, (&raw const value).cast(), size) })
}

/// Binds a socket, and has it listen where it is one for connections.
unsafe fn bind(
    fd: c_int,
    sort: c_int,
    address: *const libc::sockaddr,
    length: libc::socklen_t,
    backlog: c_int,
) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        if sort != libc::SOCK_STREAM {
            return status(libc::bind(fd, address, length));
        }
        // Of UDP two sockets would share the address then.
        set_option(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, true)?;
        status(libc::bind(fd, address, length))?;
        status(libc::listen(fd, if backlog > 0 { backlog } else { libc::SOMAXCONN }))
    }
}

/// A socket at `address`, which listens unless it is one of UDP. Errors as [`happy_eyeballs`] and bind(2).
pub(crate) fn listen(net: &CStr, address: &CStr, backlog: c_int) -> Result<c_int> {
    let (family, sort) = network(net)?;
    if family == libc::AF_UNIX {
        let (place, length) = unix_address(address)?;
        return socket_with(family, sort, 0, &mut |file| {
            // SAFETY: the address has that length.
            unsafe { bind(file.fd(), sort, (&raw const place).cast(), length, backlog) }
        });
    }
    let addresses = Addresses::of((family, sort), address, libc::AI_PASSIVE, Deadline::NEVER)?;
    // Every address of the machine, of both families, is one socket of IPv6, where there is that.
    let is_every = family == libc::AF_UNSPEC && address.to_bytes().starts_with(b":");
    if is_every {
        match listen_at(&addresses, Some(libc::AF_INET6), false, backlog) {
            // There is none.
            Err(libc::EADDRNOTAVAIL | libc::EAFNOSUPPORT) => {}
            outcome => return outcome,
        }
    }
    listen_at(&addresses, None, true, backlog)
}

/// At the first address of `family`, or of any, where that can be. A socket of IPv6 is `only_six` or has both.
fn listen_at(
    addresses: &Addresses,
    family: Option<c_int>,
    only_six: bool,
    backlog: c_int,
) -> Result<c_int> {
    let mut outcome = Err(libc::EADDRNOTAVAIL);
    let mut this = addresses.first();
    // SAFETY: getaddrinfo(3)'s list.
    while let Some(found) = unsafe { this.as_ref() } {
        this = found.ai_next;
        if family.is_some_and(|family| family != found.ai_family) {
            continue;
        }
        outcome = socket_with(found.ai_family, found.ai_socktype, found.ai_protocol, &mut |file| {
            if found.ai_family == libc::AF_INET6 {
                set_option(file.fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, only_six)?;
            }
            // SAFETY: the address has that length.
            unsafe { bind(file.fd(), found.ai_socktype, found.ai_addr, found.ai_addrlen, backlog) }
        });
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}
