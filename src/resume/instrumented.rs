//! Instrumented switches: C++ exceptions are kept, sanitizers are told, and the program's hooks are called.
//!
//! A naked function jumps here, by its `_slow` function, if the hook word's pair is not zero (`tls`, W5). The functions
//! here call the naked function again. At that moment the pair is zero: the exception state is saved, the sanitizers'
//! pair is cleared, and the hooks' pair is suppressed.

use core::ffi::c_void;
use core::ptr;

use super::forms::{Resume, Resumed, Switch, Transfer};
use super::on_resumer::refuse_switch;
use super::prepare::prepare_in_full;
use super::resume_with::call_pending;
use super::returned::set_current_as_returned;
use crate::abi::aco_t;
use crate::sanitizer::FakeStack;
use crate::{arch, coroutine, exceptions, hooks, sanitizer};

/// The instrumented form of `resume`. `frame` is the frame pointer of the program's code that called it.
///
/// # Safety
/// As [`prepare`].
#[inline(always)]
pub(super) unsafe fn resume_instrumented(
    co: *mut aco_t,
    value: *mut c_void,
    frame: usize,
    resume: Resume,
) -> Resumed {
    refuse_switch("aco_resume", co);
    let eh_state = exceptions::save_eh_state();
    // SAFETY: `co` is as `prepare` requires, and as `resume` does afterwards. The coroutine that switched back exists.
    let resumed = unsafe {
        if sanitizer::is_thread_attached() {
            prepare_in_full(co);
            hooks::on_resume(co);
            let mut fake_stack = FakeStack::new();
            sanitizer::before_switch((*co).main_co, co, &mut fake_stack);
            let resumed = resume_with_frame_pointer(co, value, frame, resume);
            sanitizer::after_switch(&fake_stack);
            sanitizer::release_ended(resumed.from);
            hooks::on_return(resumed.from);
            resumed
        } else if hooks::are_set() {
            prepare_in_full(co);
            hooks::on_resume(co);
            hooks::suppress_next_resume();
            let resumed = resume_with_frame_pointer(co, value, frame, resume);
            hooks::rearm();
            hooks::on_return(resumed.from);
            resumed
        } else {
            resume_with_frame_pointer(co, value, frame, resume)
        }
    };
    exceptions::restore_eh_state(eh_state);
    resumed
}

/// Calls `resume` with `frame` as the frame pointer: the chain of the coroutine leads to the program's code.
///
/// # Safety
/// As [`prepare`].
unsafe fn resume_with_frame_pointer(
    co: *mut aco_t,
    value: *mut c_void,
    frame: usize,
    resume: Resume,
) -> Resumed {
    let resume = resume as *const ();
    // SAFETY: `co` is as `resume` requires. The call passes four argument registers, of which `resume` reads the first
    // two. A `Resumed` is two words, so `resume` returns it in the two registers of `ReturnRegisters`.
    let returned = unsafe {
        arch::call_with_frame_pointer(co, value.cast(), ptr::null_mut(), 0, resume, frame)
    };
    Resumed { value: returned.first, from: returned.second.cast() }
}

/// The instrumented form of `switch`. `frame` is the frame pointer of the program's code that called `switch`.
///
/// # Safety
/// As `switch`.
#[inline(always)]
pub(super) unsafe fn switch_instrumented(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
    frame: usize,
    switch: Switch,
) -> *mut c_void {
    let eh_state = exceptions::save_eh_state();
    // SAFETY: `from` and `to` are as `switch` requires. `fake_stack` stays on the stack of `from` until it resumes.
    let result = unsafe {
        let mut fake_stack = FakeStack::new();
        sanitizer::before_switch(from, to, &mut fake_stack);
        if !(is_yield(from, to) && hooks::try_suppress()) {
            hooks::disarm();
        }
        let result = arch::call_with_frame_pointer(from, to, value, 0, switch as *const (), frame);
        sanitizer::after_switch(&fake_stack);
        result.first
    };
    hooks::rearm();
    exceptions::restore_eh_state(eh_state);
    call_pending(result)
}

/// Returns true if `from` is the coroutine that runs here, and `to` waits for it in a resume.
///
/// # Safety
/// Both point to coroutines.
pub(super) unsafe fn is_yield(from: *mut aco_t, to: *mut aco_t) -> bool {
    // SAFETY: `from` points to a coroutine.
    coroutine::current_checked().is_some_and(|here| here.as_ptr() == from)
        && unsafe { (*from).main_co == to }
}

/// The instrumented form of `transfer`. `frame` is the frame pointer of the program's code that called it.
///
/// # Safety
/// As `transfer`.
pub(super) unsafe fn transfer_instrumented(
    from: *mut aco_t,
    to: *mut aco_t,
    main_co: *mut aco_t,
    is_ready: usize,
    frame: usize,
    transfer: Transfer,
) {
    refuse_switch("aco_yield_to", to);
    let eh_state = exceptions::save_eh_state();
    // SAFETY: the coroutines are as `transfer` requires. `fake_stack` stays on the stack of `from` until it resumes.
    unsafe {
        if hooks::are_set() && sanitizer::is_thread_attached() {
            // Before `before_switch`: from then on a sanitizer treats the stack as that of `to`.
            set_current_as_returned(main_co);
            hooks::on_return(from);
            hooks::on_resume(to);
        }
        let mut fake_stack = FakeStack::new();
        sanitizer::before_switch(from, to, &mut fake_stack);
        hooks::try_suppress();
        let transfer = transfer as *const ();
        arch::call_with_frame_pointer(from, to, main_co.cast(), is_ready, transfer, frame);
        sanitizer::after_switch(&fake_stack);
    }
    exceptions::restore_eh_state(eh_state);
    call_pending(ptr::null_mut());
}
