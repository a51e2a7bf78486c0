//! Waits for an object: an attempt before the wait, and another one after its deadline.
//!
//! ```text
//!   lock, attempt ── Some(result) ──────────────────────────────────────> result
//!      │ None: the waiter enters the queue, unlock, the caller blocks
//!      ├─ a waker claims the caller ────────────────────────────────────> Ok, EPIPE
//!      ├─ cancelled, interrupted; dequeued ─────────────────────────────> ECANCELED, the interruption's errno
//!      └─ deadline;  dequeued ── lock, last attempt ── Some(result) ────> result
//!                                                 └─── None ────────────> ETIMEDOUT
//! ```
//!
//! * A1. One claim ends a wait (P1 of `parker`). If the deadline claims the caller, a waker leaves its value in the
//!   object, and the last attempt finds it: no value is given twice, and none is lost.
//! * A2. The last attempt is that of a call with deadline 0. The caller makes it under the lock, after it has dequeued
//!   its waiter.
//! * A3. A caller that is cancelled or interrupted makes no last attempt: what a waker leaves stays in the object.
//! * A4. A task keeps nothing on its stack for the last attempt. `wait_target` has the address of the object, and the
//!   waiter in the block has the slot; both stay until the next wait of the task.

use core::ptr;

use super::budget;
use super::wait::{self, Blocked, Parts, Wait};
use super::wake::{wake_all, wake_waiter};
use crate::rt::base::atomic::Ordering;
use crate::rt::base::{WaitMode, WaitReason, Waiter, WakeList};
use crate::rt::model::{Caller, task};
use crate::rt::os::{Deadline, Result};

/// The result of an attempt. Ok: it has succeeded. The caller unlocks, then wakes this waiter, which the attempt has
/// claimed; null: none. None: the caller must wait.
pub(crate) type Attempt = Option<Result<*mut Waiter>>;

/// An attempt that has succeeded, without a waiter to wake.
pub(crate) const SUCCESS: Attempt = Some(Ok(ptr::null_mut()));

/// An object that callers wait for.
pub(crate) trait Waitable: Sized {
    /// Returns the lock of the object, and the queue in which its callers wait.
    ///
    /// # Safety
    /// `object` is live.
    unsafe fn parts(object: *mut Self) -> Parts;

    /// Tries to do what the caller with this slot wants. The lock is held. A value goes to `slot`, or comes from there.
    ///
    /// # Safety
    /// `slot` is what the object expects.
    unsafe fn attempt(&mut self, slot: *mut u8) -> Attempt;

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
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the object is live until the call returns, and the slot is what it expects.
    unsafe { wait_in_mode(caller, object, slot, wait_reason, WaitMode::Cancellable, deadline) }
}

/// As [`wait()`], in this mode.
///
/// # Safety
/// As [`wait()`].
#[inline(always)]
pub(crate) unsafe fn wait_in_mode<A: Waitable>(
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

/// The beginning of the call, in a separate function: nothing of it stays on the stack during the wait.
#[inline(never)]
unsafe fn start<A: Waitable>(
    caller: Caller,
    object: *mut A,
    slot: *mut u8,
    wait_reason: WaitReason,
    mode: WaitMode,
    deadline: Deadline,
) -> Result<Blocked> {
    let deadline = match mode {
        WaitMode::Cancellable => budget::enter_call(caller, deadline)?,
        WaitMode::Uninterruptible => deadline,
    };
    // SAFETY: the object is live until the call returns, and the slot is what it expects.
    unsafe { attempt_or_wait(object, slot, wait_reason, mode, deadline) }
}

/// The first part of a call that has begun already.
///
/// # Safety
/// As [`wait()`].
#[inline(always)]
pub(crate) unsafe fn attempt_or_wait<A: Waitable>(
    object: *mut A,
    slot: *mut u8,
    wait_reason: WaitReason,
    mode: WaitMode,
    deadline: Deadline,
) -> Result<Blocked> {
    // SAFETY: the object is live until the call returns, and the slot is what it expects.
    unsafe {
        (*A::parts(object).0).lock();
        match attempt_and_unlock(object, slot) {
            Some(outcome) => outcome.map(|()| Blocked::Done),
            None => start_wait(object, slot, wait_reason, mode, deadline),
        }
    }
}

/// Makes an attempt, unlocks, and wakes whom it has claimed. None: the caller must wait, and the lock is still held.
///
/// The object is not used after it is unlocked: a woken caller may free it.
///
/// # Safety
/// As [`wait()`]. The lock of the object is held.
#[inline(always)]
pub(crate) unsafe fn attempt_and_unlock<A: Waitable>(
    object: *mut A,
    slot: *mut u8,
) -> Option<Result<()>> {
    // SAFETY: the lock is held, and the slot is what the object expects. A claimed waiter stays until it is woken (Q5
    // of `wait_queue`).
    unsafe {
        let lock = A::parts(object).0;
        match (*object).attempt(slot)? {
            Ok(waiter) => {
                (*lock).unlock();
                wake_waiter(waiter);
                Some(Ok(()))
            }
            Err(error) => {
                (*lock).unlock();
                Some(Err(error))
            }
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
) -> Result<Blocked> {
    let (wait_target, at_front) = (object.expose_provenance(), A::joins_front(slot));
    let wait = Wait { wait_reason, wait_target, mode, deadline, at_front };
    // SAFETY: the object is live, its lock is held, and the slot is what it expects.
    unsafe {
        match wait::enqueue(A::parts(object), slot, wait) {
            // The caller is a plain thread, and has waited.
            Err(libc::ETIMEDOUT) if !deadline.is_now() => {
                last_attempt(object, slot).map(|()| Blocked::Done)
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
pub(crate) unsafe fn finish<A: Waitable>(blocked: Result<Blocked>) -> Result<()> {
    // SAFETY: the task is enqueued, and its object is live (A4).
    unsafe {
        wait::complete(blocked, || match wait::finish_wait() {
            Err(libc::ETIMEDOUT) => last_attempt_in_task::<A>(),
            outcome => outcome,
        })
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
        attempt_and_unlock(object, slot).unwrap_or_else(|| {
            (*lock).unlock();
            Err(libc::ETIMEDOUT)
        })
    }
}

/// Changes the object under its lock, unlocks, then wakes the waiters that `change` has claimed. Errors: those of
/// `change`.
///
/// The object is not used after it is unlocked: a woken caller may free it. A hook that a wake calls finds no lock
/// held.
///
/// # Safety
/// The object is live until it is unlocked. `change` returns waiters that it has claimed.
#[inline(always)]
pub(crate) unsafe fn change_and_wake<A: Waitable>(
    object: *mut A,
    change: impl FnOnce(&mut A) -> Result<WakeList>,
) -> Result<()> {
    // SAFETY: the object is live, and its lock is held. A claimed waiter stays in its call until it is woken.
    unsafe {
        let guard = (*A::parts(object).0).guard();
        let claimed = change(&mut *object)?;
        drop(guard);
        wake_all(claimed, None);
    }
    Ok(())
}
