//! Groups of tasks.

use core::ffi::c_int;

use super::{non_null, object, status, until};
use crate::rt::base::parker;
use crate::rt::model::abi::acort_group_t;
use crate::rt::model::caller::Caller;
use crate::rt::sched::group;

/// A group for tasks (acort_attr_t.group). Groups nest: the new one is inside the caller's own group, and is cancelled
/// when that one, or any around it, is cancelled, fails or is closed. Where the caller's group is cancelled already, the
/// new one is cancelled from the beginning, unless the caller has masked cancellation. NULL and errno: EPERM outside of
/// tasks, ENOMEM. The caller owns it: acort_group_close().
#[unsafe(no_mangle)]
pub extern "C" fn acort_group_open() -> *mut acort_group_t {
    object(group::open_current())
}

/// Waits until no task of `group` lives. 0, or -1 and errno: what acort_group_fail() was given first;
/// ETIMEDOUT, ECANCELED; EDEADLK in a task of it; EINVAL for NULL.
///
/// # Safety
/// `group` is NULL or an open group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_wait(group: *mut acort_group_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    let mode = parker::WaitMode::Cancellable;
    // SAFETY: `group` is not NULL, so it is an open group.
    status(non_null(group).and_then(|group| unsafe {
        group::wait(caller, group, mode, until(deadline)?)?;
        group::outcome(group)
    }))
}

/// Cancels all tasks of `group` and of the groups inside it, at any depth, but the caller, and those that are started
/// there later. NULL: the caller's own group; a main task's group takes new tasks still. 0, or -1 and errno: EPERM for
/// NULL outside of tasks.
///
/// # Safety
/// `group` is NULL or an open group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_cancel(group: *mut acort_group_t) -> c_int {
    // SAFETY: the group is an open one, or that of the running task.
    status(group::or_current(group).map(|group| unsafe { group::cancel(group) }))
}

/// Says that `group` has failed with the errno `err`, which acort_group_wait() gives then: the first one
/// counts. It is cancelled, as by acort_group_cancel(), with the groups inside it, which do not fail. NULL: the
/// caller's own group; that of a main task has acort_run() or acort_enter() give the errno. 0, or -1 and errno:
/// EINVAL where `err` is not positive, EPERM for NULL outside of tasks.
///
/// # Safety
/// `group` is NULL or an open group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_fail(group: *mut acort_group_t, err: c_int) -> c_int {
    // SAFETY: the group is an open one, or that of the running task.
    status(group::or_current(group).and_then(|group| unsafe { group::fail(group, err) }))
}

/// Cancels `group`, as acort_group_cancel() does, waits for the ends of its own tasks, and frees it and them. A group
/// inside it that is still open is from then on inside the one around it. Not cancelled itself. 0, or -1 and errno:
/// EDEADLK in a task of it, where nothing is done; EINVAL for NULL.
///
/// # Safety
/// `group` is NULL or an open group that nobody uses from here on, if this succeeds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_close(group: *mut acort_group_t) -> c_int {
    // SAFETY: `group` is not NULL, so it is an open group.
    status(non_null(group).and_then(|group| unsafe { group::close(group) }))
}
