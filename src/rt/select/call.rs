//! The steps of acort_select(): check, try, wait, finish.
//!
//! ```text
//!   start ── deadline 0, or has files ──> try_now ─┬─ a case is ready ──────────> done
//!     │                                             └─ none, and deadline 0 ─────> ETIMEDOUT
//!     v
//!   start_wait: registers files; one pass ──────────── a case is ready ──────────> done
//!     │ no case is ready: joins all queues (S4)
//!     v
//!   the task switches to its scheduler, or the thread sleeps
//!     │
//!     v
//!   finish_wait: leaves all queues (S5) ────────────┬─ canceled, or file closed ─> ECANCELED
//!                                                   ├─ a waker chose a case ─────> that case
//!                                                   └─ an edge, a time, a mutex ─> start again (S6, S7, S9, S10)
//! ```
//!
//! `try_now` and `start_wait` both make a pass over the cases while they hold all locks.
//!
//! * S1. A call takes the lock of each object once, in the order of the addresses, those of groups after all others. It
//!   wakes, calls hooks and switches only after it has unlocked all of them. Other code that holds two of these locks
//!   takes that of a group last (T6 of `task`).
//! * S2. A pass tries all cases at one moment: S1 keeps every other thread out of their objects meanwhile.
//! * S3. A pass draws the cases one by one, each with the same probability, and takes the first that is ready. A call
//!   in order takes the first in the array.
//! * S4. A call joins all queues under the locks of the pass that found no case ready: no waker comes in between. The
//!   waiters join in the order of that pass.
//! * S5. All waiters share one parker, and one claim ends the wait: one case is performed, or none. The call leaves all
//!   queues before it uses the result.
//! * S6. Under the lock of its entry a file is registered with a poller, polled by poll(2), and waited for. So an edge
//!   after the registration finds the waiter. An edge may be older than the answer: the call starts again.
//! * S7. A deadline that passes becomes deadline 0: the call takes what has come since.
//! * S8. poll(2) checks one file after the other. It misses readiness that moves from a later file to an earlier one
//!   meanwhile, and a second poll(2) finds it. Linux has no call that checks several files at one moment.
//! * S9. The nearest timer bounds the wait, and a pass compares timers with the clock. So a call whose wait a timer has
//!   ended finds it in the next pass.
//! * S10. An unlock hands a mutex over, or wakes the call to compete for it (M2 of `mutex`). The call competes at once.
//!   If it loses, it starts again, and waits for the mutex in front.
//! * S11. A disabled case and a timer have neither a lock nor a queue.

use super::buffers::SelectBuffers;
use super::opened::Opened;
use super::operation::Select;
use crate::rt::base::Random;
use crate::rt::model::abi::acort_case_t;
use crate::rt::model::{Worker, task};
use crate::rt::os::{Deadline, Result};
use crate::rt::park::wait;

/// Waits for a case that is ready, performs it, and returns its index. Of several each has the same probability.
/// Errors: those of [`Select::prepare`]; `ETIMEDOUT`; `ECANCELED` if the task is canceled, or a file closed.
///
/// # Safety
/// The objects of the cases exist until the call returns. The data of a channel's case has a value's size.
pub(crate) unsafe fn select(cases: &mut [acort_case_t], deadline: Deadline) -> Result<usize> {
    // SAFETY: the worker is this thread's. The objects exist, and their data has the sizes.
    unsafe {
        let random = match Worker::current().as_mut() {
            Some(worker) => worker.random.split(),
            None => Random::of_thread(),
        };
        first_of(cases, Some(random), false, deadline)
    }
}

/// As [`select`], but of several cases that are ready takes the one with the lowest index.
///
/// # Safety
/// As [`select`].
pub(crate) unsafe fn select_ordered(
    cases: &mut [acort_case_t],
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: the objects exist, and their data has the sizes.
    unsafe { first_of(cases, None, false, deadline) }
}

/// Waits until a file of `cases` may be ready: cases from `poll::cases_of`, sorted by their entries and operations.
/// Errors: those of [`select`].
pub(super) fn select_polls(cases: &mut [acort_case_t], deadline: Deadline) -> Result<()> {
    // SAFETY: cases of descriptors have no objects and no data.
    unsafe { first_of(cases, None, true, deadline) }.map(drop)
}

unsafe fn first_of(
    cases: &mut [acort_case_t],
    random: Option<Random>,
    is_poll: bool,
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: the objects exist, and their data has the sizes. After `start` returns None a task runs here, whose
    // scheduler waits in a resume.
    unsafe {
        let (buffers, opened, task) = (SelectBuffers::NONE, Opened::NONE, task::current());
        let mut select = Select { cases, buffers, opened, task, random, is_poll, deadline };
        select.prepare()?;
        loop {
            if let Some(outcome) = select.start() {
                return outcome;
            }
            wait::switch_to_scheduler();
            if let Some(outcome) = select.finish() {
                return outcome;
            }
        }
    }
}
