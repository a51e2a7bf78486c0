//! Switches that have more to see to: C++ exceptions, sanitizers, hooks.

use core::ffi::c_void;

use super::forms::{Resume, Resumed, Switch};
use super::prepare::prepare;
use crate::abi::aco_t;
use crate::sanitizer::FakeStack;
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
    let kept = exceptions::put_aside();
    // SAFETY: the caller's promise is that of `resume`, which finds nothing to see to now.
    let resumed = unsafe {
        if sanitizer::is_thread_attached() {
            prepare(co);
            hooks::resumes(co);
            let mut fake_stack = FakeStack::new();
            sanitizer::before_switch((*co).main_co, co, &mut fake_stack);
            let resumed = resume(co, value);
            sanitizer::after_switch(&fake_stack);
            sanitizer::release_ended(resumed.from);
            hooks::has_left(resumed.from);
            resumed
        } else if hooks::are_set() {
            prepare(co);
            hooks::resumes(co);
            hooks::pass();
            let resumed = resume(co, value);
            hooks::come_back();
            hooks::has_left(resumed.from);
            resumed
        } else {
            resume(co, value)
        }
    };
    exceptions::take_back(kept);
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
    let kept = exceptions::put_aside();
    // SAFETY: the caller's promise is that of `switch`, which finds nothing to see to now.
    let result = unsafe {
        let mut fake_stack = FakeStack::new();
        sanitizer::before_switch(from, to, &mut fake_stack);
        if !(is_yield(from, to) && hooks::pass_back()) {
            hooks::pass_by();
        }
        let result = arch::call_with_frame_pointer(from, to, value, 0, switch as *const (), frame);
        sanitizer::after_switch(&fake_stack);
        result
    };
    hooks::come_back();
    exceptions::take_back(kept);
    result
}

/// Does `to` wait in a resume for `from`, which runs?
///
/// # Safety
/// Both point to coroutines.
pub(super) unsafe fn is_yield(from: *mut aco_t, to: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    coroutine::current_checked().is_some_and(|here| here.as_ptr() == from)
        && unsafe { (*from).main_co == to }
}
