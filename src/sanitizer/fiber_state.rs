//! What the sanitizers want kept for each coroutine: a note behind its control block.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::memory::unpoison;
use crate::abi::aco_t;
use crate::state;

/// The note of one coroutine.
#[repr(C)]
pub(super) struct FiberState {
    /// The coroutine itself: a copy of it by value has no note.
    pub(super) owner: *mut aco_t,
    /// AddressSanitizer's frames off the stack, while the coroutine is suspended.
    pub(super) fake_stack: *mut c_void,
    /// ThreadSanitizer's fiber, from the first switch on; NULL after the end. Of a main coroutine: the one
    /// that it last left.
    pub(super) fiber: *mut c_void,
    /// Of a main coroutine: the bounds of its stack, once known.
    pub(super) stack_low: *const c_void,
    pub(super) stack_size: usize,
    /// AddressSanitizer's shadow of the frames in the save area, from malloc.
    pub(super) saved_shadow: *mut u8,
    /// Bytes there is room for.
    pub(super) shadow_capacity: usize,
    /// Bytes of it; 0: none were kept.
    pub(super) shadow_size: usize,
}

/// Bytes of a coroutine control block and the note behind it.
pub(crate) const BLOCK_SIZE: usize = size_of::<aco_t>() + size_of::<FiberState>();

/// A coroutine control block with an empty note behind it, from `allocate`, which is told how many bytes
/// that is. None: there is no memory.
pub(crate) fn allocate_block(
    allocate: fn(usize) -> Option<NonNull<c_void>>,
) -> Option<NonNull<c_void>> {
    let place = allocate(BLOCK_SIZE)?;
    let co: *mut aco_t = place.as_ptr().cast();
    // SAFETY: the block was just allocated with room for both.
    unsafe {
        unpoison(co.cast(), size_of::<aco_t>());
        state_ptr(co).write(FiberState {
            owner: co,
            fake_stack: ptr::null_mut(),
            fiber: ptr::null_mut(),
            stack_low: ptr::null(),
            stack_size: 0,
            saved_shadow: ptr::null_mut(),
            shadow_capacity: 0,
            shadow_size: 0,
        });
    }
    Some(place)
}

/// Where the note of `co` would be.
fn state_ptr(co: *mut aco_t) -> *mut FiberState {
    co.wrapping_add(1).cast()
}

const _: () = assert!(size_of::<aco_t>().is_multiple_of(align_of::<FiberState>()));

/// The note of `co`; None for what the library did not make: a copy by value.
///
/// # Safety
/// `co` points to a coroutine.
pub(super) unsafe fn of(co: *mut aco_t) -> Option<NonNull<FiberState>> {
    // SAFETY: what carries the library's mark at its own address was allocated by it. A program's
    // struct can have that mark by chance, once in 4096 copies: then the owner is another.
    unsafe {
        if state::is_ours(co) && (*state_ptr(co)).owner == co {
            NonNull::new(state_ptr(co))
        } else {
            None
        }
    }
}
