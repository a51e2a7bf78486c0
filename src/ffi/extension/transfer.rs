//! Switches to another coroutine than the main_co, and calls on its stack.

#![allow(clippy::not_unsafe_ptr_arg_deref, reason = "values are passed on, not dereferenced")]

use core::ffi::c_void;

use super::objects::aco_fn_t;
use crate::abi::aco_t;
use crate::{diag, resume};

/// Suspends the running coroutine and continues `to`, which has the same `main_co`, in one switch.
/// `to` becomes the current coroutine. The `main_co` still waits in its aco_resume(), and `to`
/// yields or exits to it. The suspended coroutine is resumed as after a yield. Both may share a
/// stack.
///
/// If `to` is the `main_co`, the function yields. If `to` is the running coroutine, it does
/// nothing. A coroutine that is continued this way may destroy the one that aco_resume() was called
/// for.
///
/// # Aborts
/// - if `to` is NULL, destroyed, ended, or without an entry function.
/// - if its share stack is destroyed.
/// - if `to` has another `main_co`.
/// - if called in a main coroutine or without a running coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_yield_to(to: *mut aco_t) {
    // SAFETY: `to` is NULL or a coroutine (F1).
    unsafe { resume::yield_to(to, resume::transfer, resume::yield_back) }
}

/// Calls `fn(arg)` on the stack of the coroutine that resumed the running one. That is often the
/// thread's own stack: a coroutine with a small stack calls functions there that need much of it.
/// It is a call, not a switch: the running coroutine stays the current one, with its local values
/// and its floating-point environment, and its frames stay in place. Outside of coroutines, and
/// inside of such a call, calls `fn` directly.
///
/// `fn` returns, or throws an exception through the call. It does not leave it by longjmp(3).
/// Until then nothing may switch on this thread: no resume, yield or exit, and no call of acort.h
/// that waits.
///
/// # Returns
/// What `fn` returns.
///
/// # Aborts
/// - if `fn` is NULL.
/// - if `fn` resumes, yields or exits: the line names that function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_on_resumer(r#fn: aco_fn_t, arg: *mut c_void) -> *mut c_void {
    let Some(function) = r#fn else {
        let nothing = core::ptr::null::<aco_t>();
        diag::fatal("aco_on_resumer", nothing, format_args!("fn is NULL"), "pass a function")
    };
    // SAFETY: `fn` is not NULL (checked), so it can be called with `arg` (F3).
    unsafe { resume::on_resumer(function, arg) }
}
