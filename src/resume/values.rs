//! Values that travel with a switch.
//!
//! Every switch carries one, in the register of the third argument: who leaves puts it there, NULL if it
//! has none, and who goes on may look. A coroutine that begins is no function with an argument: its first
//! value stands in `reg`, in a slot whose register begins as anything.

use core::ffi::c_void;
use core::ptr;

use super::forms::{Resume, Switch};
use super::misuse::{abort_null, abort_value};
use crate::abi::aco_t;
use crate::{arch, coroutine, tls};

/// Runs `co` until it leaves, and gives it `value`; returns what it yields, NULL if it has yielded nothing
/// or ended.
///
/// # Safety
/// `co` is NULL or points to a coroutine, and its frames are sound.
#[inline(always)]
pub(crate) unsafe fn resume_value(
    co: *mut aco_t,
    value: *mut c_void,
    resume: Resume,
) -> *mut c_void {
    if co.is_null() {
        abort_null()
    }
    // SAFETY: the caller's promise.
    unsafe {
        if coroutine::has_no_frames(co) {
            aco_t::set_register(co, arch::FIRST_VALUE_SLOT, value as usize);
        }
        resume(co, value).value
    }
}

/// Leaves the running coroutine `co` for its main coroutine, which is given `value`; returns what the next
/// resume gives.
///
/// # Safety
/// `co` is NULL or points to the running coroutine.
#[inline(always)]
pub(crate) unsafe fn yield_value(
    co: *mut aco_t,
    value: *mut c_void,
    switch: Switch,
) -> *mut c_void {
    // SAFETY: the caller's promise; its main coroutine waits in `resume`.
    unsafe {
        if co.is_null() || (*co).main_co.is_null() {
            abort_value(co)
        }
        switch(co, (*co).main_co, value)
    }
}

/// What the resume gave that began the running coroutine; NULL after that has left, or resumed another
/// one, for the first time, and where none runs.
pub(crate) fn first_value() -> *mut c_void {
    let co = tls::current();
    // SAFETY: the current coroutine is NULL or exists. What `reg` holds is that with which it began.
    unsafe {
        if co.is_null() || !coroutine::has_no_frames(co) {
            return ptr::null_mut();
        }
        ptr::with_exposed_provenance_mut(aco_t::register(co, arch::FIRST_VALUE_SLOT))
    }
}
