//! Lists of claimed waiters, which their waker has taken out of a queue and is about to wake.

use core::ptr;

use super::wait_queue::{WaitQueue, Waiter};

/// A list of claimed waiters, in the order in which they are woken (Q5).
pub(crate) struct WakeList {
    first: *mut Waiter,
    last: *mut Waiter,
}

impl WakeList {
    /// An empty list.
    pub(crate) const NEW: WakeList = WakeList { first: ptr::null_mut(), last: ptr::null_mut() };

    /// Adds a waiter at the end.
    ///
    /// # Safety
    /// The caller has claimed `waiter`, which is in no queue.
    pub(crate) unsafe fn add(&mut self, waiter: *mut Waiter) {
        // SAFETY: claimed waiters stay until they are woken (Q5).
        unsafe {
            (*waiter).next = ptr::null_mut();
            match self.last.as_mut() {
                Some(last) => last.next = waiter,
                None => self.first = waiter,
            }
        }
        self.last = waiter;
    }

    /// Claims all waiters of `queue`, and adds them.
    ///
    /// # Safety
    /// The lock of the queue's object is held.
    pub(crate) unsafe fn add_all(&mut self, queue: &mut WaitQueue) {
        loop {
            let waiter = queue.claim_front();
            if waiter.is_null() {
                return;
            }
            // SAFETY: the waiter was just claimed and taken out.
            unsafe { self.add(waiter) }
        }
    }

    /// Returns the first waiter, for [`pop_waiter`]; null if there is none.
    pub(crate) fn list(self) -> *mut Waiter {
        self.first
    }
}

/// Takes the first waiter from a list of claimed ones.
pub(crate) fn pop_waiter(list: &mut *mut Waiter) -> Option<*mut Waiter> {
    let first = *list;
    // SAFETY: a claimed waiter stays until it is woken (Q5).
    *list = unsafe { first.as_ref() }?.next;
    Some(first)
}

impl WaitQueue {
    /// Claims all waiters, and returns them as a list for [`pop_waiter`].
    pub(crate) fn claim_all(&mut self) -> *mut Waiter {
        let mut all = WakeList::NEW;
        // SAFETY: the caller holds the lock.
        unsafe { all.add_all(self) };
        all.list()
    }
}
