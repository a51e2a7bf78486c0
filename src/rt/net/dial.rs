//! acort_dial() and acort_listen(): sockets that are connected or bound to a name.

use core::ffi::{CStr, c_int};

use super::addr::{Addresses, parse_network, unix_sockaddr};
use super::happy_eyeballs;
use crate::rt::io::fd_ref::FdRef;
use crate::rt::io::socket;
use crate::rt::os::{Deadline, Result};
use crate::sys;

/// Creates a socket and configures it. Closes it on an error.
fn create_socket(
    family: c_int,
    socket_type: c_int,
    protocol: c_int,
    configure: &mut dyn FnMut(&FdRef) -> Result<()>,
) -> Result<c_int> {
    let own = socket::socket(family, socket_type, protocol)?;
    configure(own.file())?;
    own.into_raw()
}

/// Connects to `address`.
///
/// Errors: `ETIMEDOUT`, `ECANCELED`; `EINVAL` for an unknown network or a malformed address; `EADDRNOTAVAIL` for an
/// unknown host; those of connect(2).
pub(crate) fn dial(net: &CStr, address: &CStr, deadline: Deadline) -> Result<c_int> {
    let (family, socket_type) = parse_network(net)?;
    if family == libc::AF_UNIX {
        let (address, length) = unix_sockaddr(address)?;
        return create_socket(family, socket_type, 0, &mut |file| {
            let address = (&raw const address).cast();
            // SAFETY: `address` has `length` bytes.
            file.check_result(unsafe { socket::connect_file(file, address, length, deadline) })
        });
    }
    let addresses = Addresses::resolve((family, socket_type), address, 0, deadline)?;
    happy_eyeballs::connect_first(&addresses, deadline)
}

fn check(answer: c_int) -> Result<()> {
    if answer == 0 { Ok(()) } else { Err(sys::errno()) }
}

fn set_option(fd: c_int, level: c_int, option: c_int, value: bool) -> Result<()> {
    let value = c_int::from(value);
    let size = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: the option is an int.
    check(unsafe { libc::setsockopt(fd, level, option, (&raw const value).cast(), size) })
}

/// Binds a socket. A stream socket listens then.
///
/// # Safety
/// `address` has `length` bytes.
unsafe fn bind(
    fd: c_int,
    socket_type: c_int,
    address: *const libc::sockaddr,
    length: libc::socklen_t,
    backlog: c_int,
) -> Result<()> {
    // SAFETY: `address` has `length` bytes.
    unsafe {
        if socket_type != libc::SOCK_STREAM {
            return check(libc::bind(fd, address, length));
        }
        // Not for UDP: there the option lets two sockets share the address.
        set_option(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, true)?;
        check(libc::bind(fd, address, length))?;
        check(libc::listen(fd, if backlog > 0 { backlog } else { libc::SOMAXCONN }))
    }
}

/// Binds a socket to `address`, whose name is resolved until `deadline`. A stream socket listens.
///
/// Errors: those of [`Addresses::resolve`] and bind(2).
pub(crate) fn listen(
    net: &CStr,
    address: &CStr,
    backlog: c_int,
    deadline: Deadline,
) -> Result<c_int> {
    let (family, socket_type) = parse_network(net)?;
    if family == libc::AF_UNIX {
        let (address, length) = unix_sockaddr(address)?;
        return create_socket(family, socket_type, 0, &mut |file| {
            // SAFETY: `address` has `length` bytes.
            unsafe { bind(file.fd(), socket_type, (&raw const address).cast(), length, backlog) }
        });
    }
    let hints = (family, socket_type);
    let addresses = Addresses::resolve(hints, address, libc::AI_PASSIVE, deadline)?;
    // Without a host one IPv6 socket listens on all addresses of both families, if the machine has IPv6.
    let is_wildcard = family == libc::AF_UNSPEC && address.to_bytes().starts_with(b":");
    if is_wildcard {
        match listen_at(&addresses, Some(libc::AF_INET6), false, backlog) {
            // The machine has no IPv6.
            Err(libc::EADDRNOTAVAIL | libc::EAFNOSUPPORT) => {}
            outcome => return outcome,
        }
    }
    listen_at(&addresses, None, true, backlog)
}

/// Binds a socket to the first address that permits it: one of `family`, or of any. An IPv6 socket is for IPv6 alone
/// with `v6_only`, and else for both.
fn listen_at(
    addresses: &Addresses,
    family: Option<c_int>,
    v6_only: bool,
    backlog: c_int,
) -> Result<c_int> {
    let mut outcome = Err(libc::EADDRNOTAVAIL);
    let mut next = addresses.first();
    // SAFETY: an entry of a list that `addresses` keeps, or NULL.
    while let Some(info) = unsafe { next.as_ref() } {
        next = info.ai_next;
        if family.is_some_and(|family| family != info.ai_family) {
            continue;
        }
        outcome = create_socket(info.ai_family, info.ai_socktype, info.ai_protocol, &mut |file| {
            if info.ai_family == libc::AF_INET6 {
                set_option(file.fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, v6_only)?;
            }
            // SAFETY: `ai_addr` has `ai_addrlen` bytes.
            unsafe { bind(file.fd(), info.ai_socktype, info.ai_addr, info.ai_addrlen, backlog) }
        });
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}
