//! Connections by name.

use core::ffi::{CStr, c_char, c_int};

use super::{answer, non_null, refused, until};
use crate::rt::net::{dial, resolve};
use crate::rt::os::Result;

/// A text. EINVAL: NULL.
unsafe fn text<'a>(text: *const c_char) -> Result<&'a CStr> {
    non_null(text.cast_mut())?;
    // SAFETY: not NULL, so the text ends in 0.
    Ok(unsafe { CStr::from_ptr(text) })
}

/// Connects to `addr`, "host:service" or, for "unix", a path; `happy_eyeballs` is "tcp", "tcp4", "tcp6", "udp",
/// "udp4", "udp6", "unix". Where the host has several addresses the families take turns, the next one is tried
/// when the one before has failed, or after 250 ms, and the first that connects wins. It is never a connection of the
/// socket with itself: where the system picks the peer's port for this side, ECONNREFUSED. The file descriptor, or
/// -1 and errno: ETIMEDOUT, ECANCELED; EINVAL for names that mean nothing, and NULL; EADDRNOTAVAIL for an
/// unknown host; what connect(2) says.
///
/// # Safety
/// Both are NULL or end in 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_dial(
    net: *const c_char,
    addr: *const c_char,
    deadline: i64,
) -> c_int {
    // SAFETY: `net` and `addr` are NULL or end in 0.
    answer(unsafe { text(net).and_then(|net| dial::dial(net, text(addr)?, until(deadline)?)) })
}

/// Listens at `addr`: as acort_dial(), where a host of nothing is every address of this machine. `backlog`
/// of 0: the most; for UDP a socket that is bound. A port of TCP can be used again at once after its end
/// (SO_REUSEADDR). "tcp6" and "udp6" are of IPv6 alone (IPV6_V6ONLY). The file descriptor, or -1 and errno: as acort_dial(), what bind(2) says.
///
/// # Safety
/// Both are NULL or end in 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_listen(
    net: *const c_char,
    addr: *const c_char,
    backlog: c_int,
) -> c_int {
    // SAFETY: `net` and `addr` are NULL or end in 0.
    answer(unsafe { text(net).and_then(|net| dial::listen(net, text(addr)?, backlog)) })
}

/// getaddrinfo(3): numbers at once, names on another thread where the caller is a task. Names are not asked for
/// where the deadline is 0 or has passed. 0, or a code of it: EAI_SYSTEM and errno for ETIMEDOUT and ECANCELED. Free
/// `res` with freeaddrinfo(3).
///
/// # Safety
/// As getaddrinfo(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const libc::addrinfo,
    res: *mut *mut libc::addrinfo,
    deadline: i64,
) -> c_int {
    // SAFETY: the arguments are as getaddrinfo(3) asks.
    let code = until(deadline)
        .and_then(|deadline| unsafe { resolve::getaddrinfo(node, service, hints, res, deadline) });
    code.unwrap_or_else(|error| {
        refused(error);
        libc::EAI_SYSTEM
    })
}
