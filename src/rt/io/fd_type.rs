//! What file descriptors are, and asking the system what they are ready for.
//!
//! What is remembered of a file may be another one's, where code beside acort closes a number or replaces it. So
//! nothing that is remembered decides about blocking: a socket's calls do not block by their own flags, and say
//! ENOTSOCK for another file; any other file is looked at before each call (`nonblock`). About SIGPIPE nothing does, either: see
//! `rw`.

use core::ffi::c_int;
use core::sync::atomic::Ordering;

use super::fd_ref::FdRef;
use super::nonblock;
use crate::rt::os::{self, Result, poller};

/// What it is has been asked for.
pub(crate) const TYPE_KNOWN: u32 = 1;
/// A socket.
pub(crate) const SOCKET: u32 = 2;
/// One of TCP: a read that gives less than it could has emptied it, unless the other side is gone.
pub(crate) const TCP: u32 = 4;
/// A file: always ready.
pub(crate) const ALWAYS_READY: u32 = 8;
/// A pipe.
pub(crate) const PIPE: u32 = 16;

/// All that says what a file is.
pub(crate) const TYPE_MASK: u32 = TYPE_KNOWN | SOCKET | TCP | ALWAYS_READY | PIPE;

/// What `file` is: `SOCKET`, `TCP`, `ALWAYS_READY`, `PIPE`. What is no socket does not block then.
#[inline(always)]
pub(crate) fn type_of(file: &FdRef) -> Result<u32> {
    let known = file.entry().bits.load(Ordering::Relaxed);
    if known & (TYPE_KNOWN | SOCKET) == TYPE_KNOWN | SOCKET {
        Ok(known)
    } else {
        type_of_other(file, known)
    }
}

/// As [`kind`], of what may be no socket.
#[inline(never)]
fn type_of_other(file: &FdRef, known: u32) -> Result<u32> {
    match known & (TYPE_KNOWN | ALWAYS_READY) {
        TYPE_KNOWN if nonblock::is_kept(file)? => return Ok(known),
        both if both & ALWAYS_READY != 0 && os::is_always_ready(os::file_type(file.fd())?) => {
            return Ok(known);
        }
        _ => {}
    }
    let kind = refresh_type(file)?;
    if kind & (SOCKET | ALWAYS_READY) == 0 {
        nonblock::make(file)?;
    }
    Ok(kind)
}

/// As [`kind`], for a call that only looks: no file blocks then, sockets neither.
#[inline(always)]
pub(crate) fn type_for_poll(file: &FdRef) -> Result<u32> {
    let kind = type_of(file)?;
    if kind & SOCKET != 0 {
        nonblock::make_alone(file)?;
    }
    Ok(kind)
}

/// As [`kind`], whatever is known.
pub(crate) fn refresh_type(file: &FdRef) -> Result<u32> {
    let found = ask(file.fd())? | TYPE_KNOWN;
    let entry = file.entry();
    let _guard = entry.lock.guard();
    // Of a closed file nothing is remembered.
    file.check()?;
    entry.bits.fetch_and(!TYPE_MASK, Ordering::Relaxed);
    Ok(entry.bits.fetch_or(found, Ordering::Relaxed) | found)
}

#[cold]
fn ask(fd: c_int) -> Result<u32> {
    Ok(match os::file_type(fd)? {
        sort if os::is_always_ready(sort) => ALWAYS_READY,
        libc::S_IFSOCK => SOCKET | is_tcp(fd),
        libc::S_IFIFO => PIPE,
        _ => 0,
    })
}

/// `TCP`, if the socket `fd` is one of TCP.
pub(crate) fn is_tcp(fd: c_int) -> u32 {
    // Of the others' reads a short one may be short for something urgent.
    if !poller::REPORTS_OOB {
        return 0;
    }
    if os::socket_option(fd, libc::SO_PROTOCOL) == Ok(libc::IPPROTO_TCP) { TCP } else { 0 }
}

/// What of `events` `fd` is ready for now. EBADF.
pub(crate) fn poll(fd: c_int, events: i16) -> Result<i16> {
    let mut file = [libc::pollfd { fd, events, revents: 0 }];
    os::poll(&mut file, 0)?;
    let [libc::pollfd { revents, .. }] = file;
    if revents & libc::POLLNVAL != 0 { Err(libc::EBADF) } else { Ok(revents) }
}
