//! Deadline scopes: a time that bounds the waits of a caller until the scope ends.
//!
//! ```text
//!   push(until)    outer = nearest; nearest = min(nearest, until)
//!   pop(outer)     nearest = outer
//!   a call         budget::enter_call: it waits until min(its own deadline, nearest)
//! ```
//!
//! * N1. A caller has one word, the nearest deadline of its scopes. A task has it in its cold part; it counts while its
//!   parker is BOUNDED. A plain thread has it in its thread-local words. The program keeps the words of the scopes
//!   around in its own frames, as numbers: the library has no pointer to them, so they may be on a shared stack, and a
//!   longjmp(3) over scopes loses none.
//! * N2. A caller alone changes its word, between its calls. So a call reads the word once, where it begins, and the
//!   deadline that it gets there is that of all its waits.
//! * N3. What does not begin as a call (`budget`) is not bounded: acort_group_close(), acort_blocking(), and the lock
//!   that acort_cond_wait() takes again. They are the calls that a cancellation does not end either.

use crate::rt::model::{Caller, Task, task_cold};
use crate::rt::os::{Deadline, Result};
use crate::tls;

/// Returns the nearest deadline of the scopes of `caller`; NEVER: none.
pub(crate) fn nearest(caller: Caller) -> Deadline {
    bound(caller, Deadline::NEVER)
}

/// Returns the deadline of a call of `caller` that passes `deadline`.
pub(crate) fn bound(caller: Caller, deadline: Deadline) -> Deadline {
    // SAFETY: the calling task is live.
    match unsafe { caller.task().as_ref() } {
        Some(task) => bound_in_task(task, deadline),
        None => bound_in_thread(deadline),
    }
}

/// Returns the deadline of a call of a plain thread that passes `deadline`.
#[inline(always)]
pub(crate) fn bound_in_thread(deadline: Deadline) -> Deadline {
    match Deadline::at(tls::thread_deadline()) {
        Deadline::NEVER => deadline,
        nearest => nearest.min(deadline),
    }
}

/// Returns the deadline of a call of `task`, which runs on this thread, that passes `deadline`.
#[inline(never)]
pub(crate) fn bound_in_task(task: &Task, deadline: Deadline) -> Deadline {
    if !task.parker.is_bounded() {
        return deadline;
    }
    // SAFETY: a task that is BOUNDED has a cold part (N1).
    unsafe { task_cold::nearest_deadline(task) }.min(deadline)
}

fn set_nearest(caller: Caller, nearest: Deadline) -> Result<()> {
    // SAFETY: the calling task is live, and runs on this thread.
    unsafe {
        let Some(task) = caller.task().as_mut() else {
            tls::set_thread_deadline(nearest.as_i64());
            return Ok(());
        };
        let is_bounded = nearest != Deadline::NEVER;
        if is_bounded && !task_cold::set_nearest_deadline(task, nearest) {
            return Err(libc::ENOMEM);
        }
        task.parker.set_bounded(is_bounded);
    }
    Ok(())
}

/// Opens a scope that ends its waits at `until`. Returns what [`pop`] restores. Errors: EINVAL, ENOMEM.
pub(crate) fn push(caller: Caller, until: Deadline) -> Result<Deadline> {
    if !until.is_valid() {
        return Err(libc::EINVAL);
    }
    let outer = nearest(caller);
    set_nearest(caller, outer.min(until)).map(|()| outer)
}

/// Ends a scope. `outer` is what [`push`] has returned. Returns true if the scope's time has passed. Errors: EINVAL if
/// `outer` is before the nearest deadline: no scope around has that one.
pub(crate) fn pop(caller: Caller, outer: Deadline) -> Result<bool> {
    let nearest = nearest(caller);
    if !outer.is_valid() || outer.min(nearest) != nearest {
        return Err(libc::EINVAL);
    }
    set_nearest(caller, outer)?;
    Ok(nearest.has_passed())
}
