//! Values of tasks.

use core::ffi::{c_int, c_void};

use super::{non_null, status};
use crate::rt::model::abi::acort_key_t;
use crate::rt::sched::locals;

/// Makes a key, under which each task of the process has a value of its own: NULL, until one is set.
/// `destructor`, unless NULL, is called with each value that is not NULL when its task has ended, on the
/// task's worker, as that task, in no certain order, after the value became NULL; it must not wait: that
/// aborts. Where destructors set values again they are called again, at most four times in all. 0, or -1
/// and errno: EINVAL for NULL, EAGAIN where there are 256 keys, those of aco_key_create() among them.
///
/// # Safety
/// `key` is NULL or writable; `destructor` can be called with the values that are set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_key_create(
    key: *mut acort_key_t,
    destructor: Option<unsafe extern "C" fn(*mut c_void)>,
) -> c_int {
    // SAFETY: `key` is not NULL, so it is writable.
    status(non_null(key).and_then(|key| unsafe { locals::create_key(key, destructor) }))
}

/// Ends a key. Its values are not there any more, nor under a later key; no destructor is called for them.
/// From any thread. 0, or -1 and errno: EINVAL where there is no such key.
#[unsafe(no_mangle)]
pub extern "C" fn acort_key_delete(key: acort_key_t) -> c_int {
    status(locals::delete_key(key))
}

/// The running task's value under `key`. NULL: none was set, there is no such key, or no task runs.
#[unsafe(no_mangle)]
pub extern "C" fn acort_key_get(key: acort_key_t) -> *mut c_void {
    locals::get(key)
}

/// Sets the running task's value under `key`; what was there is forgotten, not destroyed. 0, or -1 and
/// errno: EPERM outside of tasks, EINVAL where there is no such key, ENOMEM.
#[unsafe(no_mangle)]
pub extern "C" fn acort_key_set(key: acort_key_t, value: *mut c_void) -> c_int {
    status(locals::set(key, value))
}
