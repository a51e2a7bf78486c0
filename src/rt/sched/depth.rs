//! How deep a task has used its stack.

use core::sync::atomic::Ordering;

use crate::coroutine;
use crate::rt::model::task::{ABANDONED, FINISHED, NEW, STACK_PAINTED, STARTED, Task};
use crate::rt::model::worker::Worker;
use crate::rt::os::Result;

/// The deepest use that is known, in bytes; 0: nothing is known. EBUSY: it has begun on another worker, which
/// may take its stack away.
///
/// # Safety
/// The task exists.
pub(crate) unsafe fn used(task: *mut Task) -> Result<isize> {
    // SAFETY: the caller's promise; a task of this thread's worker neither begins nor ends meanwhile.
    let bytes = unsafe {
        match (*task).state.load(Ordering::Acquire) {
            STARTED if (*task).parker.worker() != Worker::current() => return Err(libc::EBUSY),
            STARTED if !(*task).co.is_null() => coroutine::stack_used((*task).co),
            // A hook is told of its end.
            STARTED | FINISHED
                if (*task).has_flag(STACK_PAINTED) && !(*task).has_flag(ABANDONED) =>
            {
                (*task).wait_target.load(Ordering::Relaxed)
            }
            NEW.. => 0,
            _ => return Err(libc::ESRCH),
        }
    };
    Ok(bytes as isize)
}
