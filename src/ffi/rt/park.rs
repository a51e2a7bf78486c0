//! Time, park and unpark, cancellation.

use core::ffi::c_int;

use super::status;
use crate::rt::model::abi::acort_task_t;
use crate::rt::model::task;
use crate::rt::park::{cancel, park, sleep};

/// Returns the time of CLOCK_MONOTONIC in nanoseconds. Deadlines are compared with it.
#[unsafe(no_mangle)]
pub extern "C" fn acort_now() -> i64 {
    sleep::now()
}

/// Returns the deadline `ns` nanoseconds from now. `ns` may be negative.
///
/// # Returns
/// The deadline, at least 1. ACORT_NEVER if the time does not fit.
#[unsafe(no_mangle)]
pub extern "C" fn acort_after(ns: i64) -> i64 {
    sleep::after(ns)
}

/// Sleeps for `ns` nanoseconds. With `ns` 0 or negative, acts as acort_yield() in a task, and does
/// nothing in a plain thread. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED` if the caller is cancelled.
#[unsafe(no_mangle)]
pub extern "C" fn acort_sleep(ns: i64) -> c_int {
    status(sleep::sleep(ns))
}

/// Sleeps until `deadline`. With ACORT_NEVER, sleeps until the task is cancelled. With 0, acts as
/// acort_sleep() does. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `deadline` is invalid.
#[unsafe(no_mangle)]
pub extern "C" fn acort_sleep_until(deadline: i64) -> c_int {
    status(sleep::sleep_until(deadline))
}

/// Blocks the running task until acort_unpark() is called for it. Returns at once if a token is
/// saved, and consumes it. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EPERM` if called outside of tasks.
/// - `EINVAL` if `deadline` is invalid.
#[unsafe(no_mangle)]
pub extern "C" fn acort_park(deadline: i64) -> c_int {
    status(park::park(deadline))
}

/// Ends the acort_park() of `task`. If the task is not parked, saves a token for its next
/// acort_park(). A task has at most one token. Any thread may call this function.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed, and its memory is not in use again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_unpark(task: *mut acort_task_t) -> c_int {
    // SAFETY: the task exists (`check`).
    status(task::check(task).map(|task| unsafe { cancel::unpark(task.as_ptr()) }))
}

/// Cancels `task` permanently, from any thread. Its present wait fails with `ECANCELED`. From then
/// on, so does each cancellation point, on entry and without effect. Calls with deadline 0 still
/// work, and calls that never block do (unlock, post, set, close, unref). Cleanup that may block
/// masks cancellation with acort_cancel_mask().
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed, and its memory is not in use again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cancel(task: *mut acort_task_t) -> c_int {
    // SAFETY: the task exists (`check`).
    status(task::check(task).map(|task| unsafe { cancel::cancel(task.as_ptr()) }))
}

/// Returns whether the running task is cancelled and does not mask cancellation.
///
/// # Returns
/// 1 or 0. 0 in a plain thread.
#[unsafe(no_mangle)]
pub extern "C" fn acort_cancelled() -> c_int {
    cancel::is_cancelled().into()
}

/// Masks cancellation for the running task, if `on` is not 0: its calls act as if it were not
/// cancelled. `on` 0 ends the mask.
///
/// # Returns
/// The previous mask, 1 or 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if called outside of tasks.
#[unsafe(no_mangle)]
pub extern "C" fn acort_cancel_mask(on: c_int) -> c_int {
    super::answer(cancel::mask(on != 0).map(c_int::from))
}
