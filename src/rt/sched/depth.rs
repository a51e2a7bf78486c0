//! How deep a task has used its stack.

use core::sync::atomic::Ordering;

use crate::coroutine;
use crate::rt::model::task::{ENDED, FRESH, GIVEN_UP, MEASURED, STARTED, Task};
use crate::rt::model::worker::Worker;
use crate::rt::os::Outcome;

/// The deepest use that is known, in bytes; 0: nothing is known. EBUSY: it has begun on another worker, which
/// may take its stack away.
///
/// # Safety
/// The task exists.
pub(crate) unsafe fn used(task: *mut Task) -> Outcome<isize> {
    // SAFETY: the caller's promise; a task of this thread's worker neither begins nor ends meanwhile.
    let bytes = unsafe {
        match (*task).state.load(Ordering::Acquire) {
            STARTED if (*task).parker.worker() != Worker::here() => return Err(libc::EBUSY),
            STARTED if !(*task).co.is_null() => coroutine::stack_used((*task).co),
            // A hook is told of its end.
            STARTED | ENDED if (*task).has(MEASURED) && !(*task).has(GIVEN_UP) => {
                (*task).about.load(Ordering::Relaxed)
            }
            FRESH.. => 0,
            _ => return Err(libc::ESRCH),
        }
    };
    Ok(bytes as isize)
}
