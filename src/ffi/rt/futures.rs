//! Futures: a value or an error that is set once, with any number of waiters.

use core::ffi::{c_int, c_void};

use super::{given, object, status};
use crate::rt::base::size_prefixed;
use crate::rt::model::caller::Caller;
use crate::rt::sync::future;
use crate::rt::sync::future::Future;

/// A future.
#[allow(non_camel_case_types)]
pub type acort_future_t = Future;

/// Creates a future without a value. The caller has a reference and drops it with
/// acort_future_unref().
///
/// # Returns
/// The future, or NULL and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn acort_future_new() -> *mut acort_future_t {
    object(future::create())
}

/// Adds a reference to a future. Each user of a future has one.
///
/// # Returns
/// `future`, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `future` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_future_ref(future: *mut acort_future_t) -> *mut acort_future_t {
    // SAFETY: `future` is a future (`given`).
    object(given(future).map(|future| unsafe {
        future::add_ref(future);
        future as *mut _
    }))
}

/// Drops a reference to a future. The last one frees the future, but not its value. Does nothing if
/// `future` is NULL.
///
/// # Aborts
/// If a task or thread waits for the future when the last reference is dropped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_future_unref(future: *mut acort_future_t) {
    if let Ok(future) = given(future) {
        // SAFETY: `future` is a future (`given`). The caller does not use it afterwards (F5).
        unsafe { future::release(future) }
    }
}

/// Sets the value of a future and wakes all waiters. Never blocks: any thread and any hook may call
/// this function, but not a signal handler.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EALREADY` if the future has a value or an error.
/// - `EINVAL` if `future` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_future_set(
    future: *mut acort_future_t,
    value: *mut c_void,
) -> c_int {
    // SAFETY: `future` is a future (`given`).
    status(given(future).and_then(|future| unsafe { future::set(future, value, 0) }))
}

/// Sets the error number `err` of a future like acort_future_set(). Waiters fail with it.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EALREADY` if the future has a value or an error.
/// - `EINVAL` if `future` is NULL, or `err` is not positive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_future_fail(future: *mut acort_future_t, err: c_int) -> c_int {
    let future = if err > 0 { given(future) } else { Err(libc::EINVAL) };
    // SAFETY: `future` is a future (`given`).
    status(future.and_then(|future| unsafe { future::set(future, core::ptr::null_mut(), err) }))
}

/// Waits until a future has a value or an error. Stores the value in `*value`; `value` may be NULL.
/// The future keeps its value. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - the error that acort_future_fail() was given.
/// - `EPIPE` if all references to the future's promise were dropped without a value.
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `future` is NULL, or `deadline` is invalid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_future_wait(
    future: *mut acort_future_t,
    value: *mut *mut c_void,
    deadline: i64,
) -> c_int {
    let caller = Caller::current();
    // SAFETY: `future` is a future (`given`). `value` is NULL or writable (F2).
    status(given(future).and_then(|future| unsafe {
        size_prefixed::write_if_some(value, future::wait(caller, future, deadline)?);
        Ok(())
    }))
}
