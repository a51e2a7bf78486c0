//! The timer heap of a worker: a min-heap of deadlines, with four children a slot.
//!
//! ```text
//!   slot s:  children 4 s - 2 .. 4 s + 1,  parent (s + 2) / 4;   slots count from 1
//! ```
//!
//! * H1. No entry is before its parent. Of equal deadlines the one that was inserted first is before the other.
//! * H2. No two entries are equal. So the order in which entries leave does not depend on other insertions and
//!   removals.
//! * H3. A node has one entry at most, and `T::slot(node)` holds its slot; 0: it has none. So a removal needs no
//!   search.

use core::hint::select_unpredictable;
use core::ptr;

use crate::rt::os;

/// A node with a deadline: a struct with a field for the slot of its entry.
///
/// # Safety
/// `slot` returns the address of a field of `this` that only the heap writes (H3).
pub(crate) unsafe trait HeapSlot {
    fn slot(this: *mut Self) -> *mut u32;
}

/// A deadline, in nanoseconds of the monotonic clock, and the node that has it. The node is live.
struct Entry<T> {
    deadline: i64,
    /// Entries that were inserted before this one.
    sequence: u64,
    node: *mut T,
}

impl<T> Clone for Entry<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Entry<T> {}

impl<T> Entry<T> {
    /// The key of the order (H1, H2). As one number two of them compare without a jump. No deadline is negative.
    #[inline(always)]
    fn key(&self) -> u128 {
        u128::from(self.deadline as u64) << 64 | u128::from(self.sequence)
    }
}

/// A heap. All zero is an empty one.
pub(crate) struct TimerHeap<T: HeapSlot> {
    entries: *mut Entry<T>,
    count: u32,
    capacity: u32,
    /// Entries that were ever inserted.
    next_sequence: u64,
}

impl<T: HeapSlot> TimerHeap<T> {
    /// Returns the first deadline. None: the heap is empty.
    #[inline(always)]
    pub(crate) fn next_deadline(&self) -> Option<i64> {
        // SAFETY: slot 1 is within `count`.
        (self.count > 0).then(|| unsafe { (*self.entries).deadline })
    }

    /// Makes room for `count` entries in all. False: there is no memory.
    pub(crate) fn reserve(&mut self, count: u32) -> bool {
        if count <= self.capacity {
            return true;
        }
        let capacity = count.max(self.capacity.saturating_mul(2)).max(64);
        // SAFETY: `entries` is null or from an earlier call.
        let Some(entries) = (unsafe { os::grow(self.entries, capacity as usize) }) else {
            return false;
        };
        (self.entries, self.capacity) = (entries.as_ptr(), capacity);
        true
    }

    /// Makes room for one more entry. False: there is no memory.
    pub(crate) fn reserve_one(&mut self) -> bool {
        self.reserve(self.count + 1)
    }

    /// Inserts the deadline of `node`.
    ///
    /// # Safety
    /// `node` has no entry, and is live until its entry is removed. Room was made for the entry.
    pub(crate) unsafe fn insert(&mut self, node: *mut T, deadline: i64) {
        let entry = Entry { deadline, sequence: self.next_sequence, node };
        self.next_sequence += 1;
        self.count += 1;
        // SAFETY: room was made for `count` entries.
        unsafe { self.sift_up(self.count, entry) }
    }

    /// Removes the entry of `node`.
    ///
    /// # Safety
    /// `node` has an entry in this heap.
    pub(crate) unsafe fn remove(&mut self, node: *mut T) {
        // SAFETY: the slot of an entry is within `count` (H3), and so is its parent.
        unsafe {
            let slot = T::slot(node).replace(0);
            let last = *self.entry(self.count);
            self.count -= 1;
            if last.node == node {
                return;
            }
            let parent = (slot + 2) / 4;
            if slot > 1 && last.key() < (*self.entry(parent)).key() {
                self.sift_up(slot, last);
            } else {
                self.sift_down(slot, last);
            }
        }
    }

    /// Removes the first entry if its deadline is not after `now`, and returns its node.
    pub(crate) fn pop_expired(&mut self, now: i64) -> Option<*mut T> {
        if self.next_deadline()? > now {
            return None;
        }
        // SAFETY: the heap has a first entry, which is the entry of its node.
        unsafe {
            let node = (*self.entries).node;
            self.remove(node);
            Some(node)
        }
    }

    /// Frees the memory. The heap is empty afterwards.
    pub(crate) fn free(&mut self) {
        // SAFETY: `entries` is null or from malloc, and no field leads to it any more.
        unsafe { crate::sys::free(self.entries.cast()) };
        (self.entries, self.count, self.capacity) = (ptr::null_mut(), 0, 0);
    }

    /// Returns the address of a slot within the capacity.
    #[inline(always)]
    fn entry(&self, slot: u32) -> *mut Entry<T> {
        self.entries.wrapping_add(slot as usize - 1)
    }

    /// Writes an entry to a slot (H3).
    ///
    /// # Safety
    /// `slot` is within the capacity. The node of `entry` is live.
    #[inline(always)]
    unsafe fn set(&mut self, slot: u32, entry: Entry<T>) {
        // SAFETY: the slot is within the capacity, and the node is live.
        unsafe {
            *self.entry(slot) = entry;
            *T::slot(entry.node) = slot;
        }
    }

    /// Writes an entry to `slot`, or to a slot above it if it is before those.
    ///
    /// # Safety
    /// As [`set`](Self::set). `slot` is within `count`.
    unsafe fn sift_up(&mut self, mut slot: u32, entry: Entry<T>) {
        // SAFETY: the parent of a slot within `count` is within it, too. The node of an entry is live.
        unsafe {
            while slot > 1 {
                let parent = (slot + 2) / 4;
                let above = *self.entry(parent);
                if above.key() < entry.key() {
                    break;
                }
                self.set(slot, above);
                slot = parent;
            }
            self.set(slot, entry);
        }
    }

    /// Writes an entry to `slot`, or to a slot below it if it is behind those.
    ///
    /// # Safety
    /// As [`sift_up`](Self::sift_up).
    unsafe fn sift_down(&mut self, mut slot: u32, entry: Entry<T>) {
        // SAFETY: `first_child` returns slots within `count`. The node of an entry is live.
        unsafe {
            while let Some(least) = self.first_child(slot) {
                let below = *self.entry(least);
                if entry.key() < below.key() {
                    break;
                }
                self.set(slot, below);
                slot = least;
            }
            self.set(slot, entry);
        }
    }

    /// Returns the child of `slot` that is before its other children. None: it has none.
    ///
    /// # Safety
    /// `slot` is within the capacity.
    #[inline(always)]
    unsafe fn first_child(&self, slot: u32) -> Option<u32> {
        let first = slot.saturating_mul(4) - 2;
        let earlier = |one: u32, other: u32| {
            // SAFETY: both slots are within `count`.
            let is_other = unsafe { (*self.entry(other)).key() < (*self.entry(one)).key() };
            select_unpredictable(is_other, other, one)
        };
        if first.saturating_add(3) <= self.count {
            // The processor compares the two pairs at the same time.
            return Some(earlier(earlier(first, first + 1), earlier(first + 2, first + 3)));
        }
        (first..=self.count).reduce(earlier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeSet, HashMap};

    struct Node(u32);

    // SAFETY: the address of the field, which only the heap writes.
    unsafe impl HeapSlot for Node {
        fn slot(this: *mut Node) -> *mut u32 {
            this.cast()
        }
    }

    /// Inserts and removes deadlines at random, and compares the heap with a sorted set of (deadline, sequence, node).
    fn compare(count: usize, deadlines: i64, random: &mut u64) {
        let mut nodes: Vec<_> = (0..count).map(|_| Node(0)).collect();
        let nodes: Vec<_> = nodes.iter_mut().map(ptr::from_mut).collect();
        let mut heap =
            TimerHeap::<Node> { entries: ptr::null_mut(), count: 0, capacity: 0, next_sequence: 0 };
        assert!(heap.reserve(count as u32));
        let (mut sorted, mut of_node) = (BTreeSet::new(), HashMap::new());
        for sequence in 0..100_000_u64 {
            *random ^= *random << 13;
            *random ^= *random >> 7;
            *random ^= *random << 17;
            let deadline = 1 + (*random >> 20) as i64 % deadlines;
            let node = *nodes.get(*random as usize / 64 % count).unwrap();
            // SAFETY: the node is live, and has an entry if `of_node` says so.
            unsafe {
                if let Some(entry) = of_node.remove(&node) {
                    heap.remove(node);
                    assert!(sorted.remove(&entry));
                } else {
                    heap.insert(node, deadline);
                    sorted.insert((deadline, sequence, node));
                    of_node.insert(node, (deadline, sequence, node));
                }
            }
            let now = if random.is_multiple_of(50) { deadline / 2 } else { 0 };
            while let Some(node) = heap.pop_expired(now) {
                let (deadline, _, first) = sorted.pop_first().unwrap();
                assert!(deadline <= now && first == node && of_node.remove(&node).is_some());
            }
            let first = sorted.first().map(|entry| entry.0);
            assert!(first.is_none_or(|first| first > now));
            assert_eq!((heap.next_deadline(), heap.count as usize), (first, sorted.len()));
        }
        while let Some(node) = heap.pop_expired(deadlines) {
            assert_eq!(sorted.pop_first().map(|entry| entry.2), Some(node));
        }
        assert!(sorted.is_empty());
    }

    #[test]
    fn deadlines_leave_in_order_and_equal_ones_as_they_came() {
        let mut random = 0x1234_5678;
        for (count, deadlines) in [(10, 1), (10, 3), (300, 8), (300, 1 << 40), (2000, 50)] {
            compare(count, deadlines, &mut random);
        }
    }
}
