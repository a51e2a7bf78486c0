//! pread(2), fsync(2) and others: poll(2) reports a regular file as ready, but a read of it may block.
//!
//! ```text
//!   acort_pread in a task:  preadv2(RWF_NOWAIT), as long as the page cache has data ──> the rest as the others
//!   acort_pread in a thread:  if the deadline has passed, the same; pread(2) directly
//!   the others:  in a task on the worker's ring (O_DIRECT) or on the pool, in a thread directly
//! ```
//!
//! A call that a thread of the pool has begun is waited for; a call on the ring is cancelled, and waited for. So
//! ETIMEDOUT and ECANCELED mean that nothing was done, and the buffer and the descriptor are the caller's again. A call
//! whose deadline has passed does not begin, in a plain thread either: it gets what the page cache has.

use core::ffi::{c_int, c_long, c_void};
use core::ptr;

use libc::off_t;

use super::job::Class;
use super::operation::{MAX_TRANSFER, Operation, is_direct};
use super::run::{Cancel, OnRing, run_or_submit};
use crate::rt::io::fd_ref::FdRef;
use crate::rt::model::{Worker, task};
use crate::rt::os::{Deadline, Result};
use crate::{sanitizer, sys};

/// An operation on its way to the pool, and its result.
struct FileCall {
    fd: c_int,
    operation: Operation,
    result: isize,
}

/// Performs an operation on the pool; a plain thread performs it itself. Returns its bytes. Errors: those of
/// [`run_and_tell`], and of the system's call.
///
/// # Safety
/// As [`run_and_tell`].
unsafe fn run_operation(fd: c_int, operation: Operation, deadline: Deadline) -> Result<usize> {
    // SAFETY: the buffer is as `run_and_tell` asks.
    unsafe { run_and_tell(fd, operation, deadline)? }
}

/// As [`run_operation`]. Tells what was not made from what has failed: both may be EAGAIN. Errors: those of
/// [`run`](super::run::run): the call was not made.
///
/// # Safety
/// The buffer is as pread(2) or pwrite(2) ask, and is not on a shared stack.
pub(super) unsafe fn run_and_tell(
    fd: c_int,
    operation: Operation,
    deadline: Deadline,
) -> Result<Result<usize>> {
    static ON_RING: OnRing<FileCall> = OnRing {
        entry: |call| call.operation.entry(call.fd),
        complete: |call, result| call.result = call.operation.complete(result),
    };
    // SAFETY: the buffer is good for any thread, and stays until the call returns: a call that has begun is waited for.
    unsafe {
        let call = FileCall { fd, operation, result: -1 };
        let cancel = Cancel::WhileQueued(deadline);
        let perform = |call: &mut FileCall| call.result = call.operation.perform(call.fd);
        let (call, errno) = run_or_submit(Class::File, cancel, call, perform, Some(&ON_RING))?;
        Ok(usize::try_from(call.result).map_err(|_| errno))
    }
}

/// Performs an operation. Returns its bytes.
///
/// Errors: `ETIMEDOUT` and `ECANCELED`: nothing was done; those of [`run`] and of the system's call.
///
/// # Safety
/// The buffer is as pread(2) or pwrite(2) ask.
pub(crate) unsafe fn transfer(
    fd: c_int,
    operation: Operation,
    deadline: Deadline,
) -> Result<usize> {
    let file = FdRef::enter(fd)?;
    // SAFETY: the buffer is as the system's calls ask.
    file.check_result(unsafe { transfer_entered(&file, operation, deadline) })
}

/// As [`transfer`]. The number stays that of `file` until a thread of the pool uses it, since the call is inside (R1 of
/// `fd_ref`). A buffer on a shared stack is replaced by allocated memory: the stack moves while the task waits.
///
/// # Safety
/// As [`transfer`].
pub(super) unsafe fn transfer_entered(
    file: &FdRef,
    operation: Operation,
    deadline: Deadline,
) -> Result<usize> {
    let fd = file.fd();
    let (buffer, size) = match operation {
        Operation::Read(buffer, size, _) => (buffer, size),
        Operation::Write(buffer, size, _) => (buffer.cast_mut(), size),
        Operation::Status(status) => (status.cast(), size_of::<libc::stat>()),
        _ => (ptr::null_mut(), 0),
    };
    if deadline.has_passed() {
        return Err(libc::ETIMEDOUT);
    }
    // SAFETY: `buffer` has `size` bytes, and `copy` as many as are transferred.
    unsafe {
        if !Worker::is_on_shared_stack(buffer) {
            return run_operation(fd, operation, deadline);
        }
        let size = size.min(MAX_TRANSFER);
        let copy = sys::allocate(size.max(1)).ok_or(libc::ENOMEM)?.as_ptr();
        let outcome = match operation {
            Operation::Write(_, _, offset) => {
                ptr::copy_nonoverlapping(buffer.cast_const().cast(), copy.cast::<u8>(), size);
                run_operation(fd, Operation::Write(copy, size, offset), deadline)
            }
            Operation::Read(_, _, offset) => {
                let read = run_operation(fd, Operation::Read(copy, size, offset), deadline);
                read.inspect(|&count| {
                    ptr::copy_nonoverlapping(copy.cast_const().cast(), buffer.cast::<u8>(), count);
                    sanitizer::unpoison(buffer, count);
                })
            }
            Operation::Status(_) => run_operation(fd, Operation::Status(copy.cast()), deadline)
                .inspect(|_| {
                    ptr::copy_nonoverlapping(copy.cast_const().cast(), buffer.cast::<u8>(), size);
                    sanitizer::unpoison(buffer, size);
                }),
            _ => run_operation(fd, operation, deadline),
        };
        sys::free(copy);
        outcome
    }
}

/// pread(2).
///
/// Errors: `ETIMEDOUT` if the deadline has passed and the page cache has nothing; those of [`transfer`].
///
/// # Safety
/// As pread(2).
pub(crate) unsafe fn pread(
    fd: c_int,
    buffer: *mut c_void,
    size: usize,
    offset: off_t,
    deadline: Deadline,
) -> Result<usize> {
    // For preadv2(2) an offset of -1 is the file's own position.
    if offset < 0 {
        return Err(libc::EINVAL);
    }
    let file = FdRef::enter(fd)?;
    // SAFETY: `buffer` has `size` bytes.
    file.check_result(unsafe { pread_entered(&file, buffer, size, offset, deadline) })
}

/// As [`pread`], by a call that has entered `file`.
///
/// # Safety
/// `buffer` has `size` bytes.
unsafe fn pread_entered(
    file: &FdRef,
    buffer: *mut c_void,
    size: usize,
    offset: off_t,
    deadline: Deadline,
) -> Result<usize> {
    let mut done = 0;
    let rest = |done: usize| {
        let offset = offset.saturating_add(done as off_t);
        (buffer.wrapping_byte_add(done), size - done, offset)
    };
    // SAFETY: `rest` is inside the buffer, which has `size` bytes.
    unsafe {
        let may_block = task::current().is_null() && !deadline.has_passed();
        if !may_block && !is_direct(file.fd()) {
            loop {
                let (buffer, left, offset) = rest(done);
                match read_cached(file.fd(), buffer, left, offset) {
                    Ok(0) => return Ok(done),
                    Ok(count) => done += count,
                    // The page cache does not have it, or the kernel cannot tell.
                    Err(libc::EAGAIN | libc::EOPNOTSUPP | libc::ENOSYS | libc::EPERM) => break,
                    Err(_) if done > 0 => return Ok(done),
                    Err(error) => return Err(error),
                }
                if done == size {
                    return Ok(done);
                }
            }
        }
        let (buffer, left, offset) = rest(done);
        match transfer_entered(file, Operation::Read(buffer, left, offset), deadline) {
            Err(_) if done > 0 => Ok(done),
            outcome => outcome.map(|count| done + count),
        }
    }
}

/// Reads what the page cache has. `EAGAIN`, `EOPNOTSUPP`, `ENOSYS`, and a sandbox's `EPERM`: that does not work.
///
/// # Safety
/// `buffer` has `size` bytes.
pub(super) unsafe fn read_cached(
    fd: c_int,
    buffer: *mut c_void,
    size: usize,
    offset: off_t,
) -> Result<usize> {
    const RWF_NOWAIT: c_int = 8;
    let part = libc::iovec { iov_base: buffer, iov_len: size };
    let (parts, low) = (1 as c_long, offset as c_long);
    let high = (offset as libc::loff_t).checked_shr(c_long::BITS).unwrap_or(0) as c_long;
    // SAFETY: one part, which has `size` bytes. The kernel takes the offset in two words.
    unsafe {
        let call = libc::SYS_preadv2;
        let count = libc::syscall(call, fd, &raw const part, parts, low, high, RWF_NOWAIT);
        let count = usize::try_from(count).map_err(|_| sys::errno())?;
        sanitizer::unpoison(buffer, count);
        Ok(count)
    }
}
