//! Switches that have more to see to: C++ exceptions, sanitizers, hooks.

use core::ffi::c_void;

use super::forms::{Resume, Resumed, Switch, Transfer};
use super::prepare::prepare;
use super::returned::set_current_as_returned;
use crate::abi::aco_t;
use crate::sanitizer::Departure;
use crate::{arch, coroutine, exceptions, hooks, sanitizer};

/// [`resume`] or [`resume_shared_fpenv`] where a switch has more to see to: C++ exceptions that are being
/// handled stay with who leaves, a sanitizer is told, and the program's hooks are called.
///
/// # Safety
/// As [`prepare`].
#[inline(always)]
pub(super) unsafe fn resume_instrumented(
    co: *mut aco_t,
    value: *mut c_void,
    resume: Resume,
) -> Resumed {
    let eh_state = exceptions::save_eh_state();
    // SAFETY: the caller's promise is that of `resume`, which finds nothing to see to now.
    let resumed = unsafe {
        if sanitizer::is_watched() {
            prepare(co);
            hooks::on_resume(co);
            let mut departure = Departure::new();
            sanitizer::leave((*co).main_co, co, &mut departure);
            let resumed = resume(co, value);
            sanitizer::arrive(&departure);
            sanitizer::retire(resumed.from);
            hooks::on_return(resumed.from);
            resumed
        } else if hooks::are_set() {
            prepare(co);
            hooks::on_resume(co);
            hooks::suppress_next_resume();
            let resumed = resume(co, value);
            hooks::rearm();
            hooks::on_return(resumed.from);
            resumed
        } else {
            resume(co, value)
        }
    };
    exceptions::restore_eh_state(eh_state);
    resumed
}

/// As [`resume_instrumented`], for [`switch`] or [`switch_shared_fpenv`].
///
/// # Safety
/// As [`switch`].
#[inline(always)]
pub(super) unsafe fn switch_instrumented(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
    frame: usize,
    switch: Switch,
) -> *mut c_void {
    let eh_state = exceptions::save_eh_state();
    // SAFETY: the caller's promise is that of `switch`, which finds nothing to see to now.
    let result = unsafe {
        let mut departure = Departure::new();
        sanitizer::leave(from, to, &mut departure);
        if !(is_yield(from, to) && hooks::try_suppress()) {
            hooks::disarm();
        }
        let result = arch::call_with_frame_pointer(from, to, value, 0, switch as *const (), frame);
        sanitizer::arrive(&departure);
        result
    };
    hooks::rearm();
    exceptions::restore_eh_state(eh_state);
    result
}

/// Does `to` wait in a resume for `from`, which runs?
///
/// # Safety
/// Both point to coroutines.
pub(super) unsafe fn is_yield(from: *mut aco_t, to: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    coroutine::inside().is_some_and(|here| here.as_ptr() == from)
        && unsafe { (*from).main_co == to }
}

/// As the asides of a switch.
pub(super) unsafe fn transfer_instrumented(
    from: *mut aco_t,
    to: *mut aco_t,
    main_co: *mut aco_t,
    is_ready: usize,
    frame: usize,
    transfer: Transfer,
) {
    let eh_state = exceptions::save_eh_state();
    // SAFETY: the promise of `transfer`, which finds nothing to see to now.
    unsafe {
        if hooks::are_set() && sanitizer::is_watched() {
            // Later a sanitizer takes the stack for that of `to`.
            set_current_as_returned(main_co);
            hooks::on_return(from);
            hooks::on_resume(to);
        }
        let mut departure = Departure::new();
        sanitizer::leave(from, to, &mut departure);
        hooks::try_suppress();
        let transfer = transfer as *const ();
        arch::call_with_frame_pointer(from, to, main_co.cast(), is_ready, transfer, frame);
        sanitizer::arrive(&departure);
    }
    exceptions::restore_eh_state(eh_state);
}
