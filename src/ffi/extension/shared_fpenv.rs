//! The same for programs that are compiled with ACO_CONFIG_SHARE_FPU_MXCSR_ENV: who goes on does so with
//! the floating-point environment of the moment. `aco_ext_inline.h` gives such programs these names.

#![allow(clippy::not_unsafe_ptr_arg_deref, reason = "values are handed on, not followed")]

use core::ffi::{c_int, c_void};

use super::generators::aco_gen_t;
use super::life::cancel_status;
use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::ffi::non_null;
use crate::{generator, resume, thread, tls};

/// aco_resume_value() of such programs.
///
/// # Safety
/// As aco_resume_value().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_resume_value_shared_fpenv(
    co: *mut aco_t,
    value: *mut c_void,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { resume::resume_value(co, value, resume::resume_shared_fpenv) }
}

/// aco_yield_value() of such programs.
#[unsafe(no_mangle)]
pub extern "C" fn aco_yield_value_shared_fpenv(value: *mut c_void) -> *mut c_void {
    // SAFETY: the current coroutine is the one that runs.
    unsafe { resume::yield_value(tls::current(), value, resume::switch_shared_fpenv) }
}

/// aco_yield_to() of such programs.
///
/// # Safety
/// As aco_yield_to().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_yield_to_shared_fpenv(to: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { resume::yield_to(to, resume::transfer_shared_fpenv, resume::switch_shared_fpenv) }
}

/// aco_gen_new() of such programs.
///
/// # Safety
/// As aco_gen_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_gen_new_shared_fpenv(
    share_stack: *mut aco_share_stack_t,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> *mut aco_gen_t {
    let stack = non_null("aco_gen_new", "the share stack", share_stack);
    // SAFETY: the caller's promise.
    unsafe { generator::create(stack, fp, arg, resume::returning_entry_shared_fpenv) }
        .unwrap_or_else(|error| error.abort("aco_gen_new"))
}

/// aco_gen_next() of such programs.
///
/// # Safety
/// As aco_gen_next().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_gen_next_shared_fpenv(
    r#gen: *mut aco_gen_t,
    value: *mut *mut c_void,
) -> c_int {
    let generator = non_null("aco_gen_next", "the generator", r#gen);
    // SAFETY: the caller's promise.
    unsafe { generator::next(generator, value, resume::resume_shared_fpenv) }.into()
}

/// aco_gen_yield() of such programs.
#[unsafe(no_mangle)]
pub extern "C" fn aco_gen_yield_shared_fpenv(value: *mut c_void) {
    // SAFETY: the current coroutine is the one that runs.
    unsafe { resume::yield_value(tls::current(), value, resume::switch_shared_fpenv) };
}

/// aco_return_exits() of such programs.
///
/// # Safety
/// As aco_return_exits().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_return_exits_shared_fpenv(co: *mut aco_t) {
    let co = non_null("aco_return_exits", "the coroutine", co);
    // SAFETY: the caller's promise.
    unsafe { resume::return_exits(co, resume::returning_entry_shared_fpenv) }
}

/// aco_thread_return_exits() of such programs.
#[unsafe(no_mangle)]
pub extern "C" fn aco_thread_return_exits_shared_fpenv(on: c_int) {
    thread::set_last_word(if on != 0 { Some(resume::last_word_shared_fpenv) } else { None });
}

/// aco_yield_checked() of such programs.
#[unsafe(no_mangle)]
pub extern "C" fn aco_yield_checked_shared_fpenv() -> c_int {
    // SAFETY: the current coroutine is the one that runs.
    cancel_status(unsafe { resume::yield_checked(resume::switch_shared_fpenv) })
}
