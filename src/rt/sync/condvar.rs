//! Condition variables: queues of callers that have unlocked a mutex, and lock it again after the wait. What is said of
//! the mutex holds for an rwlock, too.
//!
//! * V1. A caller is in the queue before its mutex is free. So the next owner of the mutex, and its signal, finds it.
//! * V2. The caller unlocks the queue before the mutex, because unlocking the mutex may wake a waiter and call a hook.
//! * V3. A wait returns with the mutex locked in all cases: a cancellation or a deadline ends the wait for the signal
//!   only.
//! * V4. The waker unlocks before it wakes, and does not use the object afterwards: the woken caller may free it.

use core::ptr;

use super::mutex::{self, Mutex};
use super::rwlock::{self, RwLock};
use crate::rt::base::{Lock, WaitMode, WaitQueue, WaitReason};
use crate::rt::model::Caller;
use crate::rt::model::abi::acort_cond_t;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::{Blocked, Wait, wait, wake_all, wake_waiter};

/// The contents of an `acort_cond_t`. All zero: no caller waits.
#[repr(C)]
pub(crate) struct Condvar {
    /// Protects the queue.
    lock: Lock,
    queue: WaitQueue,
}

const _: () = assert!(size_of::<Condvar>() <= size_of::<acort_cond_t>());

/// Unlocks the mutex, waits for a signal, and locks the mutex again (V3). If callers wait for the mutex, the first of
/// them gets it meanwhile. Errors: those of [`mutex::check_owned_once`]; `ETIMEDOUT`; `ECANCELED`.
///
/// # Safety
/// Both objects exist during the call, and as long as a call waits for them.
pub(crate) unsafe fn wait(
    caller: Caller,
    condvar: *mut Condvar,
    mutex: *mut Mutex,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: both objects exist.
    unsafe {
        mutex::check_owned_once(caller, mutex)?;
        let started = start_wait(condvar, deadline, || mutex::unlock_and_hand_off(caller, mutex));
        let outcome = wait::complete(started, || wait::finish_wait());
        mutex::lock(caller, mutex, WaitMode::Uninterruptible, Deadline::NEVER)?;
        outcome
    }
}

/// As [`wait()`], with an rwlock, which the call locks again in the mode in which the caller owns it. Errors: `EPERM`
/// if the lock is free, or another caller owns it for writing; `ETIMEDOUT`; `ECANCELED`.
///
/// # Safety
/// As [`wait()`].
pub(crate) unsafe fn wait_rwlock(
    caller: Caller,
    condvar: *mut Condvar,
    rwlock: *mut RwLock,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: both objects exist.
    unsafe {
        let slot = rwlock::owner_slot(caller, rwlock)?;
        let started = start_wait(condvar, deadline, || {
            let _ = rwlock::unlock(caller, rwlock);
        });
        let outcome = wait::complete(started, || wait::finish_wait());
        rwlock::lock_again(caller, rwlock, slot)?;
        outcome
    }
}

/// The part of [`wait()`] before the switch: joins the queue, then unlocks the mutex (V1, V2).
///
/// # Safety
/// As [`wait()`]. `unlock` unlocks the mutex, which the caller owns.
#[inline(never)]
unsafe fn start_wait(
    condvar: *mut Condvar,
    deadline: Deadline,
    unlock: impl FnOnce(),
) -> Result<Blocked> {
    let wait = Wait::new(WaitReason::Condvar, condvar as usize, deadline);
    // SAFETY: both objects exist, and the caller owns the mutex.
    unsafe {
        let (lock, queue) = (&raw const (*condvar).lock, &raw mut (*condvar).queue);
        (*lock).lock();
        wait::enqueue_and_release((lock, queue), ptr::null_mut(), wait, || {
            (*lock).unlock();
            unlock();
        })
    }
}

/// Wakes the first waiter, if there is one.
///
/// # Safety
/// As [`wait()`].
pub(crate) unsafe fn signal(condvar: *mut Condvar) {
    // SAFETY: the object exists until the lock is free (V4). A claimed waiter stays in its call until it is woken.
    unsafe {
        let guard = (*condvar).lock.guard();
        let first = (*condvar).queue.claim_front();
        drop(guard);
        wake_waiter(first);
    }
}

/// Wakes all waiters.
///
/// # Safety
/// As [`wait()`].
pub(crate) unsafe fn broadcast(condvar: *mut Condvar) {
    // SAFETY: the object exists until the lock is free (V4). Claimed waiters stay in their calls until they are woken.
    unsafe {
        let guard = (*condvar).lock.guard();
        let list = (*condvar).queue.claim_all();
        drop(guard);
        wake_all(list, None);
    }
}
