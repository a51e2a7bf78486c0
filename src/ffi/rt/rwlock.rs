//! A lock for many readers or one writer: as the objects of synchronisation.

use core::ffi::c_int;

use super::{status, sync_object};
use crate::rt::model::abi::acort_rwlock_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::Deadline;
use crate::rt::sync::rwlock;

/// Locks for reading. Several callers may own the lock so. A caller that comes while a writer waits
/// queues behind it: a second read lock of the same caller may then never be granted.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EDEADLK` if the caller owns the lock for writing.
/// - `EAGAIN` if there are too many readers.
/// - `EINVAL` if `rwlock` is NULL.
/// - `EFAULT` if `rwlock` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_rwlock_rdlock(rwlock: *mut acort_rwlock_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `rwlock` is not NULL, so it is an rwlock, in memory that does not move.
    status(
        sync_object(caller, rwlock)
            .and_then(|rwlock| unsafe { rwlock::read(caller, rwlock, Deadline::at(deadline)) }),
    )
}

/// Locks for writing: no other caller owns the lock then.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EDEADLK` if the caller owns the lock for writing.
/// - `EINVAL` if `rwlock` is NULL.
/// - `EFAULT` if `rwlock` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_rwlock_wrlock(rwlock: *mut acort_rwlock_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `rwlock` is not NULL, so it is an rwlock, in memory that does not move.
    status(
        sync_object(caller, rwlock)
            .and_then(|rwlock| unsafe { rwlock::write(caller, rwlock, Deadline::at(deadline)) }),
    )
}

/// Unlocks what the caller has locked, for reading or for writing.
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
    // SAFETY: `rwlock` is not NULL, so it is an rwlock, in memory that does not move.
    status(sync_object(caller, rwlock).and_then(|rwlock| unsafe { rwlock::unlock(caller, rwlock) }))
}
