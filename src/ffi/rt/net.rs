//! Connections and names of hosts.

use core::ffi::{CStr, c_char, c_int};

use super::{answer, given, refused, until};
use crate::rt::net::{dial, resolve};
use crate::rt::os::Result;

/// Returns the string at `text`. Fails with EINVAL if it is NULL.
unsafe fn text<'a>(text: *const c_char) -> Result<&'a CStr> {
    given(text.cast_mut())?;
    // SAFETY: not NULL (`given`), so a string (F2).
    Ok(unsafe { CStr::from_ptr(text) })
}

/// Connects to `addr` over the network `net`: "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6" or
/// "unix". `addr` is "host:service", or a path for "unix". If the host has several addresses, the
/// call tries them with alternating families. It tries the next address after a failure or after
/// 250 ms. The first connection wins. A socket that connects to itself, because the system picks
/// the peer's port for it, fails with `ECONNREFUSED`. A cancellation point.
///
/// # Returns
/// The file descriptor, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `net` or `addr` is NULL or has no meaning, or `deadline` is invalid.
/// - `EADDRNOTAVAIL` if the host is unknown.
/// - `ENAMETOOLONG` if a name or path is too long.
/// - the errors of connect(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_dial(
    net: *const c_char,
    addr: *const c_char,
    deadline: i64,
) -> c_int {
    // SAFETY: both are NULL or strings (F2).
    answer(unsafe { text(net).and_then(|net| dial::dial(net, text(addr)?, until(deadline)?)) })
}

/// Creates a listening socket at `addr`, which has the form of acort_dial(). An empty host means
/// all addresses of the machine. `backlog` 0 means the maximum. For UDP the socket is bound only. A
/// TCP port can be used again at once (SO_REUSEADDR). "tcp6" and "udp6" mean IPv6 only
/// (IPV6_V6ONLY).
///
/// # Returns
/// The file descriptor, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `net` or `addr` is NULL or has no meaning.
/// - `EADDRNOTAVAIL` if the host is unknown.
/// - `ENAMETOOLONG` if a name or path is too long.
/// - the errors of bind(2) and listen(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_listen(
    net: *const c_char,
    addr: *const c_char,
    backlog: c_int,
) -> c_int {
    // SAFETY: both are NULL or strings (F2).
    answer(unsafe { text(net).and_then(|net| dial::listen(net, text(addr)?, backlog)) })
}

/// Resolves a name like getaddrinfo(3). Numeric addresses need no wait. In a task, names are
/// resolved on a thread for blocking calls. With deadline 0, or one that has passed, names are not
/// resolved. The caller frees `*res` with freeaddrinfo(3). A cancellation point.
///
/// # Returns
/// 0, or an error code of getaddrinfo(3). EAI_SYSTEM means that `errno` has the error.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `deadline` is invalid.
/// - `EAGAIN` if no thread is available.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const libc::addrinfo,
    res: *mut *mut libc::addrinfo,
    deadline: i64,
) -> c_int {
    // SAFETY: `node` and `service` are NULL or strings, `hints` is NULL or a struct, `res` is writable (F2).
    let code = until(deadline)
        .and_then(|deadline| unsafe { resolve::getaddrinfo(node, service, hints, res, deadline) });
    code.unwrap_or_else(|error| {
        refused(error);
        libc::EAI_SYSTEM
    })
}
