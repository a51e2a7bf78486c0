//! Groups of tasks.

use core::ffi::c_int;

use super::{given, object, status, until};
use crate::rt::base::parker;
use crate::rt::model::abi::acort_group_t;
use crate::rt::model::caller::Caller;
use crate::rt::sched::group;

/// Opens a group for tasks, for `acort_attr_t.group`. Groups nest: the new group is inside the
/// caller's own group. It is cancelled when an enclosing group is cancelled, fails or is closed. If
/// the caller's group is cancelled already, the new group starts cancelled, unless the caller masks
/// cancellation. The caller owns the group and frees it with acort_group_close().
///
/// # Returns
/// The group, or NULL and `errno`.
///
/// # Errors
/// - `EPERM` if called outside of tasks.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn acort_group_open() -> *mut acort_group_t {
    object(group::open_current())
}

/// Waits until no task of `group` lives. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - the first error that acort_group_fail() was given for the group.
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EDEADLK` if the caller belongs to `group`.
/// - `EINVAL` if `group` is NULL, or `deadline` is invalid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_wait(group: *mut acort_group_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    let mode = parker::WaitMode::Cancellable;
    // SAFETY: `group` is an open group (`given`).
    status(given(group).and_then(|group| unsafe {
        group::wait(caller, group, mode, until(deadline)?)?;
        group::outcome(group)
    }))
}

/// Cancels all tasks of `group` and of the groups inside it, at any depth, except the caller. Tasks
/// that are started there later are cancelled, too. `group` NULL means the caller's own group. A
/// main task's group still accepts new tasks, which are not cancelled.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if `group` is NULL outside of tasks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_cancel(group: *mut acort_group_t) -> c_int {
    // SAFETY: `group` is an open group (F1), or the running task's.
    status(group::or_current(group).map(|group| unsafe { group::cancel(group) }))
}

/// Records that `group` has failed with the error number `err`, and cancels it like
/// acort_group_cancel(). The groups inside it are cancelled, but do not fail. Only the first error
/// of a group counts. acort_group_wait() fails with it. `group` NULL means the caller's own group.
/// For a main task's group, acort_run() or acort_enter() fails with the error.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `err` is not positive.
/// - `EPERM` if `group` is NULL outside of tasks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_fail(group: *mut acort_group_t, err: c_int) -> c_int {
    // SAFETY: `group` is an open group (F1), or the running task's.
    status(group::or_current(group).and_then(|group| unsafe { group::fail(group, err) }))
}

/// Cancels `group` like acort_group_cancel(), waits for the end of its own tasks, and frees the
/// group and the tasks. An open group inside it moves to the enclosing group. Not a cancellation
/// point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EDEADLK` if the caller belongs to `group`. The call has no effect then.
/// - `EINVAL` if `group` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_close(group: *mut acort_group_t) -> c_int {
    // SAFETY: `group` is an open group (`given`). Nothing uses it after a success (F5).
    status(given(group).and_then(|group| unsafe { group::close(group) }))
}
