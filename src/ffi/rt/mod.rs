//! The runtime's functions: `include/acort.h`. One file a group, in the order of the header.

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
use crate::rt::os::{Deadline, Result};
use crate::rt::park::budget;
use crate::sys;

/// 0, or -1 and errno.
fn status(outcome: Result<()>) -> c_int {
    answer(outcome.map(|()| 0))
}

/// What is not negative, or -1 and errno.
fn answer<T: From<i8>>(outcome: Result<T>) -> T {
    outcome.unwrap_or_else(|error| T::from(refused(error)))
}

/// -1, and errno. By itself, so that the others keep nothing on the stack while they wait.
#[cold]
#[inline(never)]
fn refused(error: c_int) -> i8 {
    sys::set_errno(error);
    -1
}

/// A deadline: a time, 0, or ACORT_NEVER, which alone is negative below the C face. EINVAL: another one. The call begins
/// with this: its task may give way to others, and ECANCELED says that it is cancelled. Calls whose tasks are to keep little
/// on a shared stack while they wait begin below the face instead, in the part that is over before the wait.
#[inline(always)]
fn until(deadline: i64) -> Result<Deadline> {
    budget::enter_call(Caller::current(), Deadline::at(deadline))
}

/// So many bytes, or -1 and errno.
fn count(outcome: Result<usize>) -> libc::ssize_t {
    bytes(outcome.inspect(|&count| budget::charge_bytes(count)))
}

/// The same of a call that has counted them itself.
fn bytes(outcome: Result<usize>) -> libc::ssize_t {
    answer(outcome.map(|count| count as isize))
}

/// An object, or NULL and errno.
fn object<T>(outcome: Result<*mut T>) -> *mut T {
    outcome.unwrap_or_else(|error| {
        sys::set_errno(error);
        core::ptr::null_mut()
    })
}

/// The object that a function was called for. EINVAL: NULL.
fn non_null<T>(object: *mut T) -> Result<*mut T> {
    if object.is_null() { Err(libc::EINVAL) } else { Ok(object) }
}

/// The object of synchronisation that a function was called for, as the runtime has it: the struct is its memory, which
/// others find while it is used. EINVAL: NULL; EFAULT: it lies on a shared stack, and would move away from them.
#[inline(always)]
fn sync_object<C, T>(caller: Caller, object: *mut C) -> Result<*mut T> {
    if object.is_null() {
        return Err(libc::EINVAL);
    }
    if caller.is_on_shared_stack(object.cast()) { Err(libc::EFAULT) } else { Ok(object.cast()) }
}
