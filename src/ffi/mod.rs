//! The C face: check, convert, delegate. No logic; `include/aco.h` is made from these items.
//!
//! Rules of the boundary: a function takes raw pointers, refuses NULL with the line that names
//! it, and hands on what the core takes. No panic leaves: panics abort. Every name here stands
//! in `libaco.map`, and `tests/suite` compares.

pub mod classic;
pub mod diagnose;
pub mod extension;
pub mod functions;
#[cfg(feature = "rt")]
pub mod rt;
pub mod version;

use core::ffi::c_int;
use core::ptr::NonNull;

use crate::abi::aco_t;
use crate::{diag, state, sys};

/// The object that a C function was called for. Aborts when it is NULL.
#[inline(always)]
fn non_null<T: diag::Describe>(function: &str, what: &str, object: *mut T) -> NonNull<T> {
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
unsafe fn live(function: &str, co: *mut aco_t) -> *mut aco_t {
    let co = non_null(function, "the coroutine", co).as_ptr();
    // SAFETY: the caller's promise.
    if unsafe { state::is_dead(co) } {
        let rule = "ask about a coroutine before aco_destroy";
        diag::fatal(function, co, format_args!("the coroutine is destroyed"), rule)
    }
    co
}

/// Leaves an error number in errno: -1, for the caller to return.
fn errno_of(error: c_int) -> c_int {
    sys::set_errno(error);
    -1
}

/// 0, or -1 and errno.
fn result_of(result: Result<(), c_int>) -> c_int {
    result.map_or_else(errno_of, |()| 0)
}
