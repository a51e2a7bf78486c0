//! Trimming: the system takes back the pages of a stack below all frames.
//!
//! ```text
//! align_retptr +-----------+
//!              | frames    |   of the caller, if it runs on this stack, else of the owner; without an owner: none
//! frames end   +-----------+
//!              | reserved  |   the red zone; if the caller runs on this stack, the frames of the calls below
//!              +-----------+
//!              | the rest  |   of the page
//!              +===========+   a multiple of the page size
//!              | unused    |   discarded
//! ptr          +-----------+
//! ```

use core::ffi::c_void;

use super::control_block;
use super::layout::Sizes;
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, sys};

/// Bytes for the frames of the calls below: to functions of the C library, which a program may replace.
const CALL_RESERVE: usize = 4096;
/// Pages of one call of mincore(2). Their bytes are in a local variable, perhaps on this stack.
const MAX_PAGES: usize = 256;

/// Discards the unused pages. Returns the bytes of them that were in memory; 0 if the memory is the program's, or if
/// the end of the frames is not known.
///
/// # Safety
/// `stack` points to a live share stack. No coroutine runs on it, except perhaps the caller.
pub(crate) unsafe fn trim(stack: *mut aco_share_stack_t) -> usize {
    // SAFETY: `stack` is live, so its memory is mapped; nothing uses its bytes below `lowest`.
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

/// The lowest address that may be in use. None: the owner's saved stack pointer is not on this stack.
///
/// # Safety
/// `stack` points to a live share stack.
unsafe fn lowest_used_address(stack: *mut aco_share_stack_t) -> Option<usize> {
    // SAFETY: `stack` is live; its owner is NULL or a coroutine.
    unsafe {
        let sp = arch::stack_pointer();
        if aco_share_stack_t::contains(stack, sp) {
            return Some(sp.saturating_sub(CALL_RESERVE));
        }
        let owner = (*stack).owner;
        let top = (*stack).align_retptr.addr();
        let frames = if owner.is_null() { top } else { aco_t::stack_pointer(owner) };
        let is_on_stack = frames <= top && aco_share_stack_t::contains(stack, frames);
        is_on_stack.then_some(frames.saturating_sub(arch::RED_ZONE))
    }
}

/// The bytes of a range that are in memory; 0 for pages about which the kernel does not tell.
///
/// # Safety
/// The range is whole pages, all mapped.
unsafe fn resident_bytes(start: *mut c_void, size: usize) -> usize {
    let page = sys::page_size();
    let mut pages = 0;
    let mut at = 0;
    while at < size {
        let length = (size - at).min(MAX_PAGES * page);
        let mut states = [0; MAX_PAGES];
        // SAFETY: a mapped range of at most `MAX_PAGES` pages, with a byte for each.
        if unsafe { sys::page_residency(start.byte_add(at), length, &mut states) } {
            pages += states.iter().filter(|&&state| state & 1 != 0).count();
        }
        at += length;
    }
    pages * page
}

#[cfg(test)]
mod tests {
    use super::super::{create, destroy};
    use super::*;

    #[test]
    fn pages_below_the_frames_are_discarded() {
        let page = sys::page_size();
        let stack = create(64 * page, true).ok().unwrap();
        // SAFETY: a stack of this test, on which no coroutine runs.
        unsafe {
            let (low, top) = ((*stack).ptr.cast::<u8>(), (*stack).align_retptr.cast::<u8>());
            let touched = [low, low.add(5 * page), low.add(6 * page), top.sub(page + 256)];
            touched.iter().for_each(|byte| byte.write(1));
            top.sub(8).write(1);
            assert_eq!(trim(stack), 4 * page);
            assert!(touched.iter().all(|byte| byte.read() == 0) && top.sub(8).read() == 1);
            destroy("test", stack);
        }
    }
}
