//! Deadlocks: nothing can wake any task of a runtime.

use super::runtime::Runtime;
use super::worker::Worker;
use crate::rt::base::atomic::{AtomicU64, Ordering, fence};
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

impl Runtime {
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
}
