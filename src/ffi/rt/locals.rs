//! Values of tasks.

use core::ffi::{c_int, c_void};

use super::{non_null, status, try_status};
use crate::rt::model::abi::acort_key_t;
use crate::rt::sched::locals;

/// Creates a key, under which each task of the process has a value: NULL until one is set.
///
/// When a task has ended, `destructor`, unless NULL, is called for each of its values that is not
/// NULL: on the task's worker, as that task, in no certain order, after the value became NULL. It
/// must not wait. If destructors set values, they are called again, at most four times in all.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `key` is NULL.
/// - `EAGAIN` if there are 256 keys, those of aco_key_create() included.
///
/// # Aborts
/// If a destructor would have to wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_key_create(
    key: *mut acort_key_t,
    destructor: Option<unsafe extern "C" fn(*mut c_void)>,
) -> c_int {
    // SAFETY: `key` is not NULL, so it is writable.
    try_status(|| unsafe { locals::create_key(non_null(key)?, destructor) })
}

/// Deletes a key and its values; no destructor is called for them.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if the key does not exist.
#[unsafe(no_mangle)]
pub extern "C" fn acort_key_delete(key: acort_key_t) -> c_int {
    status(locals::delete_key(key))
}

/// Returns the running task's value under `key`.
///
/// # Returns
/// The value. NULL if none is set, the key does not exist, or no task runs here.
#[unsafe(no_mangle)]
pub extern "C" fn acort_key_get(key: acort_key_t) -> *mut c_void {
    locals::get(key)
}

/// Sets the running task's value under `key`. The value before is not destroyed.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` outside of tasks.
/// - `EINVAL` if the key does not exist.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn acort_key_set(key: acort_key_t, value: *mut c_void) -> c_int {
    status(locals::set(key, value))
}
