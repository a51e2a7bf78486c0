//! What the sanitizers know about the bytes of frames, moved with the frames.
//!
//! AddressSanitizer has a byte of its shadow for eight bytes of memory: which of them are a local
//! variable, which lie between two. When the frames of one coroutine make room for those of another, their
//! shadow must, too, or one is judged by the other's. MemorySanitizer knows of each bit whether
//! it was written, and copies that itself.

use core::ffi::c_void;

use super::{fiber_state, interface};
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, sys};

/// `size` bytes at `frames`, the frames of `co`, were copied to its save area; what stands there now is
/// nobody's.
///
/// # Safety
/// They are the live part of a share stack, `co` points to a coroutine, and its save area holds them.
#[cold]
#[inline(never)]
pub(crate) unsafe fn save_shadow(co: *mut aco_t, frames: *mut u8, size: usize) {
    // SAFETY: the caller's promise; the shadow of memory that exists does, too.
    unsafe {
        if let Some(copy) = interface::msan_copy_shadow() {
            copy((*co).save_stack.ptr, frames.cast(), size);
        }
        let Some((shadow, length)) = shadow_of(frames, size) else { return };
        if let Some(state) = fiber_state::of(co).map(|state| &mut *state.as_ptr()) {
            if state.shadow_capacity < length {
                sys::free(state.saved_shadow.cast());
                let room = sys::allocate(length);
                state.saved_shadow =
                    room.map_or(core::ptr::null_mut(), |room| room.as_ptr().cast());
                state.shadow_capacity = if room.is_some() { length } else { 0 };
            }
            state.shadow_size = if state.shadow_capacity < length { 0 } else { length };
            arch::copy_frames(state.saved_shadow, shadow, state.shadow_size);
        }
        unpoison_stack(frames.cast(), size);
    }
}

/// `size` bytes at `frames` came back from the save area of `co`.
///
/// # Safety
/// As [`saved`].
#[cold]
#[inline(never)]
pub(crate) unsafe fn restore_shadow(co: *mut aco_t, frames: *mut u8, size: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(copy) = interface::msan_copy_shadow() {
            copy(frames.cast(), (*co).save_stack.ptr, size);
        }
        let Some((shadow, length)) = shadow_of(frames, size) else { return };
        match fiber_state::of(co).map(|state| &*state.as_ptr()) {
            Some(state) if state.shadow_size == length => {
                arch::copy_frames(shadow, state.saved_shadow, length);
            }
            // A copy by value, or a program's own image: better no report than a wrong one.
            _ => unpoison_stack(frames.cast(), size),
        }
    }
}

/// No frame is on these `size` bytes any more.
///
/// # Safety
/// That is so, and the memory exists.
pub(crate) unsafe fn unpoison_stack(frames: *mut c_void, size: usize) {
    if let Some(unpoison) = interface::asan_unpoison() {
        // SAFETY: the caller's promise.
        unsafe { unpoison(frames, size) }
    }
}

/// The frames of `co`, if they are on its stack, are nobody's. `runs`: it is the one that runs here.
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed. It has ended, or is destroyed.
pub(super) unsafe fn unpoison_frames(co: *mut aco_t, runs: bool) {
    // SAFETY: the caller's promise; control blocks stay readable.
    unsafe {
        let stack = (*co).share_stack;
        let here = arch::stack_pointer();
        if !runs && (*stack).owner != co {
            return;
        }
        // Its owner, destroyed by itself, runs too.
        let is_here = aco_share_stack_t::contains(stack, here);
        let low = if is_here { here } else { aco_t::stack_pointer(co) };
        if aco_share_stack_t::contains(stack, low) {
            let frames = (*stack).ptr.with_addr(low);
            unpoison_stack(frames, ((*stack).align_highptr.addr()).saturating_sub(low));
        }
    }
}

/// AddressSanitizer's shadow of `size` bytes at `frames`, and its length. None: there is no such thing.
fn shadow_of(frames: *mut u8, size: usize) -> Option<(*mut u8, usize)> {
    let mapping = interface::asan_shadow_mapping()?;
    let (mut scale, mut offset) = (0, 0);
    // SAFETY: writes the two words.
    unsafe { mapping(&mut scale, &mut offset) };
    let shadow = |address: usize| (address >> scale).wrapping_add(offset);
    let (low, high) = (shadow(frames.addr()), shadow(frames.addr() + size));
    Some((core::ptr::with_exposed_provenance_mut(low), high - low))
}
