//! acort_group_open(), wait, fail, cancel and close.

use core::ffi::c_int;
use core::ptr::{self, NonNull};

use crate::rt::base::{WaitMode, WaitReason};
use crate::rt::model::{
    Caller, Group, GroupTimer, Runtime, Task, Worker, nesting, task, task_pool,
};
use crate::rt::os::{self, Deadline, Result};
use crate::rt::park::{Attempt, CancelBatch, Parts, SUCCESS, Waitable, attempt};
use crate::sys;

/// Opens a group inside that of `opener`; NULL: inside none. `is_main`: it is for a main task. Errors: `ENOMEM`.
///
/// # Safety
/// The runtime exists. `opener` is NULL, or the task of the runtime that runs on this thread.
pub(crate) unsafe fn open(
    runtime: *mut Runtime,
    opener: *mut Task,
    is_main: bool,
) -> Result<NonNull<Group>> {
    let group = os::allocate_zeroed::<Group>().ok_or(libc::ENOMEM)?;
    let new = group.as_ptr();
    // SAFETY: a new group. The opener runs, so its group exists.
    unsafe {
        (*new).runtime = runtime;
        let _guard = ((*runtime).lock.guard(), (*new).lock.guard());
        match opener.as_ref() {
            None => {
                (*new).is_main = is_main;
                nesting::insert(ptr::null_mut(), new);
            }
            Some(opener) => {
                (*new).is_cancelled = nesting::starts_cancelled(opener);
                nesting::insert(opener.group, new);
            }
        }
    }
    Ok(group)
}

/// Frees a group, with the ended tasks in its list.
///
/// # Safety
/// Each task of the group has ended, or was never started. No thread uses the group afterwards.
pub(crate) unsafe fn free(group: *mut Group) {
    // SAFETY: this thread alone uses the group, once no walk can find it.
    unsafe {
        // First: a walk holds the runtime's lock, and visits only the groups in its list.
        GroupTimer::release(nesting::remove(group));
        while let Some(task) = NonNull::new((*group).first) {
            (*group).unlink(task.as_ptr());
            // The task's worker may still hold its lock (F2 of `finish`).
            drop((*task.as_ptr()).lock.guard());
            task_pool::free(task.as_ptr());
        }
        sys::free(group.cast());
    }
}

/// Opens a group inside that of the running task; in a hook without a running task, inside none. Errors: `EPERM` if
/// this thread is no worker; `ENOMEM`.
pub(crate) fn open_current() -> Result<*mut Group> {
    // SAFETY: the thread's worker and its runtime exist, and `current` is NULL or the running task.
    unsafe {
        let worker = Worker::current().as_ref().ok_or(libc::EPERM)?;
        open(worker.runtime, worker.current, false).map(NonNull::as_ptr)
    }
}

/// The wait for a group ends when no task of it lives.
impl Waitable for Group {
    unsafe fn parts(group: *mut Group) -> Parts {
        // SAFETY: the group exists.
        unsafe { (&raw const (*group).lock, &raw mut (*group).waiters) }
    }

    unsafe fn attempt(&mut self, _: *mut u8) -> Attempt {
        if self.live == 0 { SUCCESS } else { None }
    }
}

/// Records the first failure of a group, and cancels its tasks as [`cancel`] does. Errors: `EINVAL` if `error` is no
/// errno.
///
/// # Safety
/// The group exists.
pub(crate) unsafe fn fail(group: *mut Group, error: c_int) -> Result<()> {
    if error <= 0 {
        return Err(libc::EINVAL);
    }
    // SAFETY: the group exists.
    unsafe {
        let mut woken = CancelBatch::NONE;
        let guard = (*(*group).runtime).lock.guard();
        fail_locked(group, error, &mut woken);
        drop(guard);
        woken.wake();
    }
    Ok(())
}

/// As [`fail`], under the lock of the runtime. The caller wakes the tasks in `woken` without it.
///
/// # Safety
/// The group exists, and the lock of its runtime is held.
pub(super) unsafe fn fail_locked(group: *mut Group, error: c_int, woken: &mut CancelBatch) {
    // SAFETY: the group exists.
    unsafe {
        let guard = (*group).lock.guard();
        if (*group).error == 0 {
            (*group).error = error;
        }
        drop(guard);
        cancel_locked(group, woken);
    }
}

/// The errno with which a group has failed.
///
/// # Safety
/// The group exists, and no task of it lives.
pub(crate) unsafe fn outcome(group: *mut Group) -> Result<()> {
    // SAFETY: the group exists.
    unsafe {
        let _guard = (*group).lock.guard();
        if (*group).error == 0 { Ok(()) } else { Err((*group).error) }
    }
}

/// Waits until no task of `group` lives. Errors: `EDEADLK` if the caller is one; `ETIMEDOUT`, `ECANCELED`.
///
/// # Safety
/// The group exists until then.
pub(crate) unsafe fn wait(
    caller: Caller,
    group: *mut Group,
    mode: WaitMode,
    deadline: Deadline,
) -> Result<()> {
    Group::check_not_member(group)?;
    // SAFETY: the group exists until its wait has ended.
    unsafe {
        attempt::wait_in_mode(caller, group, ptr::null_mut(), WaitReason::Group, mode, deadline)
    }
}

/// Cancels the tasks of `group`, waits for their ends, and frees the group. Errors: `EDEADLK` if the caller is one of
/// them: nothing is done.
///
/// # Safety
/// The group exists, and no thread uses it afterwards.
pub(crate) unsafe fn close(group: *mut Group) -> Result<()> {
    Group::check_not_member(group)?;
    // SAFETY: the group exists. After the wait no task of it lives.
    unsafe {
        cancel(group);
        wait(Caller::current(), group, WaitMode::Uninterruptible, Deadline::NEVER)?;
        free(group);
    }
    Ok(())
}

/// `group`; if it is NULL, the running task's. Errors: `EPERM` if no task runs.
pub(crate) fn or_current(group: *mut Group) -> Result<*mut Group> {
    // SAFETY: the running task exists, or is NULL.
    match unsafe { task::current().as_ref() } {
        _ if !group.is_null() => Ok(group),
        Some(task) => Ok(task.group),
        None => Err(libc::EPERM),
    }
}

/// Cancels all tasks of `group` and of the groups inside it, except the caller. Tasks that are spawned there later are
/// cancelled, too.
///
/// # Safety
/// The group exists.
pub(crate) unsafe fn cancel(group: *mut Group) {
    let mut woken = CancelBatch::NONE;
    // SAFETY: the group exists, and with it its runtime.
    unsafe {
        let guard = (*(*group).runtime).lock.guard();
        cancel_locked(group, &mut woken);
        drop(guard);
        woken.wake();
    }
}

/// As [`cancel`], under the lock of the runtime. The caller wakes the tasks in `woken` without it.
unsafe fn cancel_locked(group: *mut Group, woken: &mut CancelBatch) {
    let current = task::current();
    // SAFETY: the group exists. What a walk visits exists while its locks are held.
    unsafe {
        nesting::for_each_within(group, &mut |group| {
            let guard = (*group).lock.guard();
            (*group).is_cancelled = true;
            drop(guard);
            (*group).for_each(&mut |task| {
                if task != current && !(*task).has_finished() {
                    woken.cancel(task);
                }
            });
        });
    }
}
