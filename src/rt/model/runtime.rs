//! A runtime: its workers, its groups, and the injector, which has the tasks that any worker may begin.
//!
//! How groups nest is in `nesting`, the detection of deadlocks in `deadlock`.

use core::ptr;

use super::abi::acort_opts_t;
use super::group::Group;
use super::inherited::Inherited;
use super::task::Task;
use super::worker::{Counters, Worker, count};
use crate::rt::base::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use crate::rt::base::{Aliased, Injector, Lock, NestedList};

/// A runtime.
pub struct Runtime {
    pub(crate) options: acort_opts_t,
    /// Tasks that wait for signals on behalf of a run (see `sched/signal_cancel`).
    pub(crate) signal_listeners: AtomicU32,
    /// The state that its threads inherit.
    pub(crate) inherited: *mut Inherited,
    /// An array of `options.workers` workers, which are live as long as the runtime.
    pub(crate) workers: *mut *mut Worker,
    /// Guards `groups` (NG1).
    pub(crate) lock: Lock,
    pub(crate) groups: NestedList<Group>,
    /// With ACORT_LOOP: the group of the tasks that acort_loop_go() starts.
    pub(crate) loop_group: *mut Group,
    /// Tasks that other threads than its workers have created.
    pub(crate) created_outside: AtomicU64,
    pub(crate) injector: Injector<Task>,
    /// A worker of the runtime has injected the last task.
    pub(crate) is_injector_awake: AtomicBool,
    /// Threads in acort_enter().
    pub(crate) callers: AtomicU32,
    /// The threads of `callers` that only wait, as their tasks live (D2, G5).
    pub(crate) blocked_callers: AtomicU32,
    /// The epoch and the number of idle workers: see `deadlock`.
    pub(super) idle: AtomicU64,
    /// The threads of the workers are to exit.
    pub(crate) is_stopping: AtomicBool,
    /// Deadlocks since the last moment without tasks (D4).
    pub(crate) deadlocks: AtomicU32,
    /// Abandoned tasks that their workers have not dropped yet (D4).
    pub(crate) abandoned: AtomicUsize,
    _aliased: Aliased,
}

impl Runtime {
    /// Returns the worker with this index. None: there are not so many.
    pub(crate) fn worker(&self, index: u32) -> Option<&Worker> {
        if index >= self.options.workers {
            return None;
        }
        // SAFETY: the array has `options.workers` workers, which are live as long as the runtime.
        unsafe { (*self.workers.add(index as usize)).as_ref() }
    }

    /// Returns all workers.
    pub(crate) fn workers(&self) -> impl Iterator<Item = &Worker> {
        (0..self.options.workers).filter_map(|index| self.worker(index))
    }

    /// Puts a new task where any worker may take it, and wakes a worker that sleeps.
    ///
    /// # Safety
    /// `task` is NEW, and in no list.
    pub(crate) unsafe fn inject(&mut self, task: *mut Task) {
        // SAFETY: the task is in no list, and stays until it has run.
        unsafe { Injector::push(&raw mut self.injector, task) }
        for worker in self.workers() {
            if worker.wake() {
                break;
            }
        }
    }

    /// Returns how many tasks live: have been created and have not completed (D3). Each worker has its own counters,
    /// so that counting needs no atomic read-modify-write.
    pub(crate) fn live_tasks(&self) -> u64 {
        let ended = self.sum(|counts| &counts.ended);
        self.sum(|counts| &counts.created) + self.created_outside.load(Ordering::Acquire) - ended
    }

    /// Returns the sum of one counter of all workers.
    #[inline(never)]
    pub(crate) fn sum(&self, of: fn(&Counters) -> &AtomicU64) -> u64 {
        self.workers().map(|worker| of(&worker.counters).load(Ordering::Acquire)).sum()
    }

    /// Counts a task that this thread creates.
    ///
    /// # Safety
    /// `worker` is the worker of this thread, or null.
    #[inline(always)]
    pub(crate) unsafe fn task_created(&self, worker: *mut Worker) {
        // SAFETY: the worker of this thread is live.
        match unsafe { worker.as_ref() } {
            Some(worker) if ptr::eq(worker.runtime, self) => count(&worker.counters.created, 1),
            _ => _ = self.created_outside.fetch_add(1, Ordering::Release),
        }
    }
}
