//! The type bits of a file (socket, TCP, pipe), and poll(2) without a wait.
//!
//! Other code may close or replace a number. Then the type that an entry remembers is that of an earlier file. So
//! the remembered type never decides whether a system call may block:
//!
//! * calls on sockets do not block by their own flags, and fail with ENOTSOCK for another file;
//! * before each call on another file acort checks the file itself (`nonblock`);
//! * all writes to other files are guarded against SIGPIPE (`sigpipe`).

use core::ffi::c_int;
use core::sync::atomic::Ordering;

use super::fd_entry::{ALWAYS_READY, PIPE, SOCKET, TCP, TYPE_KNOWN, TYPE_MASK};
use super::fd_ref::FdRef;
use super::nonblock;
use crate::rt::os::{self, Deadline, Result, poller};

/// The type of the file: `SOCKET`, `TCP`, `ALWAYS_READY`, `PIPE`. A file that is no socket does not block at the call's
/// next attempt.
#[inline(always)]
pub(crate) fn type_of(file: &FdRef) -> Result<u32> {
    let bits = file.entry().bits.load(Ordering::Relaxed);
    if bits & (TYPE_KNOWN | SOCKET) == TYPE_KNOWN | SOCKET {
        Ok(bits)
    } else {
        type_of_other(file, bits)
    }
}

/// As [`type_of`], for a file that may be no socket.
#[inline(never)]
fn type_of_other(file: &FdRef, bits: u32) -> Result<u32> {
    match bits & (TYPE_KNOWN | ALWAYS_READY) {
        TYPE_KNOWN if nonblock::is_nonblock(file)? => return Ok(bits),
        known if known & ALWAYS_READY != 0 && os::is_always_ready(os::file_type(file.fd())?) => {
            return Ok(bits);
        }
        _ => {}
    }
    let file_type = refresh_type(file)?;
    if file_type & (SOCKET | ALWAYS_READY) == 0 {
        nonblock::ensure_nonblock(file)?;
    }
    Ok(file_type)
}

/// As [`type_of`], for a call that consumes nothing: afterwards no file blocks, sockets included.
#[inline(always)]
pub(crate) fn type_for_poll(file: &FdRef) -> Result<u32> {
    let file_type = type_of(file)?;
    if file_type & SOCKET != 0 {
        nonblock::ensure_nonblock_alone(file)?;
    }
    Ok(file_type)
}

/// Asks the system for the type of the file, and remembers it. Errors: `ECANCELED` if the file is closed.
pub(crate) fn refresh_type(file: &FdRef) -> Result<u32> {
    let found = query(file.fd())? | TYPE_KNOWN;
    let entry = file.entry();
    let _guard = entry.lock.guard();
    file.check()?;
    entry.bits.fetch_and(!TYPE_MASK, Ordering::Relaxed);
    Ok(entry.bits.fetch_or(found, Ordering::Relaxed) | found)
}

#[cold]
fn query(fd: c_int) -> Result<u32> {
    Ok(match os::file_type(fd)? {
        mode if os::is_always_ready(mode) => ALWAYS_READY,
        libc::S_IFSOCK => SOCKET | is_tcp(fd),
        libc::S_IFIFO => PIPE,
        _ => 0,
    })
}

/// Returns `TCP` if the socket `fd` is a TCP socket, else 0.
pub(crate) fn is_tcp(fd: c_int) -> u32 {
    // Without a report of out-of-band data a short read may end before such data, and has not drained the socket.
    if !poller::REPORTS_OOB {
        return 0;
    }
    if os::socket_option(fd, libc::SO_PROTOCOL) == Ok(libc::IPPROTO_TCP) { TCP } else { 0 }
}

/// The events among `events` that `fd` is ready for now. Errors: `EBADF`.
pub(crate) fn poll(fd: c_int, events: i16) -> Result<i16> {
    let mut file = [libc::pollfd { fd, events, revents: 0 }];
    os::poll(&mut file, Deadline::NOW)?;
    let [libc::pollfd { revents, .. }] = file;
    if revents & libc::POLLNVAL != 0 { Err(libc::EBADF) } else { Ok(revents) }
}
