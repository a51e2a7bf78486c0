//! Beginnings: a coroutine without frames, for the first time or again.

use core::ffi::c_void;

use super::is_running;
use crate::abi::{ACO_REG_IDX_FPU, ACO_REG_IDX_RETADDR, ACO_REG_IDX_SP, aco_cofuncp_t, aco_t};
use crate::{arch, diag, frame_chain, record, slow_path, stack, state, thread};

/// Writes the registers with which `co` begins when it is first resumed.
///
/// # Safety
/// `co` points to a coroutine without frames, on a live share stack.
pub(super) unsafe fn begin(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe {
        let entry = (*co).fp.map_or(0, |fp| fp as usize);
        let stack_pointer = (*(*co).share_stack).align_retptr as usize;
        aco_t::set_register(co, ACO_REG_IDX_RETADDR, entry);
        aco_t::set_register(co, ACO_REG_IDX_SP, stack_pointer);
        aco_t::set_register(co, ACO_REG_IDX_FPU, thread::fp_environment());
        aco_t::set_register(co, arch::FIRST_VALUE, 0);
        frame_chain::begin(co);
    }
}

/// Has `co` no frames, or, if it runs, been left by nobody since it began?
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn is_at_beginning(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise; control blocks stay readable.
    unsafe {
        let stack = (*co).share_stack;
        !stack.is_null() && aco_t::stack_pointer(co) == (*stack).align_retptr as usize
    }
}

/// Is `co` to begin with its entry function when it is first resumed?
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn is_fresh(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise; control blocks stay readable.
    unsafe {
        !state::is_dead(co)
            && (*co).is_end == 0
            && (*co).fp.is_some()
            && !is_running(co)
            && is_at_beginning(co)
    }
}

/// Makes an ended coroutine, or one that has not begun, begin anew with another function. Nothing is
/// allocated; its counters go on. Aborts for every other.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn reset(co: *mut aco_t, fp: aco_cofuncp_t, arg: *mut c_void) {
    // SAFETY: the caller's promise; control blocks stay readable.
    unsafe {
        if let Some((what, rule)) = why_no_reset(co) {
            diag::fatal("aco_reset", co, format_args!("{what}"), rule)
        }
        if slow_path::is_needed() {
            record::destroy_locals(co);
        }
        (*co).fp = fp;
        (*co).arg = arg;
        (*co).save_stack.valid_sz = 0;
        state::revive(co);
        stack::rebind(co);
        begin(co);
    }
}

/// What is wrong with resetting `co`, and the rule.
///
/// # Safety
/// As [`reset`].
unsafe fn why_no_reset(co: *mut aco_t) -> Option<(&'static str, &'static str)> {
    // SAFETY: as there.
    unsafe {
        let stack = (*co).share_stack;
        Some(if state::is_dead(co) {
            ("the coroutine is destroyed", "reset a coroutine before aco_destroy")
        } else if (*co).main_co.is_null() || stack.is_null() {
            ("it is a main coroutine", "reset coroutines that were created with a main_co")
        } else if stack::is_stack_destroyed(co, stack::block_of(stack)) {
            ("its share stack is destroyed", "destroy a share stack after its last resume")
        } else if (*co).is_end == 0 && (is_running(co) || !is_at_beginning(co)) {
            ("the coroutine has begun", "reset a coroutine that has ended, or not begun")
        } else {
            return None;
        })
    }
}
