//! What file descriptors are, and asking the system what they are ready for.
//!
//! What is remembered of a file may be another one's, where code beside acort closes a number or replaces it. So
//! nothing that is remembered decides about blocking: a socket's calls do not block by their own flags, and say
//! ENOTSOCK for another file; any other file is looked at before each call. About SIGPIPE nothing does, either: see
//! `io`.

use core::ffi::c_int;
use core::sync::atomic::Ordering;

use super::fd_ref::FdRef;
use super::{Outcome, os, poller};

/// What it is has been asked for.
pub(crate) const KNOWN: u32 = 1;
/// A socket.
pub(crate) const SOCKET: u32 = 2;
/// One of TCP: a read that gives less than it could has emptied it, unless the other side is gone.
pub(crate) const TCP: u32 = 4;
/// A file: always ready.
pub(crate) const ALWAYS: u32 = 8;
/// A pipe.
pub(crate) const PIPE: u32 = 16;

/// All that says what a file is.
pub(crate) const KINDS: u32 = KNOWN | SOCKET | TCP | ALWAYS | PIPE;

/// What `file` is: `SOCKET`, `TCP`, `ALWAYS`, `PIPE`. It does not block then: the first time it is made so.
#[inline(always)]
pub(crate) fn kind(file: &FdRef) -> Outcome<u32> {
    let known = file.entry().bits.load(Ordering::Relaxed);
    if known & (KNOWN | SOCKET) == KNOWN | SOCKET { Ok(known) } else { kind_of_others(file, known) }
}

/// As [`kind`], of what may be no socket.
#[inline(never)]
fn kind_of_others(file: &FdRef, known: u32) -> Outcome<u32> {
    let is_so = match known & (KNOWN | ALWAYS) {
        KNOWN => does_not_block(file.fd())?,
        0 => false,
        _ => os::is_always_ready(os::file_type(file.fd())?),
    };
    if is_so { Ok(known) } else { kind_anew(file) }
}

/// As [`kind`], for calls that block on a socket, too, unless it is made not to.
pub(crate) fn kind_that_does_not_block(file: &FdRef) -> Outcome<u32> {
    if does_not_block(file.fd())? { kind(file) } else { kind_anew(file) }
}

/// As [`kind`], whatever is known.
pub(crate) fn kind_anew(file: &FdRef) -> Outcome<u32> {
    let found = ask(file.fd())? | KNOWN;
    let entry = file.entry();
    let _held = entry.lock.hold();
    // Of a closed file nothing is remembered.
    file.check()?;
    entry.bits.fetch_and(!KINDS, Ordering::Relaxed);
    Ok(entry.bits.fetch_or(found, Ordering::Relaxed) | found)
}

fn flags(fd: c_int) -> Outcome<c_int> {
    // SAFETY: flags of a file descriptor.
    match unsafe { libc::fcntl(fd, libc::F_GETFL) } {
        ..0 => Err(os::noted_errno(os::Call::Fcntl)),
        flags => Ok(flags),
    }
}

fn does_not_block(fd: c_int) -> Outcome<bool> {
    Ok(flags(fd)? & libc::O_NONBLOCK != 0)
}

#[cold]
fn ask(fd: c_int) -> Outcome<u32> {
    let kind = match os::file_type(fd)? {
        sort if os::is_always_ready(sort) => return Ok(ALWAYS),
        libc::S_IFSOCK => SOCKET | is_tcp(fd),
        libc::S_IFIFO => PIPE,
        _ => 0,
    };
    let flags = flags(fd)?;
    if flags & libc::O_NONBLOCK != 0 {
        return Ok(kind);
    }
    // SAFETY: flags of a file descriptor.
    match unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) } {
        ..0 => Err(os::noted_errno(os::Call::Fcntl)),
        _ => Ok(kind),
    }
}

/// `TCP`, if the socket `fd` is one of TCP.
pub(crate) fn is_tcp(fd: c_int) -> u32 {
    // Of the others' reads a short one may be short for something urgent.
    if !poller::TELLS_OF_URGENT {
        return 0;
    }
    if os::socket_option(fd, libc::SO_PROTOCOL) == Ok(libc::IPPROTO_TCP) { TCP } else { 0 }
}

/// What of `events` `fd` is ready for now. EBADF.
pub(crate) fn poll(fd: c_int, events: i16) -> Outcome<i16> {
    let mut file = [libc::pollfd { fd, events, revents: 0 }];
    os::poll(&mut file, 0)?;
    let [libc::pollfd { revents, .. }] = file;
    if revents & libc::POLLNVAL != 0 { Err(libc::EBADF) } else { Ok(revents) }
}
