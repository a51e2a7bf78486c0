//! The high-water mark of a stack: painted bytes that frames have overwritten.

use super::binding::is_callers;
use super::control_block;
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, diag, sanitizer, valgrind};

/// The byte that [`paint`] writes.
const PAINT: u8 = 0xa5;

/// Paints the bytes below all frames, so that [`high_water_mark`] measures the use from now on. Aborts if the stack is
/// destroyed, or is the caller's.
///
/// # Safety
/// `stack` points to a share stack, live or destroyed, and no coroutine runs on it.
pub(crate) unsafe fn paint(function: &str, stack: *mut aco_share_stack_t) {
    // SAFETY: nothing runs on the stack, so nothing uses it below the owner's frames and their red zone.
    unsafe {
        if (*stack).ptr.is_null() {
            let rule = "fill a share stack before it is destroyed";
            diag::fatal(function, stack, format_args!("the share stack is destroyed"), rule)
        }
        if is_callers(stack) {
            let rule = "fill a share stack that nothing runs on";
            diag::fatal(function, stack, format_args!("called on this very stack"), rule)
        }
        let owner = (*stack).owner;
        let top = (*stack).align_retptr as usize;
        let used = if owner.is_null() { top } else { aco_t::stack_pointer(owner).min(top) };
        let low = (*stack).ptr.cast::<u8>();
        let size = used.saturating_sub(arch::RED_ZONE).saturating_sub(low.addr());
        sanitizer::unpoison_stack(low.cast(), size);
        valgrind::without_reports(|| low.write_bytes(PAINT, size));
        if let Some(block) = control_block::block_of(stack) {
            (*block.as_ptr()).is_painted = 1;
        }
    }
}

/// The deepest use of the stack since [`paint`], in bytes below its top. 0: it was not painted.
///
/// # Safety
/// `stack` points to a live share stack.
pub(crate) unsafe fn high_water_mark(stack: *mut aco_share_stack_t) -> usize {
    // SAFETY: `stack` is live, so its bytes from `ptr` to its top can be read.
    unsafe {
        let is_painted =
            control_block::block_of(stack).is_some_and(|block| block.as_ref().is_painted != 0);
        if !is_painted {
            return 0;
        }
        let top = (*stack).align_retptr as usize;
        valgrind::without_reports(|| {
            let mut ptr = (*stack).ptr.cast::<u8>();
            while ptr.addr() < top && ptr.read_volatile() == PAINT {
                ptr = ptr.add(1);
            }
            top - ptr.addr()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{create, destroy};
    use super::*;

    #[test]
    fn the_lowest_byte_that_was_written_counts() {
        let stack = create(1 << 16, true).ok().unwrap();
        // SAFETY: a stack of this test, on which no coroutine runs.
        unsafe {
            assert_eq!(high_water_mark(stack), 0, "not painted");
            paint("test", stack);
            let top = (*stack).align_retptr.cast::<u8>();
            assert!(high_water_mark(stack) <= 128, "a red zone is not painted");
            for depth in [200, 5000, 60_000] {
                top.sub(depth).write(depth as u8);
                top.sub(depth / 2).write(1);
                assert_eq!(high_water_mark(stack), depth);
            }
            paint("test", stack);
            assert!(high_water_mark(stack) <= 128);
            destroy("test", stack);
        }
    }
}
