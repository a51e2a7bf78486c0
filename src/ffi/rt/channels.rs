//! Channels, and waiting for the first of several things.

use core::ffi::{c_int, c_uint, c_void};

use super::{non_null, object, try_answer, try_status, until};
use crate::rt::model::abi::acort_case_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::{Deadline, Result};
use crate::rt::select::call as select;
use crate::rt::sync::channel::Channel;
use crate::rt::sync::{channel_life, channel_wait};

/// A channel.
#[allow(non_camel_case_types)]
pub type acort_chan_t = Channel;

/// Creates a channel for values of `elem` bytes with a buffer of `cap` values. With `cap` 0 a value
/// goes from the sender to a receiver directly. Tasks of all workers and plain threads may use it,
/// unless `flags` is ACORT_LOCAL. The caller has a reference: acort_chan_unref().
///
/// # Returns
/// The channel, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `elem` is 0, the buffer is too large, or a flag does not exist.
/// - `EPERM` if `flags` is ACORT_LOCAL outside of tasks.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn acort_chan_new(elem: usize, cap: usize, flags: c_uint) -> *mut acort_chan_t {
    object(channel_life::create(elem, cap, flags))
}

/// Adds a reference. Each user of a channel needs one.
///
/// # Returns
/// The channel, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `chan` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_ref(chan: *mut acort_chan_t) -> *mut acort_chan_t {
    // SAFETY: `chan` is not NULL, so it is a channel.
    object(non_null(chan).inspect(|&chan| unsafe { channel_life::add_ref(chan) }))
}

/// Drops a reference. The last one frees the channel and the values in it. Does nothing if `chan`
/// is NULL.
///
/// # Aborts
/// If the last reference is dropped while a call waits in the channel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_unref(chan: *mut acort_chan_t) {
    if let Ok(chan) = non_null(chan) {
        // SAFETY: `chan` is not NULL, so it is a channel, and the caller has a reference.
        unsafe { channel_life::release(chan) }
    }
}

/// Sends a copy of the value at `data`. Waits while the buffer is full, or no receiver waits.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed.
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `chan` or `data` is NULL.
/// - `ENOMEM` if there is no memory for a wait on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_send(
    chan: *mut acort_chan_t,
    data: *const c_void,
    deadline: i64,
) -> c_int {
    let caller = Caller::current();
    // SAFETY: `chan` is not NULL, so it is a channel; `data` has a value of its size.
    try_status(|| unsafe {
        let (chan, data) = (non_null(chan)?, non_null(data.cast_mut())?);
        channel_wait::send(caller, chan, data, Deadline::at(deadline))
    })
}

/// Receives a value to `data`. Waits while there is none.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed and empty.
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `chan` or `data` is NULL.
/// - `ENOMEM` if there is no memory for a wait on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_recv(
    chan: *mut acort_chan_t,
    data: *mut c_void,
    deadline: i64,
) -> c_int {
    let caller = Caller::current();
    // SAFETY: `chan` is not NULL, so it is a channel; `data` has room for a value of its size.
    try_status(|| unsafe {
        channel_wait::receive(caller, non_null(chan)?, non_null(data)?, Deadline::at(deadline))
    })
}

/// Closes the channel. Sends fail from now on, and calls that wait end with EPIPE. The values in it
/// can still be received.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed already.
/// - `EINVAL` if `chan` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_close(chan: *mut acort_chan_t) -> c_int {
    // SAFETY: `chan` is not NULL, so it is a channel.
    try_status(|| unsafe { channel_life::close(non_null(chan)?) })
}

/// Returns the number of values in the channel.
///
/// # Returns
/// The number, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `chan` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_len(chan: *mut acort_chan_t) -> libc::ssize_t {
    // SAFETY: `chan` is not NULL, so it is a channel.
    try_answer(|| unsafe { Ok(channel_life::length(non_null(chan)?) as isize) })
}

/// Waits for the first of `n` cases that is ready, performs it, and returns its index. Of several
/// ready cases each has the same chance. All cases are tried at one moment; file descriptors are
/// asked for at that moment, one after the other. A closed channel is ready: `error` of its case is
/// EPIPE.
///
/// A case whose `op` is 0 or whose channel is NULL is never ready. Without any other case the call
/// waits until its deadline. A timer ends the wait at its time, which is read when the call begins
/// and must not change meanwhile. The caller owns a mutex that the call has chosen:
/// acort_mutex_unlock().
///
/// # Returns
/// The index, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `n` is not between 0 and 1024, `cases` is NULL and `n` is not 0, an operation does
///   not exist, an object or its data is NULL, a time is no deadline, or there are more file
///   descriptors than the process may open.
/// - `EDEADLK` if the caller owns a mutex, or is a task of a group.
/// - `ESRCH` if a task was freed.
/// - `EBADF` if a file descriptor is not open.
/// - `EFAULT` if an object is on a shared stack.
/// - `ENOMEM` if there is no memory.
/// - `EPERM` if a plain thread would have to wait for file descriptors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_select(cases: *mut acort_case_t, n: c_int, deadline: i64) -> c_int {
    // SAFETY: `cases` is NULL or has `n` cases, whose objects are valid.
    try_answer(|| unsafe { Ok(select::select(slice(cases, n)?, until(deadline)?)? as c_int) })
}

/// Waits as acort_select() does. Of several ready cases it takes the one with the lowest index.
///
/// # Returns
/// The index, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_select_ordered(
    cases: *mut acort_case_t,
    n: c_int,
    deadline: i64,
) -> c_int {
    // SAFETY: `cases` is NULL or has `n` cases, whose objects are valid.
    try_answer(|| unsafe {
        Ok(select::select_ordered(slice(cases, n)?, until(deadline)?)? as c_int)
    })
}

/// The cases of a call. EINVAL: NULL, unless there are none.
unsafe fn slice<'a>(cases: *mut acort_case_t, n: c_int) -> Result<&'a mut [acort_case_t]> {
    let count = usize::try_from(n).map_err(|_| libc::EINVAL)?;
    if count == 0 {
        return Ok(&mut []);
    }
    let first = non_null(cases)?;
    // SAFETY: not NULL, so there are `count` cases.
    Ok(unsafe { core::slice::from_raw_parts_mut(first, count) })
}
