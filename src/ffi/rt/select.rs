//! A wait for the first of several things.
//!
//! The cases are memory of the program for the duration of the call: it writes `error` of the chosen one.

use core::ffi::c_int;

use super::{non_null, try_answer, until};
use crate::rt::model::abi::acort_case_t;
use crate::rt::os::Result;
use crate::rt::select::call as select;

/// Waits for the first of `n` cases that is ready, performs it, and returns its index. Of several
/// ready cases each has the same chance. All cases are tried at one moment; file descriptors are
/// asked for at that moment, one after the other. A closed channel is ready: `error` of its case is
/// EPIPE.
///
/// A case whose `op` is 0 or whose channel is NULL is never ready. Without any other case the call
/// waits until its deadline. A timer ends the wait at its time, which is read when the call begins
/// and must not change meanwhile. The caller owns a mutex that the call has chosen:
/// acort_mutex_unlock(). Only a case that is chosen waits for its child, or takes its signal. For
/// signals the call is in the order of those that wait in acort_signal_wait(), with its rules.
///
/// # Returns
/// The index, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `n` is not between 0 and 1024, `cases` is NULL and `n` is not 0, an operation does
///   not exist, an object or its data is NULL, a time is no deadline, a process id is 0 or
///   negative, a signal is not blocked, or there are more file descriptors than the process may
///   open.
/// - `EDEADLK` if the caller owns a mutex, or is a task of a group.
/// - `ESRCH` if a task was freed.
/// - `EBADF` if a file descriptor is not open.
/// - `EFAULT` if an object is on a shared stack.
/// - `ENOMEM` if there is no memory.
/// - `EPERM` if a plain thread would have to wait for file descriptors, children or signals.
/// - `ECHILD` if there is no such child, or other code has waited for it.
/// - `ENOSYS`, `EMFILE` as pidfd_open(2) and signalfd(2), for children and signals.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_select(cases: *mut acort_case_t, n: c_int, deadline: i64) -> c_int {
    // SAFETY: `cases` is NULL or has `n` cases, whose objects are valid.
    try_answer(|| unsafe { Ok(select::select(slice(cases, n)?, until(deadline)?)? as c_int) })
}

/// Waits as acort_select() does. Of several ready cases it takes the one with the lowest index.
///
/// # Returns
/// The index, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_select_ordered(
    cases: *mut acort_case_t,
    n: c_int,
    deadline: i64,
) -> c_int {
    // SAFETY: `cases` is NULL or has `n` cases, whose objects are valid.
    try_answer(|| unsafe {
        Ok(select::select_ordered(slice(cases, n)?, until(deadline)?)? as c_int)
    })
}

/// The cases of a call. EINVAL: NULL, unless there are none.
unsafe fn slice<'a>(cases: *mut acort_case_t, n: c_int) -> Result<&'a mut [acort_case_t]> {
    let count = usize::try_from(n).map_err(|_| libc::EINVAL)?;
    if count == 0 {
        return Ok(&mut []);
    }
    let first = non_null(cases)?;
    // SAFETY: not NULL, so there are `count` cases.
    Ok(unsafe { core::slice::from_raw_parts_mut(first, count) })
}
