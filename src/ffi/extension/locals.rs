//! Coroutine-local values.

use core::ffi::{c_int, c_void};

use crate::abi::aco_t;
use crate::ffi::{live_coroutine, status_of};
use crate::{record, sys, tls};

/// A key of coroutine-local values. 0 is never one.
#[allow(non_camel_case_types, reason = "its name in C")]
pub type aco_key_t = u64;

/// Makes a key, under which each coroutine of the process, main coroutines among them, has a value of its
/// own: NULL, until one is set. `destructor`, unless NULL, is called with each value that is not NULL when
/// its coroutine is destroyed, by aco_destroy(), or begins anew, by aco_reset(); not when it ends. It runs
/// on the thread and in the coroutine that calls those, in no certain order, after the value became NULL.
/// Where destructors set values of that coroutine again, by aco_set_local_of(), they are called again, at
/// most four times in all. 0; or -1 and errno: EINVAL, `key` is NULL; EAGAIN, there are 256 keys already.
///
/// # Safety
/// `key` is NULL or writable; `destructor` can be called with the values that are set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_key_create(
    key: *mut aco_key_t,
    destructor: Option<unsafe extern "C" fn(*mut c_void)>,
) -> c_int {
    if key.is_null() {
        return sys::fail_with(libc::EINVAL);
    }
    // SAFETY: the caller's promise.
    if unsafe { record::create_key_at(key, destructor) } { 0 } else { sys::fail_with(libc::EAGAIN) }
}

/// Ends a key. Its values are not there any more, nor under a later key; no destructor is called for them.
/// 0; or -1 and errno: EINVAL, there is no such key.
#[unsafe(no_mangle)]
pub extern "C" fn aco_key_delete(key: aco_key_t) -> c_int {
    if record::delete_key(key) { 0 } else { sys::fail_with(libc::EINVAL) }
}

/// Sets the value of the current coroutine (aco_get_co()) under `key`; the value stays the caller's. 0; or
/// -1 and errno: EINVAL, there is no such key, or no current coroutine, as before a thread's first resume;
/// ENOMEM.
#[unsafe(no_mangle)]
pub extern "C" fn aco_set_local(key: aco_key_t, value: *mut c_void) -> c_int {
    let co = tls::current();
    if co.is_null() {
        return sys::fail_with(libc::EINVAL);
    }
    status_of(record::set_local(co, key, value))
}

/// The value of the current coroutine under `key`. NULL: none was set, there is no such key, or no current
/// coroutine.
#[unsafe(no_mangle)]
pub extern "C" fn aco_get_local(key: aco_key_t) -> *mut c_void {
    record::local(tls::current(), key)
}

/// aco_set_local() for the coroutine `co`, which need not run: for a main coroutine before its first
/// resume, too. Aborts on NULL and on a destroyed one.
///
/// # Safety
/// `co` is NULL or a coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_set_local_of(
    co: *mut aco_t,
    key: aco_key_t,
    value: *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise.
    let co = unsafe { live_coroutine("aco_set_local_of", co) };
    status_of(record::set_local(co, key, value))
}

/// aco_get_local() for the coroutine `co`. Aborts on NULL and on a destroyed one.
///
/// # Safety
/// `co` is NULL or a coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_get_local_of(co: *mut aco_t, key: aco_key_t) -> *mut c_void {
    // SAFETY: the caller's promise.
    let co = unsafe { live_coroutine("aco_get_local_of", co) };
    record::local(co, key)
}
