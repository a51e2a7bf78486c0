//! The functions that switch.

use core::ffi::c_void;
use core::ptr;

use super::forms::Arrival;
use super::instrumented::{is_yield, resume_with_care, switch_with_care};
use super::prepare::prepare;
use crate::abi::aco_t;
use crate::{arch, hooks, state, tls};

/// Runs `co`, which is given `value`, until it yields or exits, each side with its own floating-point environment. It is
/// ready when the current coroutine is its `main_co`, it has not ended, and it owns its share
/// stack; otherwise [`prepare`] sees to it.
///
/// # Safety
/// As [`prepare`].
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn resume(co: *mut aco_t, value: *mut c_void) -> Arrival {
    arch::resume_body!(own_fpenv, prepare, resume_aside, arrived_by_hand)
}

/// As [`resume`], both sides in one floating-point environment.
///
/// # Safety
/// As [`prepare`].
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn resume_shared_fpenv(co: *mut aco_t, value: *mut c_void) -> Arrival {
    arch::resume_body!(shared_fpenv, prepare, resume_shared_fpenv_aside, arrived_by_hand)
}

/// Leaves `from`, goes on in `to`, each with its own floating-point environment, and gives it `value`;
/// returns when something switches back to `from`, with the value of that.
///
/// # Safety
/// Both point to coroutines. `to` is suspended, or fresh, and its stack holds its frames.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn switch(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
) -> *mut c_void {
    arch::switch_body!(own_fpenv, switch_aside)
}

/// As [`switch`]; `to` inherits the floating-point environment of this moment.
///
/// # Safety
/// As [`switch`].
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn switch_shared_fpenv(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
) -> *mut c_void {
    arch::switch_body!(shared_fpenv, switch_shared_fpenv_aside)
}

#[cold]
unsafe extern "C" fn resume_aside(co: *mut aco_t, value: *mut c_void) -> Arrival {
    // SAFETY: the caller's promise.
    unsafe { resume_with_care(co, value, resume) }
}

#[cold]
unsafe extern "C" fn resume_shared_fpenv_aside(co: *mut aco_t, value: *mut c_void) -> Arrival {
    // SAFETY: the caller's promise.
    unsafe { resume_with_care(co, value, resume_shared_fpenv) }
}

#[cold]
unsafe extern "C" fn switch_aside(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
    frame: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise. The second switch is a jump: what is suspended there is its caller.
    unsafe {
        if is_yield(from, to) && hooks::pass_back() {
            return switch(from, to, value);
        }
        switch_with_care(from, to, value, frame, switch)
    }
}

#[cold]
unsafe extern "C" fn switch_shared_fpenv_aside(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
    frame: usize,
) -> *mut c_void {
    // SAFETY: as in `switch_aside`.
    unsafe {
        if is_yield(from, to) && hooks::pass_back() {
            return switch_shared_fpenv(from, to, value);
        }
        switch_with_care(from, to, value, frame, switch_shared_fpenv)
    }
}

/// In `here`, which waited in a resume of `resumed` and was come back to by `left`, whose main_co is
/// another: by `acosw`, or it has changed that. The current coroutine becomes what libaco makes it, the
/// main_co of who was resumed, unless that was destroyed.
///
/// # Safety
/// `left` and `here` point to coroutines, `resumed` to one or to the memory of one.
#[cold]
pub(crate) unsafe extern "C" fn arrived_by_hand(
    left: *mut aco_t,
    here: *mut aco_t,
    resumed: *mut aco_t,
) -> Arrival {
    // SAFETY: the caller's promise.
    let current = unsafe { if state::is_destroyed(resumed) { here } else { (*resumed).main_co } };
    // SAFETY: as above. It may wait for who is current now: whoever that is, it is to ask.
    let is_nested = unsafe { current == here && !(*here).main_co.is_null() };
    tls::set_current_and_hint(current, if is_nested { here } else { ptr::null_mut() });
    Arrival { value: ptr::null_mut(), left }
}
