//! The live part of a share stack, copied out and in.
//!
//! ```text
//!             share stack                               save area of the coroutine
//! align_retptr +-----------+                           ptr + valid_sz +-----------+
//!              | frames of |     save_out, when another               |  the same |
//!              | the owner |  ─────────────────────────────────────>  |   bytes   |
//! reg[sp]      +-----------+     coroutine wants the stack   ptr      +-----------+
//!              | free      |  <─────────────────────────────────────
//! ptr          +-----------+     restore, when it runs again
//! ```
//!
//! An image goes back to the addresses it came from: frames hold pointers to each other. The one word that
//! differs is the end of the chain of frame pointers (`frame_chain`).

use core::ptr;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::frame_chain::{self, Frames};
use crate::{arch, diag, sanitizer, slab, valgrind};

/// What a save area starts with, at the first copy, when `aco_create` is asked for 0 bytes.
pub(crate) const DEFAULT_SIZE: usize = 64;

/// Copies the frames of `owner`, which is suspended and owns its share stack, to its save area. The
/// stack is then free for another owner. Aborts when its stack pointer is off the stack, or
/// without memory. `is_watched`: [`sanitizer::is_present`], which the caller has asked once.
///
/// # Safety
/// `owner` points to a coroutine that is the owner of `stack`, its share stack.
#[inline(always)]
pub(crate) unsafe fn save_out(owner: *mut aco_t, stack: *mut aco_share_stack_t, is_watched: bool) {
    // SAFETY: the stack pointer is checked against the stack's bounds before the copy; the save
    // area holds `size` bytes by then and is no part of a stack.
    unsafe {
        let from = aco_t::stack_pointer(owner);
        let top = (*stack).align_retptr;
        // One comparison for both bounds: above the top, the difference wraps around.
        let size = top.addr().wrapping_sub(from);
        if size > (*stack).align_limit.wrapping_sub(arch::RETURN_SLOT) {
            refuse_stack_pointer(owner)
        }
        let area = &raw mut (*owner).save_stack;
        (*area).valid_sz = size;
        let mut frames = Frames { bytes: top.cast(), low: from, size };
        if size > 0 {
            if (*area).sz < size || (*area).ptr.is_null() {
                grow(owner, size);
            }
            let lowest = top.cast::<u8>().sub(size);
            frames.bytes = (*area).ptr.cast();
            copy(frames.bytes, lowest, size, is_watched);
            if is_watched {
                sanitizer::saved(owner, lowest, size);
            }
            (*area).ct_save += 1;
            if size > (*area).max_cpsz {
                (*area).max_cpsz = size;
            }
        } else if is_watched {
            // It has not begun, or a program starts it again by hand, and its frames are there still.
            sanitizer::forgotten((*stack).ptr, (*stack).sz);
        }
        frame_chain::cut(owner, frames, is_watched);
    }
}

/// Copies the image of `co` back and makes it the owner of its share stack. Aborts when the
/// image is larger than the stack. `is_watched` is as for [`save_out`].
///
/// # Safety
/// `co` points to a suspended or fresh coroutine whose share stack, `stack`, is live, and free.
#[inline(always)]
pub(crate) unsafe fn restore(co: *mut aco_t, stack: *mut aco_share_stack_t, is_watched: bool) {
    // SAFETY: the size is checked against the stack's before the copy; the save area holds it.
    unsafe {
        let area = &raw mut (*co).save_stack;
        let size = (*area).valid_sz;
        (*stack).align_validsz = size.wrapping_add(size_of::<usize>());
        (*stack).owner = co;
        let mut frames = Frames { bytes: (*stack).align_retptr.cast(), low: 0, size };
        if size > 0 {
            if size > (*stack).align_limit.saturating_sub(size_of::<usize>()) {
                refuse_image(co)
            }
            let top: *mut u8 = (*stack).align_retptr.cast();
            frames.bytes = top.byte_sub(size);
            frames.low = frames.bytes.addr();
            if is_watched {
                let low = (*stack).ptr.addr().max(frames.low.saturating_sub(CALLS));
                valgrind::make_undefined(low, top.addr() - low);
            }
            copy(frames.bytes, (*area).ptr.cast(), size, is_watched);
            if is_watched {
                sanitizer::restored(co, frames.bytes, size);
            }
            (*area).ct_restore += 1;
            if size > (*area).max_cpsz {
                (*area).max_cpsz = size;
            }
        }
        frame_chain::join(co, frames, is_watched);
    }
}

/// The stack pointer of `owner` is off its share stack: says so, and aborts.
#[cold]
#[inline(never)]
unsafe fn refuse_stack_pointer(owner: *mut aco_t) -> ! {
    // SAFETY: the caller's promise: `owner` points to a coroutine with a share stack.
    let (stack, from, top, lowest) = unsafe {
        let stack = (*owner).share_stack;
        let lowest = ((*stack).align_highptr as usize).wrapping_sub((*stack).align_limit);
        (stack, aco_t::stack_pointer(owner), (*stack).align_retptr, lowest)
    };
    diag::fatal(
        "aco_resume",
        owner,
        format_args!(
            "its stack pointer {from:#x} is outside its share stack {stack:p}, [{lowest:#x}, {top:p}]"
        ),
        "a coroutine stays on its share stack, which must be large enough for its frames",
    )
}

/// The image of `co` does not fit its share stack: says so, and aborts.
#[cold]
#[inline(never)]
unsafe fn refuse_image(co: *mut aco_t) -> ! {
    // SAFETY: the caller's promise: `co` points to a coroutine with a share stack.
    let (size, limit) = unsafe { ((*co).save_stack.valid_sz, (*(*co).share_stack).align_limit) };
    diag::fatal(
        "aco_resume",
        co,
        format_args!("its image of {size} bytes exceeds the {limit} of its share stack"),
        "save_stack and align_limit belong to the library",
    )
}

/// Bytes below a suspended coroutine's stack pointer that it writes before it moves that down.
const CALLS: usize = 512;

/// From so many bytes on the C library's memcpy, which knows the processor's widest registers, is
/// worth the call.
const LARGE: usize = 384;

/// Copies frames that do not overlap.
///
/// # Safety
/// `from` is readable, `to` writable for `size` bytes.
#[inline(always)]
unsafe fn copy(to: *mut u8, from: *const u8, size: usize, is_watched: bool) {
    // SAFETY: the caller's promise.
    unsafe {
        // A sanitizer's memcpy would refuse to touch the locals of other functions.
        if size >= LARGE && !is_watched {
            ptr::copy_nonoverlapping(from, to, size);
        } else {
            arch::copy_frames(to, from, size);
        }
    }
}

/// Doubles the save area of `co` until it holds `size` bytes, or allocates the first. Its old
/// content is dead.
#[cold]
#[inline(never)]
unsafe fn grow(co: *mut aco_t, size: usize) {
    // SAFETY: the area belongs to the library; the old one is freed before the new one is used.
    unsafe {
        let area = &raw mut (*co).save_stack;
        let mut new_size = (*area).sz.max(1);
        while new_size < size {
            // `size` is at most a share stack's: doubling stops before it overflows.
            new_size = new_size.saturating_mul(2);
        }
        slab::free((*area).ptr, (*area).sz);
        let Some(place) = slab::allocate_save_area(new_size) else {
            diag::out_of_memory("aco_resume", co, "a save stack", new_size)
        };
        (*area).ptr = place.as_ptr();
        (*area).sz = new_size;
    }
}
