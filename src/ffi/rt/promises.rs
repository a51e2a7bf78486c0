//! Promises: futures that fail when their last setter drops its reference without setting them.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::futures::acort_future_t;
use super::{given, object, status};
use crate::rt::sync::future::{self, Promise};

/// A promise: the setters' side of a future.
#[allow(non_camel_case_types)]
pub type acort_promise_t = Promise;

/// Creates a promise with its future. The setters of the future have references to the promise.
/// When the last one is dropped before the future is set, the future fails with `EPIPE`. So no
/// caller waits for a value that no task can set. The caller has a reference and drops it with
/// acort_promise_unref().
///
///     acort_promise_t *promise = acort_promise_new();
///     acort_future_t *future = acort_promise_future(promise);
///     acort_task_t *task = acort_go(compute, promise);  // sets it, drops its reference
///     if (task == NULL) acort_promise_unref(promise);   // not started
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

/// Returns the future of a promise, for acort_future_wait() and acort_select(). The caller gets a
/// reference to the future and drops it with acort_future_unref().
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
    // SAFETY: `promise` is a promise (`given`).
    object(given(promise).map(|promise| unsafe {
        let future = Promise::future(promise);
        future::add_ref(future);
        future
    }))
}

/// Sets the value of the promise's future like acort_future_set(). The caller keeps its reference.
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
    // SAFETY: `promise` is a promise (`given`).
    status(
        given(promise)
            .and_then(|promise| unsafe { future::set(Promise::future(promise), value, 0) }),
    )
}

/// Sets the error number `err` of the promise's future like acort_future_fail(). The caller keeps
/// its reference.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EALREADY` if the future has a value or an error.
/// - `EINVAL` if `promise` is NULL, or `err` is not positive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_promise_fail(promise: *mut acort_promise_t, err: c_int) -> c_int {
    let promise = if err > 0 { given(promise) } else { Err(libc::EINVAL) };
    // SAFETY: `promise` is a promise (`given`).
    status(
        promise.and_then(|promise| unsafe {
            future::set(Promise::future(promise), ptr::null_mut(), err)
        }),
    )
}

/// Adds a reference to a promise. Each setter has one.
///
/// # Returns
/// `promise`, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `promise` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_promise_ref(promise: *mut acort_promise_t) -> *mut acort_promise_t {
    // SAFETY: `promise` is a promise (`given`).
    object(given(promise).map(|promise| unsafe {
        future::add_setter(promise);
        promise as *mut _
    }))
}

/// Drops a reference to a promise. After the last one the future fails with `EPIPE`, unless it has
/// a value or an error. Never blocks: any thread and any hook may call this function, but not a
/// signal handler. Does nothing if `promise` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_promise_unref(promise: *mut acort_promise_t) {
    if let Ok(promise) = given(promise) {
        // SAFETY: `promise` is a promise (`given`). The caller does not use it afterwards (F5).
        unsafe { future::release_setter(promise) }
    }
}
