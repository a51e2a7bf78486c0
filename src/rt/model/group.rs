//! Groups: every task is in one, that of a main task or one that a program opens. A group keeps its tasks
//! until they are joined, or detached, or until it is closed. `nesting` says which group is inside which.

use core::ffi::c_int;
use core::ptr;

use super::runtime::Runtime;
use super::task::Task;
use crate::rt::base::atomic::Ordering;
use crate::rt::base::lock::{Aliased, Lock};
use crate::rt::base::nested_list::Brackets;
use crate::rt::base::wait_queue::{WaitQueue, Waiter};

/// A group of tasks.
pub struct Group {
    /// For all below but the last three.
    pub(crate) lock: Lock,
    /// Is it that of a main task?
    pub(crate) is_main: bool,
    /// It was cancelled. Written under the runtime's lock, too.
    pub(crate) is_cancelled: bool,
    /// Does a thread in acort_enter() do nothing but wait for its end? It is one that wakes nobody until then.
    pub(crate) has_blocked_caller: bool,
    /// Nothing could wake its tasks.
    pub(crate) is_deadlocked: bool,
    /// The errno that it has failed with first, or 0.
    pub(crate) error: c_int,
    /// How many have not ended.
    pub(crate) live: usize,
    pub(crate) first: *mut Task,
    /// Those who wait until none lives.
    pub(crate) waiters: WaitQueue,
    pub(crate) runtime: *mut Runtime,
    /// Its place among the groups of the runtime, under that one's lock.
    pub(crate) brackets: Brackets<Group>,
    _aliased: Aliased,
}

impl Group {
    /// Takes a new task in. It is cancelled if the group is.
    ///
    /// # Safety
    /// Nobody else knows the task.
    pub(crate) unsafe fn add(&mut self, task: *mut Task) {
        let _guard = self.lock.guard();
        // SAFETY: the caller's promise; who is in the list exists.
        unsafe {
            (*task).group = self;
            (*task).group_next = self.first;
            (*task).group_prev = ptr::null_mut();
            if let Some(first) = self.first.as_mut() {
                first.group_prev = task;
            }
            if self.is_cancelled && !self.is_main {
                (*task).parker.cancel();
            }
        }
        self.first = task;
        self.live += 1;
    }

    /// Takes a task out of the list. The lock is held, or nobody else knows the group.
    ///
    /// # Safety
    /// The task is in it.
    pub(crate) unsafe fn unlink(&mut self, task: *mut Task) {
        // SAFETY: the caller's promise; who is in the list exists.
        unsafe {
            let (next, previous) = ((*task).group_next, (*task).group_prev);
            match previous.as_mut() {
                Some(previous) => previous.group_next = next,
                None => self.first = next,
            }
            if let Some(next) = next.as_mut() {
                next.group_prev = previous;
            }
        }
    }

    /// An ended task is not kept any more.
    ///
    /// # Safety
    /// The task is in the list.
    pub(crate) unsafe fn remove(&mut self, task: *mut Task) {
        let _guard = self.lock.guard();
        // SAFETY: the caller's promise.
        unsafe { self.unlink(task) }
    }

    /// A task has ended, and is kept or not. Gives who is to be woken: after the last one those who wait; the
    /// group may be gone then.
    ///
    /// # Safety
    /// The group exists; the task is in its list.
    #[inline(always)]
    pub(crate) unsafe fn task_finished(
        group: *mut Group,
        task: *mut Task,
        is_kept: bool,
    ) -> *mut Waiter {
        // SAFETY: the caller's promise.
        unsafe {
            let _guard = (*group).lock.guard();
            if !is_kept {
                (*group).unlink(task);
            }
            (*group).live -= 1;
            if (*group).live == 0 && (*group).has_blocked_caller {
                (*group).has_blocked_caller = false;
                (*(*group).runtime).blocked_callers.fetch_sub(1, Ordering::SeqCst);
            }
            if (*group).live == 0 { (*group).waiters.claim_all() } else { ptr::null_mut() }
        }
    }

    /// The thread that has started its tasks waits for their end from here on.
    pub(crate) fn mark_caller_blocked(&mut self) {
        let _guard = self.lock.guard();
        if self.live != 0 {
            self.has_blocked_caller = true;
            // SAFETY: a group's runtime is there.
            unsafe { (*self.runtime).caller_blocked() }
        }
    }

    /// Calls `visit` for each task, the ended ones that are kept, too. The lock is held meanwhile.
    pub(crate) fn for_each(&mut self, visit: &mut dyn FnMut(*mut Task)) {
        let _guard = self.lock.guard();
        let mut task = self.first;
        // SAFETY: who is in the list exists.
        while let Some(this) = unsafe { task.as_ref() } {
            let next = this.group_next;
            visit(task);
            task = next;
        }
    }
}
