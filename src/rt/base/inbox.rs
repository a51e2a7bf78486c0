//! What other threads give a worker: tasks that they have woken, and the end of its sleep.
//!
//! ```text
//!   the worker                             who gives it something
//!   announce_sleep(): asleep                 give(): the task is in the list
//!   is_empty()? then it sleeps             asleep? then rouse, who finds it so first
//!   announce_awake()
//! ```
//!
//! Each writes its own word and then looks at the other's, with a fence between them: either the worker sees
//! the task, or the giver sees that it sleeps. While it is awake, nobody calls the system: one call wakes it
//! for all that comes until it falls asleep again.

use core::ptr;

use super::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering, fence};
use super::list::Link;

/// A worker's, in lines of its own. All zero is an empty one of a worker that is awake.
#[repr(align(64))]
pub(crate) struct Inbox<T: Link> {
    /// The task that came last; each leads to the one that came before it.
    head: AtomicPtr<T>,
    /// It sleeps, or will, and is to be roused for what comes.
    sleeping: AtomicBool,
    /// Threads that are giving it something.
    pushers: AtomicU32,
}

impl<T: Link> Inbox<T> {
    /// Has nobody given anything?
    pub(crate) fn is_empty(&self) -> bool {
        self.head.load(Ordering::SeqCst).is_null()
    }

    /// The worker will sleep: what comes from now on rouses it. It looks at everything that it may be woken
    /// for after this.
    pub(crate) fn announce_sleep(&self) {
        self.sleeping.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// It is awake.
    pub(crate) fn announce_awake(&self) {
        self.sleeping.store(false, Ordering::SeqCst);
    }

    /// Is the worker asleep, and the caller the one that rouses it?
    pub(crate) fn claim_wakeup(&self) -> bool {
        fence(Ordering::SeqCst);
        self.sleeping.load(Ordering::SeqCst) && self.sleeping.swap(false, Ordering::SeqCst)
    }

    /// Puts a task in, and calls `rouse` if the worker sleeps. From any thread.
    ///
    /// # Safety
    /// The task is in no list; the inbox stays until the worker has taken it, and until
    /// [`wait_for_pushers`](Self::wait_for_pushers) has come back.
    pub(crate) unsafe fn push(inbox: *const Self, task: *mut T, rouse: impl FnOnce()) {
        // SAFETY: the caller's promise.
        unsafe {
            (*inbox).pushers.fetch_add(1, Ordering::Relaxed);
            let mut last = (*inbox).head.load(Ordering::Relaxed);
            loop {
                *T::next(task) = last;
                let orders = (Ordering::AcqRel, Ordering::Relaxed);
                match (*inbox).head.compare_exchange_weak(last, task, orders.0, orders.1) {
                    Ok(_) => break,
                    Err(now) => last = now,
                }
            }
            if (*inbox).claim_wakeup() {
                rouse();
            }
            (*inbox).pushers.fetch_sub(1, Ordering::Release);
        }
    }

    /// Takes all tasks, and calls `each` for them in the order in which they came.
    #[inline(always)]
    pub(crate) fn drain(&self, mut each: impl FnMut(*mut T)) {
        if self.head.load(Ordering::Relaxed).is_null() {
            return;
        }
        // Who sees it empty again sees that the worker was not idle any more: see `Runtime::confirm_deadlock`.
        let mut task = self.head.swap(ptr::null_mut(), Ordering::AcqRel);
        let mut turned: *mut T = ptr::null_mut();
        // SAFETY: the tasks are this worker's, and in no other list.
        unsafe {
            while !task.is_null() {
                let next = T::next(task).replace(turned);
                turned = task;
                task = next;
            }
            while !turned.is_null() {
                let next = *T::next(turned);
                each(turned);
                turned = next;
            }
        }
    }

    /// Waits until nobody is giving anything any more: then the inbox may go.
    pub(crate) fn wait_for_pushers(&self) {
        while self.pushers.load(Ordering::Acquire) != 0 {
            crate::sys::let_others_run();
        }
    }
}
