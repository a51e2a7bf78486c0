//! Locks: recursive mutexes, calls that never wait, a condition with an rwlock.

use core::ffi::{c_int, c_uint};

use super::{non_null, status, sync_object, until};
use crate::rt::base::parker::WaitMode;
use crate::rt::model::abi::{
    ACORT_RECURSIVE, acort_cond_t, acort_mutex_t, acort_rwlock_t, acort_sem_t,
};
use crate::rt::model::caller::Caller;
use crate::rt::os::{Deadline, Result};
use crate::rt::sync::{condvar, mutex, rwlock, semaphore};

/// Sets what the mutex does when its owner locks it again. With `flags` ACORT_RECURSIVE it counts,
/// and is free after as many unlocks as locks. With 0, as without this call, that is EDEADLK.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if the mutex is locked, or a call waits for it.
/// - `EINVAL` if `mutex` is NULL, or a flag does not exist.
/// - `EFAULT` if `mutex` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_mutex_init(mutex: *mut acort_mutex_t, flags: c_uint) -> c_int {
    let caller = Caller::current();
    status(sync_object(caller, mutex).and_then(|mutex| match flags & !ACORT_RECURSIVE {
        // SAFETY: `mutex` is not NULL, so it is a mutex, in memory that does not move.
        0 => unsafe { mutex::init(mutex, flags != 0) },
        _ => Err(libc::EINVAL),
    }))
}

/// Locks the mutex if it is free. Never waits.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if the mutex is locked.
/// - `EINVAL` if `mutex` is NULL.
/// - `EFAULT` if `mutex` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_mutex_trylock(mutex: *mut acort_mutex_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `mutex` is not NULL, so it is a mutex, in memory that does not move.
    status(sync_object(caller, mutex).and_then(|mutex| unsafe {
        try_lock(mutex::lock(caller, mutex, WaitMode::Cancellable, Deadline::NOW))
    }))
}

/// The result of a call that locks, and does not wait: EBUSY where it would have to.
fn try_lock(outcome: Result<()>) -> Result<()> {
    outcome.map_err(|error| match error {
        libc::EDEADLK | libc::ETIMEDOUT => libc::EBUSY,
        error => error,
    })
}

/// Locks for reading, if the lock is free for that. Never waits.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if the lock is locked for writing, or a writer waits for it.
/// - `EAGAIN` if there are too many readers.
/// - `EINVAL` if `rwlock` is NULL.
/// - `EFAULT` if `rwlock` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_rwlock_tryrdlock(rwlock: *mut acort_rwlock_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `rwlock` is not NULL, so it is an rwlock, in memory that does not move.
    status(
        sync_object(caller, rwlock)
            .and_then(|rwlock| unsafe { try_lock(rwlock::read(caller, rwlock, Deadline::NOW)) }),
    )
}

/// Locks for writing, if the lock is free. Never waits.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if the lock is locked, or a call waits for it.
/// - `EINVAL` if `rwlock` is NULL.
/// - `EFAULT` if `rwlock` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_rwlock_trywrlock(rwlock: *mut acort_rwlock_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `rwlock` is not NULL, so it is an rwlock, in memory that does not move.
    status(
        sync_object(caller, rwlock)
            .and_then(|rwlock| unsafe { try_lock(rwlock::write(caller, rwlock, Deadline::NOW)) }),
    )
}

/// Unlocks `rwlock`, waits for a signal, and locks it again in all cases: for reading if the caller
/// has it for reading, otherwise for writing. Spurious wake-ups are possible: check the condition
/// again.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EPERM` if the lock is free, or another caller owns it for writing.
/// - `EINVAL` if `cond` or `rwlock` is NULL.
/// - `EFAULT` if `cond` or `rwlock` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cond_wait_rwlock(
    cond: *mut acort_cond_t,
    rwlock: *mut acort_rwlock_t,
    deadline: i64,
) -> c_int {
    let caller = Caller::current();
    // SAFETY: `cond` and `rwlock` are not NULL, so they are what their types say, in memory that does not move.
    status(sync_object(caller, cond).and_then(|cond| unsafe {
        let rwlock = sync_object(caller, rwlock)?;
        condvar::wait_rwlock(caller, cond, rwlock, until(deadline)?)
    }))
}

/// Decrements the semaphore if its count is not 0. Never waits.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EAGAIN` if the count is 0.
/// - `EINVAL` if `sem` is NULL.
/// - `EFAULT` if `sem` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sem_trywait(sem: *mut acort_sem_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `sem` is not NULL, so it is a semaphore, in memory that does not move.
    status(sync_object(caller, sem).and_then(|sem| unsafe {
        let outcome = semaphore::wait(caller, sem, Deadline::NOW);
        outcome.map_err(|error| if error == libc::ETIMEDOUT { libc::EAGAIN } else { error })
    }))
}

/// Stores the count of the semaphore in `value`. Others may have changed it when the call returns.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `sem` or `value` is NULL.
/// - `EFAULT` if `sem` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sem_getvalue(sem: *mut acort_sem_t, value: *mut c_uint) -> c_int {
    let caller = Caller::current();
    // SAFETY: `sem` is not NULL, so it is a semaphore, in memory that does not move; `value` is writable.
    status(sync_object(caller, sem).and_then(|sem| unsafe {
        *non_null(value)? = semaphore::count(sem);
        Ok(())
    }))
}
