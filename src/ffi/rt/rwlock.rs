//! Reader-writer locks: synchronization objects, as in `sync`.

use core::ffi::c_int;

use super::{placed, status};
use crate::rt::model::abi::acort_rwlock_t;
use crate::rt::model::caller::Caller;
use crate::rt::sync::rwlock;

/// Locks a reader-writer lock for reading. Several readers may own it. A call that comes while a
/// writer waits queues behind that writer. A caller that already owns the lock for reading may
/// deadlock then. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EDEADLK` if the caller owns the lock for writing.
/// - `EAGAIN` if there are too many readers.
/// - `EINVAL` if `rwlock` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `rwlock` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_rwlock_rdlock(rwlock: *mut acort_rwlock_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(
        placed(caller, rwlock).and_then(|rwlock| unsafe { rwlock::read(caller, rwlock, deadline) }),
    )
}

/// Locks a reader-writer lock for writing. The writer owns it alone. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EDEADLK` if the caller owns the lock for writing.
/// - `EINVAL` if `rwlock` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `rwlock` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_rwlock_wrlock(rwlock: *mut acort_rwlock_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(
        placed(caller, rwlock)
            .and_then(|rwlock| unsafe { rwlock::write(caller, rwlock, deadline) }),
    )
}

/// Unlocks a reader-writer lock that the caller owns for reading or for writing.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if the lock is free, or another caller owns it for writing.
/// - `EINVAL` if `rwlock` is NULL.
/// - `EFAULT` if `rwlock` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_rwlock_unlock(rwlock: *mut acort_rwlock_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, rwlock).and_then(|rwlock| unsafe { rwlock::unlock(caller, rwlock) }))
}
