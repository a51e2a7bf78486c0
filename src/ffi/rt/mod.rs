//! The functions of `include/acort.h`. Each group has a file, in the order of the header.

pub mod runtime;

pub mod embed;

pub mod tasks;

pub mod locals;

pub mod park;

pub mod groups;

pub mod channels;

pub mod sync;

pub mod rwlock;

pub mod once;

pub mod futures;

pub mod promises;

pub mod io;

pub mod files;

pub mod net;

pub mod blocking;

pub mod signals;

pub mod watch;

use core::ffi::c_int;

use crate::rt::model::caller::Caller;
use crate::rt::os::Result;
use crate::rt::park::budget;
use crate::sys;

/// Converts a result to 0, or to -1 and errno.
fn status(outcome: Result<()>) -> c_int {
    answer(outcome.map(|()| 0))
}

/// Converts a result to its value, which is not negative, or to -1 and errno.
fn answer<T: From<i8>>(outcome: Result<T>) -> T {
    outcome.unwrap_or_else(|error| T::from(refused(error)))
}

/// Sets errno to `error`. Returns -1. A function of its own, so that the callers keep nothing on the stack during a wait.
#[cold]
#[inline(never)]
fn refused(error: c_int) -> i8 {
    sys::set_errno(error);
    -1
}

/// Begins a call that may wait until `deadline`, and returns the deadline: a time, 0 or ACORT_NEVER. Other negative
/// deadlines fail with EINVAL. The task may yield to others here. Fails with ECANCELED if the task is cancelled. Some calls
/// keep little on a shared stack while they wait. They begin in the core instead, in a function that returns before the
/// wait.
#[inline(always)]
fn until(deadline: i64) -> Result<i64> {
    budget::enter_call(Caller::current(), deadline)
}

/// Converts a number of bytes to C, or to -1 and errno, and charges the bytes to the task's budget.
fn count(outcome: Result<usize>) -> libc::ssize_t {
    bytes(outcome.inspect(|&count| budget::charge_bytes(count)))
}

/// Converts a number of bytes like `count`, for a call that has charged them itself.
fn bytes(outcome: Result<usize>) -> libc::ssize_t {
    answer(outcome.map(|count| count as isize))
}

/// Converts a result to its object, or to NULL and errno.
fn object<T>(outcome: Result<*mut T>) -> *mut T {
    outcome.unwrap_or_else(|error| {
        sys::set_errno(error);
        core::ptr::null_mut()
    })
}

/// Returns the object that a function was called for. Fails with EINVAL if it is NULL.
fn given<'a, T>(object: *mut T) -> Result<&'a mut T> {
    // SAFETY: not NULL, so it is a live object (F1), or memory that the function may write (F2).
    unsafe { object.as_mut() }.ok_or(libc::EINVAL)
}

/// Returns the synchronization object in a program's struct. Other threads use its address, so it must not move. Fails
/// with EINVAL if it is NULL, and with EFAULT if it is on a shared stack.
#[inline(always)]
fn placed<C, T>(caller: Caller, object: *mut C) -> Result<*mut T> {
    if object.is_null() {
        return Err(libc::EINVAL);
    }
    if caller.is_on_shared_stack(object.cast()) { Err(libc::EFAULT) } else { Ok(object.cast()) }
}
