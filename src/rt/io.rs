//! Calls of the system on file descriptors that do not block: where one would, the task waits.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;

use super::Outcome;
use super::chaos;
use super::descriptors::{self, Way};
use super::kinds::{self, ALWAYS, PIPE, SOCKET, TCP};
use super::numbers;
use crate::{sanitizer, sys};

/// What a call has, or the errno of the system.
pub(crate) fn result(value: isize) -> Outcome<usize> {
    usize::try_from(value).map_err(|_| sys::errno())
}

/// Calls `attempt`, which is given what `fd` is, until it does not say EAGAIN. Before that `fd` is waited
/// for where it is certain that there is nothing to read: `wanted` bytes are asked for.
#[inline]
pub(crate) fn perform(
    fd: c_int,
    way: Way,
    wanted: usize,
    deadline: i64,
    attempt: &mut dyn FnMut(u32) -> Outcome<usize>,
) -> Outcome<usize> {
    let entry = descriptors::entry(fd)?;
    let mut was_mistaken = false;
    loop {
        let kind = kinds::kind(fd, entry)?;
        // What somebody else has made may be something else by now, where a short read says nothing.
        // SAFETY: entries stay for ever.
        let may_be_empty = way == Way::In && kind & TCP != 0 && unsafe { !(*entry).is_foreign() };
        // SAFETY: as above.
        let edges = unsafe { (*entry).edges(way) };
        // SAFETY: as above.
        if may_be_empty && unsafe { (*entry).is_empty(edges) } {
            numbers::wait(fd, entry, way, edges, deadline)?;
            continue;
        }
        match attempt(kind) {
            Ok(count) => {
                if may_be_empty && count != 0 && count < wanted {
                    // SAFETY: as above.
                    unsafe { (*entry).was_emptied(edges) }
                }
                return Ok(count);
            }
            Err(libc::EINTR) => {}
            Err(libc::EAGAIN) if kind & ALWAYS == 0 => {
                numbers::wait(fd, entry, way, edges, deadline)?;
            }
            // No such answer comes from what it was taken for: the number is another file's.
            Err(error) if !was_mistaken && is_of_another_kind(kind, error) => {
                was_mistaken = true;
                numbers::was_mistaken(entry, kind);
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_of_another_kind(kind: u32, error: c_int) -> bool {
    match error {
        libc::ENOTSOCK => kind & SOCKET != 0,
        libc::EAGAIN => kind & ALWAYS != 0,
        _ => false,
    }
}

/// read(2).
///
/// # Safety
/// `buffer` is writable for `size` bytes.
pub(crate) unsafe fn read(
    fd: c_int,
    buffer: *mut c_void,
    size: usize,
    deadline: i64,
) -> Outcome<usize> {
    if size == 0 {
        // recv(2) would wait for a byte, and take a datagram.
        // SAFETY: nothing is written.
        return result(unsafe { libc::read(fd, buffer, 0) });
    }
    let size = chaos::shortened(fd, size);
    // SAFETY: the caller's promise.
    perform(fd, Way::In, size, deadline, &mut |kind| unsafe {
        result(match kind & SOCKET {
            0 => libc::read(fd, buffer, size),
            _ => libc::recv(fd, buffer, size, libc::MSG_DONTWAIT),
        })
    })
}

/// write(2), without SIGPIPE.
///
/// # Safety
/// `buffer` is readable for `size` bytes.
pub(crate) unsafe fn write(
    fd: c_int,
    buffer: *const c_void,
    size: usize,
    deadline: i64,
) -> Outcome<usize> {
    let size = chaos::shortened(fd, size);
    // SAFETY: the caller's promise.
    perform(fd, Way::Out, size, deadline, &mut |kind| unsafe {
        match kind & (SOCKET | PIPE) {
            0 => result(libc::write(fd, buffer, size)),
            PIPE => without_sigpipe(&mut || result(libc::write(fd, buffer, size))),
            _ => result(libc::send(fd, buffer, size, libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT)),
        }
    })
}

/// Calls `act`, and takes the SIGPIPE back that it has raised.
pub(crate) fn without_sigpipe(act: &mut dyn FnMut() -> Outcome<usize>) -> Outcome<usize> {
    let (mut pipe, mut before, mut pending) =
        (MaybeUninit::uninit(), MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: each set is initialised by the call before its use.
    unsafe {
        libc::sigemptyset(pipe.as_mut_ptr());
        libc::sigaddset(pipe.as_mut_ptr(), libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, pipe.as_ptr(), before.as_mut_ptr());
        libc::sigpending(pending.as_mut_ptr());
        let was_pending = libc::sigismember(pending.as_ptr(), libc::SIGPIPE) == 1;
        let outcome = act();
        if outcome == Err(libc::EPIPE) && !was_pending {
            let no_time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            libc::sigtimedwait(pipe.as_ptr(), ptr::null_mut(), &no_time);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
        outcome
    }
}

/// Calls `step` with how much is done, until `size` is, or it gives 0 or an error: then errno says which,
/// and what is done counts, if anything is.
fn in_whole(size: usize, step: &mut dyn FnMut(usize) -> Outcome<usize>) -> Outcome<usize> {
    let mut done = 0;
    while done < size {
        match step(done) {
            Ok(0) => {
                sys::set_errno(0);
                break;
            }
            Ok(count) => done += count,
            Err(error) if done == 0 => return Err(error),
            Err(error) => {
                sys::set_errno(error);
                break;
            }
        }
    }
    Ok(done)
}

/// Reads `size` bytes, or up to the end.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn read_full(
    fd: c_int,
    buffer: *mut c_void,
    size: usize,
    deadline: i64,
) -> Outcome<usize> {
    // SAFETY: the caller's promise: what is left of the buffer.
    let done = in_whole(size, &mut |done| unsafe {
        read(fd, buffer.wrapping_byte_add(done), size - done, deadline)
    })?;
    sanitizer::is_written(buffer, done);
    Ok(done)
}

/// Writes `size` bytes.
///
/// # Safety
/// As [`write`].
pub(crate) unsafe fn write_all(
    fd: c_int,
    buffer: *const c_void,
    size: usize,
    deadline: i64,
) -> Outcome<usize> {
    // SAFETY: as in `read_full`.
    in_whole(size, &mut |done| unsafe {
        write(fd, buffer.wrapping_byte_add(done), size - done, deadline)
    })
}

/// Closes `fd`.
pub(crate) fn close(fd: c_int) -> Outcome<()> {
    numbers::close(fd)
}
