//! Creation of share stacks.

use core::ffi::c_void;
use core::ptr;

use super::binding::{no_coroutine, set_unwind_owner};
use super::control_block::{self, BlockPtr};
use super::memory::guard_size;
use super::{cache, deferred_unmap, layout, memory};
use crate::abi::aco_share_stack_t;
use crate::error::CreateError;
use crate::{arch, slab, state, sys, valgrind};

/// Creates a share stack of at least `size` bytes ([`layout::Sizes`] rounds).
pub(crate) fn create(size: usize, is_guarded: bool) -> Result<*mut aco_share_stack_t, CreateError> {
    let sizes = layout::Sizes::new(size, is_guarded, sys::page_size(), guard_size());
    create_with_sizes(sizes.ok_or(CreateError::StackTooLarge { size })?)
}

/// As [`create`], guarded, with `gap` unused bytes below the guard and a second guard below the gap ([`memory`]). A
/// gap of less than a page is none.
#[cfg(feature = "rt")]
pub(crate) fn create_with_gap(
    size: usize,
    gap: usize,
) -> Result<*mut aco_share_stack_t, CreateError> {
    let sizes = layout::Sizes::with_gap(size, sys::page_size(), guard_size(), gap);
    create_with_sizes(sizes.ok_or(CreateError::StackTooLarge { size })?)
}

#[inline(always)]
fn create_with_sizes(sizes: layout::Sizes) -> Result<*mut aco_share_stack_t, CreateError> {
    let (block, usable) = match cache::acquire(&sizes).or_else(|| deferred_unmap::acquire(&sizes)) {
        Some(reused) => reused,
        None => create_block(&sizes)?,
    };
    // SAFETY: this thread alone has the block, which describes memory of that size.
    Ok(unsafe { activate(block, usable, sizes.usable) })
}

/// Begins the life of a stack of `size` bytes at `usable`.
///
/// # Safety
/// This thread alone has `block`, which describes that memory: all but `ptr`.
#[inline(always)]
pub(super) unsafe fn activate(
    block: BlockPtr,
    usable: *mut c_void,
    size: usize,
) -> *mut aco_share_stack_t {
    let block = block.as_ptr();
    let stack: *mut aco_share_stack_t = block.cast();
    // SAFETY: this thread alone has the block. The return slot is inside the memory. A stack that is not live has no
    // owner and no exclusive user.
    unsafe {
        (*stack).ptr = usable;
        (*block).users = 0;
        (*block).is_painted = 0;
        (*block).binding = state::binding(stack, (*block).generation());
        (*block).valgrind_id = valgrind::register_stack(usable.addr(), size);
        (*stack).align_retptr.cast::<usize>().write(arch::root_return_address());
        set_unwind_owner(stack, no_coroutine());
    }
    stack
}

/// Allocates memory and a control block that describes it: all but `ptr`, which is returned beside it.
#[cold]
#[inline(never)]
fn create_block(sizes: &layout::Sizes) -> Result<(BlockPtr, *mut c_void), CreateError> {
    let Some(block) = control_block::allocate() else {
        return Err(CreateError::NoStackMemory { size: slab::STACK_BLOCK_SIZE });
    };
    let Some(memory) = memory::allocate(sizes) else {
        let errno = sys::errno();
        // SAFETY: no other thread knows the block.
        unsafe { control_block::free(block) };
        sys::set_errno(errno);
        return Err(CreateError::NoStackMemory { size: sizes.usable.max(sizes.mapped) });
    };
    // SAFETY: this thread alone has the block that was just allocated.
    unsafe { init_block(block, sizes, &memory) };
    Ok((block, memory.usable))
}

/// Makes `block` describe memory of these sizes: all but `ptr`. Its generation stays.
///
/// # Safety
/// This thread alone has the block.
pub(super) unsafe fn init_block(
    block: BlockPtr,
    sizes: &layout::Sizes,
    memory: &memory::StackMemory,
) {
    let usable = memory.usable;
    let stack: *mut aco_share_stack_t = block.as_ptr().cast();
    let top = layout::Top::of(usable.addr(), sizes.usable);
    // SAFETY: this thread alone has the block.
    unsafe {
        (*stack).sz = sizes.usable;
        (*stack).align_highptr = usable.with_addr(top.high);
        (*stack).align_retptr = usable.with_addr(top.ret);
        (*stack).align_validsz = 0;
        (*stack).align_limit = layout::limit(sizes.usable);
        (*stack).owner = ptr::null_mut();
        (*stack).real_sz = sizes.mapped;
        control_block::set_memory(stack, memory.is_guarded, memory.mapping);
        (*block.as_ptr()).exclusive = ptr::null_mut();
    }
}
