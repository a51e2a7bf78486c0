//! A coroutine's use of its stack.

use core::ffi::c_void;

use super::{is_on_stack_of, is_running, running};
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, diag, stack, state, tls};

/// The deepest use of its stack by `co` that is known, in bytes: at its switches, and on a filled stack
/// in between, too, by whoever is on it.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn stack_used(co: *mut aco_t) -> usize {
    // SAFETY: the caller's promise; control blocks stay readable.
    unsafe {
        let stack = (*co).share_stack;
        let copied = (*co).save_stack.max_cpsz;
        if stack.is_null() || (*stack).ptr.is_null() || stack::is_from_other_generation(co) {
            return copied;
        }
        let top = (*stack).align_retptr as usize;
        let here = is_running(co) && aco_share_stack_t::contains(stack, arch::stack_pointer());
        let now = if here { arch::stack_pointer() } else { aco_t::stack_pointer(co) };
        let now = if aco_share_stack_t::contains(stack, now) { top.saturating_sub(now) } else { 0 };
        copied.max(now).max(stack::high_water_mark(stack))
    }
}

/// Gives the idle pages of its share stack back to the system; how many bytes that were. Nothing from where
/// it cannot be told which are idle: on another stack than the running coroutine's, a signal handler's.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn stack_trim(co: *mut aco_t) -> usize {
    // SAFETY: the caller's promise; control blocks stay readable.
    unsafe {
        if state::is_dead(co) {
            let rule = "trim the stack of a coroutine before aco_destroy";
            diag::fatal("aco_stack_trim", co, format_args!("the coroutine is destroyed"), rule)
        }
        let stack = (*co).share_stack;
        if stack.is_null() || stack::is_stack_destroyed(co, stack::block_of(stack)) {
            return 0;
        }
        let is_beside = running().is_some_and(|running| {
            (*running.as_ptr()).share_stack == stack && !is_on_stack_of(running.as_ptr())
        });
        if is_beside { 0 } else { stack::trim(stack) }
    }
}

/// Bytes left on the stack that the caller is on; `thread_stack` gives the lowest address of the thread's.
pub(crate) fn stack_remaining(thread_stack: fn() -> Option<usize>) -> usize {
    let here = arch::stack_pointer();
    let low = match stack_here() {
        // SAFETY: the stack that the caller is on is live.
        Some(stack) => Some(unsafe { (*stack).ptr.addr() }),
        None => thread_stack(),
    };
    low.map_or(0, |low| here.saturating_sub(low))
}

/// Does `place` lie on the caller's stack, and is that shared?
pub(crate) fn is_on_shared_stack(place: *const c_void) -> bool {
    // SAFETY: the stack that the caller is on is live.
    stack_here().is_some_and(|stack| unsafe {
        aco_share_stack_t::contains(stack, place.addr()) && stack::is_shared(stack)
    })
}

/// The share stack of the current coroutine, if the caller is on it.
fn stack_here() -> Option<*mut aco_share_stack_t> {
    let co = tls::current();
    // SAFETY: the current coroutine, where there is one, exists.
    unsafe { (!co.is_null() && is_on_stack_of(co)).then(|| (*co).share_stack) }
}
