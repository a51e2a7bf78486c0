//! Select: a call that waits for one of several cases.
//!
//! ```text
//!   begin ── must not wait, or has files ──> attempt ── a case is ready ────────> done
//!     │                                         │ none; deadline 0 ─────────────> ETIMEDOUT
//!     v                                         v none
//!   begin_wait: files registered, one pass ─────────── a case is ready ────────> done
//!     │ none: places in all queues (S4)
//!     v
//!   the task leaves, or the thread sleeps
//!     │
//!     v
//!   end_wait: places withdrawn (S5) ──┬── cancelled, a file closed ────────────> ECANCELED
//!                                     ├── a waker has done a case ─────────────> that case
//!                                     └── an edge (S6), the deadline (S7): begin again
//! ```
//!
//! `attempt` and `begin_wait` both make a pass over the cases while they hold all locks.
//!
//! * S1. A call takes the lock of each object once, in the order of the addresses. It wakes, calls hooks and leaves
//!   after it has given all of them back.
//! * S2. A pass tries all cases at one moment: S1 keeps every other thread out of their objects meanwhile.
//! * S3. A pass draws the cases one by one, each with the same chance, and takes the first that is ready. By rank the
//!   order is that of the array.
//! * S4. A call takes its places in all queues under the locks of the pass that found none: no wake comes between.
//!   The places have the order that the pass has drawn.
//! * S5. One parker stands in all places, and one claim ends the wait: one case is done, or none. The call withdraws
//!   all places before it looks at the outcome.
//! * S6. Under its entry's lock a file is registered with a poller, asked for by poll(2), and waited for. So an edge
//!   after the registration finds the place. An edge may be older than the answer: the call begins again.
//! * S7. A deadline that passes makes the deadline 0: the call gives what has come since.
//! * S8. poll(2) asks for one file after the other. Readiness that moves from a later file to an earlier one meanwhile
//!   is missed by one poll(2), and found by a second. Linux has no call that asks for several at one moment.

use super::buffers::SelectBuffers;
use super::choice::Select;
use crate::rt::base::random::Random;
use crate::rt::model::abi::acort_case_t;
use crate::rt::model::task;
use crate::rt::model::worker::Worker;
use crate::rt::os::Result;
use crate::rt::park::wait;

/// Waits for a case that is ready, does it, and gives its number. Of several each has the same chance.
///
/// # Safety
/// The objects of the cases are there; their values have their sizes.
pub(crate) unsafe fn select(cases: &mut [acort_case_t], deadline: i64) -> Result<usize> {
    // SAFETY: the thread's worker; the caller's promise.
    unsafe {
        let random = match Worker::current().as_mut() {
            Some(worker) => worker.random.split(),
            None => Random::of_thread(),
        };
        first_of(cases, Some(random), deadline)
    }
}

/// As [`select`], by rank: of several that are ready it is the one with the least number.
///
/// # Safety
/// As [`select`].
pub(crate) unsafe fn select_ordered(cases: &mut [acort_case_t], deadline: i64) -> Result<usize> {
    // SAFETY: the caller's promise.
    unsafe { first_of(cases, None, deadline) }
}

unsafe fn first_of(
    cases: &mut [acort_case_t],
    random: Option<Random>,
    deadline: i64,
) -> Result<usize> {
    // SAFETY: the caller's promise; a task whose wait has begun runs here, and its scheduler waits in a resume.
    unsafe {
        let mut choice =
            Select { cases, buffers: SelectBuffers::NONE, me: task::current(), random, deadline };
        choice.prepare()?;
        loop {
            if let Some(outcome) = choice.begin() {
                return outcome;
            }
            wait::switch_to_scheduler();
            if let Some(outcome) = choice.end() {
                return outcome;
            }
        }
    }
}
