//! Switches to another coroutine than the main_co.

use crate::abi::aco_t;
use crate::resume;

/// Suspends the running coroutine and continues `to`, which has the same `main_co`, in one switch.
/// `to` becomes the current coroutine. The `main_co` still waits in its aco_resume(), and `to`
/// yields or exits to it. The suspended coroutine is resumed as after a yield. Both may share a
/// stack.
///
/// If `to` is the `main_co`, the function yields. If `to` is the running coroutine, it does
/// nothing. A coroutine that is continued this way may destroy the one that aco_resume() was called
/// for.
///
/// # Aborts
/// - if `to` is NULL, destroyed, ended, or without an entry function.
/// - if its share stack is destroyed.
/// - if `to` has another `main_co`.
/// - if called in a main coroutine or without a running coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_yield_to(to: *mut aco_t) {
    // SAFETY: `to` is NULL or a coroutine (F1).
    unsafe { resume::yield_to(to, resume::transfer, resume::switch) }
}
