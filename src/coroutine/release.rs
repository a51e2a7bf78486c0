//! What a coroutine holds is released: destructors run, the control block and the save area are freed.

use super::control_block::free_outside_slab;
use crate::abi::aco_t;
use crate::{diag, hooks, record, sanitizer, slab, stack, state};

/// Frees the coroutine and its save area. Its stack stays as it is.
///
/// # Safety
/// As [`destroy`](super::destroy). No word of the thread names `co`.
#[inline(never)]
pub(super) unsafe fn destroy_alone(co: *mut aco_t) {
    // SAFETY: `co` is a coroutine. A main coroutine has neither share stack nor save area (L1). `share_stack` can be
    // read (L7).
    unsafe {
        if !(*co).share_stack.is_null() {
            if sanitizer::is_present() {
                sanitizer::release_destroyed(co);
            }
            stack::detach(co);
        }
        if !(*co).save_stack.ptr.is_null() {
            slab::free((*co).save_stack.ptr, (*co).save_stack.sz);
        }
        match slab::slab_of(co.cast()) {
            Some(home) => {
                state::mark_destroyed(co);
                slab::free_to(home, co.cast());
            }
            None => free_outside_slab(co),
        }
    }
}

/// Calls the destroy hook and the destructors of local values, and removes the record of `co`.
///
/// # Safety
/// `co` points to a coroutine that is about to be freed.
#[cold]
#[inline(never)]
pub(super) unsafe fn run_destructors(co: *mut aco_t) {
    // SAFETY: `co` is a coroutine. Its memory is not freed between the calls and the check, except by a program's bug
    // that the check finds.
    unsafe {
        hooks::on_destroy(co);
        record::destroy(co);
        // The hook or a destructor has destroyed it.
        if state::is_destroyed(co) {
            abort_destroyed_twice("aco_destroy", co)
        }
    }
}

/// Prints that `co` is destroyed already, and aborts.
#[cold]
#[inline(never)]
pub(super) fn abort_destroyed_twice(function: &str, co: *mut aco_t) -> ! {
    let rule = "destroy a coroutine once";
    diag::fatal(function, co, format_args!("the coroutine is destroyed already"), rule)
}
