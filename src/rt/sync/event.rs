//! Events: set or not; all who wait go on when one is set.

use core::ptr;

use crate::rt::base::lock::Lock;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::abi::acort_event_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::Result;
use crate::rt::park::attempt::{self, Waitable};
use crate::rt::park::wake::wake_all;

/// What stands in an `acort_event_t`. Everything under its lock: who has seen that it is set may free it,
/// so the one that sets it must have let go of it by then.
#[repr(C)]
pub(crate) struct Event {
    pub(crate) lock: Lock,
    pub(crate) is_set: u32,
    pub(crate) queue: WaitQueue,
}

const _: () = assert!(size_of::<Event>() <= size_of::<acort_event_t>());

impl Waitable for Event {
    unsafe fn parts(event: *mut Event) -> (*const Lock, *mut WaitQueue) {
        // SAFETY: the caller's promise.
        unsafe { (&raw const (*event).lock, &raw mut (*event).queue) }
    }

    unsafe fn attempt(event: *mut Event, _: *mut u8) -> Option<Result<()>> {
        // SAFETY: the caller's promise.
        unsafe {
            if (*event).is_set == 0 {
                return None;
            }
            (*event).lock.unlock();
        }
        Some(Ok(()))
    }
}

/// Sets it: who waits goes on.
///
/// # Safety
/// It is there while somebody uses it.
pub(crate) unsafe fn set(event: *mut Event) {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let held = (*event).lock.guard();
        (*event).is_set = 1;
        let list = (*event).queue.claim_all();
        drop(held);
        wake_all(list, None);
    }
}

/// It is not set any more.
///
/// # Safety
/// As [`set`].
pub(crate) unsafe fn reset(event: *mut Event) {
    // SAFETY: the caller's promise.
    unsafe {
        let _guard = (*event).lock.guard();
        (*event).is_set = 0;
    }
}

/// Waits until it is set.
///
/// # Safety
/// As [`set`].
#[inline(always)]
pub(crate) unsafe fn wait(caller: Caller, event: *mut Event, deadline: i64) -> Result<()> {
    let (wait_reason, mode) = (WaitReason::Event, WaitMode::Cancellable);
    // SAFETY: the caller's promise.
    unsafe { attempt::wait(caller, event, ptr::null_mut(), wait_reason, mode, deadline) }
}
