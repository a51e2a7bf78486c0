//! Yield and exit.

use core::ptr::{self, NonNull};

use super::forms::{EntryPoint, ExitTo, Switch};
use super::misuse::{abort_exit, abort_yield};
use crate::abi::aco_t;
use crate::{arch, coroutine, diag, exceptions, sanitizer, state, tls};

/// Leaves `co` for its main coroutine; returns when it is resumed.
///
/// # Safety
/// `co` points to the running coroutine.
#[inline(always)]
pub(crate) unsafe fn yield_to_main(co: *mut aco_t, switch: Switch) {
    // SAFETY: the caller's promise; its main coroutine waits in `resume`.
    unsafe {
        if co.is_null() || (*co).main_co.is_null() {
            abort_yield(co);
        }
        switch(co, (*co).main_co, ptr::null_mut());
    }
}

/// Ends `co`: gives its share stack up and leaves it for ever.
///
/// # Safety
/// `co` points to the running coroutine.
#[inline(always)]
pub(crate) unsafe fn exit(co: *mut aco_t, exit_to: ExitTo) -> ! {
    // SAFETY: the caller's promise.
    unsafe {
        if co.is_null() || (*co).main_co.is_null() {
            abort_exit(co);
        }
        let stack = (*co).share_stack;
        // NULL: a program took it from a coroutine that has the stack for itself.
        if (*stack).owner != co && !(*stack).owner.is_null() {
            abort_exit(co);
        }
        exceptions::save_eh_state();
        state::mark_ended(co);
        (*stack).owner = ptr::null_mut();
        (*stack).align_validsz = 0;
        aco_t::set_return_address(co, ended as *const () as usize);
        sanitizer::leave_for_ever(co, (*co).main_co);
        exit_to(co, (*co).main_co)
    }
}

/// Where an ended coroutine goes on when it is switched to all the same.
///
/// # Safety
/// Reached by a switch alone.
#[unsafe(naked)]
unsafe extern "C" fn ended() {
    arch::ended_body!(abort_ended)
}

unsafe extern "C" fn abort_ended(co: *mut aco_t) -> ! {
    // SAFETY: the switch was told of this coroutine.
    unsafe { abort_exit(co) }
}

/// Ends the current coroutine.
///
/// # Safety
/// The current coroutine is the one that runs.
pub(super) unsafe fn exit_current(exit_to: ExitTo) -> ! {
    // SAFETY: the caller runs in the current coroutine.
    unsafe { exit(tls::current(), exit_to) }
}

/// Lets the entry function of `co` return. Aborts where that has begun, or is not to begin.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn return_exits(co: NonNull<aco_t>, entry: EntryPoint) {
    let co = co.as_ptr();
    // SAFETY: the caller's promise.
    unsafe {
        if !coroutine::is_fresh(co) {
            let rule = "say so after aco_create or aco_reset, before the first resume";
            diag::fatal("aco_return_exits", co, format_args!("it is not about to begin"), rule)
        }
        aco_t::set_return_address(co, entry as *const () as usize);
    }
}
