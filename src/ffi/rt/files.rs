//! Files, as in POSIX, with deadlines. A task's call runs on a thread for blocking calls. A plain thread makes the
//! system call itself, and checks its deadline only before. Buffers may be on a shared stack.

use core::ffi::{c_char, c_int, c_void};

use super::{answer, count, given, status, until};
use crate::rt::blocking::file::{self, Operation};

/// Opens a file like open(2). `mode` is the mode of a new file. Pass O_CLOEXEC if a child process
/// must not inherit the file descriptor. With deadline 0, or one that has passed, the call opens
/// nothing. In a task the call runs on a thread for blocking calls. If the wait fails, a file that
/// is opened later is closed again. A thread that is stuck in such a call no longer counts for
/// `blocking_threads` of `acort_opts_t`. A plain thread makes the system call itself, and checks
/// the deadline only before it. A cancellation point.
///
/// # Returns
/// The file descriptor, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `path` is NULL, or `deadline` is invalid.
/// - `EAGAIN` if no thread is available, or 256 threads are stuck.
/// - `ENOMEM` if there is no memory.
/// - the errors of open(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_open(
    path: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
    deadline: i64,
) -> c_int {
    // SAFETY: `path` is a string (`given`, F2).
    answer(
        given(path.cast_mut())
            .and_then(|path| unsafe { file::open(path, flags, mode, until(deadline)?) }),
    )
}

/// Reads like pread(2). Data in the page cache is returned without a wait. With deadline 0, or one
/// that has passed, only that data is returned. In a task the rest is read on a thread for blocking
/// calls. The wait cannot fail after the thread has begun. A plain thread acts as in acort_open().
/// A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes before a thread begins.
/// - `ECANCELED` if the caller is cancelled before a thread begins, or acort_close() closes `fd`.
/// - `EINVAL` if `deadline` is invalid.
/// - `EAGAIN` if no thread is available.
/// - `ENOMEM` if there is no memory.
/// - the errors of pread(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_pread(
    fd: c_int,
    buf: *mut c_void,
    n: usize,
    offset: libc::off_t,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is writable for `n` bytes (F2).
    let outcome =
        until(deadline).and_then(|deadline| unsafe { file::pread(fd, buf, n, offset, deadline) });
    count(outcome)
}

/// Writes like pwrite(2). With deadline 0, or one that has passed, the call writes nothing. In a
/// task it runs on a thread for blocking calls. The wait cannot fail after the thread has begun, so
/// a call that fails with `ETIMEDOUT` or `ECANCELED` has written nothing. A plain thread acts as in
/// acort_open(). A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes before a thread begins.
/// - `ECANCELED` if the caller is cancelled before a thread begins, or acort_close() closes `fd`.
/// - `EINVAL` if `deadline` is invalid.
/// - `EAGAIN` if no thread is available.
/// - `ENOMEM` if there is no memory.
/// - the errors of pwrite(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_pwrite(
    fd: c_int,
    buf: *const c_void,
    n: usize,
    offset: libc::off_t,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is readable for `n` bytes (F2).
    let outcome = until(deadline)
        .and_then(|deadline| unsafe { file::work(fd, Operation::Write(buf, n, offset), deadline) });
    count(outcome)
}

/// Writes a file to its device like fsync(2). With deadline 0, or one that has passed, the call
/// does nothing. It waits as acort_pwrite() does. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - those of acort_pwrite() and fsync(2).
#[unsafe(no_mangle)]
pub extern "C" fn acort_fsync(fd: c_int, deadline: i64) -> c_int {
    // SAFETY: fsync has no buffer.
    status(
        until(deadline)
            .and_then(|deadline| unsafe { file::work(fd, Operation::Sync, deadline) })
            .map(drop),
    )
}
