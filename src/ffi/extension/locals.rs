//! Coroutine-local values.

use core::ffi::{c_int, c_void};

use crate::abi::aco_t;
use crate::ffi::{live_coroutine, status_of};
use crate::{record, sys, tls};

/// A key of coroutine-local values. 0 is never a valid key.
#[allow(non_camel_case_types, reason = "its name in C")]
pub type aco_key_t = u64;

/// Creates a key and stores it in `*key`. Under a key, each coroutine of the process has a value of
/// its own, main coroutines included. The initial value is NULL. A process has at most 256 keys.
///
/// `destructor` may be NULL. Otherwise aco_destroy() and aco_reset() call it with each value of the
/// coroutine that is not NULL. The end of a coroutine does not call it. It runs in the coroutine
/// that calls aco_destroy() or aco_reset(). The value is NULL by then. The order of destructors is
/// not defined. If destructors set values of the same coroutine with aco_set_local_of(), they are
/// called again, at most four times in all.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `key` is NULL.
/// - `EAGAIN` if there are 256 keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_key_create(
    key: *mut aco_key_t,
    destructor: Option<unsafe extern "C" fn(*mut c_void)>,
) -> c_int {
    if key.is_null() {
        return sys::fail_with(libc::EINVAL);
    }
    // SAFETY: `key` is not NULL (checked), so it is writable (F2). `destructor` can be called with each value
    // (F3).
    if unsafe { record::create_key_at(key, destructor) } { 0 } else { sys::fail_with(libc::EAGAIN) }
}

/// Deletes a key with all its values. No destructor is called. A later key does not see the values.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if the key does not exist.
#[unsafe(no_mangle)]
pub extern "C" fn aco_key_delete(key: aco_key_t) -> c_int {
    if record::delete_key(key) { 0 } else { sys::fail_with(libc::EINVAL) }
}

/// Sets the value of the current coroutine under `key`. The caller still owns what `value` points
/// to.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if the key does not exist, or there is no current coroutine, for example before the
///   first resume of the thread.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn aco_set_local(key: aco_key_t, value: *mut c_void) -> c_int {
    let co = tls::current();
    if co.is_null() {
        return sys::fail_with(libc::EINVAL);
    }
    status_of(record::set_local(co, key, value))
}

/// Returns the value of the current coroutine under `key`.
///
/// # Returns
/// The value. NULL if none is set, the key does not exist, or there is no current coroutine.
#[unsafe(no_mangle)]
pub extern "C" fn aco_get_local(key: aco_key_t) -> *mut c_void {
    record::local(tls::current(), key)
}

/// Sets the value of `co` under `key`. `co` need not be running: it may be a main coroutine before
/// its first resume.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if the key does not exist.
/// - `ENOMEM` if there is no memory.
///
/// # Aborts
/// If `co` is NULL or destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_set_local_of(
    co: *mut aco_t,
    key: aco_key_t,
    value: *mut c_void,
) -> c_int {
    // SAFETY: `co` is NULL or a coroutine (F1).
    let co = unsafe { live_coroutine("aco_set_local_of", co) };
    status_of(record::set_local(co, key, value))
}

/// Returns the value of `co` under `key`.
///
/// # Returns
/// The value. NULL if none is set, or the key does not exist.
///
/// # Aborts
/// If `co` is NULL or destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_get_local_of(co: *mut aco_t, key: aco_key_t) -> *mut c_void {
    // SAFETY: `co` is NULL or a coroutine (F1).
    let co = unsafe { live_coroutine("aco_get_local_of", co) };
    record::local(co, key)
}
