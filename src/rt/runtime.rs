//! A runtime: its workers, its groups, and the tasks that have not begun, which any worker may take.

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use super::abi::acort_opts_t;
use super::group::Group;
use super::lock::{Lock, SeveralTouch};
use super::os;
use super::task::Task;
use super::worker::Worker;

/// Threads of the process that only run what tasks give them: they wake nobody of themselves. In the upper
/// half, how often that number has changed: one that comes must not stand for another one that has gone.
#[unsafe(link_section = "aco_shared")]
static HELPERS: AtomicU64 = AtomicU64::new(0);
const CHANGE: u64 = 1 << 32;

/// This thread is a helper from here on.
pub(crate) fn helper_begins() {
    HELPERS.fetch_add(CHANGE + 1, Ordering::SeqCst);
}

/// It is none any more.
pub(crate) fn helper_ends() {
    HELPERS.fetch_add(CHANGE - 1, Ordering::SeqCst);
}

/// A runtime.
pub struct Runtime {
    pub(crate) options: acort_opts_t,
    /// `options.workers` of them.
    pub(crate) workers: *mut *mut Worker,
    /// For `groups`.
    pub(crate) lock: Lock,
    pub(crate) groups: *mut Group,
    /// Where another event loop runs it: the group of the tasks that are started from outside.
    pub(crate) loop_group: *mut Group,
    /// Tasks that have not ended.
    pub(crate) live: AtomicUsize,
    /// For the list of those that have not begun.
    fresh_lock: Lock,
    fresh_first: *mut Task,
    fresh_last: *mut Task,
    fresh_count: AtomicUsize,
    /// Threads in acort_enter().
    pub(crate) callers: AtomicU32,
    /// Those of them whose tasks live: they only wait. See [`Group::is_waited_for`].
    pub(crate) waiting_callers: AtomicU32,
    /// Workers that nothing but another one can wake.
    idle: AtomicU32,
    /// How often one of them was not idle any more.
    wakes: AtomicU32,
    /// The workers' threads end.
    pub(crate) is_stopping: AtomicBool,
    /// How often nothing could ever wake any task, since there was none.
    pub(crate) deadlocks: AtomicU32,
    /// Tasks that were withdrawn, and that their workers have not ended yet.
    pub(crate) given_up: AtomicUsize,
    _touched: SeveralTouch,
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
    pub(crate) unsafe fn offer(&mut self, task: *mut Task) {
        // SAFETY: the caller's promise; the list is held.
        unsafe {
            (*task).next = ptr::null_mut();
            let _held = self.fresh_lock.hold();
            match self.fresh_last.as_mut() {
                Some(last) => last.next = task,
                None => self.fresh_first = task,
            }
            self.fresh_last = task;
            self.fresh_count.fetch_add(1, Ordering::SeqCst);
        }
        for worker in self.workers() {
            if worker.rouse() {
                break;
            }
        }
    }

    /// Are there tasks that have not begun?
    #[inline(always)]
    pub(crate) fn has_fresh(&self) -> bool {
        self.fresh_count.load(Ordering::SeqCst) != 0
    }

    /// How many of those a worker takes at once: it leaves some for the others.
    pub(crate) fn share_of_fresh(&self) -> usize {
        const MOST: usize = 32;
        match self.fresh_count.load(Ordering::Relaxed) {
            0 => 0,
            count => (count / self.options.workers as usize).clamp(1, MOST),
        }
    }

    /// Takes one of those, or gives NULL.
    pub(crate) fn take_fresh(&mut self) -> *mut Task {
        if !self.has_fresh() {
            return ptr::null_mut();
        }
        let _held = self.fresh_lock.hold();
        let task = self.fresh_first;
        // SAFETY: who is in the list exists.
        if let Some(found) = unsafe { task.as_ref() } {
            self.fresh_first = found.next;
            if self.fresh_first.is_null() {
                self.fresh_last = ptr::null_mut();
            }
            self.fresh_count.fetch_sub(1, Ordering::SeqCst);
        }
        task
    }

    /// A worker has nothing to do, and no deadline, file descriptor or helper will wake it. Can nobody
    /// else? For who is the last to find that out: then the workers have nothing in their inboxes. Gives
    /// what [`is_idle_since`](Self::is_idle_since) is to be asked with.
    pub(crate) fn becomes_idle(&self) -> Option<u32> {
        let idle = self.idle.fetch_add(1, Ordering::SeqCst) + 1;
        let wakes = self.wakes.load(Ordering::SeqCst);
        (idle == self.options.workers && self.is_idle_since(wakes)).then_some(wakes)
    }

    /// Has nobody had anything to do since then? To be asked again once there are no strangers: one may
    /// have put a new task somewhere before it was known.
    pub(crate) fn is_idle_since(&self, wakes: u32) -> bool {
        self.live.load(Ordering::SeqCst) != 0
            && self.given_up.load(Ordering::SeqCst) == 0
            && !self.has_fresh()
            && self.workers().all(Worker::has_empty_inbox)
            && wakes == self.wakes.load(Ordering::SeqCst)
    }

    /// A thread that might have woken tasks only waits from here on. Workers that have gone to sleep on its
    /// account look again.
    pub(crate) fn a_caller_waits(&self) {
        self.waiting_callers.fetch_add(1, Ordering::SeqCst);
        if self.idle.load(Ordering::SeqCst) == self.options.workers {
            let _ = self.workers().any(Worker::rouse);
        }
    }

    /// Ends what [`becomes_idle`](Self::becomes_idle) began. Before the worker looks for work.
    pub(crate) fn is_idle_no_more(&self) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
        self.idle.fetch_sub(1, Ordering::SeqCst);
    }

    /// Are there threads that might wake a task of themselves?
    pub(crate) fn has_strangers(&self) -> bool {
        let helpers = HELPERS.load(Ordering::SeqCst);
        let known = self.options.workers as usize
            + self.waiting_callers.load(Ordering::SeqCst) as usize
            + (helpers & u64::from(u32::MAX)) as usize;
        os::thread_count().is_none_or(|count| count > known)
            || helpers != HELPERS.load(Ordering::SeqCst)
    }

    /// Calls `visit` for each task. Locks are held meanwhile: it must not wait.
    pub(crate) fn each_task(&self, visit: &mut dyn FnMut(*mut Task)) {
        let _held = self.lock.hold();
        let mut group = self.groups;
        // SAFETY: who is in the list exists.
        while let Some(this) = unsafe { group.as_mut() } {
            this.each(visit);
            group = this.next;
        }
    }
}
