//! Lists of claimed waiters, which their waker has taken out of a queue and is about to wake.

use super::list::{Link, List};
use super::wait_queue::{WaitQueue, Waiter};

/// A list of claimed waiters, in the order in which they are woken (Q5).
pub(crate) type WakeList = List<Waiter>;

// SAFETY: a claimed waiter is in no queue, so that only its list uses `next` (Q5).
unsafe impl Link for Waiter {
    #[inline(always)]
    fn next(this: *mut Waiter) -> *mut *mut Waiter {
        // SAFETY: the address of a field of a waiter.
        unsafe { &raw mut (*this).next }
    }
}

impl WaitQueue {
    /// Claims all waiters, and adds them to `list`.
    ///
    /// # Safety
    /// The lock of the queue's object is held.
    pub(crate) unsafe fn claim_into(&mut self, list: &mut WakeList) {
        loop {
            let waiter = self.claim_front();
            if waiter.is_null() {
                return;
            }
            // SAFETY: the waiter was just claimed, and stays until it is woken (Q5).
            unsafe { list.push(waiter) }
        }
    }

    /// Claims all waiters.
    pub(crate) fn claim_all(&mut self) -> WakeList {
        let mut all = WakeList::NEW;
        // SAFETY: the caller holds the lock.
        unsafe { self.claim_into(&mut all) };
        all
    }
}
