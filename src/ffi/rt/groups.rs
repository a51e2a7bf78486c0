//! Groups of tasks.

use core::ffi::c_int;
use core::ptr::NonNull;

use super::{given, object, status, until};
use crate::rt::abi::acort_group_t;
use crate::rt::{group, parker, report};

/// A group for tasks (acort_attr_t.group). NULL and errno: EPERM outside of tasks, ENOMEM. The caller owns
/// it: acort_group_close().
#[unsafe(no_mangle)]
pub extern "C" fn acort_group_open() -> *mut acort_group_t {
    // SAFETY: the runtime of the thread's worker.
    object(
        report::runtime_here()
            .and_then(|runtime| unsafe { group::open(runtime, false).map(NonNull::as_ptr) }),
    )
}

/// Waits until no task of `group` lives. 0, or -1 and errno: what acort_group_fail() was given first;
/// ETIMEDOUT, ECANCELED; EDEADLK in a task of it; EINVAL for NULL.
///
/// # Safety
/// `group` is NULL or an open group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_wait(group: *mut acort_group_t, deadline: i64) -> c_int {
    let hearing = parker::Hearing::Cancellation;
    // SAFETY: the caller's promise.
    status(given(group).and_then(|group| unsafe {
        group::wait(group, hearing, until(deadline)?)?;
        group::outcome(group)
    }))
}

/// Cancels all tasks of `group`, and those that are started in it later. NULL: all tasks of the caller's
/// own group but the caller. 0, or -1 and errno: EPERM for NULL outside of tasks.
///
/// # Safety
/// `group` is NULL or an open group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_cancel(group: *mut acort_group_t) -> c_int {
    // SAFETY: the caller's promise.
    status(group::or_own(group).map(|group| unsafe { group::cancel(group) }))
}

/// Says that `group` has failed with the errno `err`, which acort_group_wait() gives then: the first one
/// counts. All its tasks but the caller are cancelled, as by acort_group_cancel(). NULL: the caller's own
/// group; that of a main task has acort_run() or acort_enter() give the errno. 0, or -1 and errno: EINVAL
/// where `err` is not positive, EPERM for NULL outside of tasks.
///
/// # Safety
/// `group` is NULL or an open group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_fail(group: *mut acort_group_t, err: c_int) -> c_int {
    // SAFETY: the caller's promise.
    status(group::or_own(group).and_then(|group| unsafe { group::fail(group, err) }))
}

/// Cancels all tasks of `group`, waits for their ends, and frees it and them. Not cancelled itself. 0, or
/// -1 and errno: EDEADLK in a task of it, where nothing is done; EINVAL for NULL.
///
/// # Safety
/// `group` is NULL or an open group that nobody uses from here on, if this succeeds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_group_close(group: *mut acort_group_t) -> c_int {
    // SAFETY: the caller's promise.
    status(given(group).and_then(|group| unsafe { group::close(group) }))
}
