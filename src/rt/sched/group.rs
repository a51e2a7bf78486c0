//! What callers do with groups: open, wait for, fail, cancel, close.

use core::ffi::c_int;
use core::ptr::{self, NonNull};

use crate::rt::base::lock::Lock;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::caller::Caller;
use crate::rt::model::group::Group;
use crate::rt::model::nesting;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::{self, Task};
use crate::rt::model::task_pool;
use crate::rt::model::worker::Worker;
use crate::rt::os::{self, Deadline, Result};
use crate::rt::park::attempt::{self, Waitable};
use crate::rt::park::cancel::CancelBatch;
use crate::sys;

/// A new group of `runtime`, inside the one of `opener`; NULL: inside none. `is_main`: that of a main task.
///
/// # Safety
/// The runtime exists; `opener` is NULL or the task that runs here, one of the runtime's.
pub(crate) unsafe fn open(
    runtime: *mut Runtime,
    opener: *mut Task,
    is_main: bool,
) -> Result<NonNull<Group>> {
    let group = os::allocate_zeroed::<Group>().ok_or(libc::ENOMEM)?;
    let new = group.as_ptr();
    // SAFETY: a new group; the caller's promise: the opener's group exists.
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

/// Frees a group with its ended tasks.
///
/// # Safety
/// No task of it lives; nobody uses it from here on.
pub(crate) unsafe fn free(group: *mut Group) {
    // SAFETY: the caller's promise.
    unsafe {
        // First: a walk holds the runtime's lock, and comes to the groups of its list alone.
        nesting::remove(group);
        while let Some(task) = NonNull::new((*group).first) {
            (*group).unlink(task.as_ptr());
            // Its worker may be about to let go of it: see `finish`.
            drop((*task.as_ptr()).lock.guard());
            task_pool::free(task.as_ptr());
        }
        sys::free(group.cast());
    }
}

/// Opens a group inside that of the running task; in a hook that no task runs, inside none. EPERM: this thread is no
/// worker.
pub(crate) fn open_current() -> Result<*mut Group> {
    // SAFETY: the thread's worker, and the task that runs on it.
    unsafe {
        let worker = Worker::current().as_ref().ok_or(libc::EPERM)?;
        open(worker.runtime, worker.current, false).map(NonNull::as_ptr)
    }
}

/// Until no task of it lives.
impl Waitable for Group {
    unsafe fn parts(group: *mut Group) -> (*const Lock, *mut WaitQueue) {
        // SAFETY: the caller's promise.
        unsafe { (&raw const (*group).lock, &raw mut (*group).waiters) }
    }

    unsafe fn attempt(group: *mut Group, _: *mut u8) -> Option<Result<()>> {
        // SAFETY: the caller's promise.
        unsafe {
            if (*group).live != 0 {
                return None;
            }
            (*group).lock.unlock();
        }
        Some(Ok(()))
    }
}

/// `group` has failed with the errno `error`, unless it has failed before: all its tasks but the caller are
/// cancelled, as by [`cancel`]. EINVAL: that is no errno.
///
/// # Safety
/// The group exists.
pub(crate) unsafe fn fail(group: *mut Group, error: c_int) -> Result<()> {
    if error <= 0 {
        return Err(libc::EINVAL);
    }
    // SAFETY: the caller's promise.
    unsafe {
        let held = (*group).lock.guard();
        if (*group).error == 0 {
            (*group).error = error;
        }
        drop(held);
        cancel(group);
    }
    Ok(())
}

/// The errno that `group` has failed with.
///
/// # Safety
/// The group exists, and no task of it lives.
pub(crate) unsafe fn outcome(group: *mut Group) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let _guard = (*group).lock.guard();
        if (*group).error == 0 { Ok(()) } else { Err((*group).error) }
    }
}

/// EDEADLK: the running task is one of `group`, so that its end would wait for itself.
fn refuse_member(group: *mut Group) -> Result<()> {
    // SAFETY: the task that runs.
    let is_member = unsafe { task::current().as_ref() }.is_some_and(|me| me.group == group);
    if is_member { Err(libc::EDEADLK) } else { Ok(()) }
}

/// Waits until no task of `group` lives. EDEADLK: the caller is one.
///
/// # Safety
/// The group exists until then.
pub(crate) unsafe fn wait(
    caller: Caller,
    group: *mut Group,
    mode: WaitMode,
    deadline: Deadline,
) -> Result<()> {
    refuse_member(group)?;
    // SAFETY: the caller's promise.
    unsafe { attempt::wait(caller, group, ptr::null_mut(), WaitReason::Group, mode, deadline) }
}

/// Cancels the tasks of `group`, waits for their ends, and frees it. EDEADLK: the caller is one, and nothing is
/// done.
///
/// # Safety
/// The group exists; nobody uses it from here on.
pub(crate) unsafe fn close(group: *mut Group) -> Result<()> {
    refuse_member(group)?;
    // SAFETY: the caller's promise.
    unsafe {
        cancel(group);
        wait(Caller::current(), group, WaitMode::Uninterruptible, Deadline::NEVER)?;
        free(group);
    }
    Ok(())
}

/// `group`, or where that is NULL the running task's. EPERM: none runs.
pub(crate) fn or_current(group: *mut Group) -> Result<*mut Group> {
    // SAFETY: the task that runs.
    match unsafe { task::current().as_ref() } {
        _ if !group.is_null() => Ok(group),
        Some(task) => Ok(task.group),
        None => Err(libc::EPERM),
    }
}

/// Cancels all tasks of `group` and of all groups inside it but the caller, now and in future.
///
/// # Safety
/// The group exists.
pub(crate) unsafe fn cancel(group: *mut Group) {
    let me = task::current();
    let mut woken = CancelBatch::NONE;
    // SAFETY: the caller's promise; what is in the list exists.
    unsafe {
        let held = (*(*group).runtime).lock.guard();
        nesting::for_each_within(group, &mut |group| {
            let held = (*group).lock.guard();
            (*group).is_cancelled = true;
            drop(held);
            (*group).for_each(&mut |task| {
                if task != me && !(*task).has_finished() {
                    woken.cancel(task);
                }
            });
        });
        drop(held);
        woken.wake();
    }
}
