//! Words from outside to a task: the one that it parks for, and that it is cancelled.

use super::lock::happens_before;
use super::task::{self, Task};
use super::{Outcome, group, wake};

/// Gives a token.
///
/// # Safety
/// The task exists.
pub(crate) unsafe fn unpark(task: *mut Task) {
    // SAFETY: the caller's promise: a wait that was ended here is woken here.
    unsafe {
        happens_before(&raw const (*task).parker);
        if (*task).parker.give_token() {
            wake::wake(&raw mut (*task).parker, 1);
        }
    }
}

/// Cancels for good.
///
/// # Safety
/// The task exists.
pub(crate) unsafe fn cancel(task: *mut Task) {
    // SAFETY: the caller's promise.
    unsafe { group::cancel_task(task) }
}

/// Is the running task cancelled, and not masked?
pub(crate) fn is_cancelled() -> bool {
    // SAFETY: the task that runs.
    unsafe { task::here().as_ref() }.is_some_and(|task| task.parker.is_cancelled())
}

/// Masks cancellation for the running task. Gives how it was. EPERM: there is none.
pub(crate) fn mask(on: bool) -> Outcome<bool> {
    // SAFETY: the task that runs.
    unsafe { task::here().as_ref() }.map(|task| task.parker.mask(on)).ok_or(libc::EPERM)
}
