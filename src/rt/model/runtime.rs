//! A runtime: its workers, its groups, and the tasks that have not begun, which any worker may take.

use core::ptr;

use super::abi::acort_opts_t;
use super::group::Group;
use super::inherited::Inherited;
use super::task::Task;
use super::worker::{Counters, Worker, count};
use crate::rt::base::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use crate::rt::base::injector::Injector;
use crate::rt::base::lock::{Aliased, Lock};
use crate::rt::base::nested_list::NestedList;

/// A runtime.
pub struct Runtime {
    pub(crate) options: acort_opts_t,
    /// What its threads begin with.
    pub(crate) inherited: *mut Inherited,
    /// `options.workers` of them.
    pub(crate) workers: *mut *mut Worker,
    /// For `groups`.
    pub(crate) lock: Lock,
    pub(crate) groups: NestedList<Group>,
    /// Where another event loop runs it: the group of the tasks that are started from outside.
    pub(crate) loop_group: *mut Group,
    /// Tasks that threads have made which are none of its workers.
    pub(crate) created_outside: AtomicU64,
    injector: Injector<Task>,
    /// Threads in acort_enter().
    pub(crate) callers: AtomicU32,
    /// Those of them whose tasks live: they only wait. See [`Group::mark_caller_blocked`].
    pub(crate) blocked_callers: AtomicU32,
    /// How many workers nothing but another one can wake; in the upper half how often one of them was not
    /// idle any more.
    pub(super) idle: AtomicU64,
    /// The workers' threads end.
    pub(crate) is_stopping: AtomicBool,
    /// How often nothing could ever wake any task, since there was none.
    pub(crate) deadlocks: AtomicU32,
    /// Tasks that were withdrawn, and that their workers have not ended yet.
    pub(crate) abandoned: AtomicUsize,
    _aliased: Aliased,
}

impl Runtime {
    /// The worker of this number.
    pub(crate) fn worker(&self, number: u32) -> Option<&Worker> {
        if number >= self.options.workers {
            return None;
        }
        // SAFETY: so many workers are there for as long as the runtime is.
        unsafe { (*self.workers.add(number as usize)).as_ref() }
    }

    /// All of them.
    pub(crate) fn workers(&self) -> impl Iterator<Item = &Worker> {
        (0..self.options.workers).filter_map(|number| self.worker(number))
    }

    /// Gives a task that has not begun to whichever worker takes it.
    ///
    /// # Safety
    /// It is in no list of those.
    pub(crate) unsafe fn inject(&mut self, task: *mut Task) {
        // SAFETY: the caller's promise.
        unsafe { Injector::push(&raw mut self.injector, task) }
        for worker in self.workers() {
            if worker.wake() {
                break;
            }
        }
    }

    /// Are there tasks that have not begun?
    #[inline(always)]
    pub(crate) fn has_injected(&self) -> bool {
        !self.injector.is_empty()
    }

    /// How many of those a worker takes at once.
    #[inline(always)]
    pub(crate) fn injected_batch(&self) -> usize {
        self.injector.batch_size(self.options.workers)
    }

    /// Takes one of those, or gives NULL.
    pub(crate) fn pop_injected(&mut self) -> *mut Task {
        // SAFETY: the list is this one's.
        unsafe { Injector::pop(&raw mut self.injector) }
    }

    /// How many tasks have not ended. Each worker counts for itself, without locked instructions. The ends are
    /// summed up first: whatever was made or has ended meanwhile, 0 says that none lived at some moment.
    pub(crate) fn live_tasks(&self) -> u64 {
        let sum = |of: fn(&Counters) -> &AtomicU64| -> u64 {
            self.workers().map(|worker| of(&worker.counters).load(Ordering::Acquire)).sum()
        };
        let ended = sum(|counts| &counts.ended);
        sum(|counts| &counts.created) + self.created_outside.load(Ordering::Acquire) - ended
    }

    /// A task was made, by this thread, which is the worker `here` or none.
    ///
    /// # Safety
    /// `here` is NULL or this thread's worker.
    #[inline(always)]
    pub(crate) unsafe fn task_created(&self, here: *mut Worker) {
        // SAFETY: the caller's promise.
        match unsafe { here.as_ref() } {
            Some(here) if ptr::eq(here.runtime, self) => count(&here.counters.created, 1),
            _ => _ = self.created_outside.fetch_add(1, Ordering::Release),
        }
    }
}
