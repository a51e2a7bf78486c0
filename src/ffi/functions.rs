//! Functions beside libaco's macros, for languages that cannot call a macro, and what the macros
//! of `aco_inline.h` end in.

use core::ffi::c_void;
use core::ptr;

use crate::abi::aco_t;
use crate::{resume, tls};

/// aco_yield() as a function: leaves the current coroutine for its main_co; returns when it is
/// resumed. Aborts in a main coroutine and where no coroutine runs.
#[unsafe(no_mangle)]
pub extern "C" fn aco_yield_fn() {
    // SAFETY: the current coroutine is the one that runs.
    unsafe { resume::yield_to_main(tls::current(), resume::switch) }
}

/// aco_exit() as a function: ends the current coroutine. Aborts in a main coroutine and where no
/// coroutine runs.
#[unsafe(no_mangle)]
pub extern "C" fn aco_exit_fn() -> ! {
    // SAFETY: the current coroutine is the one that runs.
    unsafe { resume::exit(tls::current(), resume::exit_to) }
}

/// aco_get_arg() as a function: the `arg` of the current coroutine, NULL where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn aco_get_arg_fn() -> *mut c_void {
    // SAFETY: the current coroutine is NULL or exists.
    unsafe { tls::current().as_ref() }.map_or(ptr::null_mut(), |co| co.arg)
}

/// aco_get_co() as a function: the current coroutine. NULL before the thread's first resume, the
/// main coroutine after it.
#[unsafe(no_mangle)]
pub extern "C" fn aco_get_co_fn() -> *mut aco_t {
    tls::current()
}

/// acosw() for programs that are compiled with ACO_CONFIG_SHARE_FPU_MXCSR_ENV: the target goes
/// on with the floating-point environment of this moment.
///
/// # Safety
/// As acosw().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acosw_shared_fpenv(from_co: *mut aco_t, to_co: *mut aco_t) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { resume::switch_shared_fpenv(from_co, to_co, ptr::null_mut()) }
}

/// aco_resume() for programs that are compiled with ACO_CONFIG_SHARE_FPU_MXCSR_ENV: the
/// coroutine goes on with the floating-point environment of this moment.
///
/// # Safety
/// As aco_resume().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_resume_shared_fpenv(resume_co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { resume::resume_shared_fpenv(resume_co, ptr::null_mut()) };
}

/// aco_yield1() as a function: aco_yield_fn() for the coroutine that runs, `yield_co`, at hand.
///
/// # Safety
/// `yield_co` is NULL or the coroutine that runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_yield1_fn(yield_co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { resume::yield_to_main(yield_co, resume::switch) }
}

/// aco_yield1_fn() for programs that are compiled with ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Safety
/// As aco_yield1_fn().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_yield1_shared_fpenv(yield_co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { resume::yield_to_main(yield_co, resume::switch_shared_fpenv) }
}

/// aco_exit1() as a function: aco_exit_fn() for the coroutine that runs, `co`, at hand.
///
/// # Safety
/// `co` is NULL or the coroutine that runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_exit1_fn(co: *mut aco_t) -> ! {
    // SAFETY: the caller's promise.
    unsafe { resume::exit(co, resume::exit_to) }
}

/// aco_exit1_fn() for programs that are compiled with ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Safety
/// As aco_exit1_fn().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_exit1_shared_fpenv(co: *mut aco_t) -> ! {
    // SAFETY: the caller's promise.
    unsafe { resume::exit(co, resume::exit_to_shared_fpenv) }
}

/// What aco_resume(resumed) ends in where `here`, which waited in it, was come back to by acosw(): makes the
/// current coroutine the right one.
///
/// # Safety
/// `here` points to a coroutine, `resumed` to one or to the memory of one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_arrived_by_hand(here: *mut aco_t, resumed: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { resume::returned_via_acosw(here, here, resumed) };
}
