//! The release of what the sanitizers hold for a coroutine that has ended or is destroyed.

use core::ptr;

use super::fake_stack::free_fake_stack;
use super::fiber_state;
use super::stack_shadow::unpoison_frames;
use super::tsan_fiber::destroy_fiber;
use crate::abi::aco_t;
use crate::sys;

/// Destroys the fiber of `co` if `co` has ended. The context that resumes after `co` calls it, on its own fiber.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn release_ended(co: *mut aco_t) {
    // SAFETY: `co` is a coroutine. An ended one with a share stack is not switched to until `aco_reset`, which needs a
    // new fiber.
    unsafe {
        if (*co).is_end != 0
            && !(*co).share_stack.is_null()
            && let Some(state) = fiber_state::of(co)
        {
            destroy_fiber(state);
        }
    }
}

/// Releases all that the sanitizers hold for `co`: the shadow of its frames, its fiber, its fake stack.
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed. It is not used afterwards.
pub(crate) unsafe fn release_destroyed(co: *mut aco_t) {
    // SAFETY: `co` is a coroutine that is not resumed again, and its share stack can be read (L7 of `coroutine`). The
    // saved shadow is from malloc, or NULL.
    unsafe {
        unpoison_frames(co, false);
        let Some(state) = fiber_state::of(co) else { return };
        destroy_fiber(state);
        // A copy by value may have the stack, without a copy of the frames: then it runs on this fake stack.
        let stack = (*co).share_stack;
        let is_taken_over =
            !(*stack).ptr.is_null() && (*stack).owner != co && (*co).save_stack.ptr.is_null();
        if !is_taken_over {
            free_fake_stack(state);
        }
        sys::free((*state.as_ptr()).saved_shadow.cast());
        (*state.as_ptr()).owner = ptr::null_mut();
    }
}
