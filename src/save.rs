//! Save areas: the live part of a share stack, copied out for another coroutine and in again.
//!
//! ```text
//!        share stack                                          save area of its owner
//!                                                      0x7200 +-----------+ <- ptr + sz
//!                                                             | unused    |
//! 0xaff8 +-----------+ <- align_retptr                 0x71b8 +-----------+ <- ptr + valid_sz
//!        | frames of |     save_out, when another             | the image |
//!        | the owner |  ───────────────────────────────────>  |           |
//! 0xae40 +-----------+ <- reg[sp]                      0x7000 +-----------+ <- ptr
//!        | free      |  <───────────────────────────────────
//! 0x2000 +-----------+ <- ptr      restore, when it runs again
//! ```
//!
//! * A1. The image is the bytes from `reg[sp]` up to `align_retptr`. They return to the same addresses: frames point to
//!   each other.
//! * A2. The image and the frames differ in one word at most: the end of the chain of frame pointers (`frame_chain`).
//! * A3. `valid_sz` is the size of the image while the coroutine does not own its share stack. While it does, the
//!   contents of the area are not used, and `valid_sz` is that of an older image.
//! * A4. Programs write `reg[sp]` and `valid_sz`, so both are checked against the bounds of the stack before a copy.
//! * A5. The area grows, by doubling, and never shrinks. It is NULL until a copy or `aco_create` needs it.
//! * A6. `ct_save`, `ct_restore` and `max_cpsz` change only if bytes are copied.

use core::ptr;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::frame_chain::{self, Frames};
use crate::{arch, diag, sanitizer, slab, valgrind};

/// The initial size of a save area if the program passes 0 to `aco_create`, in bytes.
pub(crate) const DEFAULT_SIZE: usize = 64;

/// Copies the frames of `owner` to its save area. The stack is then free for another owner. Aborts if the stack pointer
/// of `owner` is outside the stack, or without memory. `has_sanitizer` is the result of [`sanitizer::is_present`].
///
/// # Safety
/// `owner` points to a suspended coroutine that owns `stack`, its share stack.
#[inline(always)]
pub(crate) unsafe fn save_out(
    owner: *mut aco_t,
    stack: *mut aco_share_stack_t,
    has_sanitizer: bool,
) {
    // SAFETY: the stack pointer is checked before the copy (A4). By then the save area has `size` bytes, which are no
    // part of a stack.
    unsafe {
        let from = aco_t::stack_pointer(owner);
        let top = (*stack).align_retptr;
        // One comparison checks both bounds: the difference wraps if `from` is above the top.
        let size = top.addr().wrapping_sub(from);
        if size > (*stack).align_limit.wrapping_sub(arch::RETURN_SLOT_SIZE) {
            abort_bad_stack_pointer(owner)
        }
        let area = &raw mut (*owner).save_stack;
        (*area).valid_sz = size;
        let mut frames = Frames { bytes: top.cast(), low: from, size };
        if size > 0 {
            if (*area).sz < size || (*area).ptr.is_null() {
                grow_area(owner, size);
            }
            let lowest = top.cast::<u8>().sub(size);
            frames.bytes = (*area).ptr.cast();
            copy(frames.bytes, lowest, size, has_sanitizer);
            if has_sanitizer {
                sanitizer::save_shadow(owner, lowest, size);
            }
            (*area).ct_save += 1;
            (*area).max_cpsz = (*area).max_cpsz.max(size);
        } else if has_sanitizer {
            // It is unstarted, or a program starts it again by writing `reg`, and its old frames are still there.
            sanitizer::unpoison_stack((*stack).ptr, (*stack).sz);
        }
        frame_chain::cut(owner, frames, has_sanitizer);
    }
}

/// Copies the image of `co` in, and makes `co` the owner of its share stack. Aborts if the image is larger than the
/// stack. `has_sanitizer` is the result of [`sanitizer::is_present`].
///
/// # Safety
/// `co` points to a suspended or unstarted coroutine, whose share stack, `stack`, is live and free.
#[inline(always)]
pub(crate) unsafe fn restore(co: *mut aco_t, stack: *mut aco_share_stack_t, has_sanitizer: bool) {
    // SAFETY: the size is checked against that of the stack before the copy (A4); the save area has as many bytes.
    unsafe {
        let area = &raw mut (*co).save_stack;
        let size = (*area).valid_sz;
        (*stack).align_validsz = size.wrapping_add(size_of::<usize>());
        (*stack).owner = co;
        let mut frames = Frames { bytes: (*stack).align_retptr.cast(), low: 0, size };
        if size > 0 {
            if size > (*stack).align_limit.saturating_sub(arch::RETURN_SLOT_SIZE) {
                abort_image_too_large(co)
            }
            let top: *mut u8 = (*stack).align_retptr.cast();
            frames.bytes = top.byte_sub(size);
            frames.low = frames.bytes.addr();
            if has_sanitizer {
                let low = (*stack).ptr.addr().max(frames.low.saturating_sub(EARLY_WRITES));
                valgrind::make_undefined(low, top.addr() - low);
            }
            copy(frames.bytes, (*area).ptr.cast(), size, has_sanitizer);
            if has_sanitizer {
                sanitizer::restore_shadow(co, frames.bytes, size);
            }
            (*area).ct_restore += 1;
            (*area).max_cpsz = (*area).max_cpsz.max(size);
        }
        frame_chain::join(co, frames, has_sanitizer);
    }
}

/// Says that the stack pointer of `owner` is outside its share stack, and aborts.
///
/// # Safety
/// `owner` points to a coroutine with a live share stack.
#[cold]
#[inline(never)]
unsafe fn abort_bad_stack_pointer(owner: *mut aco_t) -> ! {
    // SAFETY: `owner` points to a coroutine with a share stack.
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

/// Says that the image of `co` does not fit in its share stack, and aborts.
///
/// # Safety
/// `co` points to a coroutine with a live share stack.
#[cold]
#[inline(never)]
unsafe fn abort_image_too_large(co: *mut aco_t) -> ! {
    // SAFETY: `co` points to a coroutine with a share stack.
    let (size, limit) = unsafe { ((*co).save_stack.valid_sz, (*(*co).share_stack).align_limit) };
    diag::fatal(
        "aco_resume",
        co,
        format_args!("its image of {size} bytes exceeds the {limit} of its share stack"),
        "save_stack and align_limit belong to the library",
    )
}

/// Bytes below the stack pointer that a resumed coroutine may write before it lowers the stack pointer.
const EARLY_WRITES: usize = 512;

/// The minimum number of bytes for which a call of the C library's memcpy, which uses the processor's widest registers,
/// is faster.
const MEMCPY_MIN: usize = 384;

/// Copies frames that do not overlap.
///
/// # Safety
/// `from` is readable, `to` writable for `size` bytes.
#[inline(always)]
unsafe fn copy(to: *mut u8, from: *const u8, size: usize, has_sanitizer: bool) {
    // SAFETY: `from` is readable and `to` writable for `size` bytes, and they do not overlap.
    unsafe {
        // The memcpy of a sanitizer reports accesses to the locals of other functions.
        if size >= MEMCPY_MIN && !has_sanitizer {
            ptr::copy_nonoverlapping(from, to, size);
        } else {
            arch::copy_frames(to, from, size);
        }
    }
}

/// Doubles the size of the save area of `co` until it has `size` bytes, and drops its content (A3, A5). Aborts without
/// memory.
///
/// # Safety
/// `co` points to a coroutine that owns its share stack.
#[cold]
#[inline(never)]
unsafe fn grow_area(co: *mut aco_t, size: usize) {
    // SAFETY: the area is the library's, and its content is dead (A3), so the old one can be freed.
    unsafe {
        let area = &raw mut (*co).save_stack;
        let mut new_size = (*area).sz.max(1);
        while new_size < size {
            // `size` is at most that of a share stack, so the loop ends before it overflows.
            new_size = new_size.saturating_mul(2);
        }
        slab::free((*area).ptr, (*area).sz);
        let Some(new_area) = slab::allocate_save_area(new_size) else {
            diag::out_of_memory("aco_resume", co, "a save stack", new_size)
        };
        (*area).ptr = new_area.as_ptr();
        (*area).sz = new_size;
    }
}
