//! Cleanup functions of tasks.

use core::ffi::{c_int, c_void};

use super::{status, try_status};
use crate::rt::sched::cleanup;

/// Pushes a cleanup function: `fn` is called with `arg` when the running task ends, because its
/// function returns, or by acort_exit() or aco_exit(). The function that was pushed last is called
/// first.
///
/// They run in the task, before the destructors of keys and of its argument, and may wait. A task
/// that is cancelled is so in them, too: acort_cancel_mask(). After acort_exit() the frames of the task
/// are still there; otherwise they are gone, so `arg` does not point to its local variables. The
/// functions of a task that is abandoned in a deadlock are not called.
///
/// # Returns
/// 0, or -1 and `errno`: then `fn` will not be called.
///
/// # Errors
/// - `EPERM` outside of tasks, and in a destructor.
/// - `EINVAL` if `fn` is NULL.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cleanup_push(
    r#fn: Option<unsafe extern "C" fn(*mut c_void)>,
    arg: *mut c_void,
) -> c_int {
    try_status(|| cleanup::push(r#fn.ok_or(libc::EINVAL)?, arg))
}

/// Takes back the cleanup function that was pushed last, and calls it if `execute` is not 0.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` outside of tasks, and in a destructor.
/// - `EINVAL` if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cleanup_pop(execute: c_int) -> c_int {
    // SAFETY: the functions can be called with their arguments.
    status(unsafe { cleanup::pop(execute != 0) })
}
