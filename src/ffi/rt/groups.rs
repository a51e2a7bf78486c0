//! Groups of tasks.

use core::ffi::c_int;

use super::{non_null, object, status, try_status, until};
use crate::rt::base::parker::WaitMode;
use crate::rt::model::abi::acort_group_t;
use crate::rt::model::caller::Caller;
use crate::rt::sched::group;

/// Opens a group for tasks (`acort_attr_t.group`). The caller owns it: acort_group_close().
///
/// Groups nest. The new group is inside the group of the calling task. It is cancelled when that
/// group, or one around it, is cancelled, fails or is closed. If the caller's group is cancelled
/// already, the new one is cancelled from the start, unless the caller has masked cancellation.
///
/// # Returns
/// The group, or NULL and `errno`.
///
/// # Errors
/// - `EPERM` outside of tasks.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn acort_group_open() -> *mut acort_group_t {
    object(group::open_current())
}

/// Waits until no task of `group` lives.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The first error that acort_group_fail() was called with.
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EDEADLK` in a task of the group.
/// - `EINVAL` if `group` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_wait(group: *mut acort_group_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `group` is not NULL, so it is an open group.
    try_status(|| unsafe {
        let group = non_null(group)?;
        group::wait(caller, group, WaitMode::Cancellable, until(deadline)?)?;
        group::outcome(group)
    })
}

/// Cancels all tasks of `group` and of the groups inside it, at any depth, except the caller. Tasks
/// that are started there later are cancelled, too. `group` NULL is the caller's group; the group
/// of a main task still takes new tasks that are not cancelled.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if `group` is NULL outside of tasks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_cancel(group: *mut acort_group_t) -> c_int {
    // SAFETY: the group is an open one, or that of the running task.
    status(group::or_current(group).map(|group| unsafe { group::cancel(group) }))
}

/// Fails `group` with the error number `err`, which acort_group_wait() returns then. The first
/// error counts. The group is cancelled as by acort_group_cancel(), with the groups inside it,
/// which do not fail. `group` NULL is the caller's group; acort_run() and acort_enter() return the
/// error of a main task's group.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `err` is not positive.
/// - `EPERM` if `group` is NULL outside of tasks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_fail(group: *mut acort_group_t, err: c_int) -> c_int {
    // SAFETY: the group is an open one, or that of the running task.
    try_status(|| unsafe { group::fail(group::or_current(group)?, err) })
}

/// Cancels `group` as acort_group_cancel() does, waits until its own tasks have ended, and frees it
/// and them. A group inside it that is still open is then inside the group around it. The wait is
/// no cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EDEADLK` in a task of the group: nothing is done.
/// - `EINVAL` if `group` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_close(group: *mut acort_group_t) -> c_int {
    // SAFETY: `group` is not NULL, so it is an open group.
    try_status(|| unsafe { group::close(non_null(group)?) })
}
