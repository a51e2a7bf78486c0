//! Channels. A value is copied between memory of the program and the channel: `elem` bytes at `data`.
//!
//! * FC1. NULL as `data` is valid only if the values of the channel have no size: `signal` returns a place for such a
//!   value, which no call reads or writes.
//! * FC2. A `try` call is the call with deadline 0: ETIMEDOUT becomes EAGAIN.

use core::ffi::{c_int, c_uint, c_void};
use core::ptr;

use super::{non_null, object, status, sync_object, try_answer, try_status};
use crate::rt::model::caller::Caller;
use crate::rt::os::{Deadline, Result};
use crate::rt::sync::channel::Channel;
use crate::rt::sync::{channel_life, channel_wait};
use crate::sys;

/// A channel.
#[allow(non_camel_case_types)]
pub type acort_chan_t = Channel;

/// Creates a channel for values of `elem` bytes with a buffer of `cap` values. With `cap` 0 a value
/// goes from the sender to a receiver directly. With `elem` 0 the values are signals: they have no
/// data, and `data` of the calls may be NULL. Tasks of all workers and plain threads may use it,
/// unless `flags` is ACORT_LOCAL. The caller has a reference: acort_chan_unref().
///
/// # Returns
/// The channel, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if the buffer is too large, or a flag does not exist.
/// - `EPERM` if `flags` is ACORT_LOCAL outside of tasks.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn acort_chan_new(elem: usize, cap: usize, flags: c_uint) -> *mut acort_chan_t {
    object(channel_life::create(elem, cap, flags))
}

/// Creates a channel as acort_chan_new() does, in the `size` bytes at `memory`: at least
/// `ACORT_CHAN_SIZE + elem * cap`, aligned to 8. The memory is the program's again when the last
/// reference has been dropped: acort_chan_unref().
///
/// # Returns
/// The channel, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `memory` is NULL or not aligned, `size` is too small, or a flag does not exist.
/// - `EPERM` if `flags` is ACORT_LOCAL outside of tasks.
/// - `EFAULT` if `memory` is on a shared stack.
///
/// # Safety
/// Until then the program does not use `memory`, and does not move it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_init(
    memory: *mut c_void,
    size: usize,
    elem: usize,
    cap: usize,
    flags: c_uint,
) -> *mut acort_chan_t {
    let caller = Caller::current();
    // SAFETY: `memory` is writable for `size` bytes, and does not move.
    object(
        sync_object::<_, c_void>(caller, memory)
            .and_then(|memory| unsafe { channel_life::create_at(memory, size, elem, cap, flags) }),
    )
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

/// Drops a reference. The last one frees the channel and the values in it; memory that was given to
/// acort_chan_init() stays. Does nothing if `chan` is NULL.
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
/// - `EINVAL` if `chan` is NULL, or `data` is NULL and a value has a size.
/// - `ENOMEM` if there is no memory for a wait on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_send(
    chan: *mut acort_chan_t,
    data: *const c_void,
    deadline: i64,
) -> c_int {
    if chan.is_null() || data.is_null() {
        // SAFETY: `chan` is NULL or a channel.
        return unsafe { without_data::<true>(chan, deadline) };
    }
    let (caller, deadline) = (Caller::current(), Deadline::at(deadline));
    // SAFETY: `chan` is not NULL, so it is a channel; `data` has a value of its size.
    status(unsafe { channel_wait::send(caller, chan, data, deadline) })
}

/// The call of a program that passes NULL: the values of its channel have no size, or it is EINVAL. A separate
/// function, so that the others keep nothing on the stack while they wait.
#[cold]
#[inline(never)]
unsafe fn without_data<const SENDS: bool>(chan: *mut acort_chan_t, deadline: i64) -> c_int {
    let (caller, deadline) = (Caller::current(), Deadline::at(deadline));
    // SAFETY: `chan` is not NULL, so it is a channel. `any` is good for a value without a size.
    try_status(|| unsafe {
        let any = signal(chan)?;
        match SENDS {
            true => channel_wait::send(caller, chan, any, deadline),
            false => channel_wait::receive(caller, chan, any, deadline),
        }
    })
}

/// A place for a value without a size. EINVAL: the values of the channel have a size, or it is NULL.
unsafe fn signal(chan: *mut acort_chan_t) -> Result<*mut c_void> {
    // SAFETY: `chan` is NULL or a channel.
    match unsafe { chan.as_ref() } {
        Some(channel) if channel.elem_size == 0 => Ok(chan.cast()),
        _ => Err(libc::EINVAL),
    }
}

/// Sends as acort_chan_send() does, without a wait.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EAGAIN` if the call would have to wait.
/// - `EPIPE` if the channel is closed.
/// - `EINVAL` if `chan` is NULL, or `data` is NULL and a value has a size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_try_send(
    chan: *mut acort_chan_t,
    data: *const c_void,
) -> c_int {
    // SAFETY: `chan` is NULL or a channel; `data` is NULL or has a value of its size.
    or_again(unsafe { acort_chan_send(chan, data, 0) })
}

/// The status of a call with deadline 0: EAGAIN where that is ETIMEDOUT.
fn or_again(status: c_int) -> c_int {
    if status != 0 && sys::errno() == libc::ETIMEDOUT {
        sys::set_errno(libc::EAGAIN);
    }
    status
}

/// Receives a value to `data`. Waits while there is none. From an empty channel that was closed by
/// acort_chan_close_with() receives the last value.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed and empty.
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `chan` is NULL, or `data` is NULL and a value has a size.
/// - `ENOMEM` if there is no memory for a wait on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_recv(
    chan: *mut acort_chan_t,
    data: *mut c_void,
    deadline: i64,
) -> c_int {
    if chan.is_null() || data.is_null() {
        // SAFETY: `chan` is NULL or a channel.
        return unsafe { without_data::<false>(chan, deadline) };
    }
    let (caller, deadline) = (Caller::current(), Deadline::at(deadline));
    // SAFETY: `chan` is not NULL, so it is a channel; `data` has room for a value of its size.
    status(unsafe { channel_wait::receive(caller, chan, data, deadline) })
}

/// Receives as acort_chan_recv() does, without a wait.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EAGAIN` if the call would have to wait.
/// - `EPIPE` if the channel is closed and empty.
/// - `EINVAL` if `chan` is NULL, or `data` is NULL and a value has a size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_try_recv(chan: *mut acort_chan_t, data: *mut c_void) -> c_int {
    // SAFETY: `chan` is NULL or a channel; `data` is NULL or has room for a value of its size.
    or_again(unsafe { acort_chan_recv(chan, data, 0) })
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
    try_status(|| unsafe { channel_life::close(non_null(chan)?, ptr::null()) })
}

/// Closes the channel as acort_chan_close() does, but receivers get a copy of the value at `data`
/// instead of EPIPE: those that wait, and each later one that finds the channel empty. Each of them
/// gets it, as often as it receives.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed already.
/// - `EINVAL` if `chan` is NULL, or `data` is NULL and a value has a size.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_close_with(
    chan: *mut acort_chan_t,
    data: *const c_void,
) -> c_int {
    // SAFETY: `chan` is not NULL, so it is a channel; `data` has a value of its size.
    try_status(|| unsafe {
        let data = if data.is_null() { signal(chan)? } else { data.cast_mut() };
        channel_life::close(non_null(chan)?, data.cast())
    })
}

/// Returns whether the channel is closed.
///
/// # Returns
/// 1 or 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `chan` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_is_closed(chan: *mut acort_chan_t) -> c_int {
    // SAFETY: `chan` is not NULL, so it is a channel.
    try_answer(|| unsafe { Ok(c_int::from(channel_life::is_closed(non_null(chan)?))) })
}

/// Returns the number of values that the buffer of the channel has room for.
///
/// # Returns
/// The number, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `chan` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_cap(chan: *mut acort_chan_t) -> libc::ssize_t {
    // SAFETY: `chan` is not NULL, so it is a channel, whose capacity does not change.
    try_answer(|| unsafe { Ok((*non_null(chan)?).capacity as isize) })
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
