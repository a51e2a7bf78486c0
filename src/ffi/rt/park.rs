//! Time, park and unpark, cancellation.

use core::ffi::c_int;

use super::status;
use crate::rt::model::abi::acort_task_t;
use crate::rt::model::task;
use crate::rt::os::Deadline;
use crate::rt::park::{cancel, sleep, suspend};

/// Returns the time of CLOCK_MONOTONIC, which deadlines are compared with. In a task of
/// acort_test_run() it is the time of that run's clock.
///
/// # Returns
/// The time in nanoseconds.
#[unsafe(no_mangle)]
pub extern "C" fn acort_now() -> i64 {
    sleep::now()
}

/// Returns the deadline `ns` nanoseconds from now: `acort_after(ACORT_S(5))`. A negative `ns` gives
/// a time that has passed.
///
/// # Returns
/// The deadline, at least 1. ACORT_NEVER if it is beyond the range of the clock.
#[unsafe(no_mangle)]
pub extern "C" fn acort_after(ns: i64) -> i64 {
    sleep::after(ns)
}

/// Returns the deadline `ms` milliseconds from now, as acort_after() does.
///
/// # Returns
/// The deadline, at least 1. ACORT_NEVER if it is beyond the range of the clock.
#[unsafe(no_mangle)]
pub extern "C" fn acort_after_ms(ms: i64) -> i64 {
    sleep::after_ms(ms)
}

/// Sleeps for `ns` nanoseconds. With 0 or fewer it is acort_yield() in a task, and returns at once
/// in a plain thread.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED` if the task is cancelled.
/// - `ETIMEDOUT` if a scope of acort_deadline_push() ends before.
#[unsafe(no_mangle)]
pub extern "C" fn acort_sleep(ns: i64) -> c_int {
    status(sleep::sleep(ns))
}

/// Sleeps until `deadline`; with ACORT_NEVER until the task is cancelled.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED` if the task is cancelled.
/// - `ETIMEDOUT` if a scope of acort_deadline_push() ends before.
#[unsafe(no_mangle)]
pub extern "C" fn acort_sleep_until(deadline: i64) -> c_int {
    status(sleep::sleep_until(Deadline::at(deadline)))
}

/// Waits until acort_unpark() is called for this task, or takes the token of an earlier call.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EPERM` outside of tasks.
#[unsafe(no_mangle)]
pub extern "C" fn acort_park(deadline: i64) -> c_int {
    status(suspend::park(Deadline::at(deadline)))
}

/// Ends the acort_park() of `task`, or gives it a token for its next one. A task has at most one
/// token.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_unpark(task: *mut acort_task_t) -> c_int {
    // SAFETY: `check` has found the task.
    status(task::check(task).map(|task| unsafe { cancel::unpark(task.as_ptr()) }))
}

/// Cancels `task` permanently. Its wait ends with ECANCELED, and so does each later call that may
/// wait, on entry, before it has an effect. Calls with deadline 0 still work, and so do calls that
/// never wait: unlock, post, set, close, unref. Clean-up that may wait masks cancellation:
/// acort_cancel_mask().
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cancel(task: *mut acort_task_t) -> c_int {
    // SAFETY: `check` has found the task.
    status(task::check(task).map(|task| unsafe { cancel::cancel(task.as_ptr()) }))
}

/// Interrupts `task`: its wait ends with the error number `err`, if a cancellation would end it. If
/// the task does not wait, or its wait has succeeded, the interruption is pending: the next call that
/// may wait fails with `err`, on entry, before it has an effect. So it is while cancellation is
/// masked, and for calls with deadline 0.
///
/// One interruption ends one wait. A task has at most one that is pending, the last one. A cancelled
/// task has none. With `err` 0 the pending one is taken back.
///
/// # Returns
/// 0, or -1 and `errno`. With `err` 0: 1 if an interruption was pending, and ends nothing any more.
///
/// # Errors
/// - `EINVAL` if `task` is NULL, or `err` is negative or above 4095.
/// - `ESRCH` if the task was freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_interrupt(task: *mut acort_task_t, err: c_int) -> c_int {
    const MAX: c_int = 4095;
    let task = if (0..=MAX).contains(&err) { task::check(task) } else { Err(libc::EINVAL) };
    // SAFETY: `check` has found the task.
    super::answer(task.map(|task| unsafe { cancel::interrupt(task.as_ptr(), err) }.into()))
}

/// Returns whether the running task is cancelled and has not masked cancellation.
///
/// # Returns
/// 1 or 0. 0 in a plain thread.
#[unsafe(no_mangle)]
pub extern "C" fn acort_cancelled() -> c_int {
    cancel::is_cancelled().into()
}

/// Masks cancellation for the running task if `on` is not 0, or unmasks it. While it is masked, the
/// task's calls ignore cancellation, so clean-up may wait.
///
/// # Returns
/// The state before, 1 or 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` outside of tasks.
#[unsafe(no_mangle)]
pub extern "C" fn acort_cancel_mask(on: c_int) -> c_int {
    super::answer(cancel::mask(on != 0).map(c_int::from))
}
