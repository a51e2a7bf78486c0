//! Condvar variables.

use super::mutex::{self, Mutex};
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::abi::acort_cond_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::Result;
use crate::rt::park::wait::Wait;
use crate::rt::park::wake::{wake_all, wake_waiter};

/// What stands in an `acort_cond_t`.
#[repr(C)]
pub(crate) struct Condvar {
    lock: Lock,
    queue: WaitQueue,
}

const _: () = assert!(size_of::<Condvar>() <= size_of::<acort_cond_t>());

/// Waits for a signal, without the mutex. EPERM: the caller does not have that.
///
/// # Safety
/// Both are there while somebody uses them.
pub(crate) unsafe fn wait(
    caller: Caller,
    condition: *mut Condvar,
    mutex: *mut Mutex,
    deadline: i64,
) -> Result<()> {
    let mode = WaitMode::Cancellable;
    let wait = Wait::new(WaitReason::Condvar, condition as usize, mode, deadline);
    // SAFETY: the caller's promise.
    unsafe {
        let (lock, queue) = (&raw const (*condition).lock, &raw mut (*condition).queue);
        mutex::unlock_and_wait(caller, mutex, lock, queue, wait)
    }
}

/// Wakes who waits first.
///
/// # Safety
/// As [`wait`].
pub(crate) unsafe fn signal(condition: *mut Condvar) {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let held = (*condition).lock.guard();
        let first = (*condition).queue.claim_front();
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
pub(crate) unsafe fn broadcast(condition: *mut Condvar) {
    // SAFETY: as in `signal`.
    unsafe {
        let held = (*condition).lock.guard();
        let list = (*condition).queue.claim_all();
        drop(held);
        wake_all(list, None);
    }
}
