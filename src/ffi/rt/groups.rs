//! Groups of tasks.

use core::ffi::{c_int, c_void};

use super::{non_null, object, status, try_object, try_status, until};
use crate::rt::base::parker::WaitMode;
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::{acort_group_t, acort_task_t};
use crate::rt::model::caller::Caller;
use crate::rt::os::Deadline;
use crate::rt::sched::{group, group_deadline, group_next};

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

/// Waits until one more task of `group` has ended, takes its result, and frees it: acort_join() for
/// whichever task is first. The result goes to `ret`, unless `ret` is NULL. Tasks that have ended
/// already come first, in the order of their ends. Detached tasks, and tasks that a call joins, are
/// left out; so are those of groups inside.
///
/// # Returns
/// The task, for comparisons: it is freed, and a later task may have the same address. Or NULL and
/// `errno`.
///
/// # Errors
/// - `ESRCH` if no task of the group is left.
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the caller is cancelled.
/// - `EDEADLK` in a task of the group.
/// - `EINVAL` if `group` is NULL.
/// - `ENOMEM` if the task never began: there was no memory for its stack. It is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_next(
    group: *mut acort_group_t,
    ret: *mut *mut c_void,
    deadline: i64,
) -> *mut acort_task_t {
    let caller = Caller::current();
    // SAFETY: `group` is not NULL, so it is an open group; `ret` is NULL or writable.
    try_object(|| unsafe {
        let (task, result) = group_next::next(caller, non_null(group)?, Deadline::at(deadline))?;
        size_prefixed::write_if_some(ret, result);
        Ok(task)
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

/// Gives `group` a deadline. If it is open at `until`, it fails with ETIMEDOUT, as by
/// acort_group_fail(): its tasks and those of the groups inside it are cancelled, and
/// acort_group_wait() returns that error. Another call replaces the deadline; ACORT_NEVER removes it.
/// A time that has passed is soon: when the caller waits next. `group` NULL is the caller's group.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `until` is negative and not ACORT_NEVER, or the group is of another runtime.
/// - `EPERM` outside of tasks.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_deadline(group: *mut acort_group_t, until: i64) -> c_int {
    // SAFETY: the group is an open one, or that of the running task.
    try_status(|| unsafe { group_deadline::set(group::or_current(group)?, Deadline::at(until)) })
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
