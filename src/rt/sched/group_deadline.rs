//! acort_group_deadline(): a time at which a group fails with ETIMEDOUT. GT1 and GT2 are in `model/group_timer`.

use super::group;
use crate::rt::model::{Group, GroupTimer, Worker, task};
use crate::rt::os::{self, Deadline, Result};
use crate::rt::park::CancelBatch;
use crate::sys;

/// Gives `group` a deadline, in the place of the one that it had; NEVER: it has none. Errors: `EINVAL`, also for a
/// group of another runtime; `EPERM` if no task runs; `ENOMEM`.
///
/// # Safety
/// The group exists.
pub(crate) unsafe fn set(group: *mut Group, until: Deadline) -> Result<()> {
    let worker = Worker::current();
    if task::current().is_null() {
        return Err(libc::EPERM);
    }
    // SAFETY: a running task has a worker. The group exists, and with it its runtime.
    unsafe {
        let runtime = (*worker).runtime;
        if !until.is_valid() || (*group).runtime != runtime {
            return Err(libc::EINVAL);
        }
        let mut new: *mut GroupTimer = core::ptr::null_mut();
        if until != Deadline::NEVER {
            if !(*worker).group_timers.reserve_one() {
                return Err(libc::ENOMEM);
            }
            new = os::allocate_zeroed::<GroupTimer>().ok_or(libc::ENOMEM)?.as_ptr();
            ((*new).worker, (*new).group) = (worker, group);
        }
        let guard = (*runtime).lock.guard();
        let old = GroupTimer::detach(group);
        (*group).timer = new;
        drop(guard);
        GroupTimer::release(old);
        if let Some(time) = until.time() {
            (*worker).group_timers.insert(new, time);
        }
    }
    Ok(())
}

/// Lets the groups fail whose deadlines are not after `now`.
///
/// # Safety
/// `worker` is this thread's. No lock is held.
#[inline(always)]
pub(crate) unsafe fn expire(worker: *mut Worker, now: i64) {
    // SAFETY: `worker` is this thread's.
    unsafe {
        while let Some(timer) = (*worker).group_timers.pop_expired(now) {
            let mut woken = CancelBatch::NONE;
            let guard = (*(*worker).runtime).lock.guard();
            let group = (*timer).group;
            if !group.is_null() {
                GroupTimer::detach(group);
                group::fail_locked(group, libc::ETIMEDOUT, &mut woken);
            }
            drop(guard);
            woken.wake();
            sys::free(timer.cast());
        }
    }
}

/// Frees the timers that are left when the worker ends.
///
/// # Safety
/// This thread is the worker, and no task of it lives.
pub(crate) unsafe fn free_all(worker: *mut Worker) {
    // SAFETY: `worker` is this thread's.
    unsafe {
        while let Some(timer) = (*worker).group_timers.pop_expired(i64::MAX) {
            let guard = (*(*worker).runtime).lock.guard();
            if let Some(group) = (*timer).group.as_mut() {
                GroupTimer::detach(group);
            }
            drop(guard);
            sys::free(timer.cast());
        }
        (*worker).group_timers.free();
    }
}
