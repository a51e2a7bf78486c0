//! The end of a coroutine that owns its stack (`with_stack`): both are cached together, or destroyed (`aco_free`).

use core::ptr::NonNull;

use super::current::{is_on_stack_of, is_running};
use super::release::{abort_destroyed_twice, destroy_alone, run_destructors};
use crate::abi::aco_t;
use crate::{diag, slow_path, stack, state, tls};

/// Returns true if `co` owns its stack (WS1 of `with_stack`). A copy by value does not.
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn owns_stack(co: *mut aco_t) -> bool {
    // SAFETY: the share stack is NULL or can be read (L7).
    unsafe { stack::is_owned(stack::block_of_coroutine(co)) && state::is_ours(co) }
}

/// Frees a coroutine that owns its stack, and the stack, without unwinding its frames (L6). If the caller runs on the
/// stack, or the coroutine waits in a resume, the stack stays as it is. Aborts if the coroutine is destroyed already,
/// or owns no stack.
///
/// # Safety
/// As [`destroy`](super::destroy).
#[inline(always)]
pub(crate) unsafe fn free(co: NonNull<aco_t>) {
    let co = co.as_ptr();
    // SAFETY: `co` is a coroutine, or destroyed and can be read.
    unsafe {
        if slow_path::is_needed() || tls::is_named(co) || !stack::recycle_ended(co) {
            free_checked(co)
        }
    }
}

/// As [`free`], for a coroutine that may be anything.
///
/// # Safety
/// As [`free`].
#[cold]
#[inline(never)]
unsafe fn free_checked(co: *mut aco_t) {
    // SAFETY: `co` is a coroutine until the check says that it is destroyed; both can be read.
    unsafe {
        if state::is_destroyed(co) {
            abort_destroyed_twice("aco_free", co)
        }
        if !owns_stack(co) {
            abort_without_stack(co)
        }
        free_slowly(co)
    }
}

/// As [`free`], for a coroutine that was checked, in any state.
///
/// # Safety
/// `co` points to a coroutine that owns its stack, and nothing uses it afterwards.
#[cold]
#[inline(never)]
pub(super) unsafe fn free_slowly(co: *mut aco_t) {
    // SAFETY: `co` is a coroutine with a live share stack, since it owns that (PA1 of `stack::pair`). Nothing runs on
    // the stack unless it is in use.
    unsafe {
        let is_in_use = (*co).is_end == 0 && (is_on_stack_of(co) || is_running(co));
        tls::clear_references(co);
        if slow_path::is_needed() {
            run_destructors(co);
        }
        if is_in_use {
            return destroy_alone(co);
        }
        let block = stack::block_of((*co).share_stack);
        if !block.is_some_and(|block| stack::recycle_pair(co, block)) {
            destroy_both(co)
        }
    }
}

/// Destroys a coroutine and the stack that it owns.
///
/// # Safety
/// As [`free_slowly`], and the caller does not run on the stack.
#[cold]
#[inline(never)]
unsafe fn destroy_both(co: *mut aco_t) {
    // SAFETY: the stack is live until its coroutine is destroyed (PA1 of `stack::pair`).
    unsafe {
        let stack = (*co).share_stack;
        destroy_alone(co);
        stack::destroy_owned("aco_free", stack);
    }
}

/// Prints that `co` owns no stack, and aborts.
///
/// # Safety
/// `co` points to a coroutine.
#[cold]
#[inline(never)]
unsafe fn abort_without_stack(co: *mut aco_t) -> ! {
    let rule = "aco_free is for coroutines of aco_new, aco_destroy for the others";
    diag::fatal("aco_free", co, format_args!("it was not created by aco_new"), rule)
}
