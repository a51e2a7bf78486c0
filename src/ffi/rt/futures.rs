//! Futures: a value, or an error, that is given once and waited for by any number.

use core::ffi::{c_int, c_void};

use super::{non_null, object, status};
use crate::rt::base::size_prefixed;
use crate::rt::model::caller::Caller;
use crate::rt::os::Deadline;
use crate::rt::sync::future;
use crate::rt::sync::future::Future;

/// A future.
#[allow(non_camel_case_types)]
pub type acort_future_t = Future;

/// A future without a value. NULL and ENOMEM. The caller has a reference: acort_future_unref().
#[unsafe(no_mangle)]
pub extern "C" fn acort_future_new() -> *mut acort_future_t {
    object(future::create())
}

/// One reference more: each user of a future has one, who sets it and who waits for it. Gives the future;
/// NULL and EINVAL for NULL.
///
/// # Safety
/// `future` is NULL or a future.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_future_ref(future: *mut acort_future_t) -> *mut acort_future_t {
    // SAFETY: `future` is not NULL, so it is a future.
    object(non_null(future).inspect(|&future| unsafe { future::add_ref(future) }))
}

/// One reference less; the last one frees the future, not its value. Aborts where somebody waits for it
/// then. NULL is let through.
///
/// # Safety
/// `future` is NULL or a future that the caller does not use from here on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_future_unref(future: *mut acort_future_t) {
    if let Ok(future) = non_null(future) {
        // SAFETY: `future` is not NULL, so it is a future, and the caller has a reference.
        unsafe { future::release(future) }
    }
}

/// Gives the future its value, and lets all go on that wait for it. Never waits: from any thread or hook,
/// not from a signal handler. 0, or -1 and errno: EALREADY where it has a value or an error, EINVAL for
/// NULL.
///
/// # Safety
/// `future` is NULL or a future.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_future_set(
    future: *mut acort_future_t,
    value: *mut c_void,
) -> c_int {
    // SAFETY: `future` is not NULL, so it is a future.
    status(non_null(future).and_then(|future| unsafe { future::set(future, value, 0) }))
}

/// acort_future_set() with the errno `err`, which those that wait have then. EINVAL, too, where that is
/// not positive.
///
/// # Safety
/// `future` is NULL or a future.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_future_fail(future: *mut acort_future_t, err: c_int) -> c_int {
    let future = if err > 0 { non_null(future) } else { Err(libc::EINVAL) };
    // SAFETY: `future` is not NULL, so it is a future.
    status(future.and_then(|future| unsafe { future::set(future, core::ptr::null_mut(), err) }))
}

/// Waits until the future is set; its value goes to `value`, unless that is NULL, and stays the future's,
/// too. 0, or -1 and errno: what acort_future_fail() was given; ETIMEDOUT, ECANCELED; EINVAL for NULL.
///
/// # Safety
/// `future` is NULL or a future; `value` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_future_wait(
    future: *mut acort_future_t,
    value: *mut *mut c_void,
    deadline: i64,
) -> c_int {
    let caller = Caller::current();
    // SAFETY: `future` is not NULL, so it is a future; `value` is NULL or writable.
    status(non_null(future).and_then(|future| unsafe {
        size_prefixed::write_if_some(value, future::wait(caller, future, Deadline::at(deadline))?);
        Ok(())
    }))
}
