//! Reads and writes that do not block the thread: on EAGAIN the task waits until the file is ready.

use core::ffi::{c_int, c_void};

use super::chaos;
use super::direction::Direction;
use super::fd_entry::{ALWAYS_READY, SOCKET, TCP};
use super::fd_identity;
use super::fd_ref::FdRef;
use super::fd_type;
use super::retry::RetryLoop;
use super::sigpipe::with_sigpipe_blocked;
use crate::rt::base::errno_of;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::budget;
use crate::{sanitizer, sys};

/// The result of a system call; if it is negative, errno.
pub(super) fn result(value: isize) -> Result<usize> {
    usize::try_from(value).map_err(|_| sys::errno())
}

/// Calls `attempt` with the file's type until its result is not EAGAIN, and waits for the file in between.
///
/// `wanted` is the number of bytes that the call asks for; 0: unknown. If the file is known to be drained, the call
/// waits before it asks the system. Once the deadline has passed, it asks once more in all cases.
///
/// Errors: `ETIMEDOUT`; `ECANCELED` if the file is closed or the task is canceled; those of `attempt`.
#[inline(never)]
pub(crate) fn retry_until_ready(
    file: &FdRef,
    direction: Direction,
    wanted: usize,
    deadline: Deadline,
    attempt: &mut dyn FnMut(u32) -> Result<usize>,
) -> Result<usize> {
    let mut retry = RetryLoop::new(file, direction, deadline);
    let mut had_type_mismatch = false;
    loop {
        file.check()?;
        let file_type = file.check_result(fd_type::type_of(file))?;
        // An unmanaged number may mean a file of another type, whose short reads say nothing (E7).
        let may_be_drained =
            direction == Direction::Read && file_type & TCP != 0 && !file.entry().is_unmanaged();
        let tick = file.entry().tick(direction);
        if may_be_drained && !retry.is_last && file.entry().is_drained(tick) {
            retry.wait(tick)?;
            continue;
        }
        match attempt(file_type) {
            Ok(count) => {
                if may_be_drained && count != 0 && count < wanted {
                    file.entry().set_drained(tick)
                }
                return Ok(count);
            }
            Err(libc::EINTR) => {}
            Err(_) if !file.is_current() => return Err(libc::ECANCELED),
            Err(libc::EAGAIN) if file_type & ALWAYS_READY == 0 && retry.is_last => {
                return Err(libc::ETIMEDOUT);
            }
            Err(libc::EAGAIN) if file_type & ALWAYS_READY == 0 => {
                let waited = retry.wait(tick);
                file.check_result(waited)?;
            }
            Err(error) if !had_type_mismatch && is_type_mismatch(file_type, error) => {
                had_type_mismatch = true;
                fd_identity::type_mismatch(file, file_type);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Returns true if no file of this type gives this error: the number means another file.
fn is_type_mismatch(file_type: u32, error: c_int) -> bool {
    match error {
        libc::ENOTSOCK => file_type & SOCKET != 0,
        libc::EAGAIN => file_type & ALWAYS_READY != 0,
        _ => false,
    }
}

/// Does what read(2) does.
///
/// # Safety
/// `buffer` is writable for `size` bytes.
#[inline(always)]
pub(crate) unsafe fn read(
    fd: c_int,
    buffer: *mut c_void,
    size: usize,
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: the caller's buffer is writable for `size` bytes.
    unsafe { read_from(&FdRef::enter(fd)?, buffer, size, deadline, |_| ()) }
}

/// As [`read`], for a call that has entered. Calls `note` with the error of each system call; 0: none.
#[inline(always)]
unsafe fn read_from(
    file: &FdRef,
    buffer: *mut c_void,
    size: usize,
    deadline: Deadline,
    mut note: impl FnMut(c_int),
) -> Result<usize> {
    let fd = file.fd();
    if size == 0 {
        // recv(2) would wait for a byte, and consume a datagram.
        // SAFETY: nothing is written.
        return file.check_result(result(unsafe { libc::read(fd, buffer, 0) }));
    }
    let size = chaos::maybe_shorten(file, size);
    // SAFETY: the caller's buffer is writable for `size` bytes.
    retry_until_ready(file, Direction::Read, size, deadline, &mut move |file_type| unsafe {
        let outcome = result(match file_type & SOCKET {
            0 => libc::read(fd, buffer, size),
            _ => libc::recv(fd, buffer, size, libc::MSG_DONTWAIT),
        });
        note(outcome.err().unwrap_or(0));
        outcome
    })
}

/// Does what write(2) does, without SIGPIPE.
///
/// # Safety
/// `buffer` is readable for `size` bytes.
pub(crate) unsafe fn write(
    fd: c_int,
    buffer: *const c_void,
    size: usize,
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: the caller's buffer is readable for `size` bytes.
    unsafe { write_noting(fd, buffer, size, deadline, &mut 0) }
}

/// As [`write()`], for a call that has entered.
unsafe fn write_to(
    file: &FdRef,
    buffer: *const c_void,
    size: usize,
    deadline: Deadline,
    system_error: &mut c_int,
) -> Result<usize> {
    let fd = file.fd();
    let size = chaos::maybe_shorten(file, size);
    // SAFETY: the caller's buffer is readable for `size` bytes.
    retry_until_ready(file, Direction::Write, size, deadline, &mut move |file_type| unsafe {
        let outcome = match file_type & SOCKET {
            0 => with_sigpipe_blocked(&mut || result(libc::write(fd, buffer, size))),
            _ => result(libc::send(fd, buffer, size, libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT)),
        };
        *system_error = outcome.err().unwrap_or(0);
        outcome
    })
}

/// Calls `step` with the number of bytes done, until all `size` are, or `step` returns 0 or an error. Then errno is 0
/// or that error, and the result is the number of bytes done. Errors: that of the first step.
pub(crate) fn transfer_all(
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
                sys::set_errno(errno_of(error));
                break;
            }
        }
    }
    Ok(done)
}

/// Reads `size` bytes, or up to the end of the file.
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
    // SAFETY: `done` is below `size`, so that the rest lies in the caller's buffer.
    let done = transfer_all(size, deadline, &mut |done| unsafe {
        read_from(file, buffer.wrapping_byte_add(done), size - done, deadline, |_| ())
    })?;
    sanitizer::unpoison(buffer, done);
    Ok(done)
}

/// Writes `size` bytes.
///
/// # Safety
/// As [`write()`].
pub(crate) unsafe fn write_all(
    fd: c_int,
    buffer: *const c_void,
    size: usize,
    deadline: Deadline,
) -> Result<usize> {
    let file = &FdRef::enter(fd)?;
    // SAFETY: `done` is below `size`, so that the rest lies in the caller's buffer.
    transfer_all(size, deadline, &mut |done| unsafe {
        write_to(file, buffer.wrapping_byte_add(done), size - done, deadline, &mut 0)
    })
}

/// As [`read`], and notes the error of the last system call; 0: none.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn read_noting(
    fd: c_int,
    buffer: *mut c_void,
    size: usize,
    deadline: Deadline,
    system_error: &mut c_int,
) -> Result<usize> {
    // SAFETY: `buffer` is writable for `size` bytes.
    unsafe { read_from(&FdRef::enter(fd)?, buffer, size, deadline, |error| *system_error = error) }
}

/// As [`write`], and notes the error of the last system call; 0: none.
///
/// # Safety
/// As [`write`].
pub(crate) unsafe fn write_noting(
    fd: c_int,
    buffer: *const c_void,
    size: usize,
    deadline: Deadline,
    system_error: &mut c_int,
) -> Result<usize> {
    // SAFETY: `buffer` is readable for `size` bytes.
    unsafe { write_to(&FdRef::enter(fd)?, buffer, size, deadline, system_error) }
}
