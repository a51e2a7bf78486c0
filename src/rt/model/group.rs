//! Groups of tasks: the list of tasks, the count of live ones, and the wait for their end. Each task is in one group:
//! the group of a main task, or one that the program has opened.
//!
//! ```text
//!   open ──> live == 0 <── add, task_finished ──> live > 0
//!               └── free: no task lives, and no call waits
//! ```
//!
//! * G1. The list has the tasks that live, and the completed ones that are neither DETACHED nor JOINED (T4). It changes
//!   under `lock`. The completed ones are behind the others, in the order of their ends; `ended` is the first of them.
//! * G2. `live` counts the tasks between `add` and `task_finished`.
//! * G3. `task_finished` claims all waiters when `live` becomes 0, under `lock`. Its caller wakes them without `lock`.
//!   A woken waiter may free the group, so the worker that has completed the last task does not touch it any more.
//! * G4. A worker holds the lock of the task in `task_finished`. `sched/group::free` takes and releases that lock
//!   before it frees the task.
//! * G5. While `has_blocked_caller` is set, `blocked_callers` of the runtime counts the thread. When `live` becomes
//!   0, the flag is cleared and the count is lowered.
//! * G6. One caller takes a completed task out of the list: a join, a detach, acort_group_next(), or the group when it
//!   is freed. `group_next` of a task that acort_group_next() has taken is the task itself, until the task is freed. A
//!   join or detach reads that under the task's lock, and acort_group_next() takes that lock before it frees the task.
//!   A completed task goes to the first call of acort_group_next() that waits, and otherwise into the list.
//!
//! How groups nest is in `nesting`, with NG1 to NG4.

use core::ffi::c_int;
use core::ptr;

use super::group_timer::GroupTimer;
use super::runtime::Runtime;
use super::task::{self, Task};
use crate::rt::base::atomic::Ordering;
use crate::rt::base::{Aliased, Brackets, Lock, WaitQueue, WakeList};
use crate::rt::os::Result;

/// A group of tasks.
pub struct Group {
    /// Guards the fields from here to `waiters`.
    pub(crate) lock: Lock,
    /// The group is the group of a main task. Fixed when it opens.
    pub(crate) is_main: bool,
    /// The group was cancelled; never reset. Written under `lock` and the runtime's lock (NG4).
    pub(crate) is_cancelled: bool,
    /// A thread in acort_enter() waits for the end of this group. Until then it wakes no task (D2 of `deadlock`).
    pub(crate) has_blocked_caller: bool,
    /// A deadlock was found while the group had tasks.
    pub(crate) is_deadlocked: bool,
    /// The errno of the first failure, or 0.
    pub(crate) error: c_int,
    /// Tasks that have not completed (G2).
    pub(crate) live: usize,
    /// The first and the last task of the list, and the first one that has completed (G1).
    pub(crate) first: *mut Task,
    last: *mut Task,
    ended: *mut Task,
    /// The calls that wait for one more task to complete, each with a slot for it (G6).
    pub(crate) next_waiters: WaitQueue,
    /// The calls that wait until no task lives (G3).
    pub(crate) waiters: WaitQueue,
    pub(crate) runtime: *mut Runtime,
    /// Its deadline, or null; the runtime's lock guards it (GT1 of `group_timer`).
    pub(crate) timer: *mut GroupTimer,
    /// The group of the task that waits for signals on behalf of this main group, or null (SG1 of `signal_cancel`).
    pub(crate) signal_listener: *mut Group,
    /// The node of the group in the runtime's list, which the runtime's lock guards (NG1).
    pub(crate) brackets: Brackets<Group>,
    _aliased: Aliased,
}

impl Group {
    /// Errors: `EDEADLK` if the running task is one of `group`: its wait for the group would never end.
    pub(crate) fn check_not_member(group: *mut Group) -> Result<()> {
        // SAFETY: the running task exists, or is NULL.
        let is_member = unsafe { task::current().as_ref() }.is_some_and(|task| task.group == group);
        if is_member { Err(libc::EDEADLK) } else { Ok(()) }
    }

    /// Adds a new task. Cancels it if the group was cancelled, unless the group is that of a main task.
    ///
    /// # Safety
    /// No other thread knows `task`.
    pub(crate) unsafe fn add(&mut self, task: *mut Task) {
        let lock = &raw const self.lock;
        // SAFETY: no other thread knows the task. A task in the list is live; the lock is held.
        unsafe {
            let _guard = (*lock).guard();
            (*task).group = self;
            (*task).group_next = self.first;
            (*task).group_prev = ptr::null_mut();
            match self.first.as_mut() {
                Some(first) => first.group_prev = task,
                None => self.last = task,
            }
            if self.is_cancelled && !self.is_main {
                (*task).parker.cancel();
            }
            self.first = task;
            self.live += 1;
        }
    }

    /// Takes a task out of the list.
    ///
    /// # Safety
    /// `task` is in the list. `lock` is held, or no other thread uses the group.
    pub(crate) unsafe fn unlink(&mut self, task: *mut Task) {
        // SAFETY: the tasks in the list are live, and no other thread changes it.
        unsafe {
            let (next, prev) = ((*task).group_next, (*task).group_prev);
            match prev.as_mut() {
                Some(prev) => prev.group_next = next,
                None => self.first = next,
            }
            match next.as_mut() {
                Some(next) => next.group_prev = prev,
                None => self.last = prev,
            }
            if self.ended == task {
                self.ended = next;
            }
        }
    }

    /// Takes a completed task out of the list, for a call that joins or detaches it. Returns false if
    /// acort_group_next() has taken it (G6).
    ///
    /// # Safety
    /// The lock of `task` is held, which has completed without DETACHED and JOINED.
    pub(crate) unsafe fn take(&mut self, task: *mut Task) -> bool {
        let lock = &raw const self.lock;
        // SAFETY: the task's lock keeps it, and with it the group. The group's lock is held.
        unsafe {
            let _guard = (*lock).guard();
            let is_there = (*task).group_next != task;
            if is_there {
                self.unlink(task);
            }
            is_there
        }
    }

    /// Takes the task that has completed first out of the list, for acort_group_next() (G6). Null: there is none.
    ///
    /// # Safety
    /// `lock` is held.
    pub(crate) unsafe fn take_ended(&mut self) -> *mut Task {
        let task = self.ended;
        // SAFETY: a task in the list is live; the lock is held.
        unsafe {
            if !task.is_null() {
                self.unlink(task);
                (*task).group_next = task;
            }
        }
        task
    }

    /// Gives a completed task to the first call of acort_group_next() that waits, which is claimed into `claimed`; or
    /// puts it at the end of the list.
    ///
    /// # Safety
    /// `lock` is held, and `task` is in the list.
    unsafe fn keep_ended(&mut self, task: *mut Task, claimed: &mut WakeList) {
        // SAFETY: the lock is held. A claimed waiter has a slot for a task, and stays in its call until it is woken.
        unsafe {
            self.unlink(task);
            let waiter = self.next_waiters.claim_front();
            if !waiter.is_null() {
                (*task).group_next = task;
                (*waiter).slot.cast::<*mut Task>().write(task);
                return claimed.push(waiter);
            }
            ((*task).group_next, (*task).group_prev) = (ptr::null_mut(), self.last);
            match self.last.as_mut() {
                Some(last) => last.group_next = task,
                None => self.first = task,
            }
            self.last = task;
            if self.ended.is_null() {
                self.ended = task;
            }
        }
    }

    /// Records that a task has completed; unless it `is_kept`, takes it out of the list. Returns the claimed waiters
    /// that the caller wakes. The group may be freed once one of them is woken (G3).
    ///
    /// # Safety
    /// `task` is in the list of `group`. The caller holds the lock of `task` (G4).
    #[inline(always)]
    pub(crate) unsafe fn task_finished(
        group: *mut Group,
        task: *mut Task,
        is_kept: bool,
    ) -> WakeList {
        // SAFETY: the task has not left `live`, so the group and its runtime are live.
        unsafe {
            let _guard = (*group).lock.guard();
            let mut claimed = WakeList::NEW;
            if is_kept {
                (*group).keep_ended(task, &mut claimed);
            } else {
                (*group).unlink(task);
            }
            (*group).live -= 1;
            if (*group).live == 0 && (*group).has_blocked_caller {
                (*group).has_blocked_caller = false;
                (*(*group).runtime).blocked_callers.fetch_sub(1, Ordering::SeqCst);
            }
            if (*group).live == 0 {
                (*group).waiters.claim_into(&mut claimed);
                (*group).next_waiters.claim_into(&mut claimed);
            }
            claimed
        }
    }

    /// Records that the thread that has started the main task now only waits for the end of the group, unless no task
    /// lives (G5). May wake a worker, by a system call under `lock`.
    pub(crate) fn mark_caller_blocked(&mut self) {
        let _guard = self.lock.guard();
        if self.live != 0 {
            self.has_blocked_caller = true;
            // SAFETY: the runtime of a group is live.
            unsafe { (*self.runtime).caller_blocked() }
        }
    }

    /// Calls `visit` for each task of the list (G1), under `lock`.
    pub(crate) fn for_each(&mut self, visit: &mut dyn FnMut(*mut Task)) {
        let _guard = self.lock.guard();
        let mut task = self.first;
        // SAFETY: a task in the list is live.
        while let Some(this) = unsafe { task.as_ref() } {
            let next = this.group_next;
            visit(task);
            task = next;
        }
    }
}
