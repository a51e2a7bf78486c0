//! Resume and yield with values.

#![allow(clippy::not_unsafe_ptr_arg_deref, reason = "values are passed on, not dereferenced")]

use core::ffi::c_void;

use super::objects::aco_fn_t;
use crate::abi::aco_t;
use crate::{diag, resume, tls};

/// Resumes `co` like aco_resume() and passes `value` to it. In the coroutine, aco_yield_value()
/// returns the value. If the coroutine starts with this call, aco_first_value() does. The value is
/// lost if the coroutine is suspended in a plain yield. Aborts as aco_resume() does.
///
/// # Returns
/// The value that `co` passes to aco_yield_value(). NULL if it yields without a value. If it ends:
/// what the function of a coroutine of aco_new() returns, otherwise NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_resume_value(co: *mut aco_t, value: *mut c_void) -> *mut c_void {
    // SAFETY: `co` is NULL or a coroutine (F1).
    unsafe { resume::resume_value(co, value, resume::resume) }
}

/// Resumes `co` like aco_resume(), but `co` calls `fn(arg)` first, on its own stack, as if the call
/// were where it is suspended. Then its yield returns. `fn` runs as code of `co`: it may throw an
/// exception into the frames of `co`, print them, yield, or exit. An unstarted coroutine calls `fn`
/// before its entry function.
///
/// The result of `fn` is passed to `co` as aco_resume_value() passes a value.
///
/// An exception passes the yield of `co` if the yield is a call, or inline and compiled by gcc 11,
/// clang 11 or later with this version's header. It ends the process as any other one does if `co`
/// does not catch it.
///
/// # Returns
/// As aco_resume_value(): what `co`, or `fn`, yields next.
///
/// # Aborts
/// - if `fn` is NULL.
/// - as aco_resume() does: the line names that function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_resume_with(
    co: *mut aco_t,
    r#fn: aco_fn_t,
    arg: *mut c_void,
) -> *mut c_void {
    // SAFETY: `co` is NULL or a coroutine (F1), and `fn` can be called with `arg` (F3).
    unsafe { resume::resume_with(co, function_of(co, r#fn), arg, resume::resume) }
}

/// `fn` of aco_resume_with(). Aborts if it is NULL.
pub(super) fn function_of(co: *mut aco_t, function: aco_fn_t) -> resume::Function {
    let Some(function) = function else {
        diag::fatal("aco_resume_with", co, format_args!("fn is NULL"), "pass a function")
    };
    function
}

/// Yields like aco_yield() and passes `value` to the coroutine that called aco_resume_value().
///
/// # Returns
/// The value of the next aco_resume_value(). NULL if the next resume has no value.
///
/// # Aborts
/// If called in a main coroutine or without a running coroutine.
#[unsafe(no_mangle)]
pub extern "C" fn aco_yield_value(value: *mut c_void) -> *mut c_void {
    // SAFETY: the current coroutine is the one that runs.
    unsafe { resume::yield_value(tls::current(), value, resume::yield_back) }
}

/// Returns the value of the aco_resume_value() that started the running coroutine. This works after
/// aco_create() and aco_reset(), but not if the program restarts a coroutine by writing `reg`.
///
/// # Returns
/// The value. NULL after the first yield or resume of the coroutine, in a main coroutine, and
/// without a running coroutine.
#[unsafe(no_mangle)]
pub extern "C" fn aco_first_value() -> *mut c_void {
    resume::first_value()
}
