//! Synchronisation: objects of the caller's, all zero to begin with, for tasks of any worker and plain
//! threads. An object is in use from its first call until the last one has come back.

use core::ffi::{c_int, c_uint};

use super::{answer, status, sync_object, until};
use crate::rt::base::parker::WaitMode;
use crate::rt::model::abi::{
    acort_barrier_t, acort_cond_t, acort_event_t, acort_mutex_t, acort_sem_t, acort_waitgroup_t,
};
use crate::rt::model::caller::Caller;
use crate::rt::os::Deadline;
use crate::rt::sync::{barrier, condvar, event, mutex, semaphore, waitgroup};

/// Locks the mutex. The caller, a task or a thread, owns it until acort_mutex_unlock(). An unlock
/// wakes the first waiter, which competes with other calls; a waiter that has lost a few times is
/// handed the mutex.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EDEADLK` if the caller owns the mutex, unless it is ACORT_RECURSIVE: acort_mutex_init().
/// - `EINVAL` if `mutex` is NULL.
/// - `EFAULT` if `mutex` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_mutex_lock(mutex: *mut acort_mutex_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `mutex` is not NULL, so it is a mutex, in memory that does not move.
    status(sync_object(caller, mutex).and_then(|mutex| unsafe {
        mutex::lock(caller, mutex, WaitMode::Cancellable, Deadline::at(deadline))
    }))
}

/// Unlocks the mutex. A recursive one is free after as many unlocks as locks.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if the caller does not own the mutex.
/// - `EINVAL` if `mutex` is NULL.
/// - `EFAULT` if `mutex` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_mutex_unlock(mutex: *mut acort_mutex_t) -> c_int {
    let caller = Caller::current();
    if mutex.is_null() {
        return status(Err(libc::EINVAL));
    }
    // SAFETY: `mutex` is not NULL, so it is a mutex.
    let outcome = unsafe { mutex::unlock(caller, mutex.cast()) };
    // A mutex that moves away has no owner, for its lock is refused.
    status(outcome.map_err(|error| {
        if caller.is_on_shared_stack(mutex.cast()) { libc::EFAULT } else { error }
    }))
}

/// Unlocks `mutex`, waits for a signal, and locks the mutex again in all cases. Spurious wake-ups
/// are possible: check the condition again.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EPERM` if the caller does not own the mutex.
/// - `EDEADLK` if the caller has locked a recursive mutex more than once.
/// - `EINVAL` if `cond` or `mutex` is NULL.
/// - `EFAULT` if `cond` or `mutex` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cond_wait(
    cond: *mut acort_cond_t,
    mutex: *mut acort_mutex_t,
    deadline: i64,
) -> c_int {
    let caller = Caller::current();
    // SAFETY: `cond` and `mutex` are not NULL, so they are what their types say, in memory that does not move.
    status(sync_object(caller, cond).and_then(|cond| unsafe {
        let mutex = sync_object(caller, mutex)?;
        condvar::wait(caller, cond, mutex, until(deadline)?)
    }))
}

/// Wakes the first waiter.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `cond` is NULL.
/// - `EFAULT` if `cond` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cond_signal(cond: *mut acort_cond_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `cond` is not NULL, so it is a condition variable, in memory that does not move.
    status(sync_object(caller, cond).map(|cond| unsafe { condvar::signal(cond) }))
}

/// Wakes all waiters.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `cond` is NULL.
/// - `EFAULT` if `cond` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cond_broadcast(cond: *mut acort_cond_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `cond` is not NULL, so it is a condition variable, in memory that does not move.
    status(sync_object(caller, cond).map(|cond| unsafe { condvar::broadcast(cond) }))
}

/// Sets the event: wakes all waiters, and later calls do not wait.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `event` is NULL.
/// - `EFAULT` if `event` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_event_set(event: *mut acort_event_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `event` is not NULL, so it is an event, in memory that does not move.
    status(sync_object(caller, event).map(|event| unsafe { event::set(event) }))
}

/// Resets the event: later calls wait again.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `event` is NULL.
/// - `EFAULT` if `event` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_event_reset(event: *mut acort_event_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `event` is not NULL, so it is an event, in memory that does not move.
    status(sync_object(caller, event).map(|event| unsafe { event::reset(event) }))
}

/// Waits until the event is set.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `event` is NULL.
/// - `EFAULT` if `event` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_event_wait(event: *mut acort_event_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `event` is not NULL, so it is an event, in memory that does not move.
    status(
        sync_object(caller, event)
            .and_then(|event| unsafe { event::wait(caller, event, Deadline::at(deadline)) }),
    )
}

/// Sets the count of the semaphore to `count`.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if a call waits for the semaphore.
/// - `EINVAL` if `sem` is NULL.
/// - `EFAULT` if `sem` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sem_init(sem: *mut acort_sem_t, count: c_uint) -> c_int {
    let caller = Caller::current();
    // SAFETY: `sem` is not NULL, so it is a semaphore, in memory that does not move.
    status(sync_object(caller, sem).and_then(|sem| unsafe { semaphore::init(sem, count) }))
}

/// Increments the semaphore, or wakes its first waiter.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EOVERFLOW` if the count is at its maximum.
/// - `EINVAL` if `sem` is NULL.
/// - `EFAULT` if `sem` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sem_post(sem: *mut acort_sem_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `sem` is not NULL, so it is a semaphore, in memory that does not move.
    status(sync_object(caller, sem).and_then(|sem| unsafe { semaphore::post(sem) }))
}

/// Decrements the semaphore. Waits while the count is 0.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `sem` is NULL.
/// - `EFAULT` if `sem` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sem_wait(sem: *mut acort_sem_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `sem` is not NULL, so it is a semaphore, in memory that does not move.
    status(
        sync_object(caller, sem)
            .and_then(|sem| unsafe { semaphore::wait(caller, sem, Deadline::at(deadline)) }),
    )
}

/// Adds `n`, which may be negative, to the count of the waitgroup. At 0 all waiters are woken.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EOVERFLOW` if the count exceeds its maximum.
/// - `EINVAL` if `wg` is NULL, or the count would be negative.
/// - `EFAULT` if `wg` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitgroup_add(wg: *mut acort_waitgroup_t, n: c_int) -> c_int {
    let caller = Caller::current();
    // SAFETY: `wg` is not NULL, so it is a waitgroup, in memory that does not move.
    status(sync_object(caller, wg).and_then(|wg| unsafe { waitgroup::add(wg, n) }))
}

/// Decrements the count of the waitgroup, as acort_waitgroup_add() with -1.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `wg` is NULL, or the count is 0.
/// - `EFAULT` if `wg` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitgroup_done(wg: *mut acort_waitgroup_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `wg` is not NULL, so it is a waitgroup, in memory that does not move.
    status(sync_object(caller, wg).and_then(|wg| unsafe { waitgroup::add(wg, -1) }))
}

/// Waits until the count of the waitgroup is 0.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `wg` is NULL.
/// - `EFAULT` if `wg` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitgroup_wait(wg: *mut acort_waitgroup_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `wg` is not NULL, so it is a waitgroup, in memory that does not move.
    status(
        sync_object(caller, wg)
            .and_then(|wg| unsafe { waitgroup::wait(caller, wg, Deadline::at(deadline)) }),
    )
}

/// Sets the number of callers that the barrier waits for.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if a call waits at the barrier.
/// - `EINVAL` if `barrier` is NULL, or `count` is 0.
/// - `EFAULT` if `barrier` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_barrier_init(barrier: *mut acort_barrier_t, count: c_uint) -> c_int {
    let caller = Caller::current();
    // SAFETY: `barrier` is not NULL, so it is a barrier, in memory that does not move.
    status(
        sync_object(caller, barrier).and_then(|barrier| unsafe { barrier::init(barrier, count) }),
    )
}

/// Waits until as many callers have come as acort_barrier_init() has set.
///
/// # Returns
/// 1 for the last caller, 0 for the others, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed: the caller is not counted then.
/// - `ECANCELED` if the task is cancelled: the caller is not counted then.
/// - `EINVAL` if `barrier` is NULL, or was not initialized.
/// - `EFAULT` if `barrier` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_barrier_wait(barrier: *mut acort_barrier_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `barrier` is not NULL, so it is a barrier, in memory that does not move.
    answer(
        sync_object(caller, barrier).and_then(|barrier| unsafe {
            barrier::wait(barrier, until(deadline)?).map(c_int::from)
        }),
    )
}
