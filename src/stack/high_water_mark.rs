//! How deep a stack was used: a pattern that frames write over.

use super::control_block;
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, diag, sanitizer};

/// The byte that [`paint`] writes.
const PAINT: u8 = 0xa5;

/// Paints the stack below its frames with a pattern, so that [`high_water_mark`] measures its use from now on.
///
/// # Safety
/// `stack` points to a share stack; nothing runs on it.
pub(crate) unsafe fn paint(function: &str, stack: *mut aco_share_stack_t) {
    // SAFETY: nothing runs on the stack: below the frames of the owner nothing is in use, but that 128 bytes
    // may be a red zone.
    unsafe {
        if (*stack).ptr.is_null() {
            let rule = "fill a share stack before it is destroyed";
            diag::fatal(function, stack, format_args!("the share stack is destroyed"), rule)
        }
        if aco_share_stack_t::contains(stack, arch::stack_pointer()) {
            let rule = "fill a share stack that nothing runs on";
            diag::fatal(function, stack, format_args!("called on this very stack"), rule)
        }
        let owner = (*stack).owner;
        let top = (*stack).align_retptr as usize;
        let used = if owner.is_null() { top } else { aco_t::stack_pointer(owner).min(top) };
        let low = (*stack).ptr.cast::<u8>();
        let size = used.saturating_sub(128).saturating_sub(low.addr());
        sanitizer::unpoison_stack(low.cast(), size);
        low.write_bytes(PAINT, size);
        if let Some(block) = control_block::block_of(stack) {
            (*block.as_ptr()).is_painted = 1;
        }
    }
}

/// Returns the deepest use of the stack since [`paint`], in bytes below its top; 0 if it is not painted.
///
/// # Safety
/// `stack` points to a live share stack.
pub(crate) unsafe fn high_water_mark(stack: *mut aco_share_stack_t) -> usize {
    // SAFETY: the stack is live.
    unsafe {
        let is_painted =
            control_block::block_of(stack).is_some_and(|block| block.as_ref().is_painted != 0);
        if !is_painted {
            return 0;
        }
        let top = (*stack).align_retptr as usize;
        let mut ptr = (*stack).ptr.cast::<u8>();
        while ptr.addr() < top && ptr.read_volatile() == PAINT {
            ptr = ptr.add(1);
        }
        top - ptr.addr()
    }
}
