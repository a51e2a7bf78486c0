//! Names and ids.

use core::ffi::{CStr, c_char, c_int};

use crate::abi::aco_t;
use crate::ffi::live_coroutine;
use crate::{record, sys};

/// Names a coroutine, for aco_dump() and for whoever asks. The name is copied: its first 63 bytes, less
/// the bytes of a UTF-8 character that does not fit. NULL takes the name away. It stays over aco_reset().
/// 0; or -1 and errno ENOMEM, and the name is as it was. Aborts on a coroutine that is NULL or destroyed.
///
/// # Safety
/// `co` is NULL or a coroutine, `name` NULL or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_set_name(co: *mut aco_t, name: *const c_char) -> c_int {
    // SAFETY: the caller's promise.
    let (co, name) = unsafe {
        (live_coroutine("aco_set_name", co), (!name.is_null()).then(|| CStr::from_ptr(name)))
    };
    if record::set_name(co, name) { 0 } else { sys::fail_with(libc::ENOMEM) }
}

/// The name of a coroutine, or NULL. It is the library's, and there until another one is set or the
/// coroutine is destroyed. Aborts on a coroutine that is NULL or destroyed.
///
/// # Safety
/// `co` is NULL or a coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_name(co: *mut aco_t) -> *const c_char {
    // SAFETY: the caller's promise.
    record::name(unsafe { live_coroutine("aco_name", co) })
}

/// The id of a coroutine: a number from 1 on that no other one in the process ever has. The first call
/// gives it; it stays over aco_reset(). 0 and errno ENOMEM: there is no memory for it. Aborts on a
/// coroutine that is NULL or destroyed.
///
/// # Safety
/// `co` is NULL or a coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_id(co: *mut aco_t) -> u64 {
    // SAFETY: the caller's promise.
    let co = unsafe { live_coroutine("aco_id", co) };
    record::id(co).unwrap_or_else(|| {
        sys::fail_with(libc::ENOMEM);
        0
    })
}
