//! Cancels and interrupts waits of tasks, and masks cancellation; acort_unpark().
//!
//! A waker must not run hooks under a lock (T6). So a walk over tasks under locks collects those whose waits it has
//! ended in a [`CancelBatch`], and wakes them afterwards.

use core::ffi::c_int;

use super::wake;
use crate::rt::base::{List, interruption, wake_error};
use crate::rt::model::{Task, task};
use crate::rt::os::Result;

/// Gives the task a token: ends its wait for one, or its next one.
///
/// # Safety
/// `task` is live.
pub(crate) unsafe fn unpark(task: *mut Task) {
    // SAFETY: the task is live. `unpark` returns true to the waker only (P1 of `parker`).
    unsafe {
        if (*task).parker.unpark() {
            wake::wake(&raw mut (*task).parker, 1);
        }
    }
}

/// Cancels a task, permanently.
///
/// # Safety
/// `task` is live.
pub(crate) unsafe fn cancel(task: *mut Task) {
    let mut woken = CancelBatch::NONE;
    // SAFETY: the task is live. No lock is held.
    unsafe {
        woken.cancel(task);
        woken.wake();
    }
}

/// Ends the task's wait with `errno`, or its next one. 0: takes a pending interruption back. Returns true if there was
/// one.
///
/// # Safety
/// `task` is live.
pub(crate) unsafe fn interrupt(task: *mut Task, errno: c_int) -> bool {
    // SAFETY: the task is live. `interrupt` returns true to the waker only (P1 of `parker`).
    unsafe {
        if errno == 0 {
            return (*task).parker.take_interruption();
        }
        if (*task).parker.interrupt(errno) {
            wake::wake(&raw mut (*task).parker, wake_error(interruption(errno)));
        }
    }
    false
}

/// Tasks whose waits a cancellation has ended, the last one first. The owner of the batch is their waker.
pub(crate) struct CancelBatch(List<Task>);

impl CancelBatch {
    pub(crate) const NONE: CancelBatch = CancelBatch(List::NEW);

    /// Cancels a task. Adds it to the batch if that has ended its wait.
    ///
    /// # Safety
    /// `task` is live.
    pub(crate) unsafe fn cancel(&mut self, task: *mut Task) {
        // SAFETY: the task is live. A task that waits is in no list (T3), and its waker may use `next`.
        unsafe {
            if (*task).parker.cancel() {
                self.0.push_front(task);
            }
        }
    }

    /// Wakes the tasks.
    ///
    /// # Safety
    /// No lock is held.
    pub(crate) unsafe fn wake(mut self) {
        // SAFETY: a task of the batch is claimed, so it is live until this wakes it (P3).
        unsafe {
            while let Some(task) = self.0.pop().as_mut() {
                wake::wake(&raw mut task.parker, wake_error(libc::ECANCELED));
            }
        }
    }
}

/// Returns true if the running task is cancelled and not masked.
pub(crate) fn is_cancelled() -> bool {
    // SAFETY: a running task is live.
    unsafe { task::current().as_ref() }.is_some_and(|task| task.parker.is_cancelled())
}

/// Masks cancellation for the running task, or unmasks it. Returns whether it was masked. Errors: EPERM if no task
/// runs.
pub(crate) fn mask(on: bool) -> Result<bool> {
    // SAFETY: a running task is live.
    unsafe { task::current().as_ref() }.map(|task| task.parker.mask(on)).ok_or(libc::EPERM)
}
