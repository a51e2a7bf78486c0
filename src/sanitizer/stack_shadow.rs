//! The sanitizers' shadow of stack memory. It moves with the frames, and is cleared where no frames are.
//!
//! AddressSanitizer has one byte of shadow for eight bytes of memory: it says which of them are a local variable, and
//! which are between two. When another coroutine's frames replace a coroutine's, its shadow must be replaced, too.
//! MemorySanitizer has a bit of shadow for each bit of memory, which says whether it was initialized. Its runtime
//! copies that.

use core::ffi::c_void;

use super::{fiber_state, interface};
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, sys};

/// Saves the shadow of `size` bytes at `frames`, which were just copied to the save area of `co`. No frames are there
/// afterwards.
///
/// # Safety
/// `co` points to a coroutine, whose save area has `size` bytes. `frames` is the live part of its share stack.
#[cold]
#[inline(never)]
pub(crate) unsafe fn save_shadow(co: *mut aco_t, frames: *mut u8, size: usize) {
    // SAFETY: both ranges are mapped, and so is their shadow. `saved_shadow` has `shadow_capacity` bytes, and no other
    // reference to the state exists.
    unsafe {
        if let Some(copy) = interface::msan_copy_shadow() {
            copy((*co).save_stack.ptr, frames.cast(), size);
        }
        let Some((shadow, length)) = shadow_of(frames, size) else { return };
        if let Some(state) = fiber_state::of(co).map(|state| &mut *state.as_ptr()) {
            if state.shadow_capacity < length {
                sys::free(state.saved_shadow.cast());
                let buffer = sys::allocate(length);
                state.saved_shadow =
                    buffer.map_or(core::ptr::null_mut(), |buffer| buffer.as_ptr().cast());
                state.shadow_capacity = if buffer.is_some() { length } else { 0 };
            }
            state.shadow_size = if state.shadow_capacity < length { 0 } else { length };
            arch::copy_frames(state.saved_shadow, shadow, state.shadow_size);
        }
        unpoison_stack(frames.cast(), size);
    }
}

/// Restores the shadow of `size` bytes at `frames`, which were just copied from the save area of `co`.
///
/// # Safety
/// As [`save_shadow`].
#[cold]
#[inline(never)]
pub(crate) unsafe fn restore_shadow(co: *mut aco_t, frames: *mut u8, size: usize) {
    // SAFETY: both ranges are mapped, and so is their shadow. `saved_shadow` has `shadow_size` bytes.
    unsafe {
        if let Some(copy) = interface::msan_copy_shadow() {
            copy(frames.cast(), (*co).save_stack.ptr, size);
        }
        let Some((shadow, length)) = shadow_of(frames, size) else { return };
        match fiber_state::of(co).map(|state| &*state.as_ptr()) {
            Some(state) if state.shadow_size == length => {
                arch::copy_frames(shadow, state.saved_shadow, length);
            }
            // The shadow is not known: a copy by value, an image that the program wrote, or no memory at the time. A
            // cleared shadow causes no false report.
            _ => unpoison_stack(frames.cast(), size),
        }
    }
}

/// Clears AddressSanitizer's shadow of `size` bytes at `frames`, on which no frames are any more.
///
/// # Safety
/// The memory is mapped, and no frames are on it.
pub(crate) unsafe fn unpoison_stack(frames: *mut c_void, size: usize) {
    if let Some(unpoison) = interface::asan_unpoison() {
        // SAFETY: the memory is mapped, and so is its shadow.
        unsafe { unpoison(frames, size) }
    }
}

/// Clears the shadow of the frames of `co`, if they are on its stack. `is_current`: the caller runs in `co`.
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed. It has ended, or is being destroyed.
pub(super) unsafe fn unpoison_frames(co: *mut aco_t, is_current: bool) {
    // SAFETY: `co` has a share stack, whose control block can be read (L7 of `coroutine`). The range is on that stack,
    // which is live if it contains an address.
    unsafe {
        let stack = (*co).share_stack;
        let stack_pointer = arch::stack_pointer();
        if !is_current && (*stack).owner != co {
            return;
        }
        // The caller may be on the stack: `co` has ended, or destroys itself.
        let is_here = aco_share_stack_t::contains(stack, stack_pointer);
        let low = if is_here { stack_pointer } else { aco_t::stack_pointer(co) };
        if aco_share_stack_t::contains(stack, low) {
            let frames = (*stack).ptr.with_addr(low);
            unpoison_stack(frames, ((*stack).align_highptr.addr()).saturating_sub(low));
        }
    }
}

/// Returns AddressSanitizer's shadow of `size` bytes at `frames`, and its length. None: there is no such sanitizer.
fn shadow_of(frames: *mut u8, size: usize) -> Option<(*mut u8, usize)> {
    let mapping = interface::asan_shadow_mapping()?;
    let (mut scale, mut offset) = (0, 0);
    // SAFETY: the function writes the two words.
    unsafe { mapping(&mut scale, &mut offset) };
    let shadow = |address: usize| (address >> scale).wrapping_add(offset);
    let (low, high) = (shadow(frames.addr()), shadow(frames.addr() + size));
    Some((core::ptr::with_exposed_provenance_mut(low), high - low))
}
