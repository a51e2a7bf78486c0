//! Events: set or not; all who wait go on when one is set.

use core::ptr;

use super::Outcome;
use super::lock::Lock;
use super::parker::Hearing;
use super::queue::Queue;
use super::wait::{self, Begun, Wait};
use super::wake::wake_all;
use super::why::Why;

/// What stands in an `acort_event_t`. Everything under its lock: who has seen that it is set may free it,
/// so the one that sets it must have let go of it by then.
#[repr(C)]
pub(crate) struct Event {
    pub(crate) lock: Lock,
    pub(crate) is_set: u32,
    pub(crate) queue: Queue,
}

/// Sets it: who waits goes on.
///
/// # Safety
/// It is there while somebody uses it.
pub(crate) unsafe fn set(event: *mut Event) {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let held = (*event).lock.hold();
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
        let _held = (*event).lock.hold();
        (*event).is_set = 0;
    }
}

/// Waits until it is set.
///
/// # Safety
/// As [`set`].
#[inline(always)]
pub(crate) unsafe fn wait(event: *mut Event, deadline: i64) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe { wait::end_in_queue(begin(event, deadline)) }
}

#[inline(never)]
unsafe fn begin(event: *mut Event, deadline: i64) -> Begun {
    // SAFETY: the caller's promise.
    unsafe {
        let lock = &raw const (*event).lock;
        (*lock).take();
        if (*event).is_set != 0 {
            (*lock).give();
            return Begun::Over(Ok(()));
        }
        let hearing = Hearing::Cancellation;
        let wait = Wait { why: Why::Event, about: event as usize, hearing, deadline };
        wait::begin_in_queue(lock, &raw mut (*event).queue, ptr::null_mut(), wait)
    }
}
