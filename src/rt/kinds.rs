//! What file descriptors are, and asking the system what they are ready for.

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::sync::atomic::Ordering;

use super::descriptors::Entry;
use super::{Outcome, os, poller};
use crate::sys;

/// What it is has been asked for.
pub(crate) const KNOWN: u32 = 1;
/// A socket.
pub(crate) const SOCKET: u32 = 2;
/// One of TCP: a read that gives less than it could has emptied it, unless the other side is gone.
pub(crate) const TCP: u32 = 4;
/// A file: always ready.
pub(crate) const ALWAYS: u32 = 8;
/// A pipe, which sends SIGPIPE.
pub(crate) const PIPE: u32 = 16;

/// All that says what a file is.
pub(crate) const KINDS: u32 = KNOWN | SOCKET | TCP | ALWAYS | PIPE;

/// What `fd` is: `SOCKET`, `TCP`, `ALWAYS`, `PIPE`. The first time it is made not to block.
pub(crate) fn kind(fd: c_int, entry: *mut Entry) -> Outcome<u32> {
    // SAFETY: entries stay for ever.
    let bits = unsafe { &(*entry).bits };
    let known = bits.load(Ordering::Relaxed);
    if known & KNOWN != 0 {
        return Ok(known);
    }
    kind_anew(fd, entry)
}

/// As [`kind`], whatever is known.
pub(crate) fn kind_anew(fd: c_int, entry: *mut Entry) -> Outcome<u32> {
    // Nobody closes it meanwhile.
    // SAFETY: entries stay for ever.
    let _held = unsafe { (*entry).lock.hold() };
    let found = ask(fd)? | KNOWN;
    // SAFETY: as above.
    let bits = unsafe { &(*entry).bits };
    bits.fetch_and(!KINDS, Ordering::Relaxed);
    Ok(bits.fetch_or(found, Ordering::Relaxed) | found)
}

#[cold]
fn ask(fd: c_int) -> Outcome<u32> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the status is written on success.
    let mode = unsafe {
        if libc::fstat(fd, status.as_mut_ptr()) != 0 {
            return Err(sys::errno());
        }
        status.assume_init().st_mode & libc::S_IFMT
    };
    let kind = match mode {
        libc::S_IFREG | libc::S_IFDIR | libc::S_IFBLK => return Ok(ALWAYS),
        libc::S_IFSOCK => SOCKET | is_tcp(fd),
        libc::S_IFIFO => PIPE,
        _ => 0,
    };
    // SAFETY: flags of a file descriptor.
    unsafe {
        let flags = libc::fcntl(fd, libc::F_GETFL);
        if flags < 0 {
            return Err(sys::errno());
        }
        if flags & libc::O_NONBLOCK == 0
            && libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) < 0
        {
            return Err(sys::errno());
        }
    }
    Ok(kind)
}

/// `TCP`, if the socket `fd` is one of TCP.
pub(crate) fn is_tcp(fd: c_int) -> u32 {
    // Of the others' reads a short one may be short for something urgent.
    if !poller::TELLS_OF_URGENT {
        return 0;
    }
    if os::socket_option(fd, libc::SO_PROTOCOL) == Ok(libc::IPPROTO_TCP) { TCP } else { 0 }
}

/// What of `events` `fd` is ready for, before `deadline`. EBADF.
pub(crate) fn poll(fd: c_int, events: i16, deadline: i64) -> Outcome<i16> {
    let limit = os::milliseconds_until(deadline);
    let mut what = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one struct.
    let found = unsafe { libc::poll(&mut what, 1, limit) };
    match found {
        // The caller asks again, or has a limit that has passed.
        ..0 if sys::errno() == libc::EINTR && limit == 0 => poll(fd, events, 0),
        ..0 => Err(sys::errno()),
        _ if what.revents & libc::POLLNVAL != 0 => Err(libc::EBADF),
        _ => Ok(what.revents),
    }
}
