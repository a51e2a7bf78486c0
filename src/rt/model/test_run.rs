//! Test runs: the virtual clock of a worker, its order by a seed, and what its tasks may not do. acort_test_run(), and
//! acort_run_ex() with ACORT_TEST.
//!
//! ```text
//!   begin: the thread's clock starts at the real time; the worker's order comes from the seed
//!
//!     no task is ready ─┬─ a task waits for a blocking call ─> the worker sleeps, and the clock stands still
//!                       ├─ a timer ──────────────────────────> the clock jumps to the first deadline
//!                       ├─ a wait for the outside ───────────> the worker sleeps
//!                       └─ none of these ────────────────────> deadlock
//!
//!   end: the thread reads the real clock again
//! ```
//!
//! * V1. One clock: all code that runs on the worker's thread, in tasks, hooks and the scheduler, reads the time by
//!   `os::now`. `os::real_now` is for what measures the machine: slices, spinning, exit(3).
//! * V2. The clock changes in step 7 of `run_loop` alone, to the first deadline, and never goes back. No task is ready
//!   then: `collect` has fired the timers that were due and polled the descriptors, and step 6 has checked the inbox.
//!   So each deadline has its own turn.
//! * V3. A task that waits for a blocking call counts in `blocking_calls` until it runs again. So the clock does not
//!   jump between the end of the call and the task's next step.
//! * V4. The order comes from the seed: the worker's generator is seeded with nothing else. The run queue, the timers
//!   (H1 of `timer_heap`) and the budget depend on the calls of the tasks only. What comes from other threads and from
//!   the system has no such order.
//! * V5. A closed run has no outside: its calls on descriptors, files, names, signals and children fail. So only a
//!   blocking call of the program can end an external wait, and threads that the runtime does not know do not delay the
//!   report of a deadlock (D2 of `deadlock`).
//! * V6. A plain thread has the real clock, and does not know whose clock the deadline of an object's wait is for.
//!   While a run is active in the process such a wait fails, unless the deadline is 0 or NEVER.

use core::sync::atomic::{AtomicU32, Ordering};

use super::abi::{ACORT_TEST, ACORT_TEST_OUTSIDE, acort_opts_t};
use super::caller::Caller;
use super::chaos;
use super::worker::{TestMode, Worker};
use crate::rt::os::{self, Deadline, Result};
use crate::tls;

/// The test runs that are active in the process.
#[unsafe(link_section = "aco_shared")]
static ACTIVE: AtomicU32 = AtomicU32::new(0);

/// Returns the mode that the options of a runtime choose.
pub(crate) fn mode_of(options: &acort_opts_t) -> TestMode {
    match (options.flags & ACORT_TEST, options.flags & ACORT_TEST_OUTSIDE) {
        (0, _) => TestMode::Off,
        (_, 0) => TestMode::Closed,
        _ => TestMode::Outside,
    }
}

/// An active test run on this thread. It ends when the value is dropped.
pub(crate) struct TestRun(TestMode);

impl TestRun {
    /// Begins a run, if the options ask for one. `worker` is attached to this thread, and runs no task yet.
    pub(crate) fn begin(worker: &mut Worker, options: &acort_opts_t) -> TestRun {
        let mode = mode_of(options);
        if mode.is_virtual() {
            worker.test_mode = mode;
            chaos::seed_with(worker, options.test_seed);
            ACTIVE.fetch_add(1, Ordering::SeqCst);
            tls::set_virtual_time(os::real_now().max(1));
        }
        TestRun(mode)
    }
}

impl Drop for TestRun {
    fn drop(&mut self) {
        if self.0.is_virtual() {
            tls::set_virtual_time(0);
            ACTIVE.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Sets this thread's virtual clock to `time`, the first deadline. The timers of earlier times have fired (V2).
pub(crate) fn jump_to(time: i64) {
    tls::set_virtual_time(time);
}

/// Errors: `EPERM` if the caller is in a closed run (V5).
#[inline(always)]
pub(crate) fn check_outside(caller: Caller) -> Result<()> {
    // SAFETY: the worker of this thread is live, or null.
    match unsafe { caller.worker().as_ref() } {
        Some(worker) if worker.test_mode == TestMode::Closed => Err(libc::EPERM),
        _ => Ok(()),
    }
}

/// Returns true if a plain thread may not wait for an object until `deadline` (V6).
pub(crate) fn is_ambiguous(deadline: Deadline) -> bool {
    deadline.time().is_some() && !deadline.is_now() && ACTIVE.load(Ordering::SeqCst) != 0
}
