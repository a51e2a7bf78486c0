//! Files: as POSIX has them, on the threads for blocking calls where the caller is a task. A plain thread
//! waits itself, and looks at its deadline only before. Buffers may be on a shared stack.

use core::ffi::{c_char, c_int, c_void};

use super::{answer, count, non_null, status, until};
use crate::rt::blocking::file::{self, Operation};
use crate::rt::blocking::open;

/// open(2), with the mode for a new file; O_CLOEXEC is the caller's to give. Nothing is opened where the deadline
/// is 0 or has passed. The file descriptor, or -1 and errno: ETIMEDOUT, ECANCELED: what is opened after that is
/// closed again, and a thread that hangs in it counts no more as one of acort_opts_t.blocking_threads; EINVAL
/// for NULL, ENOMEM, EAGAIN: it needs a thread, and none can be had, or 256 hang so; what open(2) says.
///
/// # Safety
/// `path` is NULL or ends in 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_open(
    path: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
    deadline: i64,
) -> c_int {
    // SAFETY: `path` is not NULL, so it ends in 0.
    answer(
        non_null(path.cast_mut())
            .and_then(|path| unsafe { open::open(path, flags, mode, until(deadline)?) }),
    )
}

/// pread(2); what is in the page cache comes without a wait, and is all that is given where the deadline is 0
/// or has passed. -1 and errno: ETIMEDOUT, ECANCELED, as long as no thread has begun with it; ENOMEM, EAGAIN
/// without threads, what pread(2) says.
///
/// # Safety
/// As pread(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_pread(
    fd: c_int,
    buf: *mut c_void,
    n: usize,
    offset: libc::off_t,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is writable for `n` bytes.
    let outcome =
        until(deadline).and_then(|deadline| unsafe { file::pread(fd, buf, n, offset, deadline) });
    count(outcome)
}

/// pwrite(2). Nothing is written where the deadline is 0 or has passed. -1 and errno: ETIMEDOUT, ECANCELED:
/// nothing was written; a thread that has begun with it is waited for. ENOMEM, EAGAIN without threads, what
/// pwrite(2) says.
///
/// # Safety
/// As pwrite(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_pwrite(
    fd: c_int,
    buf: *const c_void,
    n: usize,
    offset: libc::off_t,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `buf` is readable for `n` bytes.
    let outcome = until(deadline).and_then(|deadline| unsafe {
        file::transfer(fd, Operation::Write(buf, n, offset), deadline)
    });
    count(outcome)
}

/// fsync(2), which is not begun where the deadline is 0 or has passed. 0, or -1 and errno, as acort_pwrite().
#[unsafe(no_mangle)]
pub extern "C" fn acort_fsync(fd: c_int, deadline: i64) -> c_int {
    // SAFETY: fsync(2) has no buffer.
    status(
        until(deadline)
            .and_then(|deadline| unsafe { file::transfer(fd, Operation::Sync, deadline) })
            .map(drop),
    )
}
