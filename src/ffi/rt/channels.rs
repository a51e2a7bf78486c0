//! Channels and select.

use core::ffi::{c_int, c_uint, c_void};

use super::{answer, given, object, status, until};
use crate::rt::model::abi::acort_case_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::Result;
use crate::rt::select::call as select;
use crate::rt::sync::channel::Channel;
use crate::rt::sync::{channel, channel_life};

/// A channel.
#[allow(non_camel_case_types)]
pub type acort_chan_t = Channel;

/// Creates a channel for values of `elem` bytes with a buffer of `cap` values. With `cap` 0 the
/// channel is unbuffered: a sender hands each value to a receiver. Tasks of all workers and plain
/// threads may use it, unless `flags` is ACORT_LOCAL. The caller has a reference and drops it with
/// acort_chan_unref().
///
/// # Returns
/// The channel, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `elem` is 0, a size is too large, or a flag is unknown.
/// - `EPERM` if `flags` is ACORT_LOCAL outside of tasks.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn acort_chan_new(elem: usize, cap: usize, flags: c_uint) -> *mut acort_chan_t {
    object(channel_life::create(elem, cap, flags))
}

/// Adds a reference to a channel. Each user of a channel has one. Any thread may call this
/// function.
///
/// # Returns
/// `chan`, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `chan` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_ref(chan: *mut acort_chan_t) -> *mut acort_chan_t {
    // SAFETY: `chan` is a channel (`given`).
    object(given(chan).map(|chan| unsafe {
        channel_life::add_ref(chan);
        chan as *mut _
    }))
}

/// Drops a reference to a channel, from any thread. The last one frees the channel and the values
/// in its buffer. Does nothing if `chan` is NULL.
///
/// # Aborts
/// If a task or thread waits in the channel when the last reference is dropped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_unref(chan: *mut acort_chan_t) {
    if let Ok(chan) = given(chan) {
        // SAFETY: `chan` is a channel (`given`). The caller does not use it afterwards (F5).
        unsafe { channel_life::release(chan) }
    }
}

/// Returns `chan`. Fails with EINVAL if `chan` or `data` is NULL.
fn both<T, U>(chan: *mut T, data: *mut U) -> Result<*mut T> {
    given(data)?;
    given(chan).map(|chan| chan as *mut T)
}

/// Sends a copy of the value at `data`. Blocks while the buffer is full, or until a receiver takes
/// the value if the channel is unbuffered. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed.
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `chan` or `data` is NULL, or `deadline` is invalid.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_send(
    chan: *mut acort_chan_t,
    data: *const c_void,
    deadline: i64,
) -> c_int {
    let caller = Caller::current();
    // SAFETY: `chan` is a channel, and `data` has a value of its size (`both`, F2).
    status(
        both(chan, data.cast_mut())
            .and_then(|chan| unsafe { channel::send(caller, chan, data, deadline) }),
    )
}

/// Receives a value into `data`. Blocks while the channel is empty. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed and empty.
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `chan` or `data` is NULL, or `deadline` is invalid.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_recv(
    chan: *mut acort_chan_t,
    data: *mut c_void,
    deadline: i64,
) -> c_int {
    let caller = Caller::current();
    // SAFETY: `chan` is a channel, and `data` has room for a value of its size (`both`, F2).
    status(
        both(chan, data).and_then(|chan| unsafe { channel::receive(caller, chan, data, deadline) }),
    )
}

/// Closes a channel. Sends fail from then on, and all waiting calls fail with `EPIPE`. Values in
/// the buffer can still be received.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed already.
/// - `EINVAL` if `chan` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_close(chan: *mut acort_chan_t) -> c_int {
    // SAFETY: `chan` is a channel (`given`).
    status(given(chan).and_then(|chan| unsafe { channel_life::close(chan) }))
}

/// Returns the number of values in the buffer of a channel.
///
/// # Returns
/// The number, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `chan` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_len(chan: *mut acort_chan_t) -> libc::ssize_t {
    // SAFETY: `chan` is a channel (`given`).
    answer(given(chan).map(|chan| unsafe { channel_life::length(chan) } as isize))
}

/// Waits until one of the `n` cases at `cases` is ready, and performs it. If several are ready,
/// file descriptors included, each has the same chance. The call tries all cases at one moment. At
/// that moment it asks the system for the file descriptors, one after the other. A closed channel
/// is ready: `error` of the case is then `EPIPE`. A cancellation point.
///
/// # Returns
/// The index of the case, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if there is no case, more than 1024, an invalid one, a NULL pointer, or an invalid
///   `deadline`; if there are more file descriptors than the process may open.
/// - `ESRCH` if a task was freed.
/// - `EBADF` if a file descriptor is not open.
/// - `EFAULT` if an object is on a shared stack.
/// - `EPERM` if a plain thread would have to wait for file descriptors.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_select(cases: *mut acort_case_t, n: c_int, deadline: i64) -> c_int {
    // SAFETY: `cases` is NULL or has `n` cases, with live objects and values of their sizes (F1, F2).
    let chosen =
        unsafe { slice(cases, n).and_then(|cases| select::select(cases, until(deadline)?)) };
    answer(chosen.map(|at| at as c_int))
}

/// Waits like acort_select(), but takes the ready case with the lowest index. A cancellation point.
///
/// # Returns
/// The index of the case, or -1 and `errno`.
///
/// # Errors
/// - all errors of acort_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_select_ordered(
    cases: *mut acort_case_t,
    n: c_int,
    deadline: i64,
) -> c_int {
    // SAFETY: `cases` is NULL or has `n` cases, with live objects and values of their sizes (F1, F2).
    let chosen = unsafe {
        slice(cases, n).and_then(|cases| select::select_ordered(cases, until(deadline)?))
    };
    answer(chosen.map(|at| at as c_int))
}

/// Returns the cases of a call. Fails with EINVAL if `cases` is NULL or `n` is negative.
///
/// # Safety
/// `cases` is NULL or has `n` cases.
unsafe fn slice<'a>(cases: *mut acort_case_t, n: c_int) -> Result<&'a mut [acort_case_t]> {
    let first = given(cases)?;
    let count = usize::try_from(n).map_err(|_| libc::EINVAL)?;
    // SAFETY: `cases` is not NULL (checked), so it has `n` cases (F2).
    Ok(unsafe { core::slice::from_raw_parts_mut(first, count) })
}
