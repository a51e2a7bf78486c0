//! An event: a flag, and the callers that wait until it is set.
//!
//! The flag changes, and is read, under the lock. So a caller that has seen the flag set may free the event: the setter
//! has unlocked it by then, and does not use it afterwards.

use core::ptr;

use crate::rt::base::{Aliased, Lock, WaitQueue, WaitReason};
use crate::rt::model::Caller;
use crate::rt::model::abi::acort_event_t;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::{Attempt, Parts, SUCCESS, Waitable, attempt};

/// The contents of an `acort_event_t`. All zero: not set.
#[repr(C)]
pub(crate) struct Event {
    /// Protects the other fields.
    pub(crate) lock: Lock,
    pub(crate) is_set: u32,
    pub(crate) queue: WaitQueue,
    pub(super) _aliased: Aliased,
}

const _: () = assert!(size_of::<Event>() <= size_of::<acort_event_t>());

impl Waitable for Event {
    unsafe fn parts(event: *mut Event) -> Parts {
        // SAFETY: the event exists.
        unsafe { (&raw const (*event).lock, &raw mut (*event).queue) }
    }

    unsafe fn attempt(&mut self, _: *mut u8) -> Attempt {
        if self.is_set != 0 { SUCCESS } else { None }
    }
}

/// Sets the event, and wakes all waiters.
///
/// # Safety
/// The event exists during the call, and as long as a call waits for it.
pub(crate) unsafe fn set(event: *mut Event) {
    let set = |event: &mut Event| {
        event.is_set = 1;
        Ok(event.queue.claim_all())
    };
    // SAFETY: the event exists until it is unlocked.
    let _ = unsafe { attempt::change_and_wake(event, set) };
}

/// Clears the event.
///
/// # Safety
/// As [`set`].
pub(crate) unsafe fn reset(event: *mut Event) {
    // SAFETY: the event exists.
    unsafe {
        let _guard = (*event).lock.guard();
        (*event).is_set = 0;
    }
}

/// Waits until the event is set.
///
/// # Safety
/// As [`set`].
#[inline(always)]
pub(crate) unsafe fn wait(caller: Caller, event: *mut Event, deadline: Deadline) -> Result<()> {
    // SAFETY: the event exists.
    unsafe { attempt::wait(caller, event, ptr::null_mut(), WaitReason::Event, deadline) }
}
