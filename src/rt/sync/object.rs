//! What events, semaphores, wait groups, once objects and rwlocks share: waiting until a condition holds.
//!
//! Mutexes and channels do more in an attempt, and implement `Waitable` themselves.

use crate::rt::base::lock::Lock;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::{WaitQueue, Waiter};
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::caller::Caller;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::attempt::{self, Waitable};
use crate::rt::park::wake::wake_all;

/// An object with a lock, a queue of waiters, and a condition.
pub(super) trait Object: Sized {
    /// The lock, and the queue.
    ///
    /// # Safety
    /// The object exists.
    unsafe fn parts(object: *mut Self) -> (*const Lock, *mut WaitQueue);

    /// Does what the caller with this slot wants, if the condition holds. None: the caller must wait. The lock is held.
    fn try_now(&mut self, slot: *mut u8) -> Option<Result<()>>;
}

impl<T: Object> Waitable for T {
    unsafe fn parts(object: *mut T) -> (*const Lock, *mut WaitQueue) {
        // SAFETY: the object exists.
        unsafe { <T as Object>::parts(object) }
    }

    unsafe fn attempt(object: *mut T, slot: *mut u8) -> Option<Result<()>> {
        // SAFETY: the object exists, and its lock is held.
        unsafe {
            let outcome = (*object).try_now(slot)?;
            (*<T as Object>::parts(object).0).unlock();
            Some(outcome)
        }
    }
}

/// Waits until the condition holds. Errors: those of [`Object::try_now`]; `ETIMEDOUT`; `ECANCELED`.
///
/// # Safety
/// The object exists until the call returns. `slot` is what the object's `try_now` expects.
#[inline(always)]
pub(super) unsafe fn wait<T: Object>(
    caller: Caller,
    object: *mut T,
    slot: *mut u8,
    wait_reason: WaitReason,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the object exists, and the slot is what it expects.
    unsafe { attempt::wait(caller, object, slot, wait_reason, WaitMode::Cancellable, deadline) }
}

/// Changes the object under its lock, unlocks, then wakes the waiters that `change` has claimed. Errors: those of
/// `change`.
///
/// The object is not used after it is unlocked: a woken caller may free it. A hook that a wake calls finds no lock
/// held.
///
/// # Safety
/// The object exists until it is unlocked. `change` returns waiters that it has claimed.
#[inline(always)]
pub(super) unsafe fn change_and_wake<T: Object>(
    object: *mut T,
    change: impl FnOnce(&mut T) -> Result<*mut Waiter>,
) -> Result<()> {
    // SAFETY: the object exists, and its lock is held. A claimed waiter stays in its call until it is woken.
    unsafe {
        let guard = (*<T as Object>::parts(object).0).guard();
        let claimed = change(&mut *object)?;
        drop(guard);
        wake_all(claimed, None);
    }
    Ok(())
}
