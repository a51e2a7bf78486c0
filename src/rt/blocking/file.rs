//! Files, which are always ready and block all the same: on the threads for blocking calls.
//!
//! What stands in the page cache is read at once, by the task itself. A call that a thread has begun is
//! waited for, so that ETIMEDOUT and ECANCELED mean that nothing was done, and the buffer and the file
//! descriptor are the caller's again. Opening is given up at any time: a file that comes later is closed. A call
//! whose deadline has passed before it begins starts nothing, in a plain thread either: all that it gives is what
//! stands in the page cache.

use core::ffi::{c_char, c_int, c_long, c_void};
use core::ptr;

use super::job::Class;
use super::threads;
use crate::rt::base::parker::WaitMode;
use crate::rt::io::fd_identity;
use crate::rt::io::fd_ref::FdRef;
use crate::rt::model::task;
use crate::rt::model::worker::Worker;
use crate::rt::os::{self, Deadline, Result};
use crate::{sanitizer, sys};

/// No more than so many bytes go with one call of the system.
const MAX: usize = 0x7fff_f000;

/// What is to be done.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    Read(*mut c_void, usize, i64),
    Write(*const c_void, usize, i64),
    Sync,
}

/// A call, with what is made of it.
struct Call {
    fd: c_int,
    operation: Operation,
    result: isize,
    errno: c_int,
}

/// Calls the system, again where a signal comes between.
unsafe fn perform(fd: c_int, operation: Operation) -> isize {
    loop {
        // SAFETY: the caller's promise.
        let result = unsafe {
            match operation {
                Operation::Read(buffer, size, offset) => libc::pread(fd, buffer, size, offset),
                Operation::Write(buffer, size, offset) => libc::pwrite(fd, buffer, size, offset),
                Operation::Sync => libc::fsync(fd) as isize,
            }
        };
        if result >= 0 || sys::errno() != libc::EINTR {
            return result;
        }
    }
}

unsafe fn make(call: *mut c_void) {
    let call: *mut Call = call.cast();
    // SAFETY: the call is there until it is over.
    unsafe {
        (*call).result = perform((*call).fd, (*call).operation);
        (*call).errno = sys::errno();
    }
}

/// Does it; the buffer is good for another thread. A plain thread waits itself.
///
/// # Safety
/// The buffer is there.
unsafe fn do_elsewhere(fd: c_int, operation: Operation, deadline: Deadline) -> Result<usize> {
    // SAFETY: the caller's promise; the call's memory stays until it is over.
    unsafe {
        if task::current().is_null() {
            let result = perform(fd, operation);
            return usize::try_from(result).map_err(|_| sys::errno());
        }
        let call: *mut Call = sys::allocate(size_of::<Call>()).ok_or(libc::ENOMEM)?.as_ptr().cast();
        call.write(Call { fd, operation, result: -1, errno: 0 });
        let outcome = threads::call_or_cancel_queued(Class::File, make, call.cast(), deadline);
        let Call { result, errno, .. } = call.read();
        sys::free(call.cast());
        outcome?;
        usize::try_from(result).map_err(|_| errno)
    }
}

/// Does it. Where the buffer moves away with the caller's stack another one stands for it. ETIMEDOUT, ECANCELED: it
/// is not done.
///
/// # Safety
/// As pread(2), pwrite(2), fsync(2).
pub(crate) unsafe fn work(fd: c_int, operation: Operation, deadline: Deadline) -> Result<usize> {
    let file = FdRef::enter(fd)?;
    // SAFETY: the caller's buffer.
    file.check_result(unsafe { work_inside(fd, operation, deadline) })
}

/// As [`work`], by a call that is inside: the number stands for the file that it began with when a thread comes to it.
unsafe fn work_inside(fd: c_int, operation: Operation, deadline: Deadline) -> Result<usize> {
    let (buffer, size) = match operation {
        Operation::Read(buffer, size, _) => (buffer, size),
        Operation::Write(buffer, size, _) => (buffer.cast_mut(), size),
        Operation::Sync => (ptr::null_mut(), 0),
    };
    if deadline.has_passed() {
        return Err(libc::ETIMEDOUT);
    }
    // SAFETY: the caller's promise; so much is allocated as is read or written.
    unsafe {
        if !Worker::is_on_shared_stack(buffer) {
            return do_elsewhere(fd, operation, deadline);
        }
        let size = size.min(MAX);
        let place = sys::allocate(size.max(1)).ok_or(libc::ENOMEM)?.as_ptr();
        let outcome = match operation {
            Operation::Write(_, _, offset) => {
                ptr::copy_nonoverlapping(buffer.cast_const().cast(), place.cast::<u8>(), size);
                do_elsewhere(fd, Operation::Write(place, size, offset), deadline)
            }
            Operation::Read(_, _, offset) => {
                do_elsewhere(fd, Operation::Read(place, size, offset), deadline).inspect(|&count| {
                    ptr::copy_nonoverlapping(place.cast_const().cast(), buffer.cast::<u8>(), count);
                    sanitizer::is_written(buffer, count);
                })
            }
            Operation::Sync => do_elsewhere(fd, operation, deadline),
        };
        sys::free(place);
        outcome
    }
}

/// pread(2). ETIMEDOUT: nothing of it stands in the page cache, and the deadline has passed.
///
/// # Safety
/// As there.
pub(crate) unsafe fn pread(
    fd: c_int,
    buffer: *mut c_void,
    size: usize,
    offset: i64,
    deadline: Deadline,
) -> Result<usize> {
    // preadv2(2) takes -1 for the file's own position.
    if offset < 0 {
        return Err(libc::EINVAL);
    }
    let file = FdRef::enter(fd)?;
    // SAFETY: the caller's buffer.
    file.check_result(unsafe { pread_inside(fd, buffer, size, offset, deadline) })
}

/// As [`pread`], by a call that is inside.
unsafe fn pread_inside(
    fd: c_int,
    buffer: *mut c_void,
    size: usize,
    offset: i64,
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: what is left of the caller's buffer.
    unsafe {
        let mut done = 0;
        if !task::current().is_null() || deadline.has_passed() {
            loop {
                let place = buffer.wrapping_byte_add(done);
                match read_cached(fd, place, size - done, offset.saturating_add(done as i64)) {
                    Ok(0) => return Ok(done),
                    Ok(count) => done += count,
                    Err(libc::EAGAIN | libc::EOPNOTSUPP | libc::ENOSYS | libc::EPERM) => break,
                    Err(_) if done > 0 => return Ok(done),
                    Err(error) => return Err(error),
                }
                if done == size {
                    return Ok(done);
                }
            }
        }
        let rest = Operation::Read(
            buffer.wrapping_byte_add(done),
            size - done,
            offset.saturating_add(done as i64),
        );
        match work_inside(fd, rest, deadline) {
            Err(_) if done > 0 => Ok(done),
            outcome => outcome.map(|count| done + count),
        }
    }
}

/// Reads what is in memory. EAGAIN, EOPNOTSUPP, ENOSYS, EPERM of a sandbox: that cannot be had so.
unsafe fn read_cached(fd: c_int, buffer: *mut c_void, size: usize, offset: i64) -> Result<usize> {
    const RWF_NOWAIT: c_int = 8;
    let part = libc::iovec { iov_base: buffer, iov_len: size };
    let (one, high): (c_long, c_long) = (1, 0);
    // SAFETY: the caller's promise; one part. The first half of the offset has all of it.
    unsafe {
        let number = libc::SYS_preadv2;
        let count = libc::syscall(number, fd, &raw const part, one, offset, high, RWF_NOWAIT);
        let count = usize::try_from(count).map_err(|_| sys::errno())?;
        sanitizer::is_written(buffer, count);
        Ok(count)
    }
}

/// A file that is to be opened. Everything in it is its own.
struct Opening {
    path: *mut c_char,
    flags: c_int,
    mode: libc::mode_t,
    /// Not negative: it is open.
    fd: c_int,
    errno: c_int,
}

unsafe fn open_it(opening: *mut c_void) {
    let opening: *mut Opening = opening.cast();
    // SAFETY: the opening is this call's; its path ends in 0.
    unsafe {
        let (path, flags, mode) = ((*opening).path, (*opening).flags, (*opening).mode);
        (*opening).fd = libc::open(path, flags, mode);
        (*opening).errno = sys::errno();
    }
}

unsafe fn discard(opening: *mut c_void) {
    let opening: *mut Opening = opening.cast();
    // SAFETY: as in `open_it`: nobody else has it.
    unsafe {
        if (*opening).fd >= 0 {
            libc::close((*opening).fd);
        }
        sys::free((*opening).path.cast());
        sys::free(opening.cast());
    }
}

/// open(2). ETIMEDOUT, ECANCELED: it is not open.
///
/// # Safety
/// `path` ends in 0.
pub(crate) unsafe fn open(
    path: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
    deadline: Deadline,
) -> Result<c_int> {
    if deadline.has_passed() {
        return Err(libc::ETIMEDOUT);
    }
    // SAFETY: the caller's promise.
    let fd = unsafe {
        if task::current().is_null() {
            match libc::open(path, flags, mode) {
                ..0 => return Err(sys::errno()),
                fd => fd,
            }
        } else {
            open_elsewhere(path, flags, mode, deadline)?
        }
    };
    // Whatever is known of the number is of another one.
    fd_identity::adopt(fd, 0);
    Ok(fd)
}

unsafe fn open_elsewhere(
    path: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
    deadline: Deadline,
) -> Result<c_int> {
    // SAFETY: the caller's promise; the opening is given over with the call.
    unsafe {
        let path = os::copy_text(path).ok_or(libc::ENOMEM)?.as_ptr();
        let Some(place) = sys::allocate(size_of::<Opening>()) else {
            sys::free(path.cast());
            return Err(libc::ENOMEM);
        };
        let opening: *mut Opening = place.as_ptr().cast();
        opening.write(Opening { path, flags, mode, fd: -1, errno: 0 });
        let mode = WaitMode::Cancellable;
        let asked = threads::call(Class::File, open_it, discard, opening.cast(), mode, deadline);
        // What is given up is discarded.
        if let Err(error @ (libc::ETIMEDOUT | libc::ECANCELED)) = asked {
            return Err(error);
        }
        let (fd, errno) = ((*opening).fd, (*opening).errno);
        (*opening).fd = -1;
        discard(opening.cast());
        asked?;
        if fd < 0 { Err(errno) } else { Ok(fd) }
    }
}
