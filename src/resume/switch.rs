//! The functions that switch.

use core::ffi::c_void;
use core::ptr;

use super::forms::Resumed;
use super::instrumented::{is_yield, resume_instrumented, switch_instrumented};
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
pub(crate) unsafe extern "C" fn resume(co: *mut aco_t, value: *mut c_void) -> Resumed {
    arch::resume_body!(save_fpenv, prepare, resume_slow, returned_via_acosw)
}

/// As [`resume`], both sides in one floating-point environment.
///
/// # Safety
/// As [`prepare`].
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn resume_shared_fpenv(co: *mut aco_t, value: *mut c_void) -> Resumed {
    arch::resume_body!(share_fpenv, prepare, resume_shared_fpenv_slow, returned_via_acosw)
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
    arch::switch_body!(save_fpenv, switch_slow)
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
    arch::switch_body!(share_fpenv, switch_shared_fpenv_slow)
}

#[cold]
unsafe extern "C" fn resume_slow(co: *mut aco_t, value: *mut c_void) -> Resumed {
    // SAFETY: the caller's promise.
    unsafe { resume_instrumented(co, value, resume) }
}

#[cold]
unsafe extern "C" fn resume_shared_fpenv_slow(co: *mut aco_t, value: *mut c_void) -> Resumed {
    // SAFETY: the caller's promise.
    unsafe { resume_instrumented(co, value, resume_shared_fpenv) }
}

#[cold]
unsafe extern "C" fn switch_slow(
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
        switch_instrumented(from, to, value, frame, switch)
    }
}

#[cold]
unsafe extern "C" fn switch_shared_fpenv_slow(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
    frame: usize,
) -> *mut c_void {
    // SAFETY: as in `switch_slow`.
    unsafe {
        if is_yield(from, to) && hooks::pass_back() {
            return switch_shared_fpenv(from, to, value);
        }
        switch_instrumented(from, to, value, frame, switch_shared_fpenv)
    }
}

/// In `to`, which waited in a resume of `co` and was come back to by `from`, whose main_co is
/// another: by `acosw`, or it has changed that. The current coroutine becomes what libaco makes it, the
/// main_co of who was co, unless that was destroyed.
///
/// # Safety
/// `from` and `to` point to coroutines, `co` to one or to the memory of one.
#[cold]
pub(crate) unsafe extern "C" fn returned_via_acosw(
    from: *mut aco_t,
    to: *mut aco_t,
    co: *mut aco_t,
) -> Resumed {
    // SAFETY: the caller's promise.
    let current = unsafe { if state::is_destroyed(co) { to } else { (*co).main_co } };
    // SAFETY: as above. It may wait for who is current now: whoever that is, it is to ask.
    let is_nested = unsafe { current == to && !(*to).main_co.is_null() };
    tls::set_current_and_hint(current, if is_nested { to } else { ptr::null_mut() });
    Resumed { value: ptr::null_mut(), from }
}
