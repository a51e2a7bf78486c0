//! Tasks are joined, and left to themselves. The task's lock is held for each step of this table.
//!
//! ```text
//!   the task has    join(), detach()               the end (see `finish`)
//!   no flag         JOINED, waits; DETACHED        stays in its group
//!   JOINED          EINVAL                         leaves its group, wakes the joiner
//!   DETACHED        EINVAL                         leaves its group, is freed
//!   ended           leaves its group, is freed
//! ```
//!
//! 1. One thread frees a task: its joiner, the call that detaches it, its end, or its group.
//! 2. A joiner whose wait fails takes its flag back while the task lives. Otherwise the task is the joiner's, with the
//!    result. A joiner that is given up loses its flag before any task ends.
//! 3. An ended task without a flag is in its group. With a flag it is in none, or about to leave it.

use core::ffi::c_void;
use core::ptr;

use crate::rt::base::atomic::Ordering;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::task::{self, DETACHED, JOINED, MAIN, SPAWN_FAILED, Task};
use crate::rt::model::task_pool;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::wait::{self, Wait};

/// Waits for the end of a task, frees it, and gives its result. EINVAL: it is detached, a main task, or another call
/// joins it; EDEADLK: it is the caller; ENOMEM: it could not begin; ETIMEDOUT, ECANCELED: it lives.
///
/// # Safety
/// The task exists.
pub(crate) unsafe fn join(task: *mut Task, deadline: Deadline) -> Result<*mut c_void> {
    // SAFETY: the caller's promise: from the flag on this call alone frees it.
    unsafe {
        if task == task::current() {
            return Err(libc::EDEADLK);
        }
        let lock = &raw const (*task).lock;
        (*lock).lock();
        if (*task).has_flag(DETACHED | JOINED | MAIN) {
            (*lock).unlock();
            return Err(libc::EINVAL);
        }
        if (*task).has_finished() {
            (*task).set_flag(JOINED, true);
            (*lock).unlock();
            (*(*task).group).remove(task);
            return result_of(task);
        }
        if deadline.is_now() {
            (*lock).unlock();
            return Err(libc::ETIMEDOUT);
        }
        (*task).set_flag(JOINED, true);
        let (about, mode) = (task as usize, WaitMode::Cancellable);
        let wait = Wait::new(WaitReason::Join, about, mode, deadline);
        let outcome = wait::wait_on(lock, &raw mut (*task).join_waiters, ptr::null_mut(), wait);
        if let Err(error) = outcome {
            let held = (*lock).guard();
            if !(*task).has_finished() {
                (*task).set_flag(JOINED, false);
                return Err(error);
            }
            drop(held);
        }
        result_of(task)
    }
}

/// The joiner of `task` is given up: it frees nothing.
///
/// # Safety
/// The task has not ended, and is joined by a call that does not go on.
pub(crate) unsafe fn abandon(task: *mut Task) {
    // SAFETY: the caller's promise.
    unsafe {
        let _guard = (*task).lock.guard();
        (*task).set_flag(JOINED, false);
    }
}

/// The result of an ended task, which is freed.
unsafe fn result_of(task: *mut Task) -> Result<*mut c_void> {
    // SAFETY: the caller's promise: it is in no list, and this call's.
    unsafe {
        let (result, state) = ((*task).phase.result, (*task).state.load(Ordering::Acquire));
        task_pool::free(task);
        if state == SPAWN_FAILED { Err(libc::ENOMEM) } else { Ok(result) }
    }
}

/// Lets a task be freed when it ends. EINVAL as for [`join`].
///
/// # Safety
/// The task exists.
pub(crate) unsafe fn detach(task: *mut Task) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let held = (*task).lock.guard();
        if (*task).has_flag(DETACHED | JOINED | MAIN) {
            return Err(libc::EINVAL);
        }
        (*task).set_flag(DETACHED, true);
        let has_finished = (*task).has_finished();
        drop(held);
        if has_finished {
            (*(*task).group).remove(task);
            task_pool::free(task);
        }
    }
    Ok(())
}
