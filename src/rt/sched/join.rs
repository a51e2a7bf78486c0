//! Joining and detaching tasks. The task's lock is held for each step of this table:
//!
//! ```text
//!   the task is      acort_join               acort_detach             complete (`finish`)
//!   NEW, STARTED     sets JOINED, waits       sets DETACHED            stays in its group
//!   and JOINED       EINVAL                   EINVAL                   leaves its group, wakes the joiner
//!   and DETACHED     EINVAL                   EINVAL                   leaves its group, is freed
//!   FINISHED         sets JOINED;             sets DETACHED;
//!                    leaves its group, freed  leaves its group, freed
//! ```
//!
//! * U1. One thread frees a task: its joiner, the call that detaches it, acort_group_next(), its worker at its end, or
//!   its group (G6 of `group`).
//! * U2. A joiner whose wait fails clears JOINED if the task is still alive. Otherwise the task is the joiner's, with
//!   its result. A joiner that is abandoned loses its flag before any task ends (F6 of `finish`).
//! * U3. A FINISHED task without a flag is in the list of its group. With a flag it is in none, or about to leave it.

use core::ffi::c_void;
use core::ptr;

use crate::rt::base::WaitReason;
use crate::rt::base::atomic::Ordering;
use crate::rt::model::task::{DETACHED, JOINED, MAIN, SPAWN_FAILED};
use crate::rt::model::{Task, task, task_pool};
use crate::rt::os::{Deadline, Result};
use crate::rt::park::{Wait, wait};

/// Waits for the end of a task, frees the task, and returns its result.
///
/// Errors: `EDEADLK` if the caller is the task; `EINVAL` for a main task, and if the task is DETACHED or JOINED;
/// `ETIMEDOUT` and `ECANCELED`: the task lives; `ENOMEM`: the task could not start, and is freed.
///
/// # Safety
/// The task exists.
pub(crate) unsafe fn join(task: *mut Task, deadline: Deadline) -> Result<*mut c_void> {
    // SAFETY: the task exists. From JOINED on this call alone frees it (U1).
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
            let is_taken = (*(*task).group).take(task);
            (*lock).unlock();
            return if is_taken { take_result(task) } else { Err(libc::EINVAL) };
        }
        if deadline.is_now() {
            (*lock).unlock();
            return Err(libc::ETIMEDOUT);
        }
        (*task).set_flag(JOINED, true);
        let wait = Wait::new(WaitReason::Join, task as usize, deadline);
        let parts = (lock, &raw mut (*task).join_waiters);
        let outcome = wait::wait_on(parts, ptr::null_mut(), wait);
        if let Err(error) = outcome {
            let guard = (*lock).guard();
            if !(*task).has_finished() {
                (*task).set_flag(JOINED, false);
                return Err(error);
            }
            drop(guard);
            if let Some(current) = task::current().as_ref() {
                current.parker.renew_interruption(error);
            }
        }
        take_result(task)
    }
}

/// Clears JOINED of a task whose joiner is abandoned.
///
/// # Safety
/// The task has not ended. The call that joins it does not continue.
pub(crate) unsafe fn drop_joiner(task: *mut Task) {
    // SAFETY: the task has not ended, so it exists.
    unsafe {
        let _guard = (*task).lock.guard();
        (*task).set_flag(JOINED, false);
    }
}

/// Frees an ended task, and returns its result. Errors: `ENOMEM` if it could not start.
///
/// # Safety
/// The task has ended, is in no list, and is the caller's (U1).
pub(super) unsafe fn take_result(task: *mut Task) -> Result<*mut c_void> {
    // SAFETY: an ended task has a result, and this call alone uses it.
    unsafe {
        let (result, state) = ((*task).phase.result, (*task).state.load(Ordering::Acquire));
        task_pool::free(task);
        if state == SPAWN_FAILED { Err(libc::ENOMEM) } else { Ok(result) }
    }
}

/// Lets a task be freed at its end. Errors: `EINVAL` as for [`join`].
///
/// # Safety
/// The task exists.
pub(crate) unsafe fn detach(task: *mut Task) -> Result<()> {
    // SAFETY: the task exists. If it has ended, this call alone frees it (U1).
    unsafe {
        let guard = (*task).lock.guard();
        if (*task).has_flag(DETACHED | JOINED | MAIN) {
            return Err(libc::EINVAL);
        }
        (*task).set_flag(DETACHED, true);
        let has_finished = (*task).has_finished();
        let is_taken = has_finished && (*(*task).group).take(task);
        drop(guard);
        if is_taken {
            task_pool::free(task);
        } else if has_finished {
            return Err(libc::EINVAL);
        }
    }
    Ok(())
}
