//! Files: as POSIX has them, on the threads for blocking calls where the caller is a task. With O_DIRECT
//! io_uring(7) reads and writes, if the system has it (Linux 6.1). A plain thread waits itself, and looks
//! at its deadline only before. Buffers may be on a shared stack.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;

use super::{count, non_null, try_answer, try_status, until};
use crate::rt::blocking::file;
use crate::rt::blocking::operation::Operation;
use crate::rt::blocking::path::{self, PathOperation};

/// Opens a file as open(2) does, with `mode` for a new one. Does not add O_CLOEXEC. A deadline of 0
/// or in the past opens nothing. If the call ends first, a file that is opened later is closed
/// again, and a thread that hangs in it no longer counts in `acort_opts_t.blocking_threads`.
///
/// # Returns
/// The file descriptor, or -1 and `errno`. Close it by acort_close().
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `path` is NULL.
/// - `ENOMEM` if there is no memory.
/// - `EAGAIN` if no thread can be started, or 256 threads hang.
/// - The errors of open(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_open(
    path: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
    deadline: i64,
) -> c_int {
    // SAFETY: `path` is not NULL, so it ends in 0.
    try_answer(|| unsafe {
        let (path, operation) = (non_null(path.cast_mut())?, PathOperation::Open(flags, mode));
        Ok(path::perform(operation, path, ptr::null(), until(deadline)?)?.take_fd())
    })
}

/// Reads as pread(2) does. Bytes in the page cache come without a wait; with a deadline of 0 or in
/// the past there are only those. With O_DIRECT there are none.
///
/// # Returns
/// The bytes read, 0 at the end, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: nothing was read. A read that has begun is waited for.
/// - `ENOMEM`, `EAGAIN` if there is no memory or no thread.
/// - The errors of pread(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_pread(
    fd: c_int,
    buf: *mut c_void,
    n: usize,
    offset: libc::off_t,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is writable for `n` bytes.
    count(|| unsafe { file::pread(fd, buf, n, offset, until(deadline)?) })
}

/// Writes as pwrite(2) does. A deadline of 0 or in the past writes nothing.
///
/// # Returns
/// The bytes written, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: nothing was written. A write that has begun is waited for.
/// - `ENOMEM`, `EAGAIN` if there is no memory or no thread.
/// - The errors of pwrite(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_pwrite(
    fd: c_int,
    buf: *const c_void,
    n: usize,
    offset: libc::off_t,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is readable for `n` bytes.
    count(|| unsafe { file::transfer(fd, Operation::Write(buf, n, offset), until(deadline)?) })
}

/// Synchronizes a file as fsync(2) does. With a deadline of 0 or in the past it does not begin.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_pwrite() and fsync(2).
#[unsafe(no_mangle)]
pub extern "C" fn acort_fsync(fd: c_int, deadline: i64) -> c_int {
    // SAFETY: fsync(2) has no buffer.
    try_status(|| unsafe { file::transfer(fd, Operation::Sync, until(deadline)?).map(drop) })
}

/// Sets the size of a file as ftruncate(2) does. With a deadline of 0 or in the past it does not
/// begin.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_pwrite() and ftruncate(2).
#[unsafe(no_mangle)]
pub extern "C" fn acort_ftruncate(fd: c_int, length: libc::off_t, deadline: i64) -> c_int {
    let operation = Operation::Truncate(length);
    // SAFETY: ftruncate(2) has no buffer.
    try_status(|| unsafe { file::transfer(fd, operation, until(deadline)?).map(drop) })
}

/// Fills `st` with the status of a file as fstat(2) does. With a deadline of 0 or in the past it
/// does not begin.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `st` is NULL.
/// - The errors of acort_pwrite() and fstat(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_fstat(fd: c_int, st: *mut libc::stat, deadline: i64) -> c_int {
    // SAFETY: `st` is writable.
    try_status(|| unsafe {
        let operation = Operation::Status(non_null(st)?);
        file::transfer(fd, operation, until(deadline)?).map(drop)
    })
}
