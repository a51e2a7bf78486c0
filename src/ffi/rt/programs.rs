//! Programs in new processes.

use core::ffi::c_int;

use super::{non_null, try_answer, try_status, until};
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::{ACORT_PROC_PIPE, acort_proc_attr_t};
use crate::rt::program::{start, stop};

/// The attributes of a program without any.
const DEFAULT_ATTRIBUTES: acort_proc_attr_t = acort_proc_attr_t {
    size: size_of::<acort_proc_attr_t>(),
    argv: core::ptr::null(),
    path: core::ptr::null(),
    env: core::ptr::null(),
    directory: core::ptr::null(),
    r#in: 0,
    out: 0,
    err: 0,
    flags: 0,
    fds: core::ptr::null(),
    nfds: 0,
    mask: core::ptr::null(),
    defaults: core::ptr::null(),
};

/// Starts a program in a new process, by posix_spawn(3) on a thread for blocking calls. When the
/// call returns, the program runs: an error of execve(2) or of the change of directory is an error of
/// the call. The caller's ends of pipes go to `pipes`, an array of three: for the standard input,
/// output and error, -1 where there is none. Close them by acort_close(), or open streams on them.
/// `pipes` may be NULL if there are none. Wait for the program by acort_waitpid() or acort_proc_stop().
///
/// The program has no file descriptor of the library. Its standard ones block: O_NONBLOCK is cleared
/// for those that `attr` gives it, and where the library has set it. A deadline of 0 or in the past
/// starts nothing.
///
/// # Returns
/// The process id, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: nothing was started. A start that has begun is waited for.
/// - `EINVAL` if there are no arguments, an attribute is not valid, or a pipe has no place in `pipes`.
/// - `EBADF` if a file descriptor is not open.
/// - `ENOENT` if there is no such program or directory.
/// - `EACCES` if the program may not be executed.
/// - `E2BIG` if arguments and environment are too large.
/// - `ENOSYS` if `attr` has a directory, but the process has no posix_spawn_file_actions_addchdir_np(3):
///   glibc before 2.29, or a statically linked program that does not name the function.
/// - `EMFILE`, `ENOMEM`, `EAGAIN` if there are no file descriptors, no memory, or no processes or
///   threads.
/// - The errors of posix_spawn(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_proc_start(
    attr: *const acort_proc_attr_t,
    pipes: *mut c_int,
    deadline: i64,
) -> libc::pid_t {
    // SAFETY: `attr` is not NULL, so it has `attr->size` bytes, and valid strings and arrays; `pipes` is NULL, or has
    // three elements.
    try_answer(|| unsafe {
        let attr = size_prefixed::read(non_null(attr.cast_mut())?, &DEFAULT_ATTRIBUTES)?;
        let deadline = until(deadline)?;
        if pipes.is_null() && [attr.r#in, attr.out, attr.err].contains(&ACORT_PROC_PIPE) {
            return Err(libc::EINVAL);
        }
        let (pid, ends) = start::start(&attr, deadline)?;
        size_prefixed::write_if_some(pipes.cast(), ends);
        Ok(pid)
    })
}

/// Ends the child `pid` and waits for it: sends SIGTERM, and SIGKILL if it has not ended after `grace`
/// nanoseconds. If it leads a process group (ACORT_PROC_GROUP, ACORT_PROC_SESSION), the signals go to
/// the group, and none of it is left. The child's status goes to `status`, unless `status` is NULL;
/// it is that of a child which had ended before. Not a cancellation point, so that a cancelled task
/// can leave no child.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `pid` is 0 or negative, or `grace` is negative.
/// - `ECHILD` if there is no such child.
/// - `EPERM` if the caller may not end it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_proc_stop(
    pid: libc::pid_t,
    status: *mut c_int,
    grace: i64,
) -> c_int {
    // SAFETY: `status` is NULL or writable.
    try_status(|| unsafe { stop::stop(pid, status, grace) })
}
