//! Lists of tasks, linked through `next`: those of one worker.

use core::ptr;

/// What can be in a list: it has the address of the one behind it.
///
/// # Safety
/// `next` gives the address of a field of `this` that only lists use.
pub(crate) unsafe trait Link: 'static {
    fn next(this: *mut Self) -> *mut *mut Self;
}

/// Nodes, linked through [`Link::next`]: first in, first out.
pub(crate) struct List<T: Link> {
    first: *mut T,
    last: *mut T,
}

impl<T: Link> List<T> {
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_null()
    }

    /// How many there are, counted up to `most`.
    pub(crate) fn count(&self, most: u32) -> u32 {
        let (mut count, mut this) = (0, self.first);
        while !this.is_null() && count != most {
            // SAFETY: a node in the list exists.
            (count, this) = (count + 1, unsafe { *T::next(this) });
        }
        count
    }

    /// # Safety
    /// The task is in no list.
    #[inline(always)]
    pub(crate) unsafe fn push(&mut self, task: *mut T) {
        // SAFETY: the caller's promise; who is in the list exists.
        unsafe {
            *T::next(task) = ptr::null_mut();
            if self.last.is_null() {
                self.first = task;
            } else {
                *T::next(self.last) = task;
            }
        }
        self.last = task;
    }

    /// # Safety
    /// As [`push`](Self::push).
    pub(crate) unsafe fn push_front(&mut self, task: *mut T) {
        // SAFETY: the caller's promise.
        unsafe { *T::next(task) = self.first };
        self.first = task;
        if self.last.is_null() {
            self.last = task;
        }
    }

    /// The first, out of the list; or NULL.
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> *mut T {
        let task = self.first;
        if !task.is_null() {
            // SAFETY: a node in the list exists.
            self.first = unsafe { *T::next(task) };
            if self.first.is_null() {
                self.last = ptr::null_mut();
            }
        }
        task
    }
}

/// Free blocks of tasks, kept for the next ones.
pub(crate) struct FreeList<T: Link> {
    first: *mut T,
    count: u32,
}

impl<T: Link> FreeList<T> {
    const MAX: u32 = 1024;

    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<ptr::NonNull<T>> {
        let block = ptr::NonNull::new(self.first)?;
        // SAFETY: blocks stay for ever.
        self.first = unsafe { *T::next(block.as_ptr()) };
        self.count -= 1;
        Some(block)
    }

    /// False: there are enough.
    ///
    /// # Safety
    /// The block is free, and in no list.
    #[inline(always)]
    pub(crate) unsafe fn push(&mut self, block: *mut T) -> bool {
        if self.count == Self::MAX {
            return false;
        }
        // SAFETY: the caller's promise.
        unsafe { *T::next(block) = self.first };
        self.first = block;
        self.count += 1;
        true
    }
}
