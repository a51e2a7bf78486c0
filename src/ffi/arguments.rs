//! Checks of arguments, and the status that a function returns.

use core::ffi::c_int;
use core::ptr::{self, NonNull};

use crate::abi::aco_t;
use crate::{diag, state, sys};

/// Returns the object that a C function was called for. Aborts if it is NULL.
#[inline(always)]
pub(super) fn non_null<T: diag::Describe>(
    function: &str,
    what: &str,
    object: *mut T,
) -> NonNull<T> {
    match NonNull::new(object) {
        Some(object) => object,
        None => abort_null::<T>(function, what),
    }
}

/// Says that `what` is NULL, and aborts.
#[cold]
#[inline(never)]
fn abort_null<T: diag::Describe>(function: &str, what: &str) -> ! {
    let nothing = ptr::null::<T>();
    diag::fatal(function, nothing, format_args!("{what} is NULL"), "pass a valid one")
}

/// Returns the coroutine that a C function was called for. Aborts if it is NULL or destroyed.
///
/// # Safety
/// `co` is NULL, a coroutine, or the readable memory of a destroyed one.
pub(super) unsafe fn live_coroutine(function: &str, co: *mut aco_t) -> *mut aco_t {
    let co = non_null(function, "the coroutine", co).as_ptr();
    // SAFETY: `co` is not NULL (checked), so its memory is readable.
    if unsafe { state::is_destroyed(co) } {
        let rule = "ask about a coroutine before aco_destroy";
        diag::fatal(function, co, format_args!("the coroutine is destroyed"), rule)
    }
    co
}

/// Converts a result to 0, or to -1 and errno.
pub(super) fn status_of(result: Result<(), c_int>) -> c_int {
    result.map_or_else(sys::fail_with, |()| 0)
}
