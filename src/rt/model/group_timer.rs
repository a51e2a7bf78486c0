//! The deadline of a group, as an entry in the timer heap of a worker.
//!
//! ```text
//!   set (a task of the worker)      the group has the timer, the heap has its entry
//!   expire (the worker)             the entry leaves the heap; the group, if there is one, fails; the timer is freed
//!   set again, free (any thread)    the group loses the timer. On the worker's thread it is freed;
//!                                   else it stays in the heap without a group, until it expires or the worker ends
//! ```
//!
//! * GT1. `group` of a timer and `timer` of its group change together, under the runtime's lock. So a walk under that
//!   lock finds a group that exists (NG3 of `nesting`), or none.
//! * GT2. Only the thread of `worker` uses the heap, and frees timers.

use super::group::Group;
use super::worker::Worker;
use crate::rt::base::HeapSlot;
use crate::sys;

/// A timer of a group.
pub(crate) struct GroupTimer {
    slot: u32,
    pub(crate) worker: *mut Worker,
    /// Null: the group has another deadline, or was freed (GT1).
    pub(crate) group: *mut Group,
}

impl GroupTimer {
    /// Separates a group from its timer, which the caller releases. Null: it has none.
    ///
    /// # Safety
    /// The lock of the runtime is held.
    pub(crate) unsafe fn detach(group: *mut Group) -> *mut GroupTimer {
        // SAFETY: the group is live, and its timer as long as it has one (GT1).
        unsafe {
            let timer = core::mem::replace(&mut (*group).timer, core::ptr::null_mut());
            if let Some(timer) = timer.as_mut() {
                timer.group = core::ptr::null_mut();
            }
            timer
        }
    }

    /// Frees a timer that its group has lost, if this is the thread of its worker (GT2).
    ///
    /// # Safety
    /// `timer` is null, or the caller has detached it.
    pub(crate) unsafe fn release(timer: *mut GroupTimer) {
        // SAFETY: a timer is freed by its worker's thread alone. `worker` does not change.
        unsafe {
            if !timer.is_null() && (*timer).worker == Worker::current() {
                (*(*timer).worker).group_timers.remove(timer);
                sys::free(timer.cast());
            }
        }
    }
}

// SAFETY: only the timer heap writes `slot`.
unsafe impl HeapSlot for GroupTimer {
    #[inline(always)]
    fn slot(this: *mut GroupTimer) -> *mut u32 {
        // SAFETY: the address of a field of a timer.
        unsafe { &raw mut (*this).slot }
    }
}
