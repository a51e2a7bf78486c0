//! The plain threads that wait for one file descriptor in poll(2): a list in its entry.
//!
//! * T1. A thread is in the list of an entry only inside `thread_wait::poll`. The node lies on the thread's stack.
//! * T2. The list changes under the entry's lock.

use core::ffi::c_int;
use core::ptr;

use crate::rt::os::WakeFds;

/// The list of an entry. All zero: no thread waits.
pub(super) struct PollingThreads {
    first: *mut PollingThread,
}

/// A thread in the list.
pub(super) struct PollingThread {
    next: *mut PollingThread,
    /// The pointer to this node: the list's `first`, or the `next` of the node before.
    link: *mut *mut PollingThread,
    /// Ends the thread's poll(2).
    wake_fds: WakeFds,
}

impl PollingThread {
    /// A node in no list.
    pub(super) fn new() -> PollingThread {
        PollingThread { next: ptr::null_mut(), link: ptr::null_mut(), wake_fds: WakeFds::new() }
    }

    /// The descriptor that becomes readable when the thread is to wake. Negative: the system has none left.
    pub(super) fn wake_fd(&self) -> c_int {
        self.wake_fds.reader()
    }

    /// Puts the node in `list`.
    ///
    /// # Safety
    /// The entry's lock is held. The node stays in place until [`leave`](Self::leave).
    pub(super) unsafe fn join(&mut self, list: *mut PollingThreads) {
        // SAFETY: the list's nodes exist (T1), and the lock is held (T2).
        unsafe {
            let first = &raw mut (*list).first;
            (self.next, self.link) = (*first, first);
            if let Some(next) = self.next.as_mut() {
                next.link = &raw mut self.next;
            }
            *first = self;
        }
    }

    /// Takes the node out of its list.
    ///
    /// # Safety
    /// The entry's lock is held. The node is in the entry's list.
    pub(super) unsafe fn leave(&mut self) {
        // SAFETY: the neighbors exist (T1), and the lock is held (T2).
        unsafe {
            *self.link = self.next;
            if let Some(next) = self.next.as_mut() {
                next.link = self.link;
            }
        }
    }
}

impl PollingThreads {
    /// Ends the poll(2) of each thread.
    ///
    /// # Safety
    /// The entry's lock is held.
    pub(super) unsafe fn notify_all(&self) {
        // SAFETY: the lock is held.
        unsafe { self.for_each(|thread| thread.wake_fds.notify()) }
    }

    /// The number of threads in the list.
    ///
    /// # Safety
    /// The entry's lock is held.
    pub(super) unsafe fn count(&self) -> u64 {
        let mut count = 0;
        // SAFETY: the lock is held.
        unsafe { self.for_each(|_| count += 1) };
        count
    }

    unsafe fn for_each(&self, mut act: impl FnMut(&PollingThread)) {
        let mut next = self.first;
        // SAFETY: a thread stays in place until it has left the list, under the lock (T1, T2).
        while let Some(thread) = unsafe { next.as_ref() } {
            act(thread);
            next = thread.next;
        }
    }
}
