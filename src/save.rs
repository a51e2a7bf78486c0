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
//! * A4. Programs write `reg[sp]` and `valid_sz`, so both are checked against the bounds of the stack before a copy:
//!   here, or by the caller of `copy_out` and `copy_in`, which check nothing.
//! * A5. The area grows, by doubling, and never shrinks. It is NULL until a copy or `aco_create` needs it.
//! * A6. `ct_save`, `ct_restore` and `max_cpsz` change only if bytes are copied.

use core::ptr;

use crate::abi::{aco_save_stack_t, aco_share_stack_t, aco_t};
use crate::frame_chain::{self, Frames};
use crate::{arch, diag, sanitizer, slab, valgrind};

/// The initial size of a save area if the program passes 0 to `aco_create`, in bytes.
pub(crate) const DEFAULT_SIZE: usize = 64;

/// How an image is copied.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Copy {
    /// It has less than [`MEMCPY_MIN`] bytes: nothing is called.
    Small,
    /// It has any size.
    Any,
    /// It has any size, in a process with a sanitizer ([`sanitizer::is_present`]), whose memcpy reports accesses to the
    /// locals of other functions. Its shadow is copied, too.
    Watched,
}

/// The number of bytes of the frames of `owner` on `stack`: above [`max_size`] if its stack pointer is outside of the
/// stack (A4).
///
/// # Safety
/// `owner` points to a suspended coroutine, `stack` to its share stack, which is live.
#[inline(always)]
pub(crate) unsafe fn frames_size(owner: *mut aco_t, stack: *mut aco_share_stack_t) -> usize {
    // SAFETY: both exist. The difference wraps if the stack pointer is above the top.
    unsafe { (*stack).align_retptr.addr().wrapping_sub(aco_t::stack_pointer(owner)) }
}

/// The size of the largest image of a coroutine on `stack`.
///
/// # Safety
/// `stack` points to a live share stack.
#[inline(always)]
pub(crate) unsafe fn max_size(stack: *mut aco_share_stack_t) -> usize {
    // SAFETY: a live stack can be read.
    unsafe { (*stack).align_limit.saturating_sub(arch::RETURN_SLOT_SIZE) }
}

/// Returns true if the save area of `owner` has `size` bytes.
///
/// # Safety
/// `owner` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn has_area(owner: *mut aco_t, size: usize) -> bool {
    // SAFETY: `owner` points to a coroutine.
    let (area, capacity) = unsafe { ((*owner).save_stack.ptr, (*owner).save_stack.sz) };
    capacity >= size && !area.is_null()
}

/// Copies the frames of `owner` to its save area, which grows if it must. The stack is then free for another owner.
/// Aborts if the stack pointer of `owner` is outside of the stack, or without memory.
///
/// # Safety
/// `owner` points to a suspended coroutine that owns `stack`, its share stack. The process is as `how` says.
#[inline(always)]
pub(crate) unsafe fn save_out(owner: *mut aco_t, stack: *mut aco_share_stack_t, how: Copy) {
    // SAFETY: the size is checked, and the area has it, before the copy (A4).
    unsafe {
        let size = frames_size(owner, stack);
        if size > max_size(stack) {
            abort_bad_stack_pointer(owner)
        }
        if size > 0 && !has_area(owner, size) {
            grow_area(owner, size);
        }
        copy_out(owner, stack, size, how);
    }
}

/// Copies the image of `co` in, and makes `co` the owner of its share stack. Aborts if the image is larger than the
/// stack.
///
/// # Safety
/// `co` points to a suspended or unstarted coroutine, whose share stack, `stack`, is live and free. The process is as
/// `how` says.
#[inline(always)]
pub(crate) unsafe fn restore(co: *mut aco_t, stack: *mut aco_share_stack_t, how: Copy) {
    // SAFETY: the size is checked before the copy (A4).
    unsafe {
        let size = (*co).save_stack.valid_sz;
        if size > max_size(stack) {
            abort_image_too_large(co)
        }
        copy_in(co, stack, size, how);
    }
}

/// As [`save_out`], of `size` bytes, which were checked.
///
/// # Safety
/// As [`save_out`]. `size` is the [`frames_size`] of `owner`, at most [`max_size`], and 0 or what its area has; it is
/// as `how` says.
#[inline(always)]
pub(crate) unsafe fn copy_out(
    owner: *mut aco_t,
    stack: *mut aco_share_stack_t,
    size: usize,
    how: Copy,
) {
    // SAFETY: the size was checked (A4), and the save area, which is no part of a stack, has as many bytes.
    unsafe {
        let area = &raw mut (*owner).save_stack;
        let top: *mut u8 = (*stack).align_retptr.cast();
        let lowest = top.sub(size);
        (*area).valid_sz = size;
        if size > 0 {
            copy((*area).ptr.cast(), lowest, size, how);
            if how == Copy::Watched {
                sanitizer::save_shadow(owner, lowest, size);
            }
            (*area).ct_save += 1;
            count_size(area, size);
        } else if how == Copy::Watched {
            // It is unstarted, or a program starts it again by writing `reg`, and its old frames are still there.
            sanitizer::unpoison_stack((*stack).ptr, (*stack).sz);
        }
        let frames = Frames { low: lowest.addr(), top: top.addr() };
        frame_chain::cut(owner, frames, (*area).ptr.cast(), how == Copy::Watched);
    }
}

/// As [`restore`], of `size` bytes, which were checked.
///
/// # Safety
/// As [`restore`]. `size` is that of the image, at most [`max_size`]; it is as `how` says.
#[inline(always)]
pub(crate) unsafe fn copy_in(
    co: *mut aco_t,
    stack: *mut aco_share_stack_t,
    size: usize,
    how: Copy,
) {
    // SAFETY: the size was checked against that of the stack (A4); the save area has as many bytes.
    unsafe {
        let area = &raw mut (*co).save_stack;
        (*stack).align_validsz = size + size_of::<usize>();
        (*stack).owner = co;
        let top: *mut u8 = (*stack).align_retptr.cast();
        let lowest = top.sub(size);
        if size > 0 {
            if how == Copy::Watched {
                let low = (*stack).ptr.addr().max(lowest.addr().saturating_sub(EARLY_WRITES));
                valgrind::make_undefined(low, top.addr() - low);
            }
            copy(lowest, (*area).ptr.cast(), size, how);
            if how == Copy::Watched {
                sanitizer::restore_shadow(co, lowest, size);
            }
            (*area).ct_restore += 1;
            count_size(area, size);
        }
        let frames = Frames { low: lowest.addr(), top: top.addr() };
        frame_chain::join(co, frames, how == Copy::Watched);
    }
}

/// Counts a copy of `size` bytes in `max_cpsz`.
///
/// # Safety
/// `area` points to a save area.
#[inline(always)]
unsafe fn count_size(area: *mut aco_save_stack_t, size: usize) {
    // SAFETY: a save area.
    unsafe {
        if size > (*area).max_cpsz {
            (*area).max_cpsz = size;
        }
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
pub(crate) const MEMCPY_MIN: usize = 256;

/// Copies frames that do not overlap.
///
/// # Safety
/// `from` is readable, `to` writable for `size` bytes.
#[inline(always)]
unsafe fn copy(to: *mut u8, from: *const u8, size: usize, how: Copy) {
    // SAFETY: `from` is readable and `to` writable for `size` bytes, and they do not overlap.
    unsafe {
        if how == Copy::Any && size >= MEMCPY_MIN {
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
