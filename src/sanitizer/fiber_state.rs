//! The state that the sanitizers need for each coroutine, behind its control block.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::memory::unpoison;
use crate::abi::aco_t;
use crate::state;

/// The sanitizers' state of one coroutine. Only the thread that uses the coroutine reads or writes it.
#[repr(C)]
pub(super) struct FiberState {
    /// The coroutine itself. A copy of it by value has no state.
    pub(super) owner: *mut aco_t,
    /// AddressSanitizer's fake stack, while the coroutine is suspended (N3 of `sanitizer::switch`).
    pub(super) fake_stack: *mut c_void,
    /// ThreadSanitizer's fiber: from the first switch to the coroutine on, NULL again after its end. For a main
    /// coroutine: the fiber that it was last switched away from on, a thread's.
    pub(super) fiber: *mut c_void,
    /// The bounds of the stack, for a main coroutine that was switched away from (N5 of `sanitizer::switch`).
    pub(super) stack_low: *const c_void,
    pub(super) stack_size: usize,
    /// AddressSanitizer's shadow of the frames in the save area, from malloc.
    pub(super) saved_shadow: *mut u8,
    /// Bytes allocated at `saved_shadow`.
    pub(super) shadow_capacity: usize,
    /// Bytes of the shadow; 0: it was not saved.
    pub(super) shadow_size: usize,
}

/// Bytes of a control block with the state behind it.
pub(crate) const BLOCK_SIZE: usize = size_of::<aco_t>() + size_of::<FiberState>();

/// Allocates a control block with an empty state behind it. `allocate` takes the number of bytes. None: there is no
/// memory.
pub(crate) fn allocate_block(
    allocate: fn(usize) -> Option<NonNull<c_void>>,
) -> Option<NonNull<c_void>> {
    let block = allocate(BLOCK_SIZE)?;
    let co: *mut aco_t = block.as_ptr().cast();
    // SAFETY: the block was just allocated, with room for both structs.
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
    Some(block)
}

/// Returns the address that the state of `co` would have.
fn state_ptr(co: *mut aco_t) -> *mut FiberState {
    co.wrapping_add(1).cast()
}

const _: () = assert!(size_of::<aco_t>().is_multiple_of(align_of::<FiberState>()));

/// Returns the state of `co`. None: the library did not create the coroutine at this address; it is a copy by value.
///
/// # Safety
/// `co` points to a coroutine.
pub(super) unsafe fn of(co: *mut aco_t) -> Option<NonNull<FiberState>> {
    // SAFETY: the library allocated a block whose state word names its own address, with a state behind it. A
    // program's struct matches by chance, once in 4096 copies: what is behind it is then not its own address.
    unsafe {
        if state::is_ours(co) && (*state_ptr(co)).owner == co {
            NonNull::new(state_ptr(co))
        } else {
            None
        }
    }
}
