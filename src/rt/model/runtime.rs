//! A runtime: its workers, its groups, and the tasks that have not begun, which any worker may take.

use core::ptr;

use super::abi::acort_opts_t;
use super::group::Group;
use super::inherited::Inherited;
use super::nesting::{self, Bracket};
use super::task::Task;
use super::worker::{Counters, Worker, count};
use crate::rt::base::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use crate::rt::base::injector::Injector;
use crate::rt::base::lock::{Aliased, Lock};
use crate::rt::os;
use crate::tls;

/// Threads of the process that only run what tasks give them: they wake nobody of themselves. In the upper
/// half, how often that number has changed: one that comes must not stand for another one that has gone.
#[unsafe(link_section = "aco_shared")]
static BLOCKING_THREADS: AtomicU64 = AtomicU64::new(0);
const CHANGE: u64 = 1 << 32;

/// This thread is a helper from here on.
pub(crate) fn blocking_thread_started() {
    BLOCKING_THREADS.fetch_add(CHANGE + 1, Ordering::SeqCst);
}

/// It is none any more.
pub(crate) fn blocking_thread_exited() {
    BLOCKING_THREADS.fetch_add(CHANGE - 1, Ordering::SeqCst);
}

/// Is no helper while a runtime has this thread, if it is one: who runs tasks of its own may wake others.
pub(crate) struct NotBlockingThread(bool);

impl NotBlockingThread {
    /// From here on, until this goes.
    pub(crate) fn enter() -> NotBlockingThread {
        let was_helper = tls::is_blocking_thread();
        if was_helper {
            tls::set_is_blocking_thread(false);
            blocking_thread_exited();
        }
        NotBlockingThread(was_helper)
    }
}

impl Drop for NotBlockingThread {
    fn drop(&mut self) {
        if self.0 {
            blocking_thread_started();
            tls::set_is_blocking_thread(true);
        }
    }
}

/// One idle worker less, and once more.
const LEAVE_IDLE: u64 = (1 << 32) - 1;

/// A runtime.
pub struct Runtime {
    pub(crate) options: acort_opts_t,
    /// What its threads begin with.
    pub(crate) inherited: *mut Inherited,
    /// `options.workers` of them.
    pub(crate) workers: *mut *mut Worker,
    /// For `groups`.
    pub(crate) lock: Lock,
    pub(crate) groups: Bracket,
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
    idle: AtomicU64,
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

    /// A task has ended. Where no other one lives, what was found out about those that were stuck is over.
    #[inline(always)]
    pub(crate) fn task_finished(&self) {
        if self.deadlocks.load(Ordering::Relaxed) != 0 {
            // Of two workers that end the last tasks at once, one sees both ends.
            fence(Ordering::SeqCst);
            if self.live_tasks() == 0 {
                self.deadlocks.store(0, Ordering::SeqCst);
            }
        }
    }

    /// A worker has nothing to do, and no deadline, file descriptor or helper will wake it. Can nobody
    /// else? For who is the last to find that out. Gives what [`confirm_deadlock`](Self::confirm_deadlock) is to be
    /// asked with.
    pub(crate) fn enter_idle(&self) -> Option<u64> {
        let idle = self.idle.fetch_add(1, Ordering::SeqCst) + 1;
        (idle as u32 == self.options.workers && self.has_nothing_to_do()).then_some(idle)
    }

    fn has_nothing_to_do(&self) -> bool {
        self.live_tasks() != 0
            && self.abandoned.load(Ordering::SeqCst) == 0
            && !self.has_injected()
            && self.workers().all(|worker| worker.inbox.is_empty())
    }

    /// Has no worker been anything but idle since the caller became it, as the last one, and is there nothing to
    /// do? True: the caller is idle no more. One of all finds that: the others' next answer is another one.
    pub(crate) fn confirm_deadlock(&self, idle: u64) -> bool {
        let orders = (Ordering::SeqCst, Ordering::Relaxed);
        self.has_nothing_to_do()
            && self.idle.compare_exchange(idle, idle + LEAVE_IDLE, orders.0, orders.1).is_ok()
    }

    /// A thread that might have woken tasks only waits from here on. Workers that have gone to sleep on its
    /// account look again.
    pub(crate) fn caller_blocked(&self) {
        self.blocked_callers.fetch_add(1, Ordering::SeqCst);
        if self.idle.load(Ordering::SeqCst) as u32 == self.options.workers {
            let _ = self.workers().any(Worker::wake);
        }
    }

    /// Ends what [`enter_idle`](Self::enter_idle) began. Before the worker looks for work.
    pub(crate) fn leave_idle(&self) {
        self.idle.fetch_add(LEAVE_IDLE, Ordering::SeqCst);
    }

    /// Are there threads that might wake a task of themselves?
    pub(crate) fn has_foreign_threads(&self) -> bool {
        let helpers = BLOCKING_THREADS.load(Ordering::SeqCst);
        let known = self.options.workers as usize
            + self.blocked_callers.load(Ordering::SeqCst) as usize
            + (helpers & u64::from(u32::MAX)) as usize;
        os::thread_count().is_none_or(|count| count > known)
            || helpers != BLOCKING_THREADS.load(Ordering::SeqCst)
    }

    /// Calls `visit` for each task. Locks are held meanwhile: it must not wait.
    pub(crate) fn for_each_task(&self, visit: &mut dyn FnMut(*mut Task)) {
        // SAFETY: a group that is visited exists.
        nesting::for_each(self, &mut |group| unsafe { (*group).for_each(visit) });
    }
}
