//! Waits for an object: an attempt before the wait, and another one after its deadline.
//!
//! ```text
//!   lock, attempt ── Some(result) ──────────────────────────────────────> result
//!      │ None: the waiter enters the queue, unlock, the caller blocks
//!      ├─ a waker claims the caller ────────────────────────────────────> Ok, EPIPE
//!      ├─ cancelled; dequeued ──────────────────────────────────────────> ECANCELED
//!      └─ deadline;  dequeued ── lock, last attempt ── Some(result) ────> result
//!                                                 └─── None ────────────> ETIMEDOUT
//! ```
//!
//! * A1. One claim ends a wait (P1). If the deadline claims the caller, a waker leaves its value in the object, and the
//!   last attempt finds it: no value is given twice, and none is lost.
//! * A2. The last attempt is that of a call with deadline 0. The caller makes it under the lock, after it has dequeued
//!   its waiter.
//! * A3. A cancelled caller makes no last attempt.
//! * A4. A task keeps nothing on its stack for the last attempt. `wait_target` has the address of the object, and the
//!   waiter in the block has the slot; both stay until the next wait of the task.

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

/// An object that callers wait for.
pub(crate) trait Waitable {
    /// Returns the lock of the object, and the queue in which its callers wait.
    ///
    /// # Safety
    /// `object` is live.
    unsafe fn parts(object: *mut Self) -> (*const Lock, *mut WaitQueue);

    /// Tries to do what the caller wants, and releases the lock. None: the caller must wait, and the lock is still
    /// held. A value goes to `slot`, or comes from there.
    ///
    /// # Safety
    /// `object` is live, and its lock is held. `slot` is what the object expects.
    unsafe fn attempt(object: *mut Self, slot: *mut u8) -> Option<Result<()>>;

    /// Returns true if a caller with this slot enters the queue at the front.
    #[inline(always)]
    fn joins_front(_: *mut u8) -> bool {
        false
    }
}

/// Makes an attempt, and waits if it must. Errors: EINVAL if the deadline is none; ETIMEDOUT, ECANCELED; EPIPE if the
/// object was closed; the errors of the attempt.
///
/// # Safety
/// `object` is live until the call returns, and not on a shared stack. `slot` is what the object expects.
#[inline(always)]
pub(crate) unsafe fn wait<A: Waitable>(
    caller: Caller,
    object: *mut A,
    slot: *mut u8,
    wait_reason: WaitReason,
    mode: WaitMode,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the object is live until the call returns, and the slot is what it expects.
    unsafe { finish::<A>(start(caller, object, slot, wait_reason, mode, deadline)) }
}

/// As [`wait()`], for a caller that has begun its call already, and makes another attempt after it was woken.
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

/// The beginning of the call, in a function of its own: nothing of it stays on the stack during the wait.
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

/// The first part of the wait, after an attempt that has returned None. Releases the lock.
///
/// # Safety
/// As [`wait()`]. The lock of the object is held.
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
    // SAFETY: the object is live, its lock is held, and the slot is what it expects.
    unsafe {
        let (lock, queue) = A::parts(object);
        match wait::enqueue(lock, queue, slot, wait) {
            // The caller is a plain thread, and has waited.
            Blocked::Ready(Err(libc::ETIMEDOUT)) if !deadline.is_now() => {
                Blocked::Ready(last_attempt(object, slot))
            }
            blocked => blocked,
        }
    }
}

/// The last part of [`wait()`].
///
/// # Safety
/// `blocked` is what [`start_wait`] has just returned, for an object of the same type.
#[inline(always)]
pub(crate) unsafe fn finish<A: Waitable>(blocked: Blocked) -> Result<()> {
    // SAFETY: the task is enqueued, and its object is live (A4).
    unsafe {
        match blocked {
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
    // SAFETY: the object is live until the call returns. Its address and the slot are in the block (A4).
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
    // SAFETY: the object is live. The waiter is dequeued (A2), and the slot is the same.
    unsafe {
        let (lock, _) = A::parts(object);
        (*lock).lock();
        A::attempt(object, slot).unwrap_or_else(|| {
            (*lock).unlock();
            Err(libc::ETIMEDOUT)
        })
    }
}
