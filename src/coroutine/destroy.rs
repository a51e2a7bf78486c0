//! The destruction of a coroutine.

use core::ptr::NonNull;

use super::free::{free_slowly, owns_stack};
use super::release::{abort_destroyed_twice, destroy_alone, run_destructors};
use crate::abi::aco_t;
use crate::{slab, slow_path, stack, state, tls};

/// Frees a coroutine in any state, without unwinding its frames (L6), and the stack that it owns. Aborts if it is
/// destroyed already.
///
/// The running coroutine may be freed, too: exit(3) inside a coroutine runs handlers that free everything. That
/// coroutine cannot yield or exit afterwards.
///
/// # Safety
/// `co` points to a coroutine, or to one that was destroyed and whose memory is not used again. Nothing uses it
/// afterwards.
pub(crate) unsafe fn destroy(co: NonNull<aco_t>) {
    let co = co.as_ptr();
    // SAFETY: `co` is a coroutine, or destroyed and can be read.
    unsafe {
        if slow_path::is_needed() || tls::is_named(co) || !destroy_quickly(co) {
            destroy_checked(co)
        }
    }
}

/// As [`destroy`], for a coroutine that has its stack to itself, and nothing else, if that takes no call. Returns
/// false, and does nothing, otherwise. No word of the thread names `co`.
///
/// # Safety
/// As [`destroy`].
#[inline(always)]
unsafe fn destroy_quickly(co: *mut aco_t) -> bool {
    // SAFETY: `co` can be read, and its share stack (L7). Only the exclusive coroutine of a stack passes the checks: no
    // sanitizer is there (BI1 of `stack::binding`).
    unsafe {
        if state::is_destroyed(co) || (*co).share_stack.is_null() || owns_stack(co) {
            return false;
        }
        let Some(home) = slab::slab_of(co.cast()) else { return false };
        if !(*co).save_stack.ptr.is_null() || !stack::detach_exclusive(co) {
            return false;
        }
        state::mark_destroyed(co);
        slab::free_to(home, co.cast());
        true
    }
}

/// As [`destroy`], for a coroutine that may be anything.
///
/// # Safety
/// As [`destroy`].
#[inline(never)]
unsafe fn destroy_checked(co: *mut aco_t) {
    // SAFETY: `co` is a coroutine until the check below says that it is destroyed; both can be read.
    unsafe {
        if state::is_destroyed(co) {
            abort_destroyed_twice("aco_destroy", co)
        }
        if owns_stack(co) {
            return free_slowly(co);
        }
        tls::clear_references(co);
        if slow_path::is_needed() {
            run_destructors(co);
        }
        destroy_alone(co)
    }
}
