//! Values through resume and yield.

#![allow(clippy::not_unsafe_ptr_arg_deref, reason = "values are handed on, not followed")]

use core::ffi::c_void;

use crate::abi::aco_t;
use crate::{resume, tls};

/// aco_resume() that gives `co` a value, which its aco_yield_value() returns, or aco_first_value() where
/// it has not begun. Returns what `co` gives to aco_yield_value(), NULL where it leaves by a plain yield,
/// or ends. A coroutine that waits in a plain yield is resumed, and the value lost. Aborts as aco_resume().
///
/// # Safety
/// As aco_resume().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_resume_value(co: *mut aco_t, value: *mut c_void) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { resume::resume_value(co, value, resume::resume) }
}

/// aco_yield() that gives who resumed the running coroutine a value, which aco_resume_value() returns.
/// Returns what the next aco_resume_value() gives, NULL where it is a plain resume. Aborts in a main coroutine and where no coroutine
/// runs.
#[unsafe(no_mangle)]
pub extern "C" fn aco_yield_value(value: *mut c_void) -> *mut c_void {
    // SAFETY: the current coroutine is the one that runs.
    unsafe { resume::yield_value(tls::current(), value, resume::switch) }
}

/// What the aco_resume_value() gave that began the running coroutine; after aco_create() and aco_reset(), not
/// where a program has started it again by writing its registers. NULL once that has yielded or resumed
/// another for the first time; in a main coroutine; where no coroutine runs.
#[unsafe(no_mangle)]
pub extern "C" fn aco_first_value() -> *mut c_void {
    resume::first_value()
}
