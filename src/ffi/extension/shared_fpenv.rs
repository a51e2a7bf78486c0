//! The extension for programs that are compiled with ACO_CONFIG_SHARE_FPU_MXCSR_ENV: a switch keeps the present
//! floating-point environment. `aco_ext_inline.h` maps the plain names to these functions.

#![allow(clippy::not_unsafe_ptr_arg_deref, reason = "values are passed on, not dereferenced")]

use core::ffi::{c_int, c_void};

use super::generators::aco_gen_t;
use super::life::cancel_status;
use super::objects::{self, aco_fn_t};
use super::values::function_of;
use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::ffi::non_null;
use crate::{generator, resume, thread, tls};

/// Resumes as aco_resume_value() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Returns
/// As aco_resume_value().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_resume_value_shared_fpenv(
    co: *mut aco_t,
    value: *mut c_void,
) -> *mut c_void {
    // SAFETY: `co` is NULL or a coroutine (F1).
    unsafe { resume::resume_value(co, value, resume::share_fpenv::resume) }
}

/// Resumes as aco_resume_with() does, in programs compiled with ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Returns
/// As aco_resume_with().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_resume_with_shared_fpenv(
    co: *mut aco_t,
    r#fn: aco_fn_t,
    arg: *mut c_void,
) -> *mut c_void {
    // SAFETY: `co` is NULL or a coroutine (F1), and `fn` can be called with `arg` (F3).
    unsafe { resume::resume_with(co, function_of(co, r#fn), arg, resume::share_fpenv::resume) }
}

/// Yields as aco_yield_value() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Returns
/// As aco_yield_value().
#[unsafe(no_mangle)]
pub extern "C" fn aco_yield_value_shared_fpenv(value: *mut c_void) -> *mut c_void {
    // SAFETY: the current coroutine is the one that runs.
    unsafe { resume::yield_value(tls::current(), value, resume::share_fpenv::yield_back) }
}

/// Switches as aco_yield_to() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_yield_to_shared_fpenv(to: *mut aco_t) {
    // SAFETY: `to` is NULL or a coroutine (F1).
    unsafe { resume::yield_to(to, resume::share_fpenv::transfer, resume::share_fpenv::yield_back) }
}

/// Creates a generator as aco_gen_new() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Returns
/// As aco_gen_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_gen_new_shared_fpenv(
    share_stack: *mut aco_share_stack_t,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> *mut aco_gen_t {
    let stack = non_null("aco_gen_new", "the share stack", share_stack);
    // SAFETY: `share_stack` is not NULL (checked), so it is a share stack (F1).
    unsafe { generator::create(stack, fp, arg, resume::share_fpenv::returning_entry) }
        .unwrap_or_else(|error| error.abort("aco_gen_new"))
}

/// Runs a generator as aco_gen_next() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Returns
/// As aco_gen_next().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_gen_next_shared_fpenv(
    r#gen: *mut aco_gen_t,
    value: *mut *mut c_void,
) -> c_int {
    let generator = non_null("aco_gen_next", "the generator", r#gen);
    // SAFETY: `gen` is not NULL (checked), so it is a generator (F1). `value` is NULL or writable (F2).
    unsafe { generator::next(generator, value, resume::share_fpenv::resume) }.into()
}

/// Yields as aco_gen_yield() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
#[unsafe(no_mangle)]
pub extern "C" fn aco_gen_yield_shared_fpenv(value: *mut c_void) {
    // SAFETY: the current coroutine is the one that runs.
    unsafe { resume::yield_value(tls::current(), value, resume::share_fpenv::yield_back) };
}

/// Permits a return as aco_return_exits() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_return_exits_shared_fpenv(co: *mut aco_t) {
    let co = non_null("aco_return_exits", "the coroutine", co);
    // SAFETY: `co` is not NULL (checked), so it is a coroutine (F1).
    unsafe { resume::return_exits(co, resume::share_fpenv::returning_entry) }
}

/// Permits returns as aco_thread_return_exits() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
#[unsafe(no_mangle)]
pub extern "C" fn aco_thread_return_exits_shared_fpenv(on: c_int) {
    thread::set_last_word(if on != 0 { Some(resume::share_fpenv::last_word) } else { None });
}

/// Yields as aco_yield_checked() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Returns
/// As aco_yield_checked().
///
/// # Errors
/// - `ECANCELED` if the running coroutine is cancelled.
#[unsafe(no_mangle)]
pub extern "C" fn aco_yield_checked_shared_fpenv() -> c_int {
    // SAFETY: the current coroutine is the one that runs.
    cancel_status(unsafe { resume::yield_checked(resume::share_fpenv::yield_back) })
}

/// Creates a coroutine as aco_new() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Returns
/// As aco_new().
///
/// # Errors
/// - `EINVAL` if `fn` is NULL.
/// - `ENOMEM` if there is no memory or no address space.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_new_shared_fpenv(
    r#fn: aco_fn_t,
    arg: *mut c_void,
    stack_size: usize,
) -> *mut aco_t {
    // SAFETY: `fn` is NULL or a function of this type (F3).
    unsafe { objects::new(r#fn, arg, stack_size, resume::share_fpenv::argument_entry) }
}
