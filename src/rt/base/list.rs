//! Intrusive lists, singly linked. The owner of a list alone uses it: a list has no lock.

use core::{mem, ptr};

/// A node of a list: a struct with a link to the next node.
///
/// # Safety
/// `next` returns the address of a field of `this` that only lists use.
pub(crate) unsafe trait Link: 'static {
    fn next(this: *mut Self) -> *mut *mut Self;
}

/// A queue of nodes: first in, first out. All zero is an empty list. A node in the list is live.
pub(crate) struct List<T: Link> {
    first: *mut T,
    last: *mut T,
}

impl<T: Link> List<T> {
    pub(crate) const NEW: List<T> = List { first: ptr::null_mut(), last: ptr::null_mut() };

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_null()
    }

    /// Returns how many nodes the list has, or `max` if it has more.
    pub(crate) fn count(&self, max: u32) -> u32 {
        let (mut count, mut node) = (0, self.first);
        while !node.is_null() && count != max {
            // SAFETY: a node in the list is live.
            (count, node) = (count + 1, unsafe { *T::next(node) });
        }
        count
    }

    /// Calls `f` with the first nodes, at most `max`. `f` does not change the list.
    #[inline(always)]
    pub(crate) fn for_first(&self, max: u32, f: impl Fn(*mut T)) {
        let (mut count, mut node) = (0, self.first);
        while !node.is_null() && count != max {
            f(node);
            // SAFETY: a node in the list is live.
            (count, node) = (count + 1, unsafe { *T::next(node) });
        }
    }

    /// Adds a node at the end.
    ///
    /// # Safety
    /// `node` is in no list, and stays until it is popped.
    #[inline(always)]
    pub(crate) unsafe fn push(&mut self, node: *mut T) {
        // SAFETY: `node` is in no list. A node in the list is live.
        unsafe {
            *T::next(node) = ptr::null_mut();
            if self.last.is_null() {
                self.first = node;
            } else {
                *T::next(self.last) = node;
            }
        }
        self.last = node;
    }

    /// Adds a node at the front.
    ///
    /// # Safety
    /// As [`push`](Self::push).
    pub(crate) unsafe fn push_front(&mut self, node: *mut T) {
        // SAFETY: `node` is in no list.
        unsafe { *T::next(node) = self.first };
        self.first = node;
        if self.last.is_null() {
            self.last = node;
        }
    }

    /// Takes the first node. Null: the list is empty.
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> *mut T {
        let node = self.first;
        if !node.is_null() {
            // SAFETY: a node in the list is live.
            self.first = unsafe { *T::next(node) };
            if self.first.is_null() {
                self.last = ptr::null_mut();
            }
        }
        node
    }
}

/// A stack of at most `MAX` free nodes, kept for reuse. All zero is an empty one. A node in it is live.
pub(crate) struct FreeList<T: Link, const MAX: u32> {
    first: *mut T,
    pub(crate) count: u32,
}

impl<T: Link, const MAX: u32> FreeList<T, MAX> {
    pub(crate) const NEW: FreeList<T, MAX> = FreeList { first: ptr::null_mut(), count: 0 };

    /// Moves all nodes of `from`, which has no more than `MAX`, to this list, which is empty.
    pub(crate) fn take<const OTHER: u32>(&mut self, from: &mut FreeList<T, OTHER>) {
        const { assert!(OTHER <= MAX) };
        self.first = mem::replace(&mut from.first, ptr::null_mut());
        self.count = mem::replace(&mut from.count, 0);
    }

    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<ptr::NonNull<T>> {
        let node = ptr::NonNull::new(self.first)?;
        // SAFETY: a node in the list is live.
        self.first = unsafe { *T::next(node.as_ptr()) };
        self.count -= 1;
        Some(node)
    }

    /// Adds a node. Returns false, and does nothing, if the list is full.
    ///
    /// # Safety
    /// `node` is free and in no list, and stays until it is popped.
    #[inline(always)]
    pub(crate) unsafe fn push(&mut self, node: *mut T) -> bool {
        if self.count == MAX {
            return false;
        }
        // SAFETY: `node` is in no list.
        unsafe { *T::next(node) = self.first };
        self.first = node;
        self.count += 1;
        true
    }
}

#[cfg(all(test, feature = "rt"))]
pub(super) mod tests {
    use super::*;
    use std::cell::RefCell;

    /// A node of the tests of this folder.
    pub(crate) struct Node {
        next: *mut Node,
        pub(crate) value: u32,
    }

    impl Node {
        pub(crate) fn new(value: u32) -> Node {
            Node { next: ptr::null_mut(), value }
        }
    }

    // SAFETY: only lists use `next`.
    unsafe impl Link for Node {
        fn next(this: *mut Node) -> *mut *mut Node {
            // SAFETY: the address of a field of a node.
            unsafe { &raw mut (*this).next }
        }
    }

    #[test]
    fn list_is_a_queue_with_a_front() {
        let mut list: List<Node> = List::NEW;
        let mut nodes = [0, 1, 2, 3].map(Node::new);
        for _ in 0..2 {
            assert!(list.is_empty() && list.pop().is_null());
            let [zero, one, two, three] = nodes.each_mut();
            // SAFETY: the nodes are in no list, and outlive it.
            unsafe {
                list.push_front(one);
                list.push(two);
                list.push_front(zero);
                list.push(three);
            }
            assert_eq!([0, 3, 9].map(|max| list.count(max)), [0, 3, 4]);
            let first = |max| {
                let values = RefCell::new(Vec::new());
                // SAFETY: a node in the list is live.
                list.for_first(max, |node| values.borrow_mut().push(unsafe { (*node).value }));
                values.into_inner()
            };
            assert_eq!([0, 3, 9].map(first), [vec![], vec![0, 1, 2], vec![0, 1, 2, 3]]);
            // SAFETY: a popped node is live.
            let popped = [(); 4].map(|()| unsafe { (*list.pop()).value });
            assert_eq!(popped, [0, 1, 2, 3]);
        }
    }

    #[test]
    fn free_list_is_a_stack_with_a_limit() {
        const MAX: u32 = 5;
        let mut list: FreeList<Node, MAX> = FreeList::NEW;
        let mut nodes: Vec<_> = (0..=MAX).map(Node::new).collect();
        for _ in 0..2 {
            for node in &mut nodes {
                let has_room = node.value < MAX;
                // SAFETY: the node is in no list, and outlives it.
                assert_eq!(unsafe { list.push(node) }, has_room);
            }
            for value in (0..MAX).rev() {
                // SAFETY: a popped node is live.
                assert_eq!(list.pop().map(|node| unsafe { node.as_ref() }.value), Some(value));
            }
            assert!(list.pop().is_none());
        }
        // SAFETY: the nodes are in no list.
        assert!(nodes.iter_mut().take(2).all(|node| unsafe { list.push(node) }));
        let mut other: FreeList<Node, { MAX + 1 }> = FreeList::NEW;
        other.take(&mut list);
        assert!(list.pop().is_none() && (list.count, other.count) == (0, 2));
        // SAFETY: a popped node is live.
        assert_eq!(other.pop().map(|node| unsafe { node.as_ref() }.value), Some(1));
    }
}
