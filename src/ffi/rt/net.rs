//! Connections by name, and names resolved.

use core::ffi::{CStr, c_char, c_int};

use super::{non_null, refused, try_answer, until};
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::acort_listen_opts_t;
use crate::rt::model::caller::Caller;
use crate::rt::net::{dial, listen, resolve};
use crate::rt::os::Result;
use crate::rt::park::scope;

/// Returns a string argument. `EINVAL` if it is NULL.
unsafe fn text<'a>(text: *const c_char) -> Result<&'a CStr> {
    non_null(text.cast_mut())?;
    // SAFETY: not NULL, so the text ends in 0.
    Ok(unsafe { CStr::from_ptr(text) })
}

/// Connects to `addr`: "host:service" or, for "unix", a path. `net` is "tcp", "tcp4", "tcp6",
/// "udp", "udp4", "udp6" or "unix".
///
/// If the host has several addresses, the families take turns. The next address is tried when the
/// one before has failed, or after 250 ms; the first connection wins. A socket never connects to
/// itself: that is ECONNREFUSED.
///
/// # Returns
/// The socket, or -1 and `errno`. Close it by acort_close().
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if a string is NULL or has no meaning.
/// - `EADDRNOTAVAIL` if the host is unknown.
/// - `ENAMETOOLONG` if a host, a service or a path is too long.
/// - The errors of connect(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_dial(
    net: *const c_char,
    addr: *const c_char,
    deadline: i64,
) -> c_int {
    // SAFETY: `net` and `addr` are NULL or end in 0.
    try_answer(|| unsafe { dial::dial(text(net)?, text(addr)?, until(deadline)?) })
}

/// Listens at `addr`, in the form of acort_dial(); an empty host is every address of this machine.
/// `backlog` 0 is the maximum. For UDP the socket is bound. A TCP port can be used again at once
/// after its end (SO_REUSEADDR). "tcp6" and "udp6" are of IPv6 alone (IPV6_V6ONLY).
///
/// # Returns
/// The socket, or -1 and `errno`. Close it by acort_close().
///
/// # Errors
/// - The errors of acort_dial() and bind(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_listen(
    net: *const c_char,
    addr: *const c_char,
    backlog: c_int,
) -> c_int {
    // SAFETY: `net` and `addr` are NULL or end in 0.
    try_answer(|| unsafe {
        let options = acort_listen_opts_t { backlog, ..listen::DEFAULT_OPTIONS };
        listen::listen(text(net)?, text(addr)?, &options, scope::nearest(Caller::current()))
    })
}

/// Listens as acort_listen() does, with options. `opts` NULL is none, and so is a field that is 0:
///
///     acort_listen_opts_t opts = {.size = sizeof opts, .flags = ACORT_REUSEPORT};
///
/// # Returns
/// The socket, or -1 and `errno`. Close it by acort_close().
///
/// # Errors
/// - `EINVAL` if a flag does not exist, an option is not for that network, or `size` is wrong.
/// - `EADDRINUSE` if another socket is bound to the address; with ACORT_UNLINK if one listens there,
///   or the file is no socket.
/// - The errors of acort_listen(), and of chmod(2) and unlink(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_listen_ex(
    net: *const c_char,
    addr: *const c_char,
    opts: *const acort_listen_opts_t,
) -> c_int {
    // SAFETY: `net` and `addr` are NULL or end in 0; `opts` is NULL or has as many bytes as it says.
    try_answer(|| unsafe {
        let options = size_prefixed::read(opts, &listen::DEFAULT_OPTIONS)?;
        listen::listen(text(net)?, text(addr)?, &options, scope::nearest(Caller::current()))
    })
}

/// Resolves names as getaddrinfo(3) does: numbers at once, names on another thread if the caller is
/// a task. A deadline of 0 or in the past resolves no names. Free `res` by freeaddrinfo(3).
///
/// # Returns
/// 0, or a code of getaddrinfo(3). With EAI_SYSTEM `errno` has the error.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of getaddrinfo(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const libc::addrinfo,
    res: *mut *mut libc::addrinfo,
    deadline: i64,
) -> c_int {
    // SAFETY: both strings end in NUL or are NULL; `hints` is NULL or a struct; `res` is writable (F2).
    let code = until(deadline)
        .and_then(|deadline| unsafe { resolve::getaddrinfo(node, service, hints, res, deadline) });
    code.unwrap_or_else(|error| {
        refused(error);
        libc::EAI_SYSTEM
    })
}
