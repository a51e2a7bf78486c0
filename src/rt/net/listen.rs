//! acort_listen() and acort_listen_ex(): sockets that are bound to a name.

use core::ffi::{CStr, c_int};
use core::mem::MaybeUninit;

use super::addr::{Addresses, parse_network, unix_sockaddr};
use super::dial::create_socket;
use crate::rt::io::socket;
use crate::rt::model::abi::{ACORT_NODELAY, ACORT_REUSEPORT, ACORT_UNLINK, acort_listen_opts_t};
use crate::rt::os::{Deadline, Result};
use crate::sys;

fn check(answer: c_int) -> Result<()> {
    if answer == 0 { Ok(()) } else { Err(sys::errno()) }
}

fn set_option(fd: c_int, level: c_int, option: c_int, value: bool) -> Result<()> {
    let value = c_int::from(value);
    let size = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: the option is an int.
    check(unsafe { libc::setsockopt(fd, level, option, (&raw const value).cast(), size) })
}

/// The options of acort_listen().
pub(crate) const DEFAULT_OPTIONS: acort_listen_opts_t = acort_listen_opts_t {
    size: size_of::<acort_listen_opts_t>(),
    flags: 0,
    backlog: 0,
    mode: 0,
    reserved: 0,
};

/// Errors: `EINVAL` for an option that sockets of the network do not have.
fn check_options(
    (family, socket_type): (c_int, c_int),
    options: &acort_listen_opts_t,
) -> Result<()> {
    let allowed = match (family, socket_type) {
        (libc::AF_UNIX, _) => ACORT_UNLINK,
        (_, libc::SOCK_STREAM) => ACORT_REUSEPORT | ACORT_NODELAY,
        _ => ACORT_REUSEPORT,
    };
    let has_mode = options.mode != 0;
    if options.flags & !allowed != 0
        || options.reserved != 0
        || has_mode && (family != libc::AF_UNIX || options.mode & !0o7777 != 0)
    {
        return Err(libc::EINVAL);
    }
    Ok(())
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
    options: &acort_listen_opts_t,
) -> Result<()> {
    if options.flags & ACORT_REUSEPORT != 0 {
        set_option(fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, true)?;
    }
    // SAFETY: `address` has `length` bytes.
    let bind = || check(unsafe { libc::bind(fd, address, length) });
    if socket_type != libc::SOCK_STREAM {
        return bind();
    }
    // Not for UDP: there the option lets two sockets share the address.
    set_option(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, true)?;
    if options.flags & ACORT_NODELAY != 0 {
        set_option(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, true)?;
    }
    bind()?;
    start_listening(fd, options)
}

fn start_listening(fd: c_int, options: &acort_listen_opts_t) -> Result<()> {
    let backlog = if options.backlog > 0 { options.backlog } else { libc::SOMAXCONN };
    // SAFETY: listen(2) takes any numbers.
    check(unsafe { libc::listen(fd, backlog) })
}

/// Listens at `path`. The file has its mode before the first connection.
fn listen_unix(path: &CStr, options: &acort_listen_opts_t) -> Result<c_int> {
    let (address, length) = unix_sockaddr(path)?;
    let address: *const libc::sockaddr = (&raw const address).cast();
    create_socket(libc::AF_UNIX, libc::SOCK_STREAM, 0, &mut |file| {
        // SAFETY: `address` has `length` bytes, and `path` ends in 0.
        unsafe {
            let bind = || check(libc::bind(file.fd(), address, length));
            match bind() {
                Err(libc::EADDRINUSE) if options.flags & ACORT_UNLINK != 0 => {
                    remove_stale(path, address, length)?;
                    bind()?;
                }
                outcome => outcome?,
            }
            if options.mode != 0 {
                check(libc::chmod(path.as_ptr(), options.mode))?;
            }
            start_listening(file.fd(), options)
        }
    })
}

/// Removes the socket at `path` that no process listens at. Errors: `EADDRINUSE` if one does, or it is another file.
///
/// # Safety
/// `address` has `length` bytes.
unsafe fn remove_stale(
    path: &CStr,
    address: *const libc::sockaddr,
    length: libc::socklen_t,
) -> Result<()> {
    let probe = socket::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0)?;
    let mut status = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: `path` ends in 0, and `address` has `length` bytes. All zero is a status.
    unsafe {
        check(libc::lstat(path.as_ptr(), status.as_mut_ptr()))?;
        let is_socket = status.assume_init().st_mode & libc::S_IFMT == libc::S_IFSOCK;
        match socket::start_connect(probe.file().fd(), address, length) {
            Err(libc::ECONNREFUSED) if is_socket => check(libc::unlink(path.as_ptr())),
            _ => Err(libc::EADDRINUSE),
        }
    }
}

/// Binds a socket to `address`. A stream socket listens.
///
/// The name is resolved until `deadline`. Errors: `EINVAL` for options that the network does not have; those of
/// [`Addresses::resolve`] and bind(2).
pub(crate) fn listen(
    net: &CStr,
    address: &CStr,
    options: &acort_listen_opts_t,
    deadline: Deadline,
) -> Result<c_int> {
    let hints = parse_network(net)?;
    check_options(hints, options)?;
    let (family, _) = hints;
    if family == libc::AF_UNIX {
        return listen_unix(address, options);
    }
    let addresses = Addresses::resolve(hints, address, libc::AI_PASSIVE, deadline)?;
    // Without a host one IPv6 socket listens on all addresses of both families, if the machine has IPv6.
    let is_wildcard = family == libc::AF_UNSPEC && address.to_bytes().starts_with(b":");
    if is_wildcard {
        match listen_at(&addresses, Some(libc::AF_INET6), false, options) {
            // The machine has no IPv6.
            Err(libc::EADDRNOTAVAIL | libc::EAFNOSUPPORT) => {}
            outcome => return outcome,
        }
    }
    listen_at(&addresses, None, true, options)
}

/// Binds a socket to the first address that permits it: one of `family`, or of any. An IPv6 socket is for IPv6 alone
/// with `v6_only`, and else for both.
fn listen_at(
    addresses: &Addresses,
    family: Option<c_int>,
    v6_only: bool,
    options: &acort_listen_opts_t,
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
            unsafe { bind(file.fd(), info.ai_socktype, info.ai_addr, info.ai_addrlen, options) }
        });
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}
