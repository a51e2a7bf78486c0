//! The injector: a queue of tasks that have not begun, from which any worker takes.
//!
//! A thread that pushes wakes a sleeping worker afterwards, and a worker checks the injector after it has announced its
//! sleep: the protocol is that of `inbox` (I1, I4).

use core::ptr;

use super::atomic::{AtomicUsize, Ordering};
use super::list::{Link, List};
use super::lock::Lock;

/// A queue: first in, first out. All zero is an empty queue.
pub(crate) struct Injector<T: Link> {
    /// Guards the list. `count` changes under it, too.
    lock: Lock,
    list: List<T>,
    count: AtomicUsize,
}

impl<T: Link> Injector<T> {
    /// Adds a node at the end.
    ///
    /// # Safety
    /// `injector` is live. `node` is in no list, and stays until it is popped.
    pub(crate) unsafe fn push(injector: *mut Self, node: *mut T) {
        // SAFETY: the lock is held; `node` is in no list.
        unsafe {
            let _guard = (*injector).lock.guard();
            (*injector).list.push(node);
            (*injector).count.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }

    /// Returns how many nodes one of `workers` workers takes at once: its share, so that the others have theirs.
    #[inline(always)]
    pub(crate) fn batch_size(&self, workers: u32) -> usize {
        const MAX: usize = 32;
        match self.count.load(Ordering::Relaxed) {
            0 => 0,
            count => (count / workers as usize).clamp(1, MAX),
        }
    }

    /// Takes the first node. Null: the queue is empty.
    ///
    /// # Safety
    /// `injector` is live.
    pub(crate) unsafe fn pop(injector: *mut Self) -> *mut T {
        // SAFETY: the injector is live, and its lock is held.
        unsafe {
            if (*injector).is_empty() {
                return ptr::null_mut();
            }
            let _guard = (*injector).lock.guard();
            let node = (*injector).list.pop();
            if !node.is_null() {
                (*injector).count.fetch_sub(1, Ordering::SeqCst);
            }
            node
        }
    }
}

#[cfg(all(test, feature = "rt"))]
mod tests {
    use super::*;
    use crate::rt::base::list::tests::Node;

    #[test]
    fn popped_in_order_and_in_shares() {
        let injector: *mut Injector<Node> =
            &mut Injector { lock: Lock::NEW, list: List::NEW, count: AtomicUsize::new(0) };
        let mut nodes: Vec<_> = (0..100).map(Node::new).collect();
        // SAFETY: the nodes are in no other list. They outlive the queue, which is this test's.
        unsafe {
            let pop = || Injector::pop(injector).as_ref().map(|node| node.value);
            let batch = |workers| (*injector).batch_size(workers);
            for _ in 0..2 {
                assert_eq!(pop(), None);
                for node in &mut nodes {
                    Injector::push(injector, node);
                }
                assert_eq!([1, 5, 100, 1000].map(batch), [32, 20, 1, 1]);
                assert!((0..100).all(|value| pop() == Some(value)));
                assert_eq!(batch(1), 0);
            }
        }
    }
}
