//! Names and ids of coroutines.

use core::ffi::{CStr, c_char, c_int};

use crate::abi::aco_t;
use crate::ffi::live_coroutine;
use crate::{record, sys};

/// Names a coroutine, for aco_dump() and aco_name(). Copies the first 63 bytes of `name`, without a
/// UTF-8 character that does not fit as a whole. NULL removes the name. aco_reset() keeps it.
///
/// # Returns
/// 0, or -1 and `errno`. On failure the name does not change.
///
/// # Errors
/// - `ENOMEM` if there is no memory.
///
/// # Aborts
/// If `co` is NULL or destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_set_name(co: *mut aco_t, name: *const c_char) -> c_int {
    // SAFETY: `co` is NULL or a coroutine (F1). `name` is not NULL where it is read, and ends with a NUL byte
    // (F2).
    let (co, name) = unsafe {
        (live_coroutine("aco_set_name", co), (!name.is_null()).then(|| CStr::from_ptr(name)))
    };
    if record::set_name(co, name) { 0 } else { sys::fail_with(libc::ENOMEM) }
}

/// Returns the name of a coroutine. The string belongs to the library. It is valid until the next
/// aco_set_name() for the coroutine, or until the coroutine is destroyed.
///
/// # Returns
/// The name. NULL if it has none.
///
/// # Aborts
/// If `co` is NULL or destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_name(co: *mut aco_t) -> *const c_char {
    // SAFETY: `co` is NULL or a coroutine (F1).
    record::name_and_id(unsafe { live_coroutine("aco_name", co) }).0
}

/// Returns the id of a coroutine. Ids start at 1, and no id is used twice in a process. The first
/// call for a coroutine assigns its id. aco_reset() keeps it.
///
/// # Returns
/// The id, or 0 and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory.
///
/// # Aborts
/// If `co` is NULL or destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_id(co: *mut aco_t) -> u64 {
    // SAFETY: `co` is NULL or a coroutine (F1).
    let co = unsafe { live_coroutine("aco_id", co) };
    record::id(co).unwrap_or_else(|| {
        sys::fail_with(libc::ENOMEM);
        0
    })
}
