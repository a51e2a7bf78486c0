//! Tasks that have not begun, and that any worker may take.
//!
//! Who puts one in looks for a worker that sleeps, and rouses it; a worker that will sleep looks for tasks here
//! after it has said so. The fence between the two is the inbox's.

use core::ptr;

use super::atomic::{AtomicUsize, Ordering};
use super::list::Link;
use super::lock::Lock;

/// First in, first out. All zero is an empty list.
pub(crate) struct Injector<T: Link> {
    lock: Lock,
    first: *mut T,
    last: *mut T,
    count: AtomicUsize,
}

impl<T: Link> Injector<T> {
    /// Puts a task at the end.
    ///
    /// # Safety
    /// It is in no list; the list is there.
    pub(crate) unsafe fn push(list: *mut Self, task: *mut T) {
        // SAFETY: the caller's promise; the lock is held.
        unsafe {
            *T::next(task) = ptr::null_mut();
            let _guard = (*list).lock.guard();
            if (*list).last.is_null() {
                (*list).first = task;
            } else {
                *T::next((*list).last) = task;
            }
            (*list).last = task;
            (*list).count.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Are there any?
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }

    /// How many one of so many workers takes at once: it leaves some for the others.
    #[inline(always)]
    pub(crate) fn batch_size(&self, workers: u32) -> usize {
        const MAX: usize = 32;
        match self.count.load(Ordering::Relaxed) {
            0 => 0,
            count => (count / workers as usize).clamp(1, MAX),
        }
    }

    /// Takes the first, or gives NULL.
    ///
    /// # Safety
    /// The list is there.
    pub(crate) unsafe fn pop(list: *mut Self) -> *mut T {
        // SAFETY: the caller's promise; who is in the list exists.
        unsafe {
            if (*list).is_empty() {
                return ptr::null_mut();
            }
            let _guard = (*list).lock.guard();
            let task = (*list).first;
            if !task.is_null() {
                (*list).first = *T::next(task);
                if (*list).first.is_null() {
                    (*list).last = ptr::null_mut();
                }
                (*list).count.fetch_sub(1, Ordering::SeqCst);
            }
            task
        }
    }
}
