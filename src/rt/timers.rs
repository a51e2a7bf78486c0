//! Deadlines: a heap with four children a node. A task has one deadline at a time, and knows its place,
//! so it is taken out as fast as it is put in.

use core::ptr;

use super::os;
use super::task::Task;

/// A deadline, in nanoseconds of the monotonic clock, and whose it is.
#[derive(Clone, Copy)]
struct Entry {
    deadline: i64,
    task: *mut Task,
}

/// Places are counted from 1 on; a task without a deadline has place 0.
pub(crate) struct Timers {
    entries: *mut Entry,
    count: u32,
    room: u32,
}

impl Timers {
    /// The first deadline. None: there is none.
    #[inline(always)]
    pub(crate) fn first(&self) -> Option<i64> {
        // SAFETY: the first of `count` entries.
        (self.count > 0).then(|| unsafe { (*self.entries).deadline })
    }

    /// Makes room for the deadlines of `tasks` tasks. False: there is no memory.
    pub(crate) fn reserve(&mut self, tasks: u32) -> bool {
        if tasks <= self.room {
            return true;
        }
        let room = tasks.max(self.room.saturating_mul(2)).max(64);
        // SAFETY: NULL or from here.
        let Some(entries) = (unsafe { os::grow(self.entries, room as usize) }) else {
            return false;
        };
        (self.entries, self.room) = (entries.as_ptr(), room);
        true
    }

    /// Puts a deadline in; there is room.
    ///
    /// # Safety
    /// `task` has no deadline, and room was made for it.
    pub(crate) unsafe fn add(&mut self, task: *mut Task, deadline: i64) {
        self.count += 1;
        // SAFETY: the caller's promise.
        unsafe { self.rise(self.count, Entry { deadline, task }) }
    }

    /// Takes the deadline of `task` out.
    ///
    /// # Safety
    /// `task` has a deadline here.
    pub(crate) unsafe fn remove(&mut self, task: *mut Task) {
        // SAFETY: the caller's promise: its place is within `count`.
        unsafe {
            let place = (*task).timer;
            (*task).timer = 0;
            let last = *self.entry(self.count);
            self.count -= 1;
            if last.task == task {
                return;
            }
            let parent = (place + 2) / 4;
            if place > 1 && last.deadline < (*self.entry(parent)).deadline {
                self.rise(place, last);
            } else {
                self.sink(place, last);
            }
        }
    }

    /// Takes the first deadline out that is not after `now`, and gives whose it was.
    pub(crate) fn take_due(&mut self, now: i64) -> Option<*mut Task> {
        if self.first()? > now {
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
        (self.entries, self.count, self.room) = (ptr::null_mut(), 0, 0);
    }

    /// The entry at a place within the room.
    #[inline(always)]
    fn entry(&self, place: u32) -> *mut Entry {
        self.entries.wrapping_add(place as usize - 1)
    }

    /// Writes an entry to a place.
    ///
    /// # Safety
    /// The place is within the room; the task exists.
    #[inline(always)]
    unsafe fn set(&mut self, place: u32, entry: Entry) {
        // SAFETY: the caller's promise.
        unsafe {
            *self.entry(place) = entry;
            (*entry.task).timer = place;
        }
    }

    /// Puts an entry at `place`, or above it.
    ///
    /// # Safety
    /// As [`set`](Self::set); `place` is within `count`.
    unsafe fn rise(&mut self, mut place: u32, entry: Entry) {
        // SAFETY: a parent's place is within `count`.
        unsafe {
            while place > 1 {
                let parent = (place + 2) / 4;
                let above = *self.entry(parent);
                if above.deadline <= entry.deadline {
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
    unsafe fn sink(&mut self, mut place: u32, entry: Entry) {
        // SAFETY: only children within `count` are looked at.
        unsafe {
            loop {
                let first = place.saturating_mul(4) - 2;
                let mut least = 0;
                let mut least_deadline = entry.deadline;
                for child in first..=first.saturating_add(3).min(self.count) {
                    let deadline = (*self.entry(child)).deadline;
                    if deadline < least_deadline {
                        (least, least_deadline) = (child, deadline);
                    }
                }
                if least == 0 {
                    break;
                }
                let below = *self.entry(least);
                self.set(place, below);
                place = least;
            }
            self.set(place, entry);
        }
    }
}
