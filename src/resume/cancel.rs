//! Cancellation: a flag that a coroutine checks. Nothing is interrupted or unwound.

use core::ptr::{self, NonNull};

use super::forms::Yield;
use crate::abi::aco_t;
use crate::{diag, state, tls};

/// Marks `co` as cancelled, until it is reset. Aborts if `co` is a main coroutine or destroyed.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn cancel(co: NonNull<aco_t>) {
    let co = co.as_ptr();
    // SAFETY: `co` points to a coroutine.
    unsafe {
        if state::is_destroyed(co) {
            let rule = "cancel a coroutine before aco_destroy";
            diag::fatal("aco_cancel", co, format_args!("the coroutine is destroyed"), rule)
        }
        if (*co).main_co.is_null() {
            let rule = "cancel coroutines that were created with a main_co";
            diag::fatal("aco_cancel", co, format_args!("it is a main coroutine"), rule)
        }
        state::mark_cancelled(co);
    }
}

/// Switches from the running coroutine to its main coroutine, unless it is cancelled. Returns true if it is cancelled,
/// before or after. Aborts as a yield does.
///
/// # Safety
/// The current coroutine is the one that runs.
pub(crate) unsafe fn yield_checked(yield_back: Yield) -> bool {
    // SAFETY: the current coroutine runs. Its address is read again after the yield: a program may have moved it.
    unsafe {
        let co = tls::current();
        if co.is_null() || !state::is_cancelled(co) {
            yield_back(ptr::null_mut(), co);
        }
        state::is_cancelled(tls::current())
    }
}
