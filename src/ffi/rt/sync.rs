//! Synchronisation: objects of the caller's, all zero to begin with, for tasks of any worker and plain
//! threads. An object is in use from its first call until the last one has come back. EINVAL for NULL;
//! EFAULT where one must wait for an object on a shared stack.

use core::ffi::{c_int, c_uint};

use super::{answer, given, status, until};
use crate::rt::abi::{
    acort_barrier_t, acort_cond_t, acort_event_t, acort_mutex_t, acort_sem_t, acort_waitgroup_t,
};
use crate::rt::parker::Hearing;
use crate::rt::{barrier, condition, event, mutex, semaphore, waitgroup};

/// Takes the mutex: the caller, a task or a thread, has it until acort_mutex_unlock(); who waits first has it
/// next. 0, or -1 and errno: ETIMEDOUT, ECANCELED; EDEADLK where the caller has it.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_mutex_lock(mutex: *mut acort_mutex_t, deadline: i64) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(given(mutex).and_then(|mutex| unsafe {
        mutex::lock((mutex as *mut acort_mutex_t).cast(), Hearing::Cancellation, until(deadline)?)
    }))
}

/// Gives the mutex up. 0, or -1 and errno: EPERM where the caller does not have it.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_mutex_unlock(mutex: *mut acort_mutex_t) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(
        given(mutex)
            .and_then(|mutex| unsafe { mutex::unlock((mutex as *mut acort_mutex_t).cast()) }),
    )
}

/// Gives `mutex` up, waits for a signal, and takes it again, whatever comes. It may come back for nothing:
/// look at what was waited for again. 0, or -1 and errno: ETIMEDOUT, ECANCELED; EPERM where the caller does
/// not have the mutex.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cond_wait(
    cond: *mut acort_cond_t,
    mutex: *mut acort_mutex_t,
    deadline: i64,
) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(given(cond).and_then(|cond| unsafe {
        let mutex = given(mutex)? as *mut acort_mutex_t;
        condition::wait((cond as *mut acort_cond_t).cast(), mutex.cast(), until(deadline)?)
    }))
}

/// Wakes who waits first. 0, or -1 and errno.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cond_signal(cond: *mut acort_cond_t) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(given(cond).map(|cond| unsafe { condition::signal((cond as *mut acort_cond_t).cast()) }))
}

/// Wakes all who wait. 0, or -1 and errno.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cond_broadcast(cond: *mut acort_cond_t) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(
        given(cond).map(|cond| unsafe { condition::broadcast((cond as *mut acort_cond_t).cast()) }),
    )
}

/// Sets the event: all who wait go on, and who comes later does not wait. 0, or -1 and errno.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_event_set(event: *mut acort_event_t) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(given(event).map(|event| unsafe { event::set((event as *mut acort_event_t).cast()) }))
}

/// The event is not set any more. 0, or -1 and errno.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_event_reset(event: *mut acort_event_t) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(given(event).map(|event| unsafe { event::reset((event as *mut acort_event_t).cast()) }))
}

/// Waits until the event is set. 0, or -1 and errno: ETIMEDOUT, ECANCELED.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_event_wait(event: *mut acort_event_t, deadline: i64) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(given(event).and_then(|event| unsafe {
        event::wait((event as *mut acort_event_t).cast(), until(deadline)?)
    }))
}

/// The semaphore counts `count`. 0, or -1 and errno: EBUSY where somebody waits.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sem_init(sem: *mut acort_sem_t, count: c_uint) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(
        given(sem)
            .and_then(|sem| unsafe { semaphore::init((sem as *mut acort_sem_t).cast(), count) }),
    )
}

/// Counts up, or lets who waits first go on. 0, or -1 and errno: EOVERFLOW.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sem_post(sem: *mut acort_sem_t) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(given(sem).and_then(|sem| unsafe { semaphore::post((sem as *mut acort_sem_t).cast()) }))
}

/// Counts down, or waits for a post. 0, or -1 and errno: ETIMEDOUT, ECANCELED.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_sem_wait(sem: *mut acort_sem_t, deadline: i64) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(given(sem).and_then(|sem| unsafe {
        semaphore::wait((sem as *mut acort_sem_t).cast(), until(deadline)?)
    }))
}

/// So many more are to be waited for, or fewer. 0, or -1 and errno: EINVAL below none, EOVERFLOW.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitgroup_add(wg: *mut acort_waitgroup_t, n: c_int) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(
        given(wg)
            .and_then(|wg| unsafe { waitgroup::add((wg as *mut acort_waitgroup_t).cast(), n) }),
    )
}

/// One fewer: acort_waitgroup_add(wg, -1).
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitgroup_done(wg: *mut acort_waitgroup_t) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(
        given(wg)
            .and_then(|wg| unsafe { waitgroup::add((wg as *mut acort_waitgroup_t).cast(), -1) }),
    )
}

/// Waits until none is left. 0, or -1 and errno: ETIMEDOUT, ECANCELED.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitgroup_wait(wg: *mut acort_waitgroup_t, deadline: i64) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(given(wg).and_then(|wg| unsafe {
        waitgroup::wait((wg as *mut acort_waitgroup_t).cast(), until(deadline)?)
    }))
}

/// The barrier is for `count`. 0, or -1 and errno: EINVAL for 0, EBUSY where somebody waits.
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_barrier_init(barrier: *mut acort_barrier_t, count: c_uint) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    status(given(barrier).and_then(|barrier| unsafe {
        barrier::init((barrier as *mut acort_barrier_t).cast(), count)
    }))
}

/// Waits until as many are there as the barrier is for. 1 for the last one, 0 for the others, or -1 and
/// errno: ETIMEDOUT, ECANCELED (it is not counted then); EINVAL before acort_barrier_init().
///
/// # Safety
/// Each is NULL or such an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_barrier_wait(barrier: *mut acort_barrier_t, deadline: i64) -> c_int {
    // SAFETY: the caller's promise; the struct is the object's.
    answer(given(barrier).and_then(|barrier| unsafe {
        barrier::wait((barrier as *mut acort_barrier_t).cast(), until(deadline)?).map(c_int::from)
    }))
}
