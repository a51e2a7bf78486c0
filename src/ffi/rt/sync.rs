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

/// Takes the mutex: the caller, a task or a thread, has it until acort_mutex_unlock(). Of those that wait the first one is
/// woken at each unlock; it has the mutex unless another call has taken it by then, which happens a few times in a row at
/// most. 0, or -1 and errno: ETIMEDOUT, ECANCELED; EDEADLK where the caller has it; EINVAL for NULL, EFAULT on a shared
/// stack.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_mutex_lock(mutex: *mut acort_mutex_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `mutex` is not NULL, so it is a mutex, in memory that does not move.
    status(sync_object(caller, mutex).and_then(|mutex| unsafe {
        mutex::lock(caller, mutex, WaitMode::Cancellable, Deadline::at(deadline))
    }))
}

/// Gives the mutex up. 0, or -1 and errno: EPERM where the caller does not have it; EINVAL for NULL, EFAULT on a
/// shared stack.
///
/// # Safety
/// Each is NULL or such an object.
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

/// Gives `mutex` up, waits for a signal, and takes it again, whatever comes. It may come back for nothing: look
/// at what was waited for again. 0, or -1 and errno: ETIMEDOUT, ECANCELED; EPERM where the caller does not have
/// the mutex; EINVAL for NULL, EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
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

/// Wakes who waits first. 0, or -1 and errno: EINVAL for NULL, EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cond_signal(cond: *mut acort_cond_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `cond` is not NULL, so it is a condition variable, in memory that does not move.
    status(sync_object(caller, cond).map(|cond| unsafe { condvar::signal(cond) }))
}

/// Wakes all who wait. 0, or -1 and errno: EINVAL for NULL, EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cond_broadcast(cond: *mut acort_cond_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `cond` is not NULL, so it is a condition variable, in memory that does not move.
    status(sync_object(caller, cond).map(|cond| unsafe { condvar::broadcast(cond) }))
}

/// Sets the event: all who wait go on, and who comes later does not wait. 0, or -1 and errno: EINVAL for NULL,
/// EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_event_set(event: *mut acort_event_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `event` is not NULL, so it is an event, in memory that does not move.
    status(sync_object(caller, event).map(|event| unsafe { event::set(event) }))
}

/// The event is not set any more. 0, or -1 and errno: EINVAL for NULL, EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_event_reset(event: *mut acort_event_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `event` is not NULL, so it is an event, in memory that does not move.
    status(sync_object(caller, event).map(|event| unsafe { event::reset(event) }))
}

/// Waits until the event is set. 0, or -1 and errno: ETIMEDOUT, ECANCELED; EINVAL for NULL, EFAULT on a shared
/// stack.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_event_wait(event: *mut acort_event_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `event` is not NULL, so it is an event, in memory that does not move.
    status(
        sync_object(caller, event)
            .and_then(|event| unsafe { event::wait(caller, event, Deadline::at(deadline)) }),
    )
}

/// The semaphore counts `count`. 0, or -1 and errno: EBUSY where somebody waits; EINVAL for NULL, EFAULT on a
/// shared stack.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sem_init(sem: *mut acort_sem_t, count: c_uint) -> c_int {
    let caller = Caller::current();
    // SAFETY: `sem` is not NULL, so it is a semaphore, in memory that does not move.
    status(sync_object(caller, sem).and_then(|sem| unsafe { semaphore::init(sem, count) }))
}

/// Counters up, or lets who waits first go on. 0, or -1 and errno: EOVERFLOW; EINVAL for NULL, EFAULT on a shared
/// stack.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sem_post(sem: *mut acort_sem_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `sem` is not NULL, so it is a semaphore, in memory that does not move.
    status(sync_object(caller, sem).and_then(|sem| unsafe { semaphore::post(sem) }))
}

/// Counters down, or waits for a post. 0, or -1 and errno: ETIMEDOUT, ECANCELED; EINVAL for NULL, EFAULT on a
/// shared stack.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sem_wait(sem: *mut acort_sem_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `sem` is not NULL, so it is a semaphore, in memory that does not move.
    status(
        sync_object(caller, sem)
            .and_then(|sem| unsafe { semaphore::wait(caller, sem, Deadline::at(deadline)) }),
    )
}

/// So many more are to be waited for, or fewer. 0, or -1 and errno: EINVAL below none or for NULL, EOVERFLOW;
/// EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitgroup_add(wg: *mut acort_waitgroup_t, n: c_int) -> c_int {
    let caller = Caller::current();
    // SAFETY: `wg` is not NULL, so it is a waitgroup, in memory that does not move.
    status(sync_object(caller, wg).and_then(|wg| unsafe { waitgroup::add(wg, n) }))
}

/// One fewer: acort_waitgroup_add(wg, -1), with its errors.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitgroup_done(wg: *mut acort_waitgroup_t) -> c_int {
    let caller = Caller::current();
    // SAFETY: `wg` is not NULL, so it is a waitgroup, in memory that does not move.
    status(sync_object(caller, wg).and_then(|wg| unsafe { waitgroup::add(wg, -1) }))
}

/// Waits until none is left. 0, or -1 and errno: ETIMEDOUT, ECANCELED; EINVAL for NULL, EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitgroup_wait(wg: *mut acort_waitgroup_t, deadline: i64) -> c_int {
    let caller = Caller::current();
    // SAFETY: `wg` is not NULL, so it is a waitgroup, in memory that does not move.
    status(
        sync_object(caller, wg)
            .and_then(|wg| unsafe { waitgroup::wait(caller, wg, Deadline::at(deadline)) }),
    )
}

/// The barrier is for `count`. 0, or -1 and errno: EINVAL for 0 or NULL, EBUSY where somebody waits; EFAULT on
/// a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_barrier_init(barrier: *mut acort_barrier_t, count: c_uint) -> c_int {
    let caller = Caller::current();
    // SAFETY: `barrier` is not NULL, so it is a barrier, in memory that does not move.
    status(
        sync_object(caller, barrier).and_then(|barrier| unsafe { barrier::init(barrier, count) }),
    )
}

/// Waits until as many are there as the barrier is for. 1 for the last one, 0 for the others, or -1 and errno:
/// ETIMEDOUT, ECANCELED (it is not counted then); EINVAL before acort_barrier_init() or for NULL;
/// EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
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
