//! Futures: a value or an error that is set once, for any number of waiters.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::{error_number, non_null, object, try_status};
use crate::rt::base::size_prefixed;
use crate::rt::model::caller::Caller;
use crate::rt::os::Deadline;
use crate::rt::sync::future;
use crate::rt::sync::future::Future;

/// A future.
#[allow(non_camel_case_types)]
pub type acort_future_t = Future;

/// Creates a future without a value. The caller has a reference: acort_future_unref().
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

/// Adds a reference. Each user of a future needs one: setters and waiters.
///
/// # Returns
/// The future, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `future` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_future_ref(future: *mut acort_future_t) -> *mut acort_future_t {
    // SAFETY: `future` is not NULL, so it is a future.
    object(non_null(future).inspect(|&future| unsafe { future::add_ref(future) }))
}

/// Drops a reference. The last one frees the future, not its value. Does nothing if `future` is
/// NULL.
///
/// # Aborts
/// If the last reference is dropped while a call waits for the future.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_future_unref(future: *mut acort_future_t) {
    if let Ok(future) = non_null(future) {
        // SAFETY: `future` is not NULL, so it is a future, and the caller has a reference.
        unsafe { future::release(future) }
    }
}

/// Sets the value of the future and wakes all waiters. Never waits. From any thread or hook, not
/// from a signal handler.
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
    // SAFETY: `future` is not NULL, so it is a future.
    try_status(|| unsafe { future::set(non_null(future)?, value, 0) })
}

/// Sets the error number `err` as the result of the future, as acort_future_set() sets a value.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EALREADY` if the future has a value or an error.
/// - `EINVAL` if `future` is NULL, or `err` is not positive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_future_fail(future: *mut acort_future_t, err: c_int) -> c_int {
    // SAFETY: `future` is not NULL, so it is a future.
    try_status(|| unsafe { future::set(non_null(future)?, ptr::null_mut(), error_number(err)?) })
}

/// Waits until the future is set. Its value goes to `value`, unless `value` is NULL. The future
/// keeps the value.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The error that acort_future_fail() has set.
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `future` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_future_wait(
    future: *mut acort_future_t,
    value: *mut *mut c_void,
    deadline: i64,
) -> c_int {
    let caller = Caller::current();
    // SAFETY: `future` is not NULL, so it is a future; `value` is NULL or writable.
    try_status(|| unsafe {
        let result = future::wait(caller, non_null(future)?, Deadline::at(deadline))?;
        size_prefixed::write_if_some(value, result);
        Ok(())
    })
}
