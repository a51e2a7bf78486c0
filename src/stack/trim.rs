//! Returns the pages of a stack below its frames to the system.
//!
//! ```text
//! align_retptr +-----------+
//!              | frames    |   of the owner, which is suspended, or of the caller; none: nothing
//! low          +-----------+
//!              | in use    |   the red zone; where the caller is on this stack, room for calls
//!              +-----------+
//!              | the rest  |   of that page
//!              +===========+   a multiple of the page size
//!              | idle      |   given back
//! ptr          +-----------+
//! ```

use core::ffi::c_void;

use super::control_block;
use super::layout::Sizes;
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, sys};

/// Bytes below a stack pointer that a function without calls may use.
const RED_ZONE: usize = 128;
/// Bytes for the calls below: functions of the C library, or of a program that has interposed them.
const CALL_RESERVE: usize = 4096;
/// Pages of one mincore(2), a byte each, perhaps on the stack itself.
const MAX_PAGES: usize = 256;

/// Discards the pages below the frames. Returns the bytes that were in memory; 0 if the memory is the program's, or
/// the end of the frames is unknown.
///
/// # Safety
/// `stack` points to a live share stack. Nothing runs on it, except perhaps the caller.
pub(crate) unsafe fn trim(stack: *mut aco_share_stack_t) -> usize {
    // SAFETY: the stack is live, and no code uses memory below `lowest`.
    unsafe {
        let sizes = Sizes { usable: (*stack).sz, mapped: (*stack).real_sz };
        let Some(lowest) = lowest_used_address(stack) else { return 0 };
        let page = sys::page_size();
        let start = (*stack).ptr.map_addr(|address| address.next_multiple_of(page));
        let size = (lowest & !(page - 1)).saturating_sub(start.addr());
        if size == 0 || sizes.are_external() {
            return 0;
        }
        let resident_bytes = resident_bytes(start, size);
        if !sys::discard(start, size) {
            return 0;
        }
        if let Some(block) = control_block::block_of(stack) {
            (*block.as_ptr()).is_painted = 0;
        }
        resident_bytes
    }
}

/// Returns the address below which no byte is in use. Returns None if the owner's stack pointer is outside of the
/// stack.
///
/// # Safety
/// As [`trim`].
unsafe fn lowest_used_address(stack: *mut aco_share_stack_t) -> Option<usize> {
    // SAFETY: the stack is live, and an owner is a coroutine.
    unsafe {
        let sp = arch::stack_pointer();
        if aco_share_stack_t::contains(stack, sp) {
            return Some(sp.saturating_sub(CALL_RESERVE));
        }
        let owner = (*stack).owner;
        let top = (*stack).align_retptr.addr();
        let frames = if owner.is_null() { top } else { aco_t::stack_pointer(owner) };
        let is_on_stack = frames <= top && aco_share_stack_t::contains(stack, frames);
        is_on_stack.then_some(frames.saturating_sub(RED_ZONE))
    }
}

/// Returns how many bytes of these whole pages are in memory, as far as the kernel reports it.
///
/// # Safety
/// They are mapped.
unsafe fn resident_bytes(start: *mut c_void, size: usize) -> usize {
    let page = sys::page_size();
    let mut pages = 0;
    let mut at = 0;
    while at < size {
        let length = (size - at).min(MAX_PAGES * page);
        let mut states = [0; MAX_PAGES];
        // SAFETY: the pages are mapped, and `states` has a byte for each page.
        if unsafe { sys::page_residency(start.byte_add(at), length, &mut states) } {
            pages += states.iter().filter(|&&state| state & 1 != 0).count();
        }
        at += length;
    }
    pages * page
}
