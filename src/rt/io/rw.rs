//! Calls of the system on file descriptors that do not block: where one would, the task waits.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;

use super::chaos;
use super::fd_entry::Direction;
use super::fd_ref::FdRef;
use super::fd_type::{self, ALWAYS_READY, SOCKET, TCP};
use super::retry::RetryLoop;
use super::{fd_identity, fd_ref};
use crate::rt::os;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::budget;
use crate::{sanitizer, sys};

/// What a call has, or the errno of the system.
pub(crate) fn result(value: isize) -> Result<usize> {
    usize::try_from(value).map_err(|_| sys::errno())
}

/// Calls `attempt`, which is given what `file` is, until it does not say EAGAIN. Before that `file` is waited
/// for where it is certain that there is nothing to read: `wanted` bytes are asked for. Once the deadline has passed the
/// system is asked once more, whatever is remembered. ECANCELED: the file is closed.
#[inline(never)]
pub(crate) fn retry_until_ready(
    file: &FdRef,
    way: Direction,
    wanted: usize,
    deadline: Deadline,
    attempt: &mut dyn FnMut(u32) -> Result<usize>,
) -> Result<usize> {
    let mut turn = RetryLoop::new(file, way, deadline);
    let mut type_mismatch = false;
    loop {
        file.check()?;
        let kind = file.check_result(fd_type::type_of(file))?;
        // What other code has made may be something else by now, where a short read says nothing.
        let may_be_empty =
            way == Direction::Read && kind & TCP != 0 && !file.entry().is_unmanaged();
        let edges = file.entry().tick(way);
        if may_be_empty && !turn.is_last && file.entry().is_drained(edges) {
            turn.wait(edges)?;
            continue;
        }
        match attempt(kind) {
            Ok(count) => {
                if may_be_empty && count != 0 && count < wanted {
                    file.entry().set_drained(edges)
                }
                return Ok(count);
            }
            Err(libc::EINTR) => {}
            Err(_) if !file.is_current() => return Err(libc::ECANCELED),
            Err(libc::EAGAIN) if kind & ALWAYS_READY == 0 && turn.is_last => {
                return Err(libc::ETIMEDOUT);
            }
            Err(libc::EAGAIN) if kind & ALWAYS_READY == 0 => {
                let waited = turn.wait(edges);
                file.check_result(waited)?;
            }
            // No such answer comes from what it was taken for: the number is another file's.
            Err(error) if !type_mismatch && is_of_another_kind(kind, error) => {
                type_mismatch = true;
                fd_identity::type_mismatch(file, kind);
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_of_another_kind(kind: u32, error: c_int) -> bool {
    match error {
        libc::ENOTSOCK => kind & SOCKET != 0,
        libc::EAGAIN => kind & ALWAYS_READY != 0,
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
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: the caller's buffer.
    unsafe { read_from(&FdRef::enter(fd)?, buffer, size, deadline) }
}

/// As [`read`], by a call that is inside.
unsafe fn read_from(
    file: &FdRef,
    buffer: *mut c_void,
    size: usize,
    deadline: Deadline,
) -> Result<usize> {
    let fd = file.fd();
    if size == 0 {
        // recv(2) would wait for a byte, and take a datagram.
        // SAFETY: nothing is written.
        return file.check_result(result(unsafe { libc::read(fd, buffer, 0) }));
    }
    let size = chaos::maybe_shorten(file, size);
    // SAFETY: the caller's buffer.
    retry_until_ready(file, Direction::Read, size, deadline, &mut |kind| unsafe {
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
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: the caller's buffer.
    unsafe { write_to(&FdRef::enter(fd)?, buffer, size, deadline) }
}

/// As [`write`], by a call that is inside.
unsafe fn write_to(
    file: &FdRef,
    buffer: *const c_void,
    size: usize,
    deadline: Deadline,
) -> Result<usize> {
    let fd = file.fd();
    let size = chaos::maybe_shorten(file, size);
    // SAFETY: the caller's buffer.
    retry_until_ready(file, Direction::Write, size, deadline, &mut |kind| unsafe {
        match kind & SOCKET {
            0 => with_sigpipe_blocked(&mut || result(libc::write(fd, buffer, size))),
            _ => result(libc::send(fd, buffer, size, libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT)),
        }
    })
}

/// Calls `act`, which writes to something else than a socket, and takes the SIGPIPE back that it has raised. Any such
/// file may be a pipe by now: what is remembered of it does not count.
pub(crate) fn with_sigpipe_blocked(act: &mut dyn FnMut() -> Result<usize>) -> Result<usize> {
    let (mut pipe, mut before, mut pending) =
        (MaybeUninit::uninit(), MaybeUninit::uninit(), MaybeUninit::zeroed());
    // SAFETY: each set is initialised by the call before its use; all zero is one.
    unsafe {
        libc::sigemptyset(pipe.as_mut_ptr());
        libc::sigaddset(pipe.as_mut_ptr(), libc::SIGPIPE);
        let error = libc::pthread_sigmask(libc::SIG_BLOCK, pipe.as_ptr(), before.as_mut_ptr());
        if error != 0 {
            return Err(os::warn_if_refused(os::Syscall::SignalMask, error));
        }
        // Only one that was blocked before can wait already.
        let was_blocked = libc::sigismember(before.as_ptr(), libc::SIGPIPE) == 1;
        let was_pending = was_blocked && {
            libc::sigpending(pending.as_mut_ptr());
            libc::sigismember(pending.as_ptr(), libc::SIGPIPE) == 1
        };
        let outcome = act();
        if outcome == Err(libc::EPIPE) && !was_pending {
            let no_time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            let taken = libc::sigtimedwait(pipe.as_ptr(), ptr::null_mut(), &no_time);
            if taken < 0 && os::is_refusal(sys::errno()) {
                // It would come, and end the process: it stays blocked.
                os::last_errno(os::Syscall::SigTimedWait);
                return outcome;
            }
        }
        if !was_blocked {
            libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
        }
        outcome
    }
}

/// Calls `step` with how much is done, until `size` is, or it gives 0 or an error: then errno says which,
/// and what is done counts, if anything is.
fn transfer_all(
    size: usize,
    deadline: Deadline,
    step: &mut dyn FnMut(usize) -> Result<usize>,
) -> Result<usize> {
    let mut done = 0;
    while done < size {
        match step(done) {
            Ok(0) => {
                sys::set_errno(0);
                break;
            }
            Ok(count) => {
                done += count;
                budget::charge_part(count, deadline);
            }
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
    deadline: Deadline,
) -> Result<usize> {
    let file = &FdRef::enter(fd)?;
    // SAFETY: what is left of the caller's buffer.
    let done = transfer_all(size, deadline, &mut |done| unsafe {
        read_from(file, buffer.wrapping_byte_add(done), size - done, deadline)
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
    deadline: Deadline,
) -> Result<usize> {
    let file = &FdRef::enter(fd)?;
    // SAFETY: what is left of the caller's buffer.
    transfer_all(size, deadline, &mut |done| unsafe {
        write_to(file, buffer.wrapping_byte_add(done), size - done, deadline)
    })
}

/// Closes `fd`.
pub(crate) fn close(fd: c_int) -> Result<()> {
    fd_ref::close(fd)
}
