//! Waiting for an object: the caller's attempt is made before the wait, and once more after its deadline.
//!
//! ```text
//!   lock, attempt ── over ───────────────────────────────────────────> its outcome
//!      │ not over: a place in the queue, the lock is free, the caller leaves
//!      ├─ handed over: a waker has claimed the caller ───────────────> Ok, EPIPE
//!      ├─ cancelled ── withdrawn ────────────────────────────────────> ECANCELED
//!      └─ deadline ─── withdrawn ── lock, attempt ── over ───────────> its outcome
//!                                              └──── not over ───────> ETIMEDOUT
//! ```
//!
//! 1. One claim ends a wait. Where the deadline has claimed the caller, a waker leaves what it has in the object, and
//!    the last attempt finds it there: nothing is given twice, nothing is lost.
//! 2. The last attempt is that of a call with deadline 0. The caller makes it, under the lock, after its place was
//!    withdrawn.
//! 3. A cancelled caller makes no last attempt.
//! 4. A task keeps nothing on its stack for the last attempt: the address of the object and the slot are in its block,
//!    where they stay until its next wait.

use core::ptr;

use super::budget;
use super::wait::{self, Begun, Wait};
use crate::rt::base::atomic::Ordering;
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::Hearing;
use crate::rt::base::wait_queue::Queue;
use crate::rt::base::wait_reason::Why;
use crate::rt::model::caller::Caller;
use crate::rt::model::task;
use crate::rt::os::Outcome;

/// An object, as one that callers wait for.
pub(crate) trait Awaited {
    /// The lock of the object, and the queue of its callers.
    ///
    /// # Safety
    /// The object is there, as for [`attempt`](Self::attempt).
    unsafe fn parts(object: *mut Self) -> (*const Lock, *mut Queue);

    /// Does what the caller wants. None: the caller must wait for that. The lock is held, and given back unless the
    /// caller must wait. What is handed over goes to `slot`, or comes from there.
    ///
    /// # Safety
    /// The object is there; the lock is held; `slot` is what the object takes it for.
    unsafe fn attempt(object: *mut Self, slot: *mut u8) -> Option<Outcome<()>>;

    /// Returns true if a caller with this slot joins the queue before the others.
    #[inline(always)]
    fn is_first(_: *mut u8) -> bool {
        false
    }
}

/// Makes the attempt, and waits where that must be. ETIMEDOUT, ECANCELED; EPIPE: the object was closed; what the
/// attempt says.
///
/// # Safety
/// The object is there until the call has come back; `slot` as [`Awaited::attempt`] takes it.
#[inline(always)]
pub(crate) unsafe fn wait<A: Awaited>(
    caller: Caller,
    object: *mut A,
    slot: *mut u8,
    why: Why,
    hearing: Hearing,
    deadline: i64,
) -> Outcome<()> {
    // SAFETY: the object is there, and the slot is what it takes it for.
    unsafe { end::<A>(begin(caller, object, slot, why, hearing, deadline)) }
}

/// The part of [`wait`] that comes after the call has begun: for a caller that was woken to make its attempt anew.
///
/// # Safety
/// As [`wait`].
#[inline(always)]
pub(crate) unsafe fn wait_again<A: Awaited>(
    object: *mut A,
    slot: *mut u8,
    why: Why,
    hearing: Hearing,
    deadline: i64,
) -> Outcome<()> {
    // SAFETY: as in `wait`.
    unsafe { end::<A>(begin_again(object, slot, why, hearing, deadline)) }
}

/// The call begins here, where nothing stays on the stack for the wait.
#[inline(never)]
unsafe fn begin<A: Awaited>(
    caller: Caller,
    object: *mut A,
    slot: *mut u8,
    why: Why,
    hearing: Hearing,
    deadline: i64,
) -> Begun {
    // SAFETY: as in `wait`.
    unsafe {
        if hearing == Hearing::Cancellation
            && let Err(error) = budget::begin(caller, deadline)
        {
            return Begun::Over(Err(error));
        }
        begin_attempt(object, slot, why, hearing, deadline)
    }
}

#[cold]
#[inline(never)]
unsafe fn begin_again<A: Awaited>(
    object: *mut A,
    slot: *mut u8,
    why: Why,
    hearing: Hearing,
    deadline: i64,
) -> Begun {
    // SAFETY: as in `wait`.
    unsafe { begin_attempt(object, slot, why, hearing, deadline) }
}

#[inline(always)]
unsafe fn begin_attempt<A: Awaited>(
    object: *mut A,
    slot: *mut u8,
    why: Why,
    hearing: Hearing,
    deadline: i64,
) -> Begun {
    // SAFETY: as in `wait`.
    unsafe {
        (*A::parts(object).0).take();
        match A::attempt(object, slot) {
            Some(outcome) => Begun::Over(outcome),
            None => begin_waiting(object, slot, why, hearing, deadline),
        }
    }
}

/// The first part of [`wait`], after an attempt that was not over: the lock is held, and given back.
///
/// # Safety
/// As [`wait`].
#[inline(always)]
pub(crate) unsafe fn begin_waiting<A: Awaited>(
    object: *mut A,
    slot: *mut u8,
    why: Why,
    hearing: Hearing,
    deadline: i64,
) -> Begun {
    let mut wait = Wait::new(why, object.expose_provenance(), hearing, deadline);
    wait.is_first = A::is_first(slot);
    // SAFETY: the caller's promise.
    unsafe {
        let (lock, queue) = A::parts(object);
        match wait::begin_in_queue(lock, queue, slot, wait) {
            // A plain thread has waited.
            Begun::Over(Err(libc::ETIMEDOUT)) if deadline != 0 => {
                Begun::Over(attempt_last(object, slot))
            }
            begun => begun,
        }
    }
}

/// The last part of [`wait`].
///
/// # Safety
/// `begun` is what [`begin_waiting`] has just given, for the same sort of object.
#[inline(always)]
pub(crate) unsafe fn end<A: Awaited>(begun: Begun) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe {
        match begun {
            Begun::Waits => match wait::end_in_queue(Begun::Waits) {
                Err(libc::ETIMEDOUT) => attempt_last_in_task::<A>(),
                outcome => outcome,
            },
            Begun::Over(outcome) => outcome,
        }
    }
}

#[cold]
#[inline(never)]
unsafe fn attempt_last_in_task<A: Awaited>() -> Outcome<()> {
    // SAFETY: invariant 4; the object is there until the caller's call has come back.
    unsafe {
        let task = task::here();
        let object: *mut A =
            ptr::with_exposed_provenance_mut((*task).about.load(Ordering::Relaxed));
        attempt_last(object, (*(*task).waiter()).slot)
    }
}

#[cold]
#[inline(never)]
unsafe fn attempt_last<A: Awaited>(object: *mut A, slot: *mut u8) -> Outcome<()> {
    // SAFETY: the caller's promise: its place is withdrawn, and the slot is the same.
    unsafe {
        let (lock, _) = A::parts(object);
        (*lock).take();
        A::attempt(object, slot).unwrap_or_else(|| {
            (*lock).give();
            Err(libc::ETIMEDOUT)
        })
    }
}
