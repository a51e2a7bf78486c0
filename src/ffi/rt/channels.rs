//! Channels, and waiting for the first of several things.

use core::ffi::{c_int, c_uint, c_void};
use core::ptr;

use super::{non_null, object, status, sync_object, try_answer, try_status, until};
use crate::rt::model::abi::acort_case_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::{Deadline, Result};
use crate::rt::select::call as select;
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

/// Waits for the first of `n` cases that is ready, performs it, and returns its index. Of several
/// ready cases each has the same chance. All cases are tried at one moment; file descriptors are
/// asked for at that moment, one after the other. A closed channel is ready: `error` of its case is
/// EPIPE.
///
/// A case whose `op` is 0 or whose channel is NULL is never ready. Without any other case the call
/// waits until its deadline. A timer ends the wait at its time, which is read when the call begins
/// and must not change meanwhile. The caller owns a mutex that the call has chosen:
/// acort_mutex_unlock(). Only a case that is chosen waits for its child, or takes its signal. For
/// signals the call is in the order of those that wait in acort_signal_wait(), with its rules.
///
/// # Returns
/// The index, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `n` is not between 0 and 1024, `cases` is NULL and `n` is not 0, an operation does
///   not exist, an object or its data is NULL, a time is no deadline, a process id is 0 or
///   negative, a signal is not blocked, or there are more file descriptors than the process may
///   open.
/// - `EDEADLK` if the caller owns a mutex, or is a task of a group.
/// - `ESRCH` if a task was freed.
/// - `EBADF` if a file descriptor is not open.
/// - `EFAULT` if an object is on a shared stack.
/// - `ENOMEM` if there is no memory.
/// - `EPERM` if a plain thread would have to wait for file descriptors, children or signals.
/// - `ECHILD` if there is no such child, or other code has waited for it.
/// - `ENOSYS`, `EMFILE` as pidfd_open(2) and signalfd(2), for children and signals.
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
