//! Promises: futures that fail when the last setter goes without having set them.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::futures::acort_future_t;
use super::{non_null, object, status};
use crate::rt::sync::future::{self, Promise};

/// A promise: a future, as its setters see it.
#[allow(non_camel_case_types)]
pub type acort_promise_t = Promise;

/// A promise: it makes a future, and its setters have references of their own. When the last of those goes and the future
/// is not set, the future fails with EPIPE, so that no caller waits for a value that no task is left to give. NULL and
/// ENOMEM. The caller has a reference: acort_promise_unref().
///
///     acort_promise_t *promise = acort_promise_new();
///     acort_future_t *future = acort_promise_future(promise);
///     acort_task_t *task = acort_go(computes, promise);   // acort_promise_set(), acort_promise_unref()
///     if (task == NULL) acort_promise_unref(promise);     // it has not begun: the reference is the caller's
///     if (acort_future_wait(future, &value, ACORT_NEVER) == -1 && errno == EPIPE)
///         puts("the task has ended without a value");
///     acort_join(task, NULL, ACORT_NEVER);
///     acort_future_unref(future);
#[unsafe(no_mangle)]
pub extern "C" fn acort_promise_new() -> *mut acort_promise_t {
    object(future::create_promise())
}

/// The future of the promise, for those that wait: acort_future_wait(), acort_select(). The caller has a reference of it:
/// acort_future_unref(). NULL and EINVAL for NULL.
///
/// # Safety
/// `promise` is NULL or a promise that the caller has a reference of.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_promise_future(
    promise: *mut acort_promise_t,
) -> *mut acort_future_t {
    // SAFETY: `promise` is not NULL, so it is a promise.
    object(non_null(promise).map(|promise| unsafe {
        let future = Promise::future(promise);
        future::add_ref(future);
        future
    }))
}

/// acort_future_set() of its future: 0, or -1 and errno: EALREADY where that has a value or an error, EINVAL for NULL. The
/// caller has its reference still.
///
/// # Safety
/// `promise` is NULL or a promise that the caller has a reference of.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_promise_set(
    promise: *mut acort_promise_t,
    value: *mut c_void,
) -> c_int {
    // SAFETY: `promise` is not NULL, so it is a promise.
    status(
        non_null(promise)
            .and_then(|promise| unsafe { future::set(Promise::future(promise), value, 0) }),
    )
}

/// acort_future_fail() of its future. 0, or -1 and errno: EALREADY where that has a value or an error, EINVAL for NULL and
/// where `err` is not positive. The caller has its reference still.
///
/// # Safety
/// `promise` is NULL or a promise that the caller has a reference of.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_promise_fail(promise: *mut acort_promise_t, err: c_int) -> c_int {
    let promise = if err > 0 { non_null(promise) } else { Err(libc::EINVAL) };
    // SAFETY: `promise` is not NULL, so it is a promise.
    status(
        promise.and_then(|promise| unsafe {
            future::set(Promise::future(promise), ptr::null_mut(), err)
        }),
    )
}

/// One reference more: each setter has one. Gives the promise; NULL and EINVAL for NULL.
///
/// # Safety
/// `promise` is NULL or a promise that the caller has a reference of.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_promise_ref(promise: *mut acort_promise_t) -> *mut acort_promise_t {
    // SAFETY: `promise` is not NULL, so it is a promise.
    object(non_null(promise).inspect(|&promise| unsafe { future::add_setter(promise) }))
}

/// One reference less. With the last one the future fails with EPIPE, unless it has a value or an error. Never waits:
/// from any thread or hook, not from a signal handler. NULL is let through.
///
/// # Safety
/// `promise` is NULL or a promise that the caller does not use from here on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_promise_unref(promise: *mut acort_promise_t) {
    if let Ok(promise) = non_null(promise) {
        // SAFETY: `promise` is not NULL, so it is a promise, and the caller has a reference.
        unsafe { future::release_setter(promise) }
    }
}
