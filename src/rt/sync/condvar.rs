//! Condition variables.

use super::mutex::{self, Mutex};
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::Hearing;
use crate::rt::base::wait_queue::Queue;
use crate::rt::base::wait_reason::Why;
use crate::rt::model::abi::acort_cond_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::Outcome;
use crate::rt::park::wait::Wait;
use crate::rt::park::wake::{wake_all, wake_waiter};

/// What stands in an `acort_cond_t`.
#[repr(C)]
pub(crate) struct Condition {
    lock: Lock,
    queue: Queue,
}

const _: () = assert!(size_of::<Condition>() <= size_of::<acort_cond_t>());

/// Waits for a signal, without the mutex. EPERM: the caller does not have that.
///
/// # Safety
/// Both are there while somebody uses them.
pub(crate) unsafe fn wait(
    caller: Caller,
    condition: *mut Condition,
    mutex: *mut Mutex,
    deadline: i64,
) -> Outcome<()> {
    let hearing = Hearing::Cancellation;
    let wait = Wait::new(Why::Condition, condition as usize, hearing, deadline);
    // SAFETY: the caller's promise.
    unsafe {
        let (lock, queue) = (&raw const (*condition).lock, &raw mut (*condition).queue);
        mutex::wait_without(caller, mutex, lock, queue, wait)
    }
}

/// Wakes who waits first.
///
/// # Safety
/// As [`wait`].
pub(crate) unsafe fn signal(condition: *mut Condition) {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let held = (*condition).lock.hold();
        let first = (*condition).queue.claim_first();
        drop(held);
        if !first.is_null() {
            wake_waiter(first);
        }
    }
}

/// Wakes all.
///
/// # Safety
/// As [`wait`].
pub(crate) unsafe fn broadcast(condition: *mut Condition) {
    // SAFETY: as in `signal`.
    unsafe {
        let held = (*condition).lock.hold();
        let list = (*condition).queue.claim_all();
        drop(held);
        wake_all(list, None);
    }
}
