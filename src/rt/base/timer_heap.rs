//! Deadlines: a heap with four children a node. A task has one deadline at a time, and knows its place,
//! so it is taken out as fast as it is put in.
//!
//! 1. No entry is before its parent. Of equal deadlines the one that was put in first is before.
//! 2. No two entries are equal, so the order in which they leave does not depend on what else comes and goes.
//! 3. `T::slot(task)` is the place of the task's entry, from 1 on; 0: it has none.

use core::hint::select_unpredictable;
use core::ptr;

use crate::rt::os;

/// What can have a deadline: it knows the place of its entry.
///
/// # Safety
/// `slot` gives the address of a field of `this` that only the heap writes.
pub(crate) unsafe trait HeapSlot {
    fn slot(this: *mut Self) -> *mut u32;
}

/// A deadline, in nanoseconds of the monotonic clock, and whose it is.
struct Entry<T> {
    deadline: i64,
    /// How many were put in before.
    turn: u64,
    task: *mut T,
}

impl<T> Clone for Entry<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Entry<T> {}

impl<T> Entry<T> {
    /// What the order goes by: one number, so that comparing two needs no jump. No deadline is negative.
    #[inline(always)]
    fn key(&self) -> u128 {
        u128::from(self.deadline as u64) << 64 | u128::from(self.turn)
    }
}

/// A worker's.
pub(crate) struct TimerHeap<T: HeapSlot> {
    entries: *mut Entry<T>,
    count: u32,
    capacity: u32,
    /// How many were ever put in.
    turns: u64,
}

impl<T: HeapSlot> TimerHeap<T> {
    /// The first deadline. None: there is none.
    #[inline(always)]
    pub(crate) fn next_deadline(&self) -> Option<i64> {
        // SAFETY: the first of `count` entries.
        (self.count > 0).then(|| unsafe { (*self.entries).deadline })
    }

    /// Makes room for the deadlines of `tasks` tasks. False: there is no memory.
    pub(crate) fn reserve(&mut self, tasks: u32) -> bool {
        if tasks <= self.capacity {
            return true;
        }
        let room = tasks.max(self.capacity.saturating_mul(2)).max(64);
        // SAFETY: NULL or from here.
        let Some(entries) = (unsafe { os::grow(self.entries, room as usize) }) else {
            return false;
        };
        (self.entries, self.capacity) = (entries.as_ptr(), room);
        true
    }

    /// Puts a deadline in; there is room.
    ///
    /// # Safety
    /// `task` has no deadline, and room was made for it.
    pub(crate) unsafe fn insert(&mut self, task: *mut T, deadline: i64) {
        let entry = Entry { deadline, turn: self.turns, task };
        self.turns += 1;
        self.count += 1;
        // SAFETY: the caller's promise.
        unsafe { self.sift_up(self.count, entry) }
    }

    /// Takes the deadline of `task` out.
    ///
    /// # Safety
    /// `task` has a deadline here.
    pub(crate) unsafe fn remove(&mut self, task: *mut T) {
        // SAFETY: the caller's promise: its place is within `count`.
        unsafe {
            let place = T::slot(task).replace(0);
            let last = *self.entry(self.count);
            self.count -= 1;
            if last.task == task {
                return;
            }
            let parent = (place + 2) / 4;
            if place > 1 && last.key() < (*self.entry(parent)).key() {
                self.sift_up(place, last);
            } else {
                self.sift_down(place, last);
            }
        }
    }

    /// Takes the first deadline out that is not after `now`, and gives whose it was.
    pub(crate) fn pop_expired(&mut self, now: i64) -> Option<*mut T> {
        if self.next_deadline()? > now {
            return None;
        }
        // SAFETY: there is a first entry, whose task has it.
        unsafe {
            let task = (*self.entries).task;
            self.remove(task);
            Some(task)
        }
    }

    /// Gives the memory back.
    pub(crate) fn free(&mut self) {
        // SAFETY: from malloc, and not used from here on.
        unsafe { crate::sys::free(self.entries.cast()) };
        (self.entries, self.count, self.capacity) = (ptr::null_mut(), 0, 0);
    }

    /// The entry at a place within the room.
    #[inline(always)]
    fn entry(&self, place: u32) -> *mut Entry<T> {
        self.entries.wrapping_add(place as usize - 1)
    }

    /// Writes an entry to a place.
    ///
    /// # Safety
    /// The place is within the room; the task exists.
    #[inline(always)]
    unsafe fn set(&mut self, place: u32, entry: Entry<T>) {
        // SAFETY: the caller's promise.
        unsafe {
            *self.entry(place) = entry;
            *T::slot(entry.task) = place;
        }
    }

    /// Puts an entry at `place`, or above it.
    ///
    /// # Safety
    /// As [`set`](Self::set); `place` is within `count`.
    unsafe fn sift_up(&mut self, mut place: u32, entry: Entry<T>) {
        // SAFETY: a parent's place is within `count`.
        unsafe {
            while place > 1 {
                let parent = (place + 2) / 4;
                let above = *self.entry(parent);
                if above.key() < entry.key() {
                    break;
                }
                self.set(place, above);
                place = parent;
            }
            self.set(place, entry);
        }
    }

    /// Puts an entry at `place`, or below it.
    ///
    /// # Safety
    /// As [`rise`](Self::rise).
    unsafe fn sift_down(&mut self, mut place: u32, entry: Entry<T>) {
        // SAFETY: only children within `count` are looked at.
        unsafe {
            while let Some(least) = self.first_child(place) {
                let below = *self.entry(least);
                if entry.key() < below.key() {
                    break;
                }
                self.set(place, below);
                place = least;
            }
            self.set(place, entry);
        }
    }

    /// The place of the child of `place` that is before the others. None: it has none.
    ///
    /// # Safety
    /// The place is within the room.
    #[inline(always)]
    unsafe fn first_child(&self, place: u32) -> Option<u32> {
        let first = place.saturating_mul(4) - 2;
        let earlier = |one: u32, other: u32| {
            // SAFETY: both are places within `count`.
            let is_other = unsafe { (*self.entry(other)).key() < (*self.entry(one)).key() };
            select_unpredictable(is_other, other, one)
        };
        if first.saturating_add(3) <= self.count {
            // Two pairs, whose order the processor finds at once.
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

    // SAFETY: its own field.
    unsafe impl HeapSlot for Node {
        fn slot(this: *mut Node) -> *mut u32 {
            this.cast()
        }
    }

    /// Puts deadlines in and takes them out at random, beside a set, in which a deadline's turn stands behind it.
    fn compare(count: usize, deadlines: i64, random: &mut u64) {
        let mut nodes: Vec<_> = (0..count).map(|_| Node(0)).collect();
        let tasks: Vec<_> = nodes.iter_mut().map(ptr::from_mut).collect();
        let mut timers =
            TimerHeap::<Node> { entries: ptr::null_mut(), count: 0, capacity: 0, turns: 0 };
        assert!(timers.reserve(count as u32));
        let (mut due, mut armed) = (BTreeSet::new(), HashMap::new());
        for turn in 0..100_000_u64 {
            *random ^= *random << 13;
            *random ^= *random >> 7;
            *random ^= *random << 17;
            let deadline = 1 + (*random >> 20) as i64 % deadlines;
            let task = *tasks.get(*random as usize / 64 % count).unwrap();
            // SAFETY: a task of this function's, which has a deadline or none, as `armed` says.
            unsafe {
                if let Some(entry) = armed.remove(&task) {
                    timers.remove(task);
                    assert!(due.remove(&entry));
                } else {
                    timers.insert(task, deadline);
                    due.insert((deadline, turn, task));
                    armed.insert(task, (deadline, turn, task));
                }
            }
            let now = if random.is_multiple_of(50) { deadline / 2 } else { 0 };
            while let Some(task) = timers.pop_expired(now) {
                let (deadline, _, first) = due.pop_first().unwrap();
                assert!(deadline <= now && first == task && armed.remove(&task).is_some());
            }
            let first = due.first().map(|entry| entry.0);
            assert!(first.is_none_or(|first| first > now));
            assert_eq!((timers.next_deadline(), timers.count as usize), (first, due.len()));
        }
        while let Some(task) = timers.pop_expired(deadlines) {
            assert_eq!(due.pop_first().map(|entry| entry.2), Some(task));
        }
        assert!(due.is_empty());
    }

    #[test]
    fn deadlines_leave_in_order_and_equal_ones_as_they_came() {
        let mut random = 0x1234_5678;
        for (count, deadlines) in [(10, 1), (10, 3), (300, 8), (300, 1 << 40), (2000, 50)] {
            compare(count, deadlines, &mut random);
        }
    }
}
