//! Deadlock detection: finds that nothing can wake any task of a runtime.
//!
//! ```text
//!   idle = (epoch : 32, idle workers : 32)     enter_idle: workers + 1     leave_idle: epoch + 1, workers - 1
//!
//!   a worker without timers and external waits, once w3 of `inbox` has found nothing:
//!
//!     enter_idle() ── None: not all workers are idle, or there is work ────────> sleep
//!        │ Some(idle)
//!     has_foreign_threads() ── true ───────────────────────────────────────────> sleep, but check again in a while
//!        │ false
//!     confirm_deadlock(idle) ── false: a worker was awake meanwhile ───────────> sleep
//!        │ true: idle has changed to (epoch + 1, workers - 1)
//!     this worker alone has found a deadlock
//!
//!   after each sleep: leave_idle()
//! ```
//!
//! * D1. A worker drains its inbox and takes from the injector only after `leave_idle`. So if all workers are idle, all
//!   inboxes and the injector are empty, and the epoch is the same, no task was ready.
//! * D2. A foreign thread is a thread that may wake a task on its own. Workers, threads of the blocking pool, and
//!   threads that are blocked in acort_enter() are not foreign: the number of threads of the process is compared with
//!   their sum. The workers of another runtime are foreign. If all workers are idle, a thread that blocks in
//!   acort_enter() wakes one of them, which checks again. For a closed test run no thread is foreign (V5 of
//!   `test_run`).
//! * D3. `live_tasks` reads the counts of finished tasks before those of created tasks. So if the result is 0, no
//!   task was live at some moment.
//! * D4. The first deadlock is reported, and all tasks are cancelled. At the second one all tasks are abandoned
//!   (`finish`), and detection waits until `abandoned` is 0 again. `deadlocks` is reset when no task lives.

use super::runtime::Runtime;
use super::test_run;
use super::worker::{TestMode, Worker};
use crate::rt::base::atomic::{AtomicU64, Ordering, fence};
use crate::rt::os;
use crate::tls;

/// Threads of the blocking pool, which run only what tasks ask for. The upper half counts the changes: a thread that
/// starts must not be mistaken for one that has exited.
#[unsafe(link_section = "aco_shared")]
static BLOCKING_THREADS: AtomicU64 = AtomicU64::new(0);
const CHANGE: u64 = 1 << 32;

/// Counts this thread as one of the blocking pool.
pub(crate) fn blocking_thread_started() {
    BLOCKING_THREADS.fetch_add(CHANGE + 1, Ordering::SeqCst);
}

/// Ends what [`blocking_thread_started`] has begun.
pub(crate) fn blocking_thread_exited() {
    BLOCKING_THREADS.fetch_add(CHANGE - 1, Ordering::SeqCst);
}

/// Excludes this thread from the blocking pool while it runs its own runtime: it may then wake tasks of others
/// (D2).
pub(crate) struct NotBlockingThread(bool);

impl NotBlockingThread {
    /// Begins the exclusion, if the thread is one of the pool. It ends when the value is dropped.
    pub(crate) fn enter() -> NotBlockingThread {
        let was_blocking_thread = tls::is_blocking_thread();
        if was_blocking_thread {
            tls::set_is_blocking_thread(false);
            blocking_thread_exited();
        }
        NotBlockingThread(was_blocking_thread)
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

/// What `idle` changes by when a worker leaves: the epoch + 1, the workers - 1.
const LEAVE_IDLE: u64 = (1 << 32) - 1;

impl Runtime {
    /// Records that a task has completed. If no task lives, forgets the deadlocks (D4).
    #[inline(always)]
    pub(crate) fn task_finished(&self) {
        if self.deadlocks.load(Ordering::Relaxed) != 0 {
            // If two workers complete the last two tasks at the same time, one of them sees both counts.
            fence(Ordering::SeqCst);
            if self.live_tasks() == 0 {
                self.deadlocks.store(0, Ordering::SeqCst);
            }
        }
    }

    /// Records that a worker is idle: only another worker or a foreign thread can wake it. Returns the value for
    /// [`confirm_deadlock`](Self::confirm_deadlock) if all workers are idle and there is nothing to do.
    pub(crate) fn enter_idle(&self) -> Option<u64> {
        let idle = self.idle.fetch_add(1, Ordering::SeqCst) + 1;
        (idle as u32 == self.options.workers && self.has_nothing_to_do()).then_some(idle)
    }

    /// Returns true if tasks live, and none is ready or about to be abandoned.
    fn has_nothing_to_do(&self) -> bool {
        self.live_tasks() != 0
            && self.abandoned.load(Ordering::SeqCst) == 0
            && self.injector.is_empty()
            && self.workers().all(|worker| worker.inbox.is_empty())
    }

    /// Returns true if all workers have been idle since `enter_idle` has returned `idle`, and there is nothing to do
    /// (D1). The caller has left the idle state then. It has found a deadlock, and no other worker finds the same one.
    pub(crate) fn confirm_deadlock(&self, idle: u64) -> bool {
        let orders = (Ordering::SeqCst, Ordering::Relaxed);
        self.has_nothing_to_do()
            && self.idle.compare_exchange(idle, idle + LEAVE_IDLE, orders.0, orders.1).is_ok()
    }

    /// Records that the calling thread is blocked in acort_enter(), so it is no longer foreign (D2). If all workers
    /// are idle, wakes one of them to check again.
    pub(crate) fn caller_blocked(&self) {
        self.blocked_callers.fetch_add(1, Ordering::SeqCst);
        if self.idle.load(Ordering::SeqCst) as u32 == self.options.workers {
            let _ = self.workers().any(Worker::wake);
        }
    }

    /// Ends what [`enter_idle`](Self::enter_idle) has begun, before the worker takes work (D1).
    pub(crate) fn leave_idle(&self) {
        self.idle.fetch_add(LEAVE_IDLE, Ordering::SeqCst);
    }

    /// Returns true if the process may have foreign threads (D2).
    pub(crate) fn has_foreign_threads(&self) -> bool {
        if test_run::mode_of(&self.options) == TestMode::Closed {
            return false;
        }
        let pool = BLOCKING_THREADS.load(Ordering::SeqCst);
        let known = self.options.workers as usize
            + self.blocked_callers.load(Ordering::SeqCst) as usize
            + (pool & u64::from(u32::MAX)) as usize;
        os::thread_count().is_none_or(|count| count > known)
            || pool != BLOCKING_THREADS.load(Ordering::SeqCst)
    }
}
