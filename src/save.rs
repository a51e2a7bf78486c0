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
//! An image goes back to the addresses it came from: frames hold pointers to each other.

use core::ptr;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, diag, sanitizer, slab, valgrind};

/// What a save area starts with, at the first copy, when `aco_create` is asked for 0 bytes.
pub(crate) const DEFAULT_SIZE: usize = 64;

/// Copies the frames of `owner`, which is suspended and owns its share stack, to its save area. The
/// stack is then free for another owner. Aborts when its stack pointer is off the stack, or
/// without memory.
///
/// # Safety
/// `owner` points to a coroutine that is the owner of `stack`, its share stack.
#[inline(always)]
pub(crate) unsafe fn save_out(owner: *mut aco_t, stack: *mut aco_share_stack_t) {
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
        if size > 0 {
            if (*area).sz < size || (*area).ptr.is_null() {
                grow(owner, size);
            }
            let frames = top.cast::<u8>().sub(size);
            copy((*area).ptr.cast(), frames, size);
            if sanitizer::is_present() {
                sanitizer::saved(owner, frames, size);
            }
            (*area).ct_save += 1;
            if size > (*area).max_cpsz {
                (*area).max_cpsz = size;
            }
        } else if sanitizer::is_present() {
            // It has not begun, or a program starts it again by hand, and its frames are there still.
            sanitizer::forgotten((*stack).ptr, (*stack).sz);
        }
    }
}

/// Copies the image of `co` back and makes it the owner of its share stack. Aborts when the
/// image is larger than the stack.
///
/// # Safety
/// `co` points to a suspended or fresh coroutine whose share stack, `stack`, is live, and free.
#[inline(always)]
pub(crate) unsafe fn restore(co: *mut aco_t, stack: *mut aco_share_stack_t) {
    // SAFETY: the size is checked against the stack's before the copy; the save area holds it.
    unsafe {
        let area = &raw mut (*co).save_stack;
        let size = (*area).valid_sz;
        (*stack).align_validsz = size.wrapping_add(size_of::<usize>());
        (*stack).owner = co;
        if size > 0 {
            if size > (*stack).align_limit.saturating_sub(size_of::<usize>()) {
                refuse_image(co)
            }
            let top: *mut u8 = (*stack).align_retptr.cast();
            let low = (*stack).ptr.addr().max((top.addr() - size).saturating_sub(CALLS));
            valgrind::expect_writes(low, top.addr() - low);
            copy(top.byte_sub(size), (*area).ptr.cast(), size);
            if sanitizer::is_present() {
                sanitizer::restored(co, top.byte_sub(size), size);
            }
            (*area).ct_restore += 1;
            if size > (*area).max_cpsz {
                (*area).max_cpsz = size;
            }
        }
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
unsafe fn copy(to: *mut u8, from: *const u8, size: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        // A sanitizer's memcpy would refuse to touch the locals of other functions.
        if size >= LARGE && !sanitizer::is_present() {
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
        let Some(place) = slab::allocate_area(new_size) else {
            diag::out_of_memory("aco_resume", co, "a save stack", new_size)
        };
        (*area).ptr = place.as_ptr();
        (*area).sz = new_size;
    }
}
