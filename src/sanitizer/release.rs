//! What the sanitizers hold for a coroutine goes back: it has ended, or is being destroyed.

use core::ptr::{self, NonNull};

use super::fake_stack::free_fake_stack;
use super::fiber_state::{self, FiberState};
use super::stack_shadow::unpoison_frames;
use super::tsan_fiber::destroy_fiber;
use crate::abi::aco_t;
use crate::sys;

/// Gives up the fiber of a coroutine that may have ended, in who goes on after it.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn release_ended(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe {
        if (*co).is_end != 0
            && !(*co).share_stack.is_null()
            && let Some(state) = fiber_state::of(co)
        {
            destroy_fiber(state);
        }
    }
}

/// Gives up what the runtimes hold for a coroutine that is being destroyed: its fiber, and its frames off
/// the stack.
///
/// # Safety
/// `co` points to a coroutine that is not used from here on, and `state` is its state.
unsafe fn release_fiber_state(co: *mut aco_t, state: NonNull<FiberState>) {
    // SAFETY: the caller's promise.
    unsafe {
        destroy_fiber(state);
        // Not where a copy by value goes on with them.
        let stack = (*co).share_stack;
        let is_taken_over =
            !(*stack).ptr.is_null() && (*stack).owner != co && (*co).save_stack.ptr.is_null();
        if !is_taken_over {
            free_fake_stack(state);
        }
    }
}

/// Forgets all about `co`, which is being destroyed: its frames, and what its state holds.
///
/// # Safety
/// `co` points to a coroutine that nothing uses from here on, with a share stack, live or destroyed.
pub(crate) unsafe fn release_destroyed(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe {
        unpoison_frames(co, false);
        let Some(state) = fiber_state::of(co) else { return };
        release_fiber_state(co, state);
        sys::free((*state.as_ptr()).saved_shadow.cast());
        (*state.as_ptr()).owner = ptr::null_mut();
    }
}
