//! Channels, and waiting for the first of several things.

use core::ffi::{c_int, c_uint, c_void};

use super::{answer, non_null, object, status, until};
use crate::rt::model::abi::acort_case_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::{Deadline, Result};
use crate::rt::select::call as select;
use crate::rt::sync::channel::Channel;
use crate::rt::sync::{channel, channel_life};

/// A channel.
#[allow(non_camel_case_types)]
pub type acort_chan_t = Channel;

/// A channel for values of `elem` bytes, of which it keeps up to `cap`; 0: each is handed from sender to
/// receiver. For tasks of any worker, and plain threads, unless `flags` is ACORT_LOCAL. NULL and errno: EINVAL
/// (0 bytes, too many, a flag), ENOMEM; EPERM for ACORT_LOCAL outside of tasks. The caller has a reference:
/// acort_chan_unref().
#[unsafe(no_mangle)]
pub extern "C" fn acort_chan_new(elem: usize, cap: usize, flags: c_uint) -> *mut acort_chan_t {
    object(channel_life::create(elem, cap, flags))
}

/// One reference more: each user of a channel has one. From any thread. Gives the channel; NULL and EINVAL for NULL.
///
/// # Safety
/// `chan` is NULL or a channel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_ref(chan: *mut acort_chan_t) -> *mut acort_chan_t {
    // SAFETY: `chan` is not NULL, so it is a channel.
    object(non_null(chan).inspect(|&chan| unsafe { channel_life::add_ref(chan) }))
}

/// One reference less, from any thread; the last one frees the channel with the values in it. Aborts where somebody waits in
/// it then. NULL is let through.
///
/// # Safety
/// `chan` is NULL or a channel that the caller does not use from here on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_unref(chan: *mut acort_chan_t) {
    if let Ok(chan) = non_null(chan) {
        // SAFETY: `chan` is not NULL, so it is a channel, and the caller has a reference.
        unsafe { channel_life::release(chan) }
    }
}

fn both<T, U>(chan: *mut T, data: *mut U) -> Result<*mut T> {
    non_null(data)?;
    non_null(chan)
}

/// Sends a copy of the value at `data`. 0, or -1 and errno: EPIPE where the channel is closed, ETIMEDOUT,
/// ECANCELED; EINVAL for NULL, ENOMEM.
///
/// # Safety
/// `chan` is NULL or a channel; `data` is NULL or has a value of its size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_send(
    chan: *mut acort_chan_t,
    data: *const c_void,
    deadline: i64,
) -> c_int {
    let caller = Caller::current();
    // SAFETY: `chan` is not NULL, so it is a channel; `data` has a value of its size.
    status(
        both(chan, data.cast_mut())
            .and_then(|chan| unsafe { channel::send(caller, chan, data, Deadline::at(deadline)) }),
    )
}

/// Receives a value to `data`. 0, or -1 and errno: EPIPE where the channel is closed, and empty;
/// ETIMEDOUT, ECANCELED; EINVAL for NULL, ENOMEM.
///
/// # Safety
/// `chan` is NULL or a channel; `data` is NULL or has room for a value of its size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_recv(
    chan: *mut acort_chan_t,
    data: *mut c_void,
    deadline: i64,
) -> c_int {
    let caller = Caller::current();
    // SAFETY: `chan` is not NULL, so it is a channel; `data` has room for a value of its size.
    status(
        both(chan, data).and_then(|chan| unsafe {
            channel::receive(caller, chan, data, Deadline::at(deadline))
        }),
    )
}

/// Closes the channel: nothing is sent any more, and who waits has EPIPE; the values in it can still be
/// received. 0, or -1 and errno: EPIPE where it is closed already, EINVAL for NULL.
///
/// # Safety
/// `chan` is NULL or a channel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_close(chan: *mut acort_chan_t) -> c_int {
    // SAFETY: `chan` is not NULL, so it is a channel.
    status(non_null(chan).and_then(|chan| unsafe { channel_life::close(chan) }))
}

/// How many values are in the channel; -1 and EINVAL for NULL.
///
/// # Safety
/// `chan` is NULL or a channel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_chan_len(chan: *mut acort_chan_t) -> libc::ssize_t {
    // SAFETY: `chan` is not NULL, so it is a channel.
    answer(non_null(chan).map(|chan| unsafe { channel_life::length(chan) } as isize))
}

/// Waits for the first of `n` cases that is ready, does it, and gives its number. Where several are ready, file
/// descriptors among them, each has the same chance. All cases are tried at one moment; at that moment the system is
/// asked for the file descriptors, one after the other. A closed channel is ready: `error` of the case says EPIPE.
/// -1 and errno: ETIMEDOUT, ECANCELED; EINVAL for no case, more than 1024, one that does not exist, NULL, more file
/// descriptors than the process may have open; ESRCH for a task that was freed; EBADF; EFAULT for an object on a
/// shared stack; ENOMEM; EPERM for file descriptors in a plain thread that would have to wait.
///
/// # Safety
/// `case` is NULL or has `n` cases, whose objects are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_select(cases: *mut acort_case_t, n: c_int, deadline: i64) -> c_int {
    // SAFETY: `cases` is NULL or has `n` cases, whose objects are valid.
    let chosen =
        unsafe { slice(cases, n).and_then(|cases| select::select(cases, until(deadline)?)) };
    answer(chosen.map(|at| at as c_int))
}

/// acort_select() by rank: of all cases that are ready it takes the one with the least number.
///
/// # Safety
/// As acort_select().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_select_ordered(
    cases: *mut acort_case_t,
    n: c_int,
    deadline: i64,
) -> c_int {
    // SAFETY: `cases` is NULL or has `n` cases, whose objects are valid.
    let chosen = unsafe {
        slice(cases, n).and_then(|cases| select::select_ordered(cases, until(deadline)?))
    };
    answer(chosen.map(|at| at as c_int))
}

/// The cases of a call. EINVAL: none.
unsafe fn slice<'a>(cases: *mut acort_case_t, n: c_int) -> Result<&'a mut [acort_case_t]> {
    let first = non_null(cases)?;
    let count = usize::try_from(n).map_err(|_| libc::EINVAL)?;
    // SAFETY: not NULL, so there are `count` cases.
    Ok(unsafe { core::slice::from_raw_parts_mut(first, count) })
}
