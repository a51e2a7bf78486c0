//! Time, waiting for a word from somebody, cancellation.

use core::ffi::c_int;

use super::status;
use crate::rt::model::abi::acort_task_t;
use crate::rt::model::task;
use crate::rt::os::Deadline;
use crate::rt::park::{cancel, park, sleep};

/// Nanoseconds of CLOCK_MONOTONIC: what deadlines are compared with.
#[unsafe(no_mangle)]
pub extern "C" fn acort_now() -> i64 {
    sleep::now()
}

/// The deadline `ns` nanoseconds from now; ACORT_NEVER where that is beyond all time, 1 for none or fewer.
#[unsafe(no_mangle)]
pub extern "C" fn acort_after(ns: i64) -> i64 {
    sleep::after(ns)
}

/// Sleeps for `ns` nanoseconds; 0 or fewer: acort_yield() in a task. 0, or -1 and errno: ECANCELED.
#[unsafe(no_mangle)]
pub extern "C" fn acort_sleep(ns: i64) -> c_int {
    status(sleep::sleep(ns))
}

/// Sleeps until `deadline`; ACORT_NEVER: until the task is cancelled. 0, or -1 and errno: ECANCELED.
#[unsafe(no_mangle)]
pub extern "C" fn acort_sleep_until(deadline: i64) -> c_int {
    status(sleep::sleep_until(Deadline::at(deadline)))
}

/// Waits until somebody calls acort_unpark() for this task, or takes the word that was saved. 0, or -1 and
/// errno: ETIMEDOUT, ECANCELED; EPERM outside of tasks.
#[unsafe(no_mangle)]
pub extern "C" fn acort_park(deadline: i64) -> c_int {
    status(park::park(Deadline::at(deadline)))
}

/// Ends the acort_park() of `task`, or its next one: one word is saved. From any thread. 0, or -1 and
/// errno: EINVAL for NULL, ESRCH.
///
/// # Safety
/// `task` is NULL or a task.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_unpark(task: *mut acort_task_t) -> c_int {
    // SAFETY: `check` has found the task.
    status(task::check(task).map(|task| unsafe { cancel::unpark(task.as_ptr()) }))
}

/// Cancels `task`, for good: its wait gives ECANCELED, and so does from now on every call that may wait, on entry,
/// before it has an effect. Calls with deadline 0, and those that never wait (unlock, post, set, close, unref), still
/// work. Clean-up that may wait masks cancellation: acort_cancel_mask(). From any thread. 0, or
/// -1 and errno: EINVAL for NULL, ESRCH.
///
/// # Safety
/// `task` is NULL or a task.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cancel(task: *mut acort_task_t) -> c_int {
    // SAFETY: `check` has found the task.
    status(task::check(task).map(|task| unsafe { cancel::cancel(task.as_ptr()) }))
}

/// Is the running task cancelled, and not masked? 1 or 0; 0 in a plain thread.
#[unsafe(no_mangle)]
pub extern "C" fn acort_cancelled() -> c_int {
    cancel::is_cancelled().into()
}

/// Masks cancellation for the running task: its calls are as if it were not cancelled, so that clean-up may
/// wait. 0: no longer. Gives how it was, 1 or 0; -1 and EPERM outside of tasks.
#[unsafe(no_mangle)]
pub extern "C" fn acort_cancel_mask(on: c_int) -> c_int {
    super::answer(cancel::mask(on != 0).map(c_int::from))
}
