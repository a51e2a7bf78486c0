//! What other threads give a worker: tasks that they have woken, and the end of its sleep.
//!
//! ```text
//!   the worker                             who gives it something
//!   falls_asleep(): asleep                 give(): the task is in the list
//!   is_empty()? then it sleeps             asleep? then rouse, who finds it so first
//!   is_awake()
//! ```
//!
//! Each writes its own word and then looks at the other's, with a fence between them: either the worker sees
//! the task, or the giver sees that it sleeps. While it is awake, nobody calls the system: one call wakes it
//! for all that comes until it falls asleep again.

use core::ptr;

use super::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering, fence};
use super::task::Task;

/// A worker's, in lines of its own. All zero is an empty one of a worker that is awake.
#[repr(align(64))]
pub(crate) struct Inbox {
    /// The task that came last; each leads to the one that came before it.
    last: AtomicPtr<Task>,
    /// It sleeps, or will, and is to be roused for what comes.
    is_asleep: AtomicBool,
    /// Threads that are giving it something.
    givers: AtomicU32,
}

impl Inbox {
    /// Has nobody given anything?
    pub(crate) fn is_empty(&self) -> bool {
        self.last.load(Ordering::SeqCst).is_null()
    }

    /// The worker will sleep: what comes from now on rouses it. It looks at everything that it may be woken
    /// for after this.
    pub(crate) fn falls_asleep(&self) {
        self.is_asleep.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// It is awake.
    pub(crate) fn is_awake(&self) {
        self.is_asleep.store(false, Ordering::SeqCst);
    }

    /// Is the worker asleep, and the caller the one that rouses it?
    pub(crate) fn is_to_be_roused(&self) -> bool {
        fence(Ordering::SeqCst);
        self.is_asleep.load(Ordering::SeqCst) && self.is_asleep.swap(false, Ordering::SeqCst)
    }

    /// Puts a task in, and calls `rouse` if the worker sleeps. From any thread.
    ///
    /// # Safety
    /// The task is in no list; the inbox stays until the worker has taken it, and until
    /// [`wait_for_givers`](Self::wait_for_givers) has come back.
    pub(crate) unsafe fn give(inbox: *const Inbox, task: *mut Task, rouse: impl FnOnce()) {
        // SAFETY: the caller's promise.
        unsafe {
            (*inbox).givers.fetch_add(1, Ordering::Relaxed);
            let mut last = (*inbox).last.load(Ordering::Relaxed);
            loop {
                (*task).next = last;
                let orders = (Ordering::AcqRel, Ordering::Relaxed);
                match (*inbox).last.compare_exchange_weak(last, task, orders.0, orders.1) {
                    Ok(_) => break,
                    Err(now) => last = now,
                }
            }
            if (*inbox).is_to_be_roused() {
                rouse();
            }
            (*inbox).givers.fetch_sub(1, Ordering::Release);
        }
    }

    /// Takes all tasks, and calls `each` for them in the order in which they came.
    #[inline(always)]
    pub(crate) fn take(&self, mut each: impl FnMut(*mut Task)) {
        if self.last.load(Ordering::Relaxed).is_null() {
            return;
        }
        // Who sees it empty again sees that the worker was not idle any more: see `Runtime::is_stuck_since`.
        let mut task = self.last.swap(ptr::null_mut(), Ordering::AcqRel);
        let mut turned: *mut Task = ptr::null_mut();
        // SAFETY: the tasks are this worker's, and in no other list.
        unsafe {
            while let Some(this) = task.as_mut() {
                let next = this.next;
                this.next = turned;
                turned = task;
                task = next;
            }
            while let Some(this) = turned.as_ref() {
                let next = this.next;
                each(turned);
                turned = next;
            }
        }
    }

    /// Waits until nobody is giving anything any more: then the inbox may go.
    pub(crate) fn wait_for_givers(&self) {
        while self.givers.load(Ordering::Acquire) != 0 {
            crate::sys::yield_thread();
        }
    }
}
