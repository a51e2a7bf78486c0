//! An event: a flag, and the callers that wait until it is set.
//!
//! The flag changes, and is read, under the lock. So a caller that has seen the flag set may free the event: the setter
//! has unlocked it by then, and does not use it afterwards.

use core::ptr;

use crate::rt::base::lock::Lock;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::abi::acort_event_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::attempt::{self, Waitable};
use crate::rt::park::wake::wake_all;

/// The contents of an `acort_event_t`. All zero: not set.
#[repr(C)]
pub(crate) struct Event {
    /// Protects the other fields.
    pub(crate) lock: Lock,
    pub(crate) is_set: u32,
    pub(crate) queue: WaitQueue,
}

const _: () = assert!(size_of::<Event>() <= size_of::<acort_event_t>());

impl Waitable for Event {
    unsafe fn parts(event: *mut Event) -> (*const Lock, *mut WaitQueue) {
        // SAFETY: the event exists.
        unsafe { (&raw const (*event).lock, &raw mut (*event).queue) }
    }

    unsafe fn attempt(event: *mut Event, _: *mut u8) -> Option<Result<()>> {
        // SAFETY: the event exists, and its lock is held.
        unsafe {
            if (*event).is_set == 0 {
                return None;
            }
            (*event).lock.unlock();
        }
        Some(Ok(()))
    }
}

/// Sets the event, and wakes all waiters.
///
/// # Safety
/// The event exists during the call, and as long as a call waits for it.
pub(crate) unsafe fn set(event: *mut Event) {
    // SAFETY: the event exists until it is unlocked. A claimed waiter stays in its call until it is woken.
    unsafe {
        let guard = (*event).lock.guard();
        (*event).is_set = 1;
        let list = (*event).queue.claim_all();
        drop(guard);
        wake_all(list, None);
    }
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
    let (wait_reason, mode) = (WaitReason::Event, WaitMode::Cancellable);
    // SAFETY: the event exists.
    unsafe { attempt::wait(caller, event, ptr::null_mut(), wait_reason, mode, deadline) }
}
