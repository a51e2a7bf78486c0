//! The start of a coroutine, first or after a reset: an UNSTARTED coroutine is its registers alone (L3).

use core::ffi::c_void;

use super::current::is_running;
use crate::abi::{ACO_REG_IDX_FPU, ACO_REG_IDX_RETADDR, ACO_REG_IDX_SP, aco_cofuncp_t, aco_t};
use crate::{arch, diag, frame_chain, record, slow_path, stack, state, thread};

/// Writes the registers with which `co` starts when it is next resumed (L3).
///
/// # Safety
/// `co` points to a coroutine without frames, on a live share stack.
#[inline(always)]
pub(super) unsafe fn init_context(co: *mut aco_t) {
    // SAFETY: `co` has a live share stack, and the chain is that of a coroutine without frames.
    unsafe {
        init_registers(co, thread::initial_fpenv());
        frame_chain::init(co);
    }
}

/// As [`init_context`], but for the chain of frame pointers. `fpenv` is the floating-point environment.
///
/// # Safety
/// As [`init_context`].
#[inline(always)]
pub(super) unsafe fn init_registers(co: *mut aco_t, fpenv: usize) {
    // SAFETY: `co` has a live share stack, and all slots are slots of `reg`.
    unsafe {
        let entry = (*co).fp.map_or(0, |fp| fp as usize);
        let stack_pointer = (*(*co).share_stack).align_retptr as usize;
        aco_t::set_register(co, ACO_REG_IDX_RETADDR, entry);
        aco_t::set_register(co, ACO_REG_IDX_SP, stack_pointer);
        aco_t::set_register(co, ACO_REG_IDX_FPU, fpenv);
        aco_t::set_register(co, arch::FIRST_VALUE_SLOT, 0);
    }
}

/// Returns true if `co` has no frames, or runs and has not been switched away from since it started (L4).
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn has_no_frames(co: *mut aco_t) -> bool {
    // SAFETY: `co` is a coroutine. Its share stack is NULL or can be read (L7).
    unsafe {
        let stack = (*co).share_stack;
        !stack.is_null() && aco_t::stack_pointer(co) == (*stack).align_retptr as usize
    }
}

/// Returns true if the next resume of `co` calls its entry function.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn is_unstarted(co: *mut aco_t) -> bool {
    // SAFETY: `co` is a coroutine, or destroyed, and can be read.
    unsafe {
        !state::is_destroyed(co)
            && (*co).is_end == 0
            && (*co).fp.is_some()
            && !is_running(co)
            && has_no_frames(co)
    }
}

/// Makes an ENDED or UNSTARTED coroutine UNSTARTED, with another entry function (L5). Aborts for all others.
///
/// # Safety
/// `co` points to a coroutine, or to one that was destroyed.
pub(crate) unsafe fn reset(co: *mut aco_t, fp: aco_cofuncp_t, arg: *mut c_void) {
    // SAFETY: behind the check `co` is a coroutine without frames that is wanted, on a live share stack.
    unsafe {
        if let Some((what, rule)) = reset_error(co) {
            diag::fatal("aco_reset", co, format_args!("{what}"), rule)
        }
        if slow_path::is_needed() {
            record::destroy_locals(co);
        }
        restart(co, fp, arg);
    }
}

/// As [`reset`], without its check: the local values stay.
///
/// A coroutine that has its stack to itself is its owner again at once, as one of `aco_new` is (WS2 of `with_stack`):
/// its next resume needs no preparation. Others, and one without an entry function, give the stack up.
///
/// # Safety
/// `co` is ENDED or UNSTARTED, and its share stack is live.
#[inline(always)]
pub(crate) unsafe fn restart(co: *mut aco_t, fp: aco_cofuncp_t, arg: *mut c_void) {
    // SAFETY: `co` is a coroutine without frames that is wanted, on a live share stack.
    unsafe {
        (*co).fp = fp;
        (*co).arg = arg;
        (*co).save_stack.valid_sz = 0;
        if fp.is_some() && stack::own_again(co) {
            init_registers(co, thread::initial_fpenv());
            frame_chain::init_joined(co);
            state::start_exclusive(co);
        } else {
            stack::disown(co);
            state::mark_reset(co);
            stack::rebind(co);
            init_context(co);
        }
    }
}

/// Returns what is wrong with a reset of `co`, and the rule. None: it can be reset.
///
/// # Safety
/// `co` points to a coroutine, or to one that was destroyed.
unsafe fn reset_error(co: *mut aco_t) -> Option<(&'static str, &'static str)> {
    // SAFETY: `co` can be read, and is a coroutine behind the first check. Its share stack is NULL or can be read (L7).
    unsafe {
        let stack = (*co).share_stack;
        Some(if state::is_destroyed(co) {
            ("the coroutine is destroyed", "reset a coroutine before aco_destroy")
        } else if (*co).main_co.is_null() || stack.is_null() {
            ("it is a main coroutine", "reset coroutines that were created with a main_co")
        } else if stack::is_stack_destroyed(co, stack::block_of(stack)) {
            ("its share stack is destroyed", "destroy a share stack after its last resume")
        } else if (*co).is_end == 0 && (is_running(co) || !has_no_frames(co)) {
            ("the coroutine has begun", "reset a coroutine that has ended, or not begun")
        } else {
            return None;
        })
    }
}
