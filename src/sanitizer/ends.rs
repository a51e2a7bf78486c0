//! What the sanitizers hold for a coroutine goes back: it has ended, or is being destroyed.

use core::ptr::{self, NonNull};

use super::fake_stack::free_fake;
use super::frames::forget_frames;
use super::notes::{self, Note};
use super::tsan_fiber::give_up_fiber;
use crate::abi::aco_t;
use crate::sys;

/// Gives up the fiber of a coroutine that may have ended, in who goes on after it.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn retire(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe {
        if (*co).is_end != 0
            && !(*co).share_stack.is_null()
            && let Some(note) = notes::of(co)
        {
            give_up_fiber(note);
        }
    }
}

/// Gives up what the runtimes hold for a coroutine that is being destroyed: its fiber, and its frames off
/// the stack.
///
/// # Safety
/// `co` points to a coroutine that is not used from here on, and `note` is its note.
unsafe fn give_up(co: *mut aco_t, note: NonNull<Note>) {
    // SAFETY: the caller's promise.
    unsafe {
        give_up_fiber(note);
        // Not where a copy by value goes on with them.
        let stack = (*co).share_stack;
        let is_taken_over =
            !(*stack).ptr.is_null() && (*stack).owner != co && (*co).save_stack.ptr.is_null();
        if !is_taken_over {
            free_fake(note);
        }
    }
}

/// Forgets all about `co`, which is being destroyed: its frames, and what its note holds.
///
/// # Safety
/// `co` points to a coroutine that nothing uses from here on, with a share stack, live or destroyed.
pub(crate) unsafe fn discard(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe {
        forget_frames(co, false);
        let Some(note) = notes::of(co) else { return };
        give_up(co, note);
        sys::free((*note.as_ptr()).shadow.cast());
        (*note.as_ptr()).owner = ptr::null_mut();
    }
}
