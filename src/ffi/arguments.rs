//! Checks of arguments, and the status that a function returns.

use core::ffi::c_int;
use core::ptr::NonNull;

use crate::abi::aco_t;
use crate::{diag, state, sys};

/// The object that a C function was called for. Aborts when it is NULL.
#[inline(always)]
pub(super) fn non_null<T: diag::Describe>(
    function: &str,
    what: &str,
    object: *mut T,
) -> NonNull<T> {
    match NonNull::new(object) {
        Some(object) => object,
        None => diag::fatal(function, object, format_args!("{what} is NULL"), "pass a valid one"),
    }
}

/// The coroutine that a C function was called for, which must not be destroyed. Aborts when it is NULL, or
/// is.
///
/// # Safety
/// `co` is NULL or a coroutine, or the memory of one that was destroyed.
pub(super) unsafe fn live_coroutine(function: &str, co: *mut aco_t) -> *mut aco_t {
    let co = non_null(function, "the coroutine", co).as_ptr();
    // SAFETY: the caller's promise.
    if unsafe { state::is_destroyed(co) } {
        let rule = "ask about a coroutine before aco_destroy";
        diag::fatal(function, co, format_args!("the coroutine is destroyed"), rule)
    }
    co
}

/// 0, or -1 and errno.
pub(super) fn status_of(result: Result<(), c_int>) -> c_int {
    result.map_or_else(sys::fail_with, |()| 0)
}
