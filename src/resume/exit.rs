//! Yield and exit: a coroutine switches back to its main coroutine.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::forms::{Ended, EntryPoint, ExitTo};
use super::misuse::abort_exit;
use super::on_resumer::refuse_switch;
use crate::abi::aco_t;
use crate::{arch, coroutine, diag, exceptions, sanitizer, state, tls};

/// Ends `co`, which gives up its share stack, and resumes its main coroutine. Aborts if `co` is NULL or a main
/// coroutine, or does not own its share stack.
///
/// # Safety
/// `co` is NULL or points to the running coroutine.
#[inline(always)]
pub(crate) unsafe fn exit(co: *mut aco_t, exit_to: ExitTo) -> ! {
    // SAFETY: `co` is checked for NULL, so it is the running coroutine, whose stack is live. Its main coroutine waits
    // in a resume; nothing reads the frames of `co` again.
    unsafe {
        check_exit(co);
        let is_instrumented = exceptions::is_switch_instrumented();
        if is_instrumented {
            refuse_switch("aco_exit", co);
        }
        state::mark_ended(co);
        give_up_stack(co);
        if is_instrumented {
            finish_instrumented(co);
        }
        exit_to(co, (*co).main_co, ptr::null_mut())
    }
}

/// Aborts if `co` is NULL or a main coroutine, or does not own its share stack.
///
/// # Safety
/// `co` is NULL or points to the running coroutine.
#[inline(always)]
unsafe fn check_exit(co: *mut aco_t) {
    // SAFETY: `co` is checked for NULL. A coroutine that is not a main one has a share stack.
    unsafe {
        if co.is_null() || (*co).main_co.is_null() {
            abort_exit(co);
        }
        // NULL if the program has written it.
        let owner = (*(*co).share_stack).owner;
        if owner != co && !owner.is_null() {
            abort_exit(co);
        }
    }
}

/// Frees the share stack of an ended coroutine, which does not resume again.
///
/// # Safety
/// `co` points to the running coroutine, which is marked as ended.
#[inline(always)]
unsafe fn give_up_stack(co: *mut aco_t) {
    // SAFETY: `co` runs, so its stack is live.
    unsafe {
        let stack = (*co).share_stack;
        (*stack).owner = ptr::null_mut();
        (*stack).align_validsz = 0;
        aco_t::set_return_address(co, ended as *const () as usize);
    }
}

/// Ends the current coroutine, whose function has returned `result`, but for the switch. The result is kept in
/// `FIRST_VALUE_SLOT`. Aborts as [`exit`] does.
///
/// # Safety
/// The caller is the entry point of the current coroutine, and switches to its main coroutine next.
pub(super) unsafe extern "C" fn end_with_result(result: *mut c_void) -> Ended {
    let co = tls::current();
    // SAFETY: the current coroutine is NULL or runs, and `check_exit` excludes NULL. Its main coroutine waits in a
    // resume; nothing reads the frames of `co` again.
    unsafe {
        check_exit(co);
        aco_t::set_register(co, arch::FIRST_VALUE_SLOT, result as usize);
        state::mark_returned(co);
        give_up_stack(co);
        if exceptions::is_switch_instrumented() {
            finish_instrumented(co);
        }
        Ended { co, main_co: (*co).main_co }
    }
}

/// The last steps of an ended coroutine before its last switch, if that is to be instrumented.
///
/// # Safety
/// `co` points to the running coroutine, which is marked as ended, and the switch follows.
#[cold]
#[inline(never)]
unsafe fn finish_instrumented(co: *mut aco_t) {
    exceptions::save_eh_state();
    // SAFETY: `co` has ended on its share stack, and its main coroutine waits in a resume.
    unsafe { sanitizer::before_final_switch(co, (*co).main_co) }
}

/// The result of the function of `co`, which has returned. NULL if it has not.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn result(co: *mut aco_t) -> *mut c_void {
    // SAFETY: `co` points to a coroutine. `end_with_result` has stored the result.
    unsafe {
        if !state::has_returned(co) {
            return ptr::null_mut();
        }
        ptr::with_exposed_provenance_mut(aco_t::register(co, arch::FIRST_VALUE_SLOT))
    }
}

/// The resume address of an ended coroutine: aborts if a program switches to it all the same.
///
/// # Safety
/// Only a switch comes here.
#[unsafe(naked)]
unsafe extern "C" fn ended() {
    arch::ended_body!(abort_ended)
}

unsafe extern "C" fn abort_ended(co: *mut aco_t) -> ! {
    // SAFETY: the switch has passed the coroutine to which it switched (M5 of `arch`).
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

/// Lets the entry function of `co` return: `co` starts at `entry`. Aborts unless `co` is unstarted.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn return_exits(co: NonNull<aco_t>, entry: EntryPoint) {
    let co = co.as_ptr();
    // SAFETY: `co` points to a coroutine.
    unsafe {
        if !coroutine::is_unstarted(co) {
            let rule = "say so after aco_create or aco_reset, before the first resume";
            diag::fatal("aco_return_exits", co, format_args!("it is not about to begin"), rule)
        }
        // A function of `aco_new` may return in any case, and takes an argument.
        if !coroutine::owns_stack(co)
            || (*co).fp.is_some_and(|fp| aco_t::return_address(co) == fp as usize)
        {
            aco_t::set_return_address(co, entry as *const () as usize);
        }
    }
}
