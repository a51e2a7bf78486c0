//! A worker's inbox: the tasks that other threads have woken, and the sleep flag, in one word.
//!
//! ```text
//!   head: null        no tasks; the worker is awake, or its wake-up is claimed
//!         SLEEPING    no tasks; the worker sleeps, or is about to
//!         a task      the one that was pushed last
//!
//!      worker                                       pusher
//!   w1 announce_sleep: null -> SLEEPING          p1 push: the task becomes `head`
//!   w2 fence(SeqCst)                             p2 head was SLEEPING? yes: wake the poller
//!   w3 all sources of work empty?                p3                         wakers + 1
//!   w4 yes: sleep in the poller
//!   w5 announce_awake: SLEEPING -> null
//! ```
//!
//! * I1. No task is missed: `head` is one word. If w1 comes before p1, p2 finds SLEEPING. If it comes after p1,
//!   w1 leaves `head` as it is, and w3 finds the task.
//! * I2. Only the worker sets SLEEPING. One thread replaces it, so a sleep takes at most one wake-up. A push to a
//!   worker that is awake is one atomic instruction, and makes no system call.
//! * I3. A wake-up between w1 and w4 is not lost: the poller keeps it, and w4 returns at once.
//! * I4. w3 checks every source of work: inbox, injector, `has_abandoned_tasks`, `is_stopping`. A thread that adds to
//!   another source than the inbox then does [`claim_wakeup`](Inbox::claim_wakeup): its fence and w2 are SeqCst, so w3
//!   finds the work, or the claim finds SLEEPING.
//! * I5. The list is a stack. `drain` takes all of it with one swap and reverses it: first in, first out.
//! * I6. After p1 only the thread that has replaced SLEEPING uses the worker, up to p3. The worker counts these threads
//!   in w5, as `claimed`. It frees its inbox after its last task has ended and `wait_for_wakers` has returned: `wakers`
//!   has reached `claimed`.
//! * I7. A message between two workers costs a move of this cache line there and one back, if both are awake. So a push
//!   begins with the compare-and-swap, without a look at `head`: a load would move the line a second time.

use core::ptr;

use super::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering, fence, prefetch_write};
use super::list::Link;

/// A worker's inbox, in a separate cache line. All zero is an empty inbox of a worker that is awake.
#[repr(align(64))]
pub(crate) struct Inbox<T: Link> {
    /// SLEEPING, or the node that was pushed last. Each node links to the one that was pushed before it.
    head: AtomicPtr<T>,
    /// Threads that have replaced SLEEPING, and have woken the worker (p3).
    wakers: AtomicU32,
    /// Sleeps whose SLEEPING another thread has replaced (w5). Only the worker uses it, and the next field.
    claimed: AtomicU32,
    /// The worker has set SLEEPING, and has not looked at it since.
    is_announced: AtomicBool,
}

impl<T: Link> Inbox<T> {
    /// The value of `head` that says that the worker sleeps. No node has this address.
    const SLEEPING: *mut T = ptr::without_provenance_mut(1);

    pub(crate) fn is_empty(&self) -> bool {
        let head = self.head.load(Ordering::SeqCst);
        head.is_null() || head == Self::SLEEPING
    }

    /// Replaces `head`. Err: it has this value instead.
    fn replace(&self, old: *mut T, new: *mut T) -> Result<(), *mut T> {
        self.head.compare_exchange(old, new, Ordering::AcqRel, Ordering::Relaxed).map(drop)
    }

    /// Says that the worker is about to sleep, unless a task has come (w1, w2). The worker checks all sources of work
    /// after that (I4).
    pub(crate) fn announce_sleep(&self) {
        let is_announced = self.replace(ptr::null_mut(), Self::SLEEPING).is_ok();
        self.is_announced.store(is_announced, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Says that the worker is awake (w5).
    pub(crate) fn announce_awake(&self) {
        if self.is_announced.load(Ordering::Relaxed) {
            self.is_announced.store(false, Ordering::Relaxed);
            if self.replace(Self::SLEEPING, ptr::null_mut()).is_err() {
                self.claimed.store(self.claimed.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            }
        }
    }

    /// Calls `wake` if the worker sleeps and no other thread wakes it. Returns true if it does.
    pub(crate) fn claim_wakeup(&self, wake: impl FnOnce()) -> bool {
        fence(Ordering::SeqCst);
        let is_claimed = self.head.load(Ordering::SeqCst) == Self::SLEEPING
            && self.replace(Self::SLEEPING, ptr::null_mut()).is_ok();
        if is_claimed {
            wake();
            self.wakers.fetch_add(1, Ordering::Release);
        }
        is_claimed
    }

    /// Pushes a node, and calls `wake` if the worker sleeps. From any thread.
    ///
    /// # Safety
    /// `node` is in no list, and belongs to the inbox's worker, which drains it before it frees the inbox (I6).
    pub(crate) unsafe fn push(inbox: *const Self, node: *mut T, wake: impl FnOnce()) {
        // SAFETY: until the compare-and-swap `node` keeps the inbox, as the worker drains it first; from then on, if it
        // is used, the count of wakers does (I6).
        unsafe {
            let mut head = ptr::null_mut();
            loop {
                *T::next(node) = if head == Self::SLEEPING { ptr::null_mut() } else { head };
                match (*inbox).replace(head, node) {
                    Ok(()) => break,
                    Err(current) => head = current,
                }
            }
            if head == Self::SLEEPING {
                wake();
                (*inbox).wakers.fetch_add(1, Ordering::Release);
            }
        }
    }

    /// Takes all nodes, and calls `each` for them in the order in which they were pushed (I5). Only the worker calls.
    #[inline(always)]
    pub(crate) fn drain(&self, mut each: impl FnMut(*mut T)) {
        let first = self.head.load(Ordering::Relaxed);
        if first.is_null() {
            return;
        }
        // The waker has written both lines of a task: they come while the swap waits for that of the inbox.
        prefetch_write(first);
        prefetch_write(first.wrapping_byte_add(64));
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

    /// Waits until all threads that wake the worker have done so: then it may free the inbox (I6).
    pub(crate) fn wait_for_wakers(&self) {
        self.announce_awake();
        while self.wakers.load(Ordering::Acquire) != self.claimed.load(Ordering::Relaxed) {
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
            wakers: AtomicU32::new(0),
            claimed: AtomicU32::new(0),
            is_announced: AtomicBool::new(false),
        };
        let (mut nodes, mut wakes, mut drained) = ([1, 2, 3].map(Node::new), 0, Vec::new());
        let [first, second, third] = nodes.each_mut().map(ptr::from_mut);
        // SAFETY: the nodes are in no list, and outlive the inbox.
        unsafe {
            inbox.announce_sleep();
            Inbox::push(&raw const inbox, first, || wakes += 1);
            Inbox::push(&raw const inbox, second, || wakes += 1);
            inbox.announce_awake();
            // The worker finds that there is work, and does not sleep.
            inbox.announce_sleep();
            Inbox::push(&raw const inbox, third, || wakes += 1);
        }
        inbox.announce_awake();
        assert_eq!(wakes, 1);
        assert!(!inbox.is_empty());
        // SAFETY: a drained node is live.
        inbox.drain(|node| drained.push(unsafe { (*node).value }));
        assert_eq!(drained, [1, 2, 3]);
        assert!(inbox.is_empty());
        inbox.announce_sleep();
        assert!(inbox.is_empty());
        inbox.announce_awake();
        assert!(!inbox.claim_wakeup(|| wakes += 1));
        inbox.announce_sleep();
        assert!(inbox.claim_wakeup(|| wakes += 1) && !inbox.claim_wakeup(|| wakes += 1));
        assert_eq!(wakes, 2);
        inbox.wait_for_wakers();
        assert_eq!(inbox.claimed.load(Ordering::Relaxed), 2);
    }
}
