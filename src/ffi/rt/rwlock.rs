//! A lock for many readers or one writer: as the objects of synchronisation.

use core::ffi::c_int;

use super::{status, sync_object};
use crate::rt::model::abi::acort_rwlock_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::Deadline;
use crate::rt::sync::rwlock;

/// Takes the lock for reading; several may have it so. Who comes while a writer waits is behind that one: a
/// caller that has it for reading already may wait for ever then. 0, or -1 and errno: ETIMEDOUT, ECANCELED;
/// EDEADLK where the caller has it for writing, EAGAIN for too many readers; EINVAL for NULL, EFAULT on a shared
/// stack.
///
/// # Safety
/// `rwlock` is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_rwlock_rdlock(rwlock: *mut acort_rwlock_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `rwlock` is not NULL, so it is an rwlock, in memory that does not move.
    status(
        sync_object(caller, rwlock)
            .and_then(|rwlock| unsafe { rwlock::read(caller, rwlock, Deadline::at(deadline)) }),
    )
}

/// Takes the lock for writing: nobody else has it then. 0, or -1 and errno: ETIMEDOUT, ECANCELED; EDEADLK where
/// the caller has it for writing; EINVAL for NULL, EFAULT on a shared stack.
///
/// # Safety
/// `rwlock` is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_rwlock_wrlock(rwlock: *mut acort_rwlock_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `rwlock` is not NULL, so it is an rwlock, in memory that does not move.
    status(
        sync_object(caller, rwlock)
            .and_then(|rwlock| unsafe { rwlock::write(caller, rwlock, Deadline::at(deadline)) }),
    )
}

/// Gives the lock up, in whichever way the caller has it. 0, or -1 and errno: EPERM where nobody has it, or
/// another one for writing; EINVAL for NULL, EFAULT on a shared stack.
///
/// # Safety
/// `rwlock` is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_rwlock_unlock(rwlock: *mut acort_rwlock_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `rwlock` is not NULL, so it is an rwlock, in memory that does not move.
    status(sync_object(caller, rwlock).and_then(|rwlock| unsafe { rwlock::unlock(caller, rwlock) }))
}
