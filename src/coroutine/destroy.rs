//! A coroutine is destroyed.

use core::ptr::NonNull;

use super::control_block::free_outside_slab;
use crate::abi::aco_t;
use crate::{attention, diag, hooks, record, sanitizer, slab, stack, state, tls};

/// Frees a coroutine. Its frames are forgotten, not unwound. The running coroutine may be freed,
/// too: by exit(3) inside it, whose handlers free everything. It cannot yield or exit any more.
///
/// # Safety
/// `co` points to a coroutine that nothing uses from here on.
pub(crate) unsafe fn destroy(co: NonNull<aco_t>) {
    let co = co.as_ptr();
    tls::forget(co);
    // SAFETY: the caller's promise; a main coroutine has neither stack nor save area.
    unsafe {
        if state::is_destroyed(co) {
            abort_destroyed_twice(co)
        }
        if attention::is_due() {
            run_destructors(co);
        }
        if !(*co).share_stack.is_null() {
            if sanitizer::is_present() {
                sanitizer::release_destroyed(co);
            }
            stack::leave(co);
        }
        if !(*co).save_stack.ptr.is_null() {
            slab::free((*co).save_stack.ptr, (*co).save_stack.sz);
        }
        match slab::home_of(co.cast()) {
            Some(home) => {
                state::mark_destroyed(co);
                slab::free_in(home, co.cast());
            }
            None => free_outside_slab(co),
        }
    }
}

/// Tells the program that `co` will be destroyed, and ends what it has of its own.
///
/// # Safety
/// As [`destroy`].
#[cold]
#[inline(never)]
unsafe fn run_destructors(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe {
        hooks::destroys(co);
        record::end(co);
        // By a hook, or by a destructor.
        if state::is_destroyed(co) {
            abort_destroyed_twice(co)
        }
    }
}

/// `co` was destroyed before: says so, and aborts.
#[cold]
#[inline(never)]
unsafe fn abort_destroyed_twice(co: *mut aco_t) -> ! {
    let rule = "destroy a coroutine once";
    diag::fatal("aco_destroy", co, format_args!("the coroutine is destroyed already"), rule)
}
