//! The C face: check, convert, delegate. No logic; `include/aco.h` is made from these items.
//!
//! Rules of the boundary: a function takes raw pointers, refuses NULL with the line that names
//! it, and hands on what the core takes. No panic leaves: panics abort. Every name here stands
//! in `libaco.map`, and `tests/suite` compares.

pub mod classic;
pub mod diagnose;
pub mod extension;
pub mod functions;
pub mod version;

use core::ptr::NonNull;

use crate::diag;

/// The object that a C function was called for. Aborts when it is NULL.
#[inline(always)]
fn non_null<T: diag::Subject>(function: &str, what: &str, object: *mut T) -> NonNull<T> {
    match NonNull::new(object) {
        Some(object) => object,
        None => diag::fatal(function, object, format_args!("{what} is NULL"), "pass a valid one"),
    }
}
