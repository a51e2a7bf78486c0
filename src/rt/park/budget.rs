//! The budget of a task, and what each call that may wait does before it has any effect.
//!
//! ```text
//!   acort_…(…, deadline) ── below ACORT_NEVER ───────> EINVAL
//!        │ the task's slice is used up ──────────────> yield: other tasks run, file descriptors and timers are polled
//!        │ the task is cancelled and not masked ─────> ECANCELED
//!        │ a deadline scope ends before the deadline ─> its deadline takes the place of the call's (N2 of `scope`)
//!        │ an interruption is pending, not masked ───> its errno; it is pending no more
//!        v
//!   the call itself: it does not check for cancellation after it has had an effect
//! ```
//!
//! This is cooperative scheduling as in tokio's `coop`: calls that could go on without a wait yield now and then.
//!
//! * B1. A task that never blocks runs for a bounded share of its worker's turn. A turn has [`TURN`] units. A call that
//!   may wait takes 1 unit, and 1 more for each 4096 bytes that it moves. When the worker resumes a task, it gives the
//!   task a slice of the units ([`begin_slice`]): the more tasks are ready, the smaller it is ([`slice_for`]).
//! * B2. A call yields on entry, before it reads its object, so that what it finds is current. A call that moves many
//!   parts (acort_read_full(), acort_write_all()) also yields between two parts, where it might wait as well.
//! * B3. A call does not yield if its deadline is 0, in a coroutine that the task has resumed, in a function of
//!   aco_on_resumer(), in a hook or destructor, outside of tasks, or while the task holds a mutex or an rwlock. Units
//!   that were not paid for are carried over, up to one turn's worth: a later call pays them.
//! * B4. A call with deadline 0 cannot wait, and does not check for cancellation or interruptions.
//!
//! A call begins once: in the C interface, or below it in the part that returns before the wait, so that nothing of it
//! stays on a shared stack (`attempt`, `channel_wait`, `suspend`, `mutex`).

use super::scope;
use super::wait::switch_to_scheduler;
use crate::rt::model::task::UNCONSTRAINED;
use crate::rt::model::{Caller, Task, Worker, count};
use crate::rt::os::{Deadline, Result};
use crate::tls;

/// Units of one turn of a worker: small system calls take about a quarter of a millisecond for so many.
pub(crate) const TURN: i32 = 256;
/// The most units of a slice.
const MAX_SLICE: i32 = 64;
/// Bytes that take one unit more.
const BYTES_PER_UNIT: usize = 4096;

/// Returns the units of a slice if `ready` tasks are ready.
#[inline(always)]
pub(crate) fn slice_for(ready: u32) -> i32 {
    if ready <= (TURN / MAX_SLICE) as u32 {
        MAX_SLICE
    } else {
        (TURN / ready.min(TURN as u32) as i32).max(1)
    }
}

/// Begins a turn of the worker.
#[inline(always)]
pub(crate) fn begin_turn(worker: &mut Worker) {
    worker.turn_left = TURN;
}

/// Begins a slice: the worker is about to resume a task.
#[inline(always)]
pub(crate) fn begin_slice(worker: &mut Worker, slice: i32) {
    worker.slice_floor = worker.turn_left - slice;
}

/// Returns true if the turn is used up: the worker polls for other work.
#[inline(always)]
pub(crate) fn is_turn_over(worker: &Worker) -> bool {
    worker.turn_left <= 0
}

/// Begins a call that may wait until `deadline`. Returns the deadline of its waits: that one, or an earlier one of the
/// caller's scopes. Errors: EINVAL, ECANCELED, that of an interruption.
#[inline(always)]
pub(crate) fn enter_call(caller: Caller, deadline: Deadline) -> Result<Deadline> {
    if !deadline.is_valid() {
        return Err(libc::EINVAL);
    }
    // SAFETY: the calling task runs on its worker, and both are live.
    unsafe {
        let Some(task) = caller.task().as_ref() else {
            return Ok(scope::bound_in_thread(deadline));
        };
        let worker = caller.worker();
        let left = (*worker).turn_left - 1;
        (*worker).turn_left = left;
        if left < (*worker).slice_floor {
            yield_now(worker, deadline);
        }
        if task.parker.is_marked() { enter_marked(task, deadline) } else { Ok(deadline) }
    }
}

/// The end of [`enter_call`] in a task that is cancelled or interrupted, or has deadline scopes.
#[cold]
#[inline(never)]
fn enter_marked(task: &Task, deadline: Deadline) -> Result<Deadline> {
    if task.parker.may_stop() && !deadline.is_now() {
        task.parker.take_stop()?;
    }
    Ok(scope::bound_in_task(task, deadline))
}

/// As [`enter_call`], if that neither yields nor fails: for a fast path, which does not wait, and so needs no deadline.
/// Returns false, without an effect, if the caller must call [`enter_call`].
#[inline(always)]
pub(crate) fn try_enter_call(task: *mut Task, deadline: Deadline) -> bool {
    if !deadline.is_valid() {
        return false;
    }
    // SAFETY: `task` is null, or the calling task, which runs on its worker.
    unsafe {
        let Some(task) = task.as_ref() else { return true };
        let worker = task.parker.worker();
        let left = (*worker).turn_left - 1;
        if left < (*worker).slice_floor || task.parker.may_stop() {
            return false;
        }
        (*worker).turn_left = left;
        true
    }
}

/// Takes the units for `bytes` bytes that a call has moved (B1).
#[inline(always)]
pub(crate) fn charge_bytes(bytes: usize) {
    if bytes < BYTES_PER_UNIT {
        return;
    }
    // SAFETY: the worker of this thread is live.
    if let Some(worker) = unsafe { Worker::current().as_mut() } {
        let units = i32::try_from(bytes / BYTES_PER_UNIT).unwrap_or(TURN).min(TURN);
        worker.turn_left = worker.turn_left.saturating_sub(units);
    }
}

/// As [`charge_bytes`], for a call that has more parts to move: it may yield here (B2).
#[inline(always)]
pub(crate) fn charge_part(bytes: usize, deadline: Deadline) {
    charge_bytes(bytes);
    let worker = Worker::current();
    // SAFETY: the worker of this thread is live.
    unsafe {
        if !worker.is_null() && !(*worker).current.is_null() {
            (*worker).turn_left -= 1;
            if (*worker).turn_left < (*worker).slice_floor {
                yield_now(worker, deadline);
            }
        }
    }
}

/// Yields, as the slice is used up; unless the task must not switch here (B3), or is unconstrained and begins another
/// slice.
///
/// # Safety
/// `worker` is the worker of this thread, and runs a task.
#[cold]
#[inline(never)]
unsafe fn yield_now(worker: *mut Worker, deadline: Deadline) {
    // SAFETY: the worker of this thread and its running task are live. The task runs in its own coroutine where it
    // switches.
    unsafe {
        let task = (*worker).current;
        if (*task).has_flag(UNCONSTRAINED) {
            (*worker).turn_left = (*worker).slice_floor + MAX_SLICE;
            return;
        }
        let is_nested = tls::current() != (*task).co || tls::is_on_resumer();
        if deadline.is_now() || is_nested || (*worker).hook_depth != 0 || (*task).holds_lock() {
            // The debt is at most a turn.
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
