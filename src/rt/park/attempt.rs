//! Waits for an object: an attempt before the wait, and another one after its deadline.
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
use super::wait::{self, Blocked, Wait};
use crate::rt::base::atomic::Ordering;
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::caller::Caller;
use crate::rt::model::task;
use crate::rt::os::{Deadline, Result};

/// An object, as one that callers wait for.
pub(crate) trait Waitable {
    /// The lock of the object, and the queue of its callers.
    ///
    /// # Safety
    /// The object is there, as for [`attempt`](Self::attempt).
    unsafe fn parts(object: *mut Self) -> (*const Lock, *mut WaitQueue);

    /// Does what the caller wants. None: the caller must wait for that. The lock is held, and given back unless the
    /// caller must wait. What is handed over goes to `slot`, or comes from there.
    ///
    /// # Safety
    /// The object is there; the lock is held; `slot` is what the object takes it for.
    unsafe fn attempt(object: *mut Self, slot: *mut u8) -> Option<Result<()>>;

    /// Returns true if a caller with this slot joins the queue before the others.
    #[inline(always)]
    fn joins_front(_: *mut u8) -> bool {
        false
    }
}

/// Makes the attempt, and waits where that must be. ETIMEDOUT, ECANCELED; EPIPE: the object was closed; what the
/// attempt says.
///
/// # Safety
/// The object is there until the call has come back; `slot` as [`Waitable::attempt`] takes it.
#[inline(always)]
pub(crate) unsafe fn wait<A: Waitable>(
    caller: Caller,
    object: *mut A,
    slot: *mut u8,
    wait_reason: WaitReason,
    mode: WaitMode,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the object is there, and the slot is what it takes it for.
    unsafe { finish::<A>(start(caller, object, slot, wait_reason, mode, deadline)) }
}

/// The part of [`wait()`] that comes after the call has begun: for a caller that was woken to make its attempt anew.
///
/// # Safety
/// As [`wait()`].
#[inline(always)]
pub(crate) unsafe fn wait_again<A: Waitable>(
    object: *mut A,
    slot: *mut u8,
    wait_reason: WaitReason,
    mode: WaitMode,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: as in `wait`.
    unsafe { finish::<A>(start_again(object, slot, wait_reason, mode, deadline)) }
}

/// The call begins here, where nothing stays on the stack for the wait.
#[inline(never)]
unsafe fn start<A: Waitable>(
    caller: Caller,
    object: *mut A,
    slot: *mut u8,
    wait_reason: WaitReason,
    mode: WaitMode,
    deadline: Deadline,
) -> Blocked {
    // SAFETY: as in `wait`.
    unsafe {
        if mode == WaitMode::Cancellable
            && let Err(error) = budget::enter_call(caller, deadline)
        {
            return Blocked::Ready(Err(error));
        }
        attempt_or_wait(object, slot, wait_reason, mode, deadline)
    }
}

#[cold]
#[inline(never)]
unsafe fn start_again<A: Waitable>(
    object: *mut A,
    slot: *mut u8,
    wait_reason: WaitReason,
    mode: WaitMode,
    deadline: Deadline,
) -> Blocked {
    // SAFETY: as in `wait`.
    unsafe { attempt_or_wait(object, slot, wait_reason, mode, deadline) }
}

#[inline(always)]
unsafe fn attempt_or_wait<A: Waitable>(
    object: *mut A,
    slot: *mut u8,
    wait_reason: WaitReason,
    mode: WaitMode,
    deadline: Deadline,
) -> Blocked {
    // SAFETY: as in `wait`.
    unsafe {
        (*A::parts(object).0).lock();
        match A::attempt(object, slot) {
            Some(outcome) => Blocked::Ready(outcome),
            None => start_wait(object, slot, wait_reason, mode, deadline),
        }
    }
}

/// The first part of [`wait()`], after an attempt that was not over: the lock is held, and given back.
///
/// # Safety
/// As [`wait()`].
#[inline(always)]
pub(crate) unsafe fn start_wait<A: Waitable>(
    object: *mut A,
    slot: *mut u8,
    wait_reason: WaitReason,
    mode: WaitMode,
    deadline: Deadline,
) -> Blocked {
    let mut wait = Wait::new(wait_reason, object.expose_provenance(), mode, deadline);
    wait.at_front = A::joins_front(slot);
    // SAFETY: the caller's promise.
    unsafe {
        let (lock, queue) = A::parts(object);
        match wait::enqueue(lock, queue, slot, wait) {
            // A plain thread has waited.
            Blocked::Ready(Err(libc::ETIMEDOUT)) if !deadline.is_now() => {
                Blocked::Ready(last_attempt(object, slot))
            }
            begun => begun,
        }
    }
}

/// The last part of [`wait()`].
///
/// # Safety
/// `begun` is what [`start_wait`] has just given, for the same sort of object.
#[inline(always)]
pub(crate) unsafe fn finish<A: Waitable>(begun: Blocked) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        match begun {
            Blocked::Pending => match wait::complete_wait(Blocked::Pending) {
                Err(libc::ETIMEDOUT) => last_attempt_in_task::<A>(),
                outcome => outcome,
            },
            Blocked::Ready(outcome) => outcome,
        }
    }
}

#[cold]
#[inline(never)]
unsafe fn last_attempt_in_task<A: Waitable>() -> Result<()> {
    // SAFETY: invariant 4; the object is there until the caller's call has come back.
    unsafe {
        let task = task::current();
        let object: *mut A =
            ptr::with_exposed_provenance_mut((*task).wait_target.load(Ordering::Relaxed));
        last_attempt(object, (*(*task).waiter()).slot)
    }
}

#[cold]
#[inline(never)]
unsafe fn last_attempt<A: Waitable>(object: *mut A, slot: *mut u8) -> Result<()> {
    // SAFETY: the caller's promise: its place is withdrawn, and the slot is the same.
    unsafe {
        let (lock, _) = A::parts(object);
        (*lock).lock();
        A::attempt(object, slot).unwrap_or_else(|| {
            (*lock).unlock();
            Err(libc::ETIMEDOUT)
        })
    }
}
