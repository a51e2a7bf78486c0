//! How much of a stack is used, is left, and can be given back to the system.

use core::ffi::c_void;
use core::ptr::NonNull;

use super::current::{current_from_signal, is_on_stack_of, is_running, stack_holder};
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, diag, stack, state, tls};

/// Returns the deepest known use of its stack by `co`, in bytes. It is known at each copy and at the last switch. On a
/// painted stack it is also known in between, for all coroutines on the stack together.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn stack_used(co: *mut aco_t) -> usize {
    // SAFETY: `co` is a coroutine. Its share stack is NULL or can be read (L7), and is live behind the first check.
    unsafe {
        let stack = (*co).share_stack;
        let copied = (*co).save_stack.max_cpsz;
        if stack.is_null() || (*stack).ptr.is_null() || stack::is_from_other_generation(co) {
            return copied;
        }
        let top = (*stack).align_retptr as usize;
        let is_here = is_running(co) && aco_share_stack_t::contains(stack, arch::stack_pointer());
        let low = if is_here { arch::stack_pointer() } else { aco_t::stack_pointer(co) };
        let now = if aco_share_stack_t::contains(stack, low) { top.saturating_sub(low) } else { 0 };
        copied.max(now).max(stack::high_water_mark(stack))
    }
}

/// Gives the idle pages of the share stack of `co` back to the system. Returns how many bytes that were.
///
/// Does nothing if a coroutine runs on that stack and the caller is on another one, as in a signal handler: the pages
/// that it uses are not known then. Aborts if `co` is destroyed.
///
/// # Safety
/// `co` points to a coroutine, or to one that was destroyed. No other thread runs on its stack.
pub(crate) unsafe fn stack_trim(co: *mut aco_t) -> usize {
    // SAFETY: `co` is a coroutine behind the first check, and its share stack is live behind the second. Nothing but
    // perhaps the caller runs on that stack behind the third.
    unsafe {
        if state::is_destroyed(co) {
            let rule = "trim the stack of a coroutine before aco_destroy";
            diag::fatal("aco_stack_trim", co, format_args!("the coroutine is destroyed"), rule)
        }
        let stack = (*co).share_stack;
        if stack.is_null() || stack::is_stack_destroyed(co, stack::block_of(stack)) {
            return 0;
        }
        let is_on_other_stack = current_from_signal().is_some_and(|running| {
            (*running.as_ptr()).share_stack == stack && !is_on_stack_of(running.as_ptr())
        });
        if is_on_other_stack { 0 } else { stack::trim(stack) }
    }
}

/// Returns how many bytes are left on the stack that the caller is on; 0 if that is not known. `thread_stack` returns
/// the lowest address of the thread's own stack.
pub(crate) fn stack_remaining(thread_stack: fn() -> Option<usize>) -> usize {
    let stack_pointer = arch::stack_pointer();
    let low = match current_stack() {
        // SAFETY: the stack that the caller is on is live.
        Some(stack) => Some(unsafe { (*stack).ptr.addr() }),
        None => thread_stack(),
    };
    low.map_or(0, |low| stack_pointer.saturating_sub(low))
}

/// Returns true if `ptr` points into the stack that the caller is on, and several coroutines share that stack.
pub(crate) fn is_on_shared_stack(ptr: *const c_void) -> bool {
    // SAFETY: the stack that the caller is on is live.
    current_stack().is_some_and(|stack| unsafe {
        aco_share_stack_t::contains(stack, ptr.addr()) && stack::is_shared(stack)
    })
}

/// Returns the share stack of the current coroutine, or of its resumer, if the caller is on it.
fn current_stack() -> Option<*mut aco_share_stack_t> {
    let current = NonNull::new(tls::current())?;
    // SAFETY: the current coroutine exists. Its resumer is NULL, or exists while it waits.
    unsafe {
        let co = stack_holder(current.as_ptr());
        (!co.is_null() && is_on_stack_of(co)).then(|| (*co).share_stack)
    }
}
