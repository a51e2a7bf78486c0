//! Yield and exit.

use core::ptr;

use super::forms::Switch;
use super::misuse::{abort_exit, abort_yield};
use crate::abi::aco_t;
use crate::arch::{self, ExitTo};
use crate::{exceptions, sanitizer, state};

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
        exceptions::put_aside();
        state::mark_ended(co);
        (*stack).owner = ptr::null_mut();
        (*stack).align_validsz = 0;
        aco_t::set_return_address(co, ended as *const () as usize);
        sanitizer::before_final_switch(co, (*co).main_co);
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
