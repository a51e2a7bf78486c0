//! A worker's inbox: the tasks that other threads have woken, and the sleep flag.
//!
//! ```text
//!      worker                                       pusher
//!   w1 announce_sleep: sleeping = 1              p1 push: the task becomes `head`
//!   w2 fence(SeqCst)                             p2 fence(SeqCst)
//!   w3 inbox and all other sources empty?        p3 sleeping == 1?
//!   w4 yes: sleep in the poller                  p4 swap(sleeping, 0) == 1? yes: wake the poller
//!   w5 announce_awake: sleeping = 0
//! ```
//!
//! * I1. No task is missed: w2 and p2 are SeqCst fences, so w3 finds the task or p3 finds the flag.
//! * I2. Only the worker sets `sleeping`. The swap in p4 lets one thread win, so a sleep takes at most one wake-up. A
//!   push to a worker that is awake makes no system call.
//! * I3. A wake-up between w1 and w4 is not lost: the poller keeps it, and w4 returns at once.
//! * I4. w3 checks every source of work: inbox, injector, `has_abandoned_tasks`, `is_stopping`. A thread that adds to
//!   a source does p2 to p4 afterwards (`claim_wakeup`).
//! * I5. The list is a stack. `drain` takes all of it with one swap and reverses it: first in, first out.
//! * I6. `pushers` is raised before p1, and lowered after p4. The worker frees its inbox after its last task has
//!   ended and `wait_for_pushers` has returned.

use core::ptr;

use super::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering, fence};
use super::list::Link;

/// A worker's inbox, in a separate cache line. All zero is an empty inbox of a worker that is awake.
#[repr(align(64))]
pub(crate) struct Inbox<T: Link> {
    /// The node that was pushed last. Each node links to the one that was pushed before it.
    head: AtomicPtr<T>,
    /// The worker sleeps, or is about to, and no thread has claimed its wake-up yet.
    sleeping: AtomicBool,
    /// Threads inside [`push`](Self::push) (I6).
    pushers: AtomicU32,
}

impl<T: Link> Inbox<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.head.load(Ordering::SeqCst).is_null()
    }

    /// Says that the worker is about to sleep (w1, w2). The worker checks all sources of work after that (I4).
    pub(crate) fn announce_sleep(&self) {
        self.sleeping.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// Says that the worker is awake (w5).
    pub(crate) fn announce_awake(&self) {
        self.sleeping.store(false, Ordering::SeqCst);
    }

    /// Returns true if the worker sleeps and the caller is to wake it (p2 to p4).
    pub(crate) fn claim_wakeup(&self) -> bool {
        fence(Ordering::SeqCst);
        self.sleeping.load(Ordering::SeqCst) && self.sleeping.swap(false, Ordering::SeqCst)
    }

    /// Pushes a node, and calls `wake` if the worker sleeps. From any thread.
    ///
    /// # Safety
    /// `node` is in no list, and belongs to the inbox's worker, which drains it before it frees the inbox (I6).
    pub(crate) unsafe fn push(inbox: *const Self, node: *mut T, wake: impl FnOnce()) {
        // SAFETY: until the compare-and-swap `node` keeps the inbox, as the worker drains it first; from then on
        // `pushers` does (I6).
        unsafe {
            (*inbox).pushers.fetch_add(1, Ordering::Relaxed);
            let mut head = (*inbox).head.load(Ordering::Relaxed);
            loop {
                *T::next(node) = head;
                let orders = (Ordering::AcqRel, Ordering::Relaxed);
                match (*inbox).head.compare_exchange_weak(head, node, orders.0, orders.1) {
                    Ok(_) => break,
                    Err(current) => head = current,
                }
            }
            if (*inbox).claim_wakeup() {
                wake();
            }
            (*inbox).pushers.fetch_sub(1, Ordering::Release);
        }
    }

    /// Takes all nodes, and calls `each` for them in the order in which they were pushed (I5). Only the worker calls.
    #[inline(always)]
    pub(crate) fn drain(&self, mut each: impl FnMut(*mut T)) {
        if self.head.load(Ordering::Relaxed).is_null() {
            return;
        }
        // A thread that finds the inbox empty after this also finds that the worker has left the idle state (D1 of
        // `deadlock`).
        let mut node = self.head.swap(ptr::null_mut(), Ordering::AcqRel);
        let mut reversed: *mut T = ptr::null_mut();
        // SAFETY: the nodes belong to this worker, and are in no list but the one that was just taken.
        unsafe {
            while !node.is_null() {
                let next = T::next(node).replace(reversed);
                reversed = node;
                node = next;
            }
            while !reversed.is_null() {
                let next = *T::next(reversed);
                each(reversed);
                reversed = next;
            }
        }
    }

    /// Waits until no thread is inside [`push`](Self::push): then the worker may free the inbox (I6).
    pub(crate) fn wait_for_pushers(&self) {
        while self.pushers.load(Ordering::Acquire) != 0 {
            crate::sys::yield_thread();
        }
    }
}

#[cfg(all(test, feature = "rt"))]
mod tests {
    use super::*;
    use crate::rt::base::list::tests::Node;

    #[test]
    fn drained_in_the_order_of_the_pushes() {
        let inbox: Inbox<Node> = Inbox {
            head: AtomicPtr::new(ptr::null_mut()),
            sleeping: AtomicBool::new(false),
            pushers: AtomicU32::new(0),
        };
        let (mut nodes, mut wakes, mut drained) = ([1, 2, 3].map(Node::new), 0, Vec::new());
        let [first, second, third] = nodes.each_mut().map(ptr::from_mut);
        // SAFETY: the nodes are in no list, and outlive the inbox.
        unsafe {
            Inbox::push(&raw const inbox, first, || wakes += 1);
            inbox.announce_sleep();
            Inbox::push(&raw const inbox, second, || wakes += 1);
            Inbox::push(&raw const inbox, third, || wakes += 1);
        }
        assert_eq!(wakes, 1);
        assert!(!inbox.is_empty());
        // SAFETY: a drained node is live.
        inbox.drain(|node| drained.push(unsafe { (*node).value }));
        assert_eq!(drained, [1, 2, 3]);
        assert!(inbox.is_empty());
        inbox.announce_sleep();
        inbox.announce_awake();
        assert!(!inbox.claim_wakeup());
        inbox.wait_for_pushers();
    }
}
