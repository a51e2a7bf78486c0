//! Calls that block their thread.

use core::ffi::{c_int, c_void};

use super::{try_status, until};
use crate::rt::base::size_prefixed;
use crate::rt::blocking::run::Cancel;
use crate::rt::blocking::user_call;
use crate::rt::model::abi::acort_body_t;

/// Calls `fn` with `arg` on a thread that may block, and waits for its end. Neither cancellation
/// nor a deadline ends the wait. To give up a call, let another task make it, and wait for a
/// future that this task sets. The result goes to `ret`, unless `ret` is NULL; the errno of `fn`
/// is the caller's afterwards. In a plain thread `fn` is called directly.
///
/// `acort_opts_t.blocking_threads` limits the threads. Files and names keep some of them for
/// themselves.
///
/// `fn` begins with the signal mask, the processors and the floating-point environment of the
/// thread that created the runtime. Its changes of them end with the call.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `fn` is NULL.
/// - `EFAULT` if `arg` is on a shared stack.
/// - `ENOMEM` if there is no memory.
/// - `EAGAIN` if no thread can be started, or 256 threads hang in calls that were given up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_blocking(
    r#fn: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
) -> c_int {
    // SAFETY: `fn` can be called with `arg` on any thread; `ret` is NULL or writable.
    try_status(|| unsafe {
        size_prefixed::write_if_some(
            ret,
            user_call::run(r#fn.ok_or(libc::EINVAL)?, arg, Cancel::Never)?,
        );
        Ok(())
    })
}

/// Calls `fn` as acort_blocking() does, unless the deadline passes or the task is cancelled before a
/// thread has begun the call: `fn` is not called then. A call that has begun is waited for, since
/// `fn` uses data of the caller. A deadline of 0 or in the past calls nothing.
///
/// # Returns
/// 0, or -1 and `errno`: `fn` was not called, and `ret` is unchanged.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of acort_blocking().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_blocking_until(
    r#fn: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
    deadline: i64,
) -> c_int {
    // SAFETY: `fn` can be called with `arg` on any thread; `ret` is NULL or writable.
    try_status(|| unsafe {
        let function = r#fn.ok_or(libc::EINVAL)?;
        let deadline = until(deadline)?;
        if deadline.has_passed() {
            return Err(libc::ETIMEDOUT);
        }
        let result = user_call::run(function, arg, Cancel::WhileQueued(deadline))?;
        size_prefixed::write_if_some(ret, result);
        Ok(())
    })
}
