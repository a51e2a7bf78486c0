//! Names of networks and addresses: "tcp" and "example.org:80", "unix" and "/run/x".

use core::ffi::{CStr, c_char, c_int};
use core::mem::MaybeUninit;
use core::ptr;

use super::{happy_eyeballs, resolve};
use crate::rt::io::fd_ref::FdRef;
use crate::rt::io::socket;
use crate::rt::os::Result;
use crate::sys;

/// The longest host and service.
const MAX: usize = 256;

/// What a network's name means: family, and sort of socket. EINVAL.
fn network(name: &CStr) -> Result<(c_int, c_int)> {
    Ok(match name.to_bytes() {
        b"tcp" => (libc::AF_UNSPEC, libc::SOCK_STREAM),
        b"tcp4" => (libc::AF_INET, libc::SOCK_STREAM),
        b"tcp6" => (libc::AF_INET6, libc::SOCK_STREAM),
        b"udp" => (libc::AF_UNSPEC, libc::SOCK_DGRAM),
        b"udp4" => (libc::AF_INET, libc::SOCK_DGRAM),
        b"udp6" => (libc::AF_INET6, libc::SOCK_DGRAM),
        b"unix" => (libc::AF_UNIX, libc::SOCK_STREAM),
        _ => return Err(libc::EINVAL),
    })
}

/// A text with its 0, of limited length.
struct Text([u8; MAX]);

impl Text {
    fn of(bytes: &[u8]) -> Result<Text> {
        let mut text = Text([0; MAX]);
        if bytes.len() >= MAX {
            return Err(libc::ENAMETOOLONG);
        }
        for (to, from) in text.0.iter_mut().zip(bytes) {
            *to = *from;
        }
        Ok(text)
    }

    /// NULL for none.
    fn pointer(&self) -> *const c_char {
        if self.0.first() == Some(&0) { ptr::null() } else { self.0.as_ptr().cast() }
    }
}

/// "host:service", "[host]:service", ":service". EINVAL: there is no service.
fn split(address: &CStr) -> Result<(Text, Text)> {
    let bytes = address.to_bytes();
    let colon = bytes.iter().rposition(|byte| *byte == b':').ok_or(libc::EINVAL)?;
    let (host, service) = bytes.split_at(colon);
    let service = service.strip_prefix(b":").unwrap_or_default();
    let inside = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]"));
    let host = match inside {
        Some(inside) => inside,
        None if host.contains(&b':') => return Err(libc::EINVAL),
        None => host,
    };
    // getaddrinfo(3) takes a number that is too large for another one.
    let number = str::from_utf8(service).ok().and_then(|service| service.parse::<u128>().ok());
    if service.is_empty() || number.is_some_and(|number| number > u128::from(u16::MAX)) {
        return Err(libc::EINVAL);
    }
    Ok((Text::of(host)?, Text::of(service)?))
}

/// The errno for what getaddrinfo(3) says.
fn errno_of(code: c_int) -> c_int {
    match code {
        libc::EAI_SYSTEM => sys::errno(),
        libc::EAI_MEMORY => libc::ENOMEM,
        libc::EAI_AGAIN => libc::EAGAIN,
        libc::EAI_SERVICE => libc::EINVAL,
        _ => libc::EADDRNOTAVAIL,
    }
}

/// What a name stands for: getaddrinfo(3)'s list, at least one.
pub(crate) struct Addresses(*mut libc::addrinfo);

impl Addresses {
    /// Those of "host:service".
    fn of(
        (family, sort): (c_int, c_int),
        address: &CStr,
        flags: c_int,
        deadline: i64,
    ) -> Result<Addresses> {
        let (host, service) = split(address)?;
        // SAFETY: all zero is an addrinfo; the texts end in 0.
        unsafe {
            let mut hints: libc::addrinfo = core::mem::zeroed();
            (hints.ai_family, hints.ai_socktype) = (family, sort);
            hints.ai_flags = flags;
            let mut list = ptr::null_mut();
            let (host, service) = (host.pointer(), service.pointer());
            let code = resolve::getaddrinfo(host, service, &hints, &mut list, deadline)?;
            if code == 0 { Ok(Addresses(list)) } else { Err(errno_of(code)) }
        }
    }

    /// The first.
    pub(crate) fn first(&self) -> *const libc::addrinfo {
        self.0
    }
}

impl Drop for Addresses {
    fn drop(&mut self) {
        // SAFETY: the list is this object's.
        unsafe { libc::freeaddrinfo(self.0) }
    }
}

/// The address of a unix socket. EINVAL: nothing; ENAMETOOLONG.
fn unix_address(path: &CStr) -> Result<(libc::sockaddr_un, libc::socklen_t)> {
    // SAFETY: all zero is an address.
    let mut address: libc::sockaddr_un = unsafe { MaybeUninit::zeroed().assume_init() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    let bytes = path.to_bytes_with_nul();
    if path.is_empty() {
        return Err(libc::EINVAL);
    }
    if bytes.len() > address.sun_path.len() {
        return Err(libc::ENAMETOOLONG);
    }
    for (to, from) in address.sun_path.iter_mut().zip(bytes) {
        *to = *from as c_char;
    }
    Ok((address, size_of::<libc::sockaddr_un>() as libc::socklen_t))
}

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
pub(crate) fn dial(net: &CStr, address: &CStr, deadline: i64) -> Result<c_int> {
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
    let addresses = Addresses::of((family, sort), address, libc::AI_PASSIVE, -1)?;
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
