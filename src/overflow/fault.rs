//! Which fault is an overflow, and the line of one.

use core::ptr::NonNull;

use crate::abi::aco_t;
use crate::{diag, stack};

/// A frame so large may be made in one step: the stack pointer is then this far below.
const LARGEST_FRAME: usize = 64 << 20;

/// Bytes below the stack pointer that code writes to: a call's return address, a red zone, what aarch64 stores as it
/// lowers the stack pointer.
const REACH: usize = 1024;

/// An overflow, for who prints the line.
pub(crate) struct Overflow {
    pub(crate) co: NonNull<aco_t>,
    /// Where the fault is, and where the stack pointer is.
    pub(crate) address: usize,
    pub(crate) stack_pointer: usize,
}

/// Is a fault at `address` with this stack pointer an overflow of the stack of `co` (invariant 1)?
///
/// # Safety
/// `co` runs here.
pub(super) unsafe fn is_overflow(
    co: NonNull<aco_t>,
    address: usize,
    stack_pointer: usize,
    is_asked: bool,
) -> bool {
    // SAFETY: `co` runs here, so it has a share stack.
    let (low, size) = unsafe {
        let stack = (*co.as_ptr()).share_stack;
        ((*stack).ptr.addr(), stack::below(stack))
    };
    let below = |place: usize, reach: usize| low.wrapping_sub(place).wrapping_sub(1) < reach;
    // A frame that was made in one step: the stack pointer is below the stack, the fault between.
    let in_frame = below(stack_pointer, LARGEST_FRAME)
        && below(address, LARGEST_FRAME)
        && address >= stack_pointer.saturating_sub(REACH);
    below(address, size) || is_asked && in_frame
}

/// The line of a coroutine.
pub(super) fn print(overflow: &Overflow) {
    let Overflow { co, address, stack_pointer } = *overflow;
    // SAFETY: a running coroutine exists, and its stack.
    let (kib, entry, arg, low) = unsafe {
        let (co, stack) = (&*co.as_ptr(), &*(*co.as_ptr()).share_stack);
        (stack.sz / 1024, co.fp.map_or(0, |fp| fp as usize), co.arg, stack.ptr)
    };
    diag::print(format_args!(
        "aco: fatal: coroutine {co:p} (entry {entry:#x}, arg {arg:p}) overflowed its {kib} KiB stack: \
         fault at {address:#x}, sp {stack_pointer:#x}, stack from {low:p} (make it larger, or its frames \
         smaller)\n"
    ));
}
