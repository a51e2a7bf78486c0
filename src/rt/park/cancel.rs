//! Words from outside to a task: the one that it parks for, and that it is cancelled.

use core::ptr::{self, NonNull};

use super::wake;
use crate::rt::base::lock::tsan_release;
use crate::rt::base::parker::wake_error;
use crate::rt::model::task::{self, Task};
use crate::rt::os::Result;

/// Gives a token.
///
/// # Safety
/// The task exists.
pub(crate) unsafe fn unpark(task: *mut Task) {
    // SAFETY: the caller's promise: a wait that was ended here is woken here.
    unsafe {
        tsan_release(&raw const (*task).parker);
        if (*task).parker.unpark() {
            wake::wake(&raw mut (*task).parker, 1);
        }
    }
}

/// Cancels for good.
///
/// # Safety
/// The task exists.
pub(crate) unsafe fn cancel(task: *mut Task) {
    let mut woken = CancelBatch::NONE;
    // SAFETY: the caller's promise.
    unsafe {
        woken.cancel(task);
        woken.wake();
    }
}

/// Tasks whose waits were ended, in no other list: to be woken once no lock is held, for a hook may see it.
pub(crate) struct CancelBatch(*mut Task);

impl CancelBatch {
    pub(crate) const NONE: CancelBatch = CancelBatch(ptr::null_mut());

    /// Cancels a task.
    ///
    /// # Safety
    /// It exists.
    pub(crate) unsafe fn cancel(&mut self, task: *mut Task) {
        // SAFETY: the caller's promise: who waits is in no list, and who ends its wait has it.
        unsafe {
            if (*task).parker.cancel() {
                (*task).next = self.0;
                self.0 = task;
            }
        }
    }

    /// Wakes them.
    ///
    /// # Safety
    /// No lock is held.
    pub(crate) unsafe fn wake(mut self) {
        while let Some(task) = NonNull::new(self.0) {
            // SAFETY: nobody else wakes it.
            unsafe {
                self.0 = (*task.as_ptr()).next;
                let parker = &raw mut (*task.as_ptr()).parker;
                wake::wake(parker, wake_error(libc::ECANCELED));
            }
        }
    }
}

/// Is the running task cancelled, and not masked?
pub(crate) fn is_cancelled() -> bool {
    // SAFETY: the task that runs.
    unsafe { task::current().as_ref() }.is_some_and(|task| task.parker.is_cancelled())
}

/// Masks cancellation for the running task. Gives how it was. EPERM: there is none.
pub(crate) fn mask(on: bool) -> Result<bool> {
    // SAFETY: the task that runs.
    unsafe { task::current().as_ref() }.map(|task| task.parker.mask(on)).ok_or(libc::EPERM)
}
