//! Names of networks and addresses: "tcp" and "example.org:80", "unix" and "/run/x".

use core::ffi::{CStr, c_char, c_int};
use core::mem::MaybeUninit;
use core::ptr;

use super::resolve;
use crate::rt::os::{Deadline, Result};
use crate::sys;

/// The longest host and service.
const MAX: usize = 256;

/// What a network's name means: family, and sort of socket. EINVAL.
pub(super) fn network(name: &CStr) -> Result<(c_int, c_int)> {
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
pub(super) struct Addresses(*mut libc::addrinfo);

impl Addresses {
    /// Those of "host:service".
    pub(super) fn of(
        (family, sort): (c_int, c_int),
        address: &CStr,
        flags: c_int,
        deadline: Deadline,
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
    pub(super) fn first(&self) -> *const libc::addrinfo {
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
pub(super) fn unix_address(path: &CStr) -> Result<(libc::sockaddr_un, libc::socklen_t)> {
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
