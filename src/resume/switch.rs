//! The functions that switch.

use core::ffi::c_void;

use super::forms::Resumed;
use super::instrumented::{
    is_yield, resume_instrumented, switch_instrumented, transfer_instrumented,
};
use super::prepare::prepare;
use super::returned::returned_via_acosw;
use super::transfer::prepare_transfer;
use crate::abi::aco_t;
use crate::{arch, hooks};

/// Runs `co`, which is given `value`, until it yields or exits, each side with its own floating-point environment. It is
/// ready when the current coroutine is its `main_co`, it has not ended, and it owns its share
/// stack; otherwise [`prepare`] sees to it.
///
/// # Safety
/// As [`prepare`].
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn resume(co: *mut aco_t, value: *mut c_void) -> Resumed {
    arch::resume_body!(save_fpenv, prepare, resume_slow, returned_via_acosw)
}

/// As [`resume`], both sides in one floating-point environment.
///
/// # Safety
/// As [`prepare`].
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn resume_shared_fpenv(co: *mut aco_t, value: *mut c_void) -> Resumed {
    arch::resume_body!(share_fpenv, prepare, resume_shared_fpenv_slow, returned_via_acosw)
}

/// Leaves `from`, goes on in `to`, each with its own floating-point environment, and gives it `value`;
/// returns when something switches back to `from`, with the value of that.
///
/// # Safety
/// Both point to coroutines. `to` is suspended, or fresh, and its stack holds its frames.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn switch(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
) -> *mut c_void {
    arch::switch_body!(save_fpenv, switch_slow)
}

/// As [`switch`]; `to` inherits the floating-point environment of this moment.
///
/// # Safety
/// As [`switch`].
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn switch_shared_fpenv(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
) -> *mut c_void {
    arch::switch_body!(share_fpenv, switch_shared_fpenv_slow)
}

#[cold]
unsafe extern "C" fn resume_slow(co: *mut aco_t, value: *mut c_void) -> Resumed {
    // SAFETY: the caller's promise.
    unsafe { resume_instrumented(co, value, resume) }
}

#[cold]
unsafe extern "C" fn resume_shared_fpenv_slow(co: *mut aco_t, value: *mut c_void) -> Resumed {
    // SAFETY: the caller's promise.
    unsafe { resume_instrumented(co, value, resume_shared_fpenv) }
}

#[cold]
unsafe extern "C" fn switch_slow(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
    frame: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise. The second switch is a jump: what is suspended there is its caller.
    unsafe {
        if is_yield(from, to) && hooks::try_suppress() {
            return switch(from, to, value);
        }
        switch_instrumented(from, to, value, frame, switch)
    }
}

#[cold]
unsafe extern "C" fn switch_shared_fpenv_slow(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
    frame: usize,
) -> *mut c_void {
    // SAFETY: as in `switch_slow`.
    unsafe {
        if is_yield(from, to) && hooks::try_suppress() {
            return switch_shared_fpenv(from, to, value);
        }
        switch_instrumented(from, to, value, frame, switch_shared_fpenv)
    }
}

/// Leaves `from`, goes on in `to`; returns when something switches back. Where `to` is current and has its
/// stack it is ready: 1; else 0, and [`prepare_transfer`] sees to it.
///
/// # Safety
/// `from` runs, `to` is suspended or fresh, and `main_co`, the main coroutine of both, waits in a resume.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn transfer(
    from: *mut aco_t,
    to: *mut aco_t,
    main_co: *mut aco_t,
    is_ready: usize,
) {
    arch::transfer_body!(save_fpenv, prepare_transfer, transfer_slow)
}

/// As [`transfer`]; `to` inherits the floating-point environment of this moment.
///
/// # Safety
/// As there.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn transfer_shared_fpenv(
    from: *mut aco_t,
    to: *mut aco_t,
    main_co: *mut aco_t,
    is_ready: usize,
) {
    arch::transfer_body!(share_fpenv, prepare_transfer, transfer_shared_fpenv_slow)
}

#[cold]
unsafe extern "C" fn transfer_slow(
    from: *mut aco_t,
    to: *mut aco_t,
    main_co: *mut aco_t,
    is_ready: usize,
    frame: usize,
) {
    // SAFETY: the caller's promise.
    unsafe { transfer_instrumented(from, to, main_co, is_ready, frame, transfer) }
}

#[cold]
unsafe extern "C" fn transfer_shared_fpenv_slow(
    from: *mut aco_t,
    to: *mut aco_t,
    main_co: *mut aco_t,
    is_ready: usize,
    frame: usize,
) {
    // SAFETY: the caller's promise.
    unsafe { transfer_instrumented(from, to, main_co, is_ready, frame, transfer_shared_fpenv) }
}
