//! Wake reasons: why a wait has ended. And the errors that come of interruptions.
//!
//! ```text
//!   wake reason   0                          the wait has not ended (P2 of `parker`)
//!                 a waiter's case            that waiter was woken; with the flags of `park/wake`
//!                 ERROR | error              the wait has failed
//!   error         errno                      the deadline, a cancellation, the system
//!                 INTERRUPTION | errno       acort_interrupt(), which takes any errno
//! ```
//!
//! * I1. The error of an interruption is marked until it becomes errno ([`errno_of`]). So no code takes it for the
//!   deadline, the system or a closed object, whose number it may have: it ends the call, as a cancellation does.

use core::ffi::c_int;

/// In a wake reason: the rest is an error.
const ERROR: u32 = 1 << 31;
/// In an error: it comes of an interruption (I1).
const INTERRUPTION: c_int = 1 << 29;

/// Returns the wake reason for an error.
pub(crate) fn wake_error(error: c_int) -> u32 {
    ERROR | error as u32
}

/// Returns the error of an interruption with `errno`.
pub(crate) fn interruption(errno: c_int) -> c_int {
    INTERRUPTION | errno
}

/// Returns true if the error comes of an interruption.
pub(crate) fn is_interruption(error: c_int) -> bool {
    error & INTERRUPTION != 0
}

/// Returns the number that the program sees for an error.
pub(crate) fn errno_of(error: c_int) -> c_int {
    error & !INTERRUPTION
}

/// Returns the case of a wake reason, less 1, with its flags. Errors: that of the wake reason.
#[inline(always)]
pub(super) fn result_of(reason: u32) -> Result<usize, c_int> {
    if reason & ERROR == 0 { Ok(reason as usize - 1) } else { Err((reason & !ERROR) as c_int) }
}
