//! The beginning of a call that may wait: what every such call does before it has any effect.
//!
//! ```text
//!   acort_…(…, deadline) ── below ACORT_NEVER ──> EINVAL
//!        │ the task's budget is used up ────────> the others run, descriptors and deadlines are looked at
//!        │ the task is cancelled, not masked ───> ECANCELED
//!        v
//!   the call itself: no other point of it looks for cancellation after an effect
//! ```
//!
//! * B1. A task that never has to wait runs for a bounded share of its worker's turn: each call that may wait takes 1
//!   unit of the budget, and 1 more for each 4096 bytes. The worker gives the budget anew whenever it resumes a task,
//!   less of it the more tasks are ready ([`slice`]).
//! * B2. A call gives way on entry, before it has looked at its object, so that what it finds is true then; and a call
//!   that moves many parts (acort_read_full(), acort_write_all()) between two of them, where it might wait as well.
//! * B3. It does not switch with deadline 0, in a coroutine that the task has resumed, in hooks and destructors, outside
//!   of tasks, or while the task has a mutex or a lock. The debt stays: the next call that may wait pays it.
//! * B4. A call with deadline 0 cannot wait, and is no point of cancellation.
//!
//! A call of a task begins once: at the C face, or below it in the part that is over before the wait, so that nothing
//! stays on a shared stack (`attempt`, `channel`, `pause`, `mutex`).

use super::Outcome;
use super::abi::ACORT_NEVER;
use super::task::{Task, UNCONSTRAINED};
use super::wait::switch_to_scheduler;
use super::worker::{Worker, count};
use crate::tls;

/// Units of one turn of a worker: about a quarter of a millisecond of small calls of the system.
pub(crate) const TURN: i32 = 256;
/// The most of them for one task.
const MOST: i32 = 64;
const UNLIMITED: i32 = i32::MAX / 2;
/// So many bytes take one unit more.
const BYTES: usize = 4096;

/// The units of each task, where so many are ready.
#[inline(always)]
pub(crate) fn slice(ready: u32) -> i32 {
    if ready <= (TURN / MOST) as u32 { MOST } else { (TURN / ready.min(TURN as u32) as i32).max(1) }
}

/// The budget of `task` where each has `slice`.
///
/// # Safety
/// The task exists.
#[inline(always)]
pub(crate) unsafe fn budget(task: *mut Task, slice: i32) -> i32 {
    // SAFETY: the task exists.
    if unsafe { (*task).has(UNCONSTRAINED) } { UNLIMITED } else { slice }
}

/// A call that may wait until `deadline` begins. EINVAL, ECANCELED.
#[inline(always)]
pub(crate) fn begin(deadline: i64) -> Outcome<i64> {
    if deadline < ACORT_NEVER {
        return Err(libc::EINVAL);
    }
    let worker = Worker::here();
    // SAFETY: this thread's worker, and the task that runs on it.
    unsafe {
        if worker.is_null() || (*worker).current.is_null() {
            return Ok(deadline);
        }
        (*worker).budget -= 1;
        if (*worker).budget < 0 {
            give_way(worker, deadline);
        }
        let is_cancelled = (*(*worker).current).parker.is_cancelled();
        if is_cancelled && deadline != 0 { Err(libc::ECANCELED) } else { Ok(deadline) }
    }
}

/// As [`begin`], where that need not switch and does not fail; for what needs no wait, mostly. False: nothing is done, and
/// [`begin`] is to be asked.
#[inline(always)]
pub(crate) fn try_begin(deadline: i64) -> bool {
    let worker = Worker::here();
    // SAFETY: this thread's worker, and the task that runs on it.
    unsafe {
        if deadline < ACORT_NEVER || worker.is_null() || (*worker).current.is_null() {
            return deadline >= ACORT_NEVER;
        }
        if (*worker).budget <= 0 || (*(*worker).current).parker.is_cancelled() {
            return false;
        }
        (*worker).budget -= 1;
        true
    }
}

/// A call has moved so many bytes.
#[inline(always)]
pub(crate) fn has_moved(bytes: usize) {
    if bytes < BYTES {
        return;
    }
    // SAFETY: this thread's worker.
    if let Some(worker) = unsafe { Worker::here().as_mut() } {
        let units = i32::try_from(bytes / BYTES).unwrap_or(TURN).min(TURN);
        worker.budget = worker.budget.saturating_sub(units);
    }
}

/// A call has moved so many bytes, and has more to move: between two parts the others may have their turn (B2).
#[inline(always)]
pub(crate) fn has_moved_part(bytes: usize, deadline: i64) {
    has_moved(bytes);
    let worker = Worker::here();
    // SAFETY: this thread's worker.
    unsafe {
        if !worker.is_null() && !(*worker).current.is_null() {
            (*worker).budget -= 1;
            if (*worker).budget < 0 {
                give_way(worker, deadline);
            }
        }
    }
}

/// The budget is used up: the others have their turn, unless the task must not switch here (B3).
#[cold]
#[inline(never)]
unsafe fn give_way(worker: *mut Worker, deadline: i64) {
    // SAFETY: this thread's worker, and the task that runs on it.
    unsafe {
        let task = (*worker).current;
        let is_nested = tls::current() != (*task).co;
        if deadline == 0 || is_nested || (*worker).in_hook != 0 || (*task).holds_lock() {
            return;
        }
        count(&(*worker).counts.forced, 1);
        switch_to_scheduler();
    }
}

#[cfg(test)]
mod tests {
    use super::slice;

    #[test]
    fn slices_fill_a_turn() {
        let of = [1, 4, 5, 64, 256, 1_000_000].map(slice);
        assert_eq!(of, [64, 64, 51, 4, 1, 1]);
    }
}
