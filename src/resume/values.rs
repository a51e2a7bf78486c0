//! Values that travel with a switch.
//!
//! Every switch passes a value in the register of the third argument, NULL if there is none (M5 of `arch`). An entry
//! function has no parameters: the first value of an unstarted coroutine is in `reg`, in `FIRST_VALUE_SLOT`.

use core::ffi::c_void;
use core::ptr;

use super::forms::{Resume, Yield};
use super::misuse::{abort_null, abort_value};
use crate::abi::aco_t;
use crate::{arch, coroutine, tls};

/// Runs `co`, which is given `value`, until it switches back. Returns the value that it yields, NULL if it has yielded
/// none or has ended.
///
/// # Safety
/// `co` is NULL or points to a coroutine, whose frames are as the last switch left them.
#[inline(always)]
pub(crate) unsafe fn resume_value(
    co: *mut aco_t,
    value: *mut c_void,
    resume: Resume,
) -> *mut c_void {
    if co.is_null() {
        abort_null()
    }
    // SAFETY: `co` is not NULL, so it points to a coroutine.
    unsafe {
        if coroutine::has_no_frames(co) {
            aco_t::set_register(co, arch::FIRST_VALUE_SLOT, value as usize);
        }
        resume(co, value).value
    }
}

/// Switches from the running coroutine `co` to its main coroutine, which is given `value`. Returns the value of the
/// next resume. Aborts if `co` is NULL or a main coroutine.
///
/// # Safety
/// `co` is NULL or points to the running coroutine.
#[inline(always)]
pub(crate) unsafe fn yield_value(
    co: *mut aco_t,
    value: *mut c_void,
    yield_back: Yield,
) -> *mut c_void {
    // SAFETY: `co` is checked for NULL, so it is the running coroutine. Its main coroutine waits in a resume, so its
    // frames are in their place.
    unsafe {
        if co.is_null() || (*co).main_co.is_null() {
            abort_value(co)
        }
        yield_back(value, co)
    }
}

/// The value of the resume that started the running coroutine. NULL after the coroutine has switched away for the first
/// time, and if no coroutine runs.
pub(crate) fn first_value() -> *mut c_void {
    let co = tls::current();
    // SAFETY: the current coroutine is NULL or exists. Until it switches away `reg` is as it was when it started.
    unsafe {
        if co.is_null() || !coroutine::has_no_frames(co) {
            return ptr::null_mut();
        }
        ptr::with_exposed_provenance_mut(aco_t::register(co, arch::FIRST_VALUE_SLOT))
    }
}
