//! Functions beside libaco's macros, for languages that cannot call a macro, and the slow paths of the macros of
//! `aco_inline.h`.

use core::ffi::c_void;
use core::ptr;

use crate::abi::aco_t;
use crate::{resume, tls};

/// Yields like the macro aco_yield(): suspends the current coroutine and continues its `main_co`.
/// Returns when the coroutine is resumed. It is for languages that cannot call a macro.
///
/// # Aborts
/// If called in a main coroutine or without a running coroutine.
#[unsafe(no_mangle)]
pub extern "C" fn aco_yield_fn() {
    // SAFETY: the current coroutine is the one that runs.
    unsafe { resume::yield_back(ptr::null_mut(), tls::current()) };
}

/// Ends the current coroutine like the macro aco_exit(). Does not return.
///
/// # Aborts
/// - if called in a main coroutine or without a running coroutine.
/// - if the coroutine has ended, or does not own its share stack.
#[unsafe(no_mangle)]
pub extern "C" fn aco_exit_fn() -> ! {
    // SAFETY: the current coroutine is the one that runs.
    unsafe { resume::exit(tls::current(), resume::exit_to) }
}

/// Returns the argument of the current coroutine, like the macro aco_get_arg().
///
/// # Returns
/// The argument. NULL if there is no current coroutine.
#[unsafe(no_mangle)]
pub extern "C" fn aco_get_arg_fn() -> *mut c_void {
    // SAFETY: the current coroutine is NULL or exists.
    unsafe { tls::current().as_ref() }.map_or(ptr::null_mut(), |co| co.arg)
}

/// Returns the current coroutine, like the macro aco_get_co().
///
/// # Returns
/// NULL before the first resume of the thread. Outside of coroutines, a main coroutine.
#[unsafe(no_mangle)]
pub extern "C" fn aco_get_co_fn() -> *mut aco_t {
    tls::current()
}

/// Switches like acosw(), but keeps the present floating-point environment. Programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV use it.
///
/// # Returns
/// Nothing of use: ignore the value.
///
/// # Safety
/// As for acosw().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acosw_shared_fpenv(from_co: *mut aco_t, to_co: *mut aco_t) -> *mut c_void {
    // SAFETY: `from_co` runs, and the frames of `to_co` are on its stack (F6).
    unsafe { resume::share_fpenv::switch(from_co, to_co, ptr::null_mut()) }
}

/// Resumes like aco_resume(), but keeps the present floating-point environment. Programs compiled
/// with ACO_CONFIG_SHARE_FPU_MXCSR_ENV use it. Aborts as aco_resume() does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_resume_shared_fpenv(resume_co: *mut aco_t) {
    // SAFETY: `resume_co` is NULL or a coroutine (F1).
    unsafe { resume::share_fpenv::resume(resume_co, ptr::null_mut()) };
}

/// Yields like aco_yield_fn(). `yield_co` is the running coroutine.
///
/// # Aborts
/// If `yield_co` is NULL or a main coroutine.
///
/// # Safety
/// `yield_co` is the running coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_yield1_fn(yield_co: *mut aco_t) {
    // SAFETY: `yield_co` is NULL or the running coroutine (F6).
    unsafe { resume::yield_back(ptr::null_mut(), yield_co) };
}

/// Yields like aco_yield1_fn(), but keeps the present floating-point environment. Programs compiled
/// with ACO_CONFIG_SHARE_FPU_MXCSR_ENV use it. Aborts as aco_yield1_fn() does.
///
/// # Safety
/// `yield_co` is the running coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_yield1_shared_fpenv(yield_co: *mut aco_t) {
    // SAFETY: `yield_co` is NULL or the running coroutine (F6).
    unsafe { resume::share_fpenv::yield_back(ptr::null_mut(), yield_co) };
}

/// Ends the running coroutine like aco_exit_fn(). `co` is the running coroutine.
///
/// # Aborts
/// - if `co` is NULL or a main coroutine.
/// - if `co` has ended, or does not own its share stack.
///
/// # Safety
/// `co` is the running coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_exit1_fn(co: *mut aco_t) -> ! {
    // SAFETY: `co` is NULL or the running coroutine (F6).
    unsafe { resume::exit(co, resume::exit_to) }
}

/// Ends the running coroutine like aco_exit1_fn(), but keeps the present floating-point
/// environment. Programs compiled with ACO_CONFIG_SHARE_FPU_MXCSR_ENV use it. Aborts as
/// aco_exit1_fn() does.
///
/// # Safety
/// `co` is the running coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_exit1_shared_fpenv(co: *mut aco_t) -> ! {
    // SAFETY: `co` is NULL or the running coroutine (F6).
    unsafe { resume::exit(co, resume::share_fpenv::exit_to) }
}

/// Repairs the current coroutine after acosw() has continued a coroutine that waited in
/// aco_resume(). The inline code of aco_resume() calls it, with `here`, the coroutine that waited,
/// and `resumed`, the one that it had resumed. Programs do not call it.
///
/// # Safety
/// `resumed` may be destroyed, if its memory is still readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_arrived_by_hand(here: *mut aco_t, resumed: *mut aco_t) {
    // SAFETY: the inline code of aco_resume() passes the coroutine that it runs in, and the one that it has
    // resumed (F6).
    unsafe { resume::returned_via_acosw(here, here, resumed) };
}

/// Calls the function that was passed to aco_resume_with(). The code beside an inline yield calls
/// it. Programs do not call it.
///
/// # Returns
/// The result of the function.
///
/// # Safety
/// The running coroutine was resumed at that code by aco_resume_with().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_resumed_with() -> *mut c_void {
    // SAFETY: `resume_with` has resumed the caller here, so its call is pending (RW1).
    unsafe { resume::resumed_with() }.value
}
