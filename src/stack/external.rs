//! Share stacks in the program's memory, which returns to the program when the stack is destroyed.

use core::ffi::c_void;

use super::control_block;
use super::create::{activate_registered, init_block};
use super::layout::Sizes;
use super::memory::StackMemory;
use crate::abi::aco_share_stack_t;
use crate::error::CreateError;
use crate::sanitizer;

/// Returns true if the `size` bytes at `memory` can be a stack.
pub(crate) fn can_hold_stack(memory: *mut c_void, size: usize) -> bool {
    Sizes::external_error(memory.addr(), size).is_none()
}

/// Creates a share stack in the `size` bytes at `memory`. It has no guard page.
///
/// # Safety
/// The memory is readable and writable. Nothing else uses it until the stack is destroyed.
#[inline(never)]
pub(crate) unsafe fn create_in(
    memory: *mut c_void,
    size: usize,
) -> Result<*mut aco_share_stack_t, CreateError> {
    if let Some(what) = Sizes::external_error(memory.addr(), size) {
        return Err(CreateError::InvalidStackMemory { memory, size, what });
    }
    let block = control_block::allocate()?;
    let memory = StackMemory { usable: memory, mapping: core::ptr::null_mut(), is_guarded: false };
    sanitizer::register_root(memory.usable, size);
    // SAFETY: the block was allocated above. It describes memory that is the program's, for this stack only.
    unsafe {
        init_block(block, &Sizes::external(size), &memory);
        Ok(activate_registered(block, memory.usable, size))
    }
}
