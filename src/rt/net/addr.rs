//! Names of networks and addresses: "tcp" and "example.org:80", "unix" and "/run/x".

use core::ffi::{CStr, c_char, c_int};
use core::mem::{self, MaybeUninit};
use core::ptr;

use super::resolve;
use crate::rt::os::{Deadline, Result};
use crate::sys;

/// Bytes of a host or a service, with the 0 at its end.
const MAX_NAME: usize = 256;

/// The address family and the socket type of a network. Errors: `EINVAL` for an unknown one.
pub(super) fn parse_network(name: &CStr) -> Result<(c_int, c_int)> {
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

/// A host or a service, with a 0 behind it.
struct Name([u8; MAX_NAME]);

impl Name {
    fn new(bytes: &[u8]) -> Result<Name> {
        let mut name = Name([0; MAX_NAME]);
        if bytes.len() >= MAX_NAME {
            return Err(libc::ENAMETOOLONG);
        }
        for (to, from) in name.0.iter_mut().zip(bytes) {
            *to = *from;
        }
        Ok(name)
    }

    /// The text for C; NULL if it is empty.
    fn as_ptr(&self) -> *const c_char {
        if self.0.first() == Some(&0) { ptr::null() } else { self.0.as_ptr().cast() }
    }
}

/// Splits `host:service`, `[host]:service` or `:service`.
///
/// Errors: `EINVAL` without a service, and for a port above 65535; `ENAMETOOLONG`.
fn split_host_service(address: &CStr) -> Result<(Name, Name)> {
    let bytes = address.to_bytes();
    let colon = bytes.iter().rposition(|byte| *byte == b':').ok_or(libc::EINVAL)?;
    let (host, service) = bytes.split_at(colon);
    let service = service.strip_prefix(b":").unwrap_or_default();
    let bracketed = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]"));
    let host = match bracketed {
        Some(inside) => inside,
        None if host.contains(&b':') => return Err(libc::EINVAL),
        None => host,
    };
    // getaddrinfo(3) cuts a port that is too large to 16 bits.
    let port = str::from_utf8(service).ok().and_then(|service| service.parse::<u128>().ok());
    if service.is_empty() || port.is_some_and(|port| port > u128::from(u16::MAX)) {
        return Err(libc::EINVAL);
    }
    Ok((Name::new(host)?, Name::new(service)?))
}

/// The errno for an error of getaddrinfo(3).
fn errno_of_gai(code: c_int) -> c_int {
    match code {
        libc::EAI_SYSTEM => sys::errno(),
        libc::EAI_MEMORY => libc::ENOMEM,
        libc::EAI_AGAIN => libc::EAGAIN,
        libc::EAI_SERVICE => libc::EINVAL,
        _ => libc::EADDRNOTAVAIL,
    }
}

/// The addresses of a name: a list of getaddrinfo(3), with at least one entry.
pub(super) struct Addresses(*mut libc::addrinfo);

impl Addresses {
    /// Resolves "host:service".
    ///
    /// Errors: `EINVAL`, `ENAMETOOLONG`; `EADDRNOTAVAIL` for an unknown host; those of
    /// [`resolve::getaddrinfo`].
    pub(super) fn resolve(
        (family, socket_type): (c_int, c_int),
        address: &CStr,
        flags: c_int,
        deadline: Deadline,
    ) -> Result<Addresses> {
        let (host, service) = split_host_service(address)?;
        // SAFETY: all zero is an addrinfo; both names end in 0.
        unsafe {
            let mut hints: libc::addrinfo = mem::zeroed();
            (hints.ai_family, hints.ai_socktype) = (family, socket_type);
            hints.ai_flags = flags;
            let mut list = ptr::null_mut();
            let (host, service) = (host.as_ptr(), service.as_ptr());
            let code = resolve::getaddrinfo(host, service, &hints, &mut list, deadline)?;
            if code == 0 { Ok(Addresses(list)) } else { Err(errno_of_gai(code)) }
        }
    }

    /// The first entry.
    pub(super) fn first(&self) -> *const libc::addrinfo {
        self.0
    }
}

impl Drop for Addresses {
    fn drop(&mut self) {
        // SAFETY: the list is this object's alone.
        unsafe { libc::freeaddrinfo(self.0) }
    }
}

/// The address of a unix socket. Errors: `EINVAL` for an empty path; `ENAMETOOLONG`.
pub(super) fn unix_sockaddr(path: &CStr) -> Result<(libc::sockaddr_un, libc::socklen_t)> {
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

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;
    use std::ffi::CString;

    fn split(address: &str) -> Result<(String, String)> {
        let address = CString::new(address).unwrap();
        let text =
            |name: Name| CStr::from_bytes_until_nul(&name.0).unwrap().to_str().unwrap().to_string();
        split_host_service(&address).map(|(host, service)| (text(host), text(service)))
    }

    #[test]
    fn host_and_service_are_split_at_the_last_colon() {
        for (address, host, service) in [
            ("example.org:80", "example.org", "80"),
            ("[2001:db8::1]:http", "2001:db8::1", "http"),
            (":65535", "", "65535"),
            ("[]:1", "", "1"),
        ] {
            assert_eq!(split(address), Ok((host.into(), service.into())), "{address}");
        }
        for address in [
            "",
            "host",
            "host:",
            "2001:db8::1",
            "::1:80",
            "[::1:80",
            ":65536",
            ":99999999999999999999",
        ] {
            assert_eq!(split(address), Err(libc::EINVAL), "{address}");
        }
    }

    #[test]
    fn long_names_are_refused() {
        let longest = "h".repeat(MAX_NAME - 1);
        assert_eq!(split(&format!("{longest}:1")), Ok((longest.clone(), "1".into())));
        assert_eq!(split(&format!("{longest}h:1")), Err(libc::ENAMETOOLONG));
        assert!(unix_sockaddr(&CString::new("p".repeat(107)).unwrap()).is_ok());
        let refused = unix_sockaddr(&CString::new("p".repeat(108)).unwrap());
        assert_eq!(refused.map(|(_, length)| length), Err(libc::ENAMETOOLONG));
    }
}
