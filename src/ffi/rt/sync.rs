//! Synchronization objects. The program owns them, and initializes them to all zero. Tasks of all workers and plain
//! threads may use them. An object is in use from its first call until its last call has returned.

use core::ffi::{c_int, c_uint};

use super::{answer, placed, status, until};
use crate::rt::base::parker::WaitMode;
use crate::rt::model::abi::{
    acort_barrier_t, acort_cond_t, acort_event_t, acort_mutex_t, acort_sem_t, acort_waitgroup_t,
};
use crate::rt::model::caller::Caller;
use crate::rt::sync::{barrier, condvar, event, mutex, semaphore, waitgroup};

/// Locks a mutex. The caller, a task or a thread, owns it until acort_mutex_unlock(). An unlock
/// wakes the first waiter, which gets the mutex unless another call locks it first. After a few
/// such losses, the unlock hands the mutex to the waiter. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EDEADLK` if the caller owns the mutex.
/// - `EINVAL` if `mutex` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `mutex` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_mutex_lock(mutex: *mut acort_mutex_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(
        placed(caller, mutex).and_then(|mutex| unsafe {
            mutex::lock(caller, mutex, WaitMode::Cancellable, deadline)
        }),
    )
}

/// Unlocks a mutex that the caller owns.
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
    // SAFETY: not NULL (checked), so it is a mutex (F1).
    let outcome = unsafe { mutex::unlock(caller, mutex.cast()) };
    // A mutex on a shared stack has no owner, because `lock` fails with EFAULT.
    status(outcome.map_err(|error| {
        if caller.is_on_shared_stack(mutex.cast()) { libc::EFAULT } else { error }
    }))
}

/// Unlocks `mutex`, waits for a signal of `cond`, and locks the mutex again, in all cases. Spurious
/// wake-ups are possible: check the condition again. A cancellation point, with the mutex locked on
/// return.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EPERM` if the caller does not own the mutex.
/// - `EINVAL` if `cond` or `mutex` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `cond` or `mutex` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cond_wait(
    cond: *mut acort_cond_t,
    mutex: *mut acort_mutex_t,
    deadline: i64,
) -> c_int {
    let caller = Caller::current();
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, cond).and_then(|cond| unsafe {
        let mutex = placed(caller, mutex)?;
        condvar::wait(caller, cond, mutex, until(deadline)?)
    }))
}

/// Wakes the first waiter of a condition variable.
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
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, cond).map(|cond| unsafe { condvar::signal(cond) }))
}

/// Wakes all waiters of a condition variable.
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
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, cond).map(|cond| unsafe { condvar::broadcast(cond) }))
}

/// Sets an event. All waiters continue, and later waits return at once.
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
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, event).map(|event| unsafe { event::set(event) }))
}

/// Resets an event: later waits block.
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
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, event).map(|event| unsafe { event::reset(event) }))
}

/// Waits until an event is set. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `event` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `event` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_event_wait(event: *mut acort_event_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, event).and_then(|event| unsafe { event::wait(caller, event, deadline) }))
}

/// Sets the count of a semaphore.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if the semaphore has waiters.
/// - `EINVAL` if `sem` is NULL.
/// - `EFAULT` if `sem` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sem_init(sem: *mut acort_sem_t, count: c_uint) -> c_int {
    let caller = Caller::current();
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, sem).and_then(|sem| unsafe { semaphore::init(sem, count) }))
}

/// Increments the count of a semaphore, or wakes its first waiter.
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
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, sem).and_then(|sem| unsafe { semaphore::post(sem) }))
}

/// Decrements the count of a semaphore. Waits for a post while the count is 0. A cancellation
/// point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `sem` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `sem` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sem_wait(sem: *mut acort_sem_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, sem).and_then(|sem| unsafe { semaphore::wait(caller, sem, deadline) }))
}

/// Adds `n`, which may be negative, to the count of a waitgroup. At 0 all waiters continue.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if the count would be negative, or `wg` is NULL.
/// - `EOVERFLOW` if the count would be too large.
/// - `EFAULT` if `wg` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitgroup_add(wg: *mut acort_waitgroup_t, n: c_int) -> c_int {
    let caller = Caller::current();
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, wg).and_then(|wg| unsafe { waitgroup::add(wg, n) }))
}

/// Subtracts 1 from the count of a waitgroup.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - all errors of acort_waitgroup_add().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitgroup_done(wg: *mut acort_waitgroup_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, wg).and_then(|wg| unsafe { waitgroup::add(wg, -1) }))
}

/// Waits until the count of a waitgroup is 0. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `wg` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `wg` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitgroup_wait(wg: *mut acort_waitgroup_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, wg).and_then(|wg| unsafe { waitgroup::wait(caller, wg, deadline) }))
}

/// Sets the number of calls that a barrier waits for.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `count` is 0, or `barrier` is NULL.
/// - `EBUSY` if the barrier has waiters.
/// - `EFAULT` if `barrier` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_barrier_init(barrier: *mut acort_barrier_t, count: c_uint) -> c_int {
    let caller = Caller::current();
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, barrier).and_then(|barrier| unsafe { barrier::init(barrier, count) }))
}

/// Waits until as many calls wait as acort_barrier_init() has set. Then all of them continue, and
/// the barrier can be used again. A call that fails does not count. A cancellation point.
///
/// # Returns
/// 1 in the last call, 0 in the others, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if the barrier has no count, `barrier` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `barrier` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_barrier_wait(barrier: *mut acort_barrier_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    answer(
        placed(caller, barrier).and_then(|barrier| unsafe {
            barrier::wait(barrier, until(deadline)?).map(c_int::from)
        }),
    )
}
