//! The beginning of a call that may wait: what every such call does before it has any effect.
//!
//! ```text
//!   acort_…(…, deadline) ── below ACORT_NEVER ──> EINVAL
//!        │ the task's slice is used up ─────────> the others run, descriptors and deadlines are looked at
//!        │ the task is cancelled, not masked ───> ECANCELED
//!        v
//!   the call itself: no other point of it looks for cancellation after an effect
//! ```
//!
//! * B1. A task that never has to wait runs for a bounded share of its worker's turn: each call that may wait takes 1
//!   of the [`TURN`] units that the turn has, and 1 more for each 4096 bytes. Whenever the worker resumes a task it
//!   sets how many units that is to leave ([`begin_slice`]): more of them the more tasks are ready ([`slice`]).
//! * B2. A call gives way on entry, before it has looked at its object, so that what it finds is true then; and a call
//!   that moves many parts (acort_read_full(), acort_write_all()) between two of them, where it might wait as well.
//! * B3. It does not switch with deadline 0, in a coroutine that the task has resumed, in hooks and destructors,
//!   outside of tasks, or while the task has a mutex or a lock. The debt stays: the next call that may wait pays it.
//! * B4. A call with deadline 0 cannot wait, and is no point of cancellation.
//!
//! A call of a task begins once: at the C face, or below it in the part that is over before the wait, so that nothing
//! stays on a shared stack (`attempt`, `channel`, `park`, `mutex`).

use super::wait::switch_to_scheduler;
use crate::rt::model::caller::Caller;
use crate::rt::model::task::{Task, UNCONSTRAINED};
use crate::rt::model::worker::{Worker, count};
use crate::rt::os::{Deadline, Result};
use crate::tls;

/// Units of one turn of a worker: about a quarter of a millisecond of small calls of the system.
pub(crate) const TURN: i32 = 256;
/// The most of them for one task.
const MAX_SLICE: i32 = 64;
/// So many bytes take one unit more.
const BYTES_PER_UNIT: usize = 4096;

/// The units of each task, where so many are ready.
#[inline(always)]
pub(crate) fn slice_for(ready: u32) -> i32 {
    if ready <= (TURN / MAX_SLICE) as u32 {
        MAX_SLICE
    } else {
        (TURN / ready.min(TURN as u32) as i32).max(1)
    }
}

/// The worker's turn begins.
#[inline(always)]
pub(crate) fn begin_turn(worker: &mut Worker) {
    worker.turn_left = TURN;
}

/// The worker resumes a task, which has `slice` of the turn.
#[inline(always)]
pub(crate) fn begin_slice(worker: &mut Worker, slice: i32) {
    worker.slice_floor = worker.turn_left - slice;
}

/// Returns true if the turn is used up: the worker looks what else there is.
#[inline(always)]
pub(crate) fn is_turn_over(worker: &Worker) -> bool {
    worker.turn_left <= 0
}

/// A call that may wait until `deadline` begins. EINVAL, ECANCELED.
#[inline(always)]
pub(crate) fn enter_call(caller: Caller, deadline: Deadline) -> Result<Deadline> {
    if !deadline.is_valid() {
        return Err(libc::EINVAL);
    }
    // SAFETY: the task that calls, and its worker.
    unsafe {
        let Some(task) = caller.task().as_ref() else { return Ok(deadline) };
        let worker = caller.worker();
        let left = (*worker).turn_left - 1;
        (*worker).turn_left = left;
        if left < (*worker).slice_floor {
            yield_now(worker, deadline);
        }
        if task.parker.is_cancelled() && !deadline.is_now() {
            Err(libc::ECANCELED)
        } else {
            Ok(deadline)
        }
    }
}

/// As `begin`, where that need not switch and does not fail; for what needs no wait, mostly. False: nothing is
/// done, and `begin` is to be asked.
#[inline(always)]
pub(crate) fn try_enter_call(task: *mut Task, deadline: Deadline) -> bool {
    if !deadline.is_valid() {
        return false;
    }
    // SAFETY: the task that calls, or NULL, and its worker.
    unsafe {
        let Some(task) = task.as_ref() else { return true };
        let worker = task.parker.worker();
        let left = (*worker).turn_left - 1;
        if left < (*worker).slice_floor || task.parker.is_cancelled() {
            return false;
        }
        (*worker).turn_left = left;
        true
    }
}

/// A call has moved so many bytes.
#[inline(always)]
pub(crate) fn charge_bytes(bytes: usize) {
    if bytes < BYTES_PER_UNIT {
        return;
    }
    // SAFETY: this thread's worker.
    if let Some(worker) = unsafe { Worker::current().as_mut() } {
        let units = i32::try_from(bytes / BYTES_PER_UNIT).unwrap_or(TURN).min(TURN);
        worker.turn_left = worker.turn_left.saturating_sub(units);
    }
}

/// A call has moved so many bytes, and has more to move: between two parts the others may have their turn (B2).
#[inline(always)]
pub(crate) fn charge_part(bytes: usize, deadline: Deadline) {
    charge_bytes(bytes);
    let worker = Worker::current();
    // SAFETY: this thread's worker.
    unsafe {
        if !worker.is_null() && !(*worker).current.is_null() {
            (*worker).turn_left -= 1;
            if (*worker).turn_left < (*worker).slice_floor {
                yield_now(worker, deadline);
            }
        }
    }
}

/// The slice is used up: the others have their turn, unless the task must not switch here (B3), or is not to: it begins
/// another slice.
#[cold]
#[inline(never)]
unsafe fn yield_now(worker: *mut Worker, deadline: Deadline) {
    // SAFETY: this thread's worker, and the task that runs on it.
    unsafe {
        let task = (*worker).current;
        if (*task).has_flag(UNCONSTRAINED) {
            (*worker).turn_left = (*worker).slice_floor + MAX_SLICE;
            return;
        }
        let is_nested = tls::current() != (*task).co;
        if deadline.is_now() || is_nested || (*worker).hook_depth != 0 || (*task).holds_lock() {
            // The debt is a turn at most.
            (*worker).turn_left = (*worker).turn_left.max((*worker).slice_floor - TURN);
            return;
        }
        count(&(*worker).counters.forced, 1);
        switch_to_scheduler();
    }
}

#[cfg(test)]
mod tests {
    use super::slice_for;

    #[test]
    fn slices_fill_a_turn() {
        let of = [1, 4, 5, 64, 256, 1_000_000].map(slice_for);
        assert_eq!(of, [64, 64, 51, 4, 1, 1]);
    }
}
