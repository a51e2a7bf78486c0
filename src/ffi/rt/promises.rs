//! Promises: futures that fail when the last setter drops its reference without a result.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::futures::acort_future_t;
use super::{error_number, non_null, object, try_object, try_status};
use crate::rt::sync::future::{self, Promise};

/// A promise: a future, as its setters see it.
#[allow(non_camel_case_types)]
pub type acort_promise_t = Promise;

/// Creates a promise: a future and the references of its setters. When the last setter's reference
/// is dropped and the future is not set, the future fails with EPIPE. So no call waits for a value
/// that no task can give. The caller has a reference: acort_promise_unref().
///
///     acort_promise_t *promise = acort_promise_new();
///     acort_future_t *future = acort_promise_future(promise);
///     acort_task_t *task = acort_go(computes, promise);   // acort_promise_set(), acort_promise_unref()
///     if (task == NULL) acort_promise_unref(promise);     // it never begins: the reference is ours
///     if (acort_future_wait(future, &value, ACORT_NEVER) == -1 && errno == EPIPE)
///         puts("the task has ended without a value");
///     acort_join(task, NULL, ACORT_NEVER);
///     acort_future_unref(future);
///
/// # Returns
/// The promise, or NULL and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn acort_promise_new() -> *mut acort_promise_t {
    object(future::create_promise())
}

/// Returns the future of the promise, for acort_future_wait() and acort_select(). The caller gets a
/// reference of it: acort_future_unref().
///
/// # Returns
/// The future, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `promise` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_promise_future(
    promise: *mut acort_promise_t,
) -> *mut acort_future_t {
    // SAFETY: `promise` is not NULL, so it is a promise.
    try_object(|| unsafe {
        let future = Promise::future(non_null(promise)?);
        future::add_ref(future);
        Ok(future)
    })
}

/// Sets the value of the promise's future, as acort_future_set() does. The caller keeps its
/// reference.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EALREADY` if the future has a value or an error.
/// - `EINVAL` if `promise` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_promise_set(
    promise: *mut acort_promise_t,
    value: *mut c_void,
) -> c_int {
    // SAFETY: `promise` is not NULL, so it is a promise.
    try_status(|| unsafe { future::set(Promise::future(non_null(promise)?), value, 0) })
}

/// Sets the error of the promise's future, as acort_future_fail() does. The caller keeps its
/// reference.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EALREADY` if the future has a value or an error.
/// - `EINVAL` if `promise` is NULL, or `err` is not positive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_promise_fail(promise: *mut acort_promise_t, err: c_int) -> c_int {
    // SAFETY: `promise` is not NULL, so it is a promise.
    try_status(|| unsafe {
        future::set(Promise::future(non_null(promise)?), ptr::null_mut(), error_number(err)?)
    })
}

/// Adds a setter's reference. Each setter needs one.
///
/// # Returns
/// The promise, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `promise` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_promise_ref(promise: *mut acort_promise_t) -> *mut acort_promise_t {
    // SAFETY: `promise` is not NULL, so it is a promise.
    object(non_null(promise).inspect(|&promise| unsafe { future::add_setter(promise) }))
}

/// Drops a setter's reference. With the last one the future fails with EPIPE, unless it is set.
/// Never waits. From any thread or hook, not from a signal handler. Does nothing if `promise` is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_promise_unref(promise: *mut acort_promise_t) {
    if let Ok(promise) = non_null(promise) {
        // SAFETY: `promise` is not NULL, so it is a promise, and the caller has a reference.
        unsafe { future::release_setter(promise) }
    }
}
