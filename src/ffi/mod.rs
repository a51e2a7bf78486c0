//! The C interface. Each function checks and converts its arguments, and calls the core. It has no logic of its own.
//!
//! The headers are generated from these items and their comments (`make header`). CONTRIBUTING.md has the form of the
//! comments. Each name is in `libaco.map`, and `tests/suite` compares. A panic aborts, so none reaches C.
//!
//! SAFETY comments cite the obligations of the C caller. `aco.h` and `acort.h` state them at the top:
//!
//! * F1: A pointer to an object is NULL, or points to a live object of its type.
//! * F2: A string is NULL, or ends with a NUL byte. A buffer is NULL, or valid for the size that the function names. An
//!   output pointer is NULL, or writable.
//! * F3: A callback is NULL, or can be called with the arguments that its comment names.
//! * F4: One thread at a time uses a coroutine, its main coroutine and its share stack. Any thread may use
//!   the objects of `acort.h`, unless their comment says otherwise.
//! * F5: A freed object is not used afterwards.
//! * F6: The section `# Safety` of the function's comment holds.

#![allow(clippy::missing_safety_doc, reason = "F1 to F5 hold for each function")]

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

/// Returns the object that a C function was called for. Aborts if it is NULL.
#[inline(always)]
fn non_null<T: diag::Subject>(function: &str, what: &str, object: *mut T) -> NonNull<T> {
    match NonNull::new(object) {
        Some(object) => object,
        None => diag::fatal(function, object, format_args!("{what} is NULL"), "pass a valid one"),
    }
}

/// Returns the coroutine that a C function was called for. Aborts if it is NULL or destroyed.
///
/// # Safety
/// `co` is NULL, a coroutine, or the readable memory of a destroyed one.
unsafe fn live(function: &str, co: *mut aco_t) -> *mut aco_t {
    let co = non_null(function, "the coroutine", co).as_ptr();
    // SAFETY: `co` is not NULL (checked), so its memory is readable.
    if unsafe { state::is_dead(co) } {
        let rule = "ask about a coroutine before aco_destroy";
        diag::fatal(function, co, format_args!("the coroutine is destroyed"), rule)
    }
    co
}

/// Sets errno to `error`. Returns -1.
fn errno_of(error: c_int) -> c_int {
    sys::set_errno(error);
    -1
}

/// Converts a result to 0, or to -1 and errno.
fn result_of(result: Result<(), c_int>) -> c_int {
    result.map_or_else(errno_of, |()| 0)
}
