//! Task-local values.

use core::ffi::{c_int, c_void};

use super::{given, status};
use crate::rt::model::abi::acort_key_t;
use crate::rt::sched::locals;

/// Creates a key and stores it in `*key`. Under a key, each task of the process has a value of its
/// own. The initial value is NULL. A process has at most 256 keys, those of aco_key_create()
/// included.
///
/// `destructor` may be NULL. Otherwise it is called with each value that is not NULL after its task
/// has ended, on the task's worker, as that task. The value is NULL by then. The order of
/// destructors is not defined. A destructor must not block: that aborts. If destructors set values,
/// they are called again, at most four times in all.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `key` is NULL.
/// - `EAGAIN` if there are 256 keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_key_create(
    key: *mut acort_key_t,
    destructor: Option<unsafe extern "C" fn(*mut c_void)>,
) -> c_int {
    // SAFETY: `key` is writable (`given`). `destructor` can be called with each value (F3).
    status(given(key).and_then(|key| unsafe { locals::create_key(key, destructor) }))
}

/// Deletes a key with all its values, from any thread. No destructor is called. A later key does
/// not see the values.
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
/// The value. NULL if none is set, the key does not exist, or no task runs.
#[unsafe(no_mangle)]
pub extern "C" fn acort_key_get(key: acort_key_t) -> *mut c_void {
    locals::get(key)
}

/// Sets the running task's value under `key`. No destructor is called for the old value.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if called outside of tasks.
/// - `EINVAL` if the key does not exist.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn acort_key_set(key: acort_key_t, value: *mut c_void) -> c_int {
    status(locals::set(key, value))
}
