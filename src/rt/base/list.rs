//! Lists of tasks, linked through `next`: those of one worker.

use core::ptr;

use crate::rt::model::task::Task;

/// Tasks, linked through `next`: first in, first out.
pub(crate) struct List {
    first: *mut Task,
    last: *mut Task,
}

impl List {
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_null()
    }

    /// How many there are, counted up to `most`.
    pub(crate) fn count(&self, most: u32) -> u32 {
        let (mut count, mut this) = (0, self.first);
        // SAFETY: a task in the list exists.
        while let Some(task) = unsafe { this.as_ref() } {
            if count == most {
                break;
            }
            (count, this) = (count + 1, task.next);
        }
        count
    }

    /// # Safety
    /// The task is in no list.
    #[inline(always)]
    pub(crate) unsafe fn push(&mut self, task: *mut Task) {
        // SAFETY: the caller's promise; who is in the list exists.
        unsafe {
            (*task).next = ptr::null_mut();
            match self.last.as_mut() {
                Some(last) => last.next = task,
                None => self.first = task,
            }
        }
        self.last = task;
    }

    /// # Safety
    /// As [`push`](Self::push).
    pub(crate) unsafe fn push_first(&mut self, task: *mut Task) {
        // SAFETY: the caller's promise.
        unsafe { (*task).next = self.first };
        self.first = task;
        if self.last.is_null() {
            self.last = task;
        }
    }

    /// The first, out of the list; or NULL.
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> *mut Task {
        let task = self.first;
        // SAFETY: who is in the list exists.
        if let Some(found) = unsafe { task.as_ref() } {
            self.first = found.next;
            if self.first.is_null() {
                self.last = ptr::null_mut();
            }
        }
        task
    }
}

/// Free blocks of tasks, kept for the next ones.
pub(crate) struct Blocks {
    first: *mut Task,
    count: u32,
}

impl Blocks {
    const MOST: u32 = 1024;

    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<ptr::NonNull<Task>> {
        let block = ptr::NonNull::new(self.first)?;
        // SAFETY: blocks stay for ever.
        self.first = unsafe { block.as_ref() }.next;
        self.count -= 1;
        Some(block)
    }

    /// False: there are enough.
    ///
    /// # Safety
    /// The block is free, and in no list.
    #[inline(always)]
    pub(crate) unsafe fn push(&mut self, block: *mut Task) -> bool {
        if self.count == Blocks::MOST {
            return false;
        }
        // SAFETY: the caller's promise.
        unsafe { (*block).next = self.first };
        self.first = block;
        self.count += 1;
        true
    }
}
