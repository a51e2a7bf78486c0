//! The runtime's functions: `include/acort.h`. One file a group, in the order of the header.

pub mod runtime;

pub mod embed;

pub mod testing;

pub mod tasks;

pub mod locals;

pub mod cleanup;

pub mod park;

pub mod scopes;

pub mod groups;

pub mod channels;

pub mod select;

pub mod sync;

pub mod rwlock;

pub mod locks;

pub mod once;

pub mod futures;

pub mod promises;

pub mod io;

pub mod sockets;

pub mod streams;

pub mod stream_input;

pub mod stream_output;

pub mod files;

pub mod copies;

pub mod paths;

pub mod file_watch;

pub mod net;

pub mod blocking;

pub mod signals;

pub mod programs;

pub mod inspection;

use core::ffi::c_int;

use crate::rt::base::errno_of;
use crate::rt::model::caller::Caller;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::budget;
use crate::sys;

/// Converts a result to 0, or to -1 and errno.
fn status(outcome: Result<()>) -> c_int {
    answer(outcome.map(|()| 0))
}

/// Makes a call, and converts its result as [`status`] does.
fn try_status(call: impl FnOnce() -> Result<()>) -> c_int {
    status(call())
}

/// Converts a result to a value that is not negative, or to -1 and errno.
fn answer<T: From<i8>>(outcome: Result<T>) -> T {
    outcome.unwrap_or_else(|error| T::from(refused(error)))
}

/// Makes a call, and converts its result as [`answer`] does.
fn try_answer<T: From<i8>>(call: impl FnOnce() -> Result<T>) -> T {
    answer(call())
}

/// Sets errno and returns -1. A separate function, so that its callers keep nothing on the stack while they wait.
#[cold]
#[inline(never)]
fn refused(error: c_int) -> i8 {
    sys::set_errno(errno_of(error));
    -1
}

/// Begins a call with a deadline: the task may yield to others. Calls that keep little on a shared stack while they
/// wait begin below the C face instead, in the part that is over before the wait.
///
/// # Errors
/// `EINVAL` if the deadline is negative and not `ACORT_NEVER`, `ECANCELED` if the task is cancelled.
#[inline(always)]
fn until(deadline: i64) -> Result<Deadline> {
    budget::enter_call(Caller::current(), Deadline::at(deadline))
}

/// Makes a call, and converts its number of bytes, which it charges to the budget, or sets errno.
fn count(call: impl FnOnce() -> Result<usize>) -> libc::ssize_t {
    bytes(|| call().inspect(|&count| budget::charge_bytes(count)))
}

/// Makes a call, and converts its number of bytes, which the call has charged itself.
fn bytes(call: impl FnOnce() -> Result<usize>) -> libc::ssize_t {
    answer(call().map(|count| count as isize))
}

/// Converts a result to an object, or to NULL and errno.
fn object<T>(outcome: Result<*mut T>) -> *mut T {
    outcome.unwrap_or_else(|error| {
        refused(error);
        core::ptr::null_mut()
    })
}

/// Makes a call, and converts its result as [`object`] does.
fn try_object<T>(call: impl FnOnce() -> Result<*mut T>) -> *mut T {
    object(call())
}

/// The object that a function was called for. EINVAL: NULL.
fn non_null<T>(object: *mut T) -> Result<*mut T> {
    if object.is_null() { Err(libc::EINVAL) } else { Ok(object) }
}

/// The error number that a program passes for others. EINVAL: it is not positive.
fn error_number(error: c_int) -> Result<c_int> {
    if error > 0 { Ok(error) } else { Err(libc::EINVAL) }
}

/// Returns the runtime's object in the struct of a synchronization object. Other tasks use the struct, so it must not
/// move: `EINVAL` if it is NULL, `EFAULT` if it is on a shared stack.
#[inline(always)]
fn sync_object<C, T>(caller: Caller, object: *mut C) -> Result<*mut T> {
    if object.is_null() {
        return Err(libc::EINVAL);
    }
    if caller.is_on_shared_stack(object.cast()) { Err(libc::EFAULT) } else { Ok(object.cast()) }
}
