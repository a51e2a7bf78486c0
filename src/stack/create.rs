//! Share stacks created: from the cache of the thread, from the deferred ones, or from new memory.

use core::ffi::c_void;
use core::ptr;

use super::control_block::{self, BlockPtr};
use super::guard::guard_size;
use super::layout::{self, Sizes, Top};
use super::memory::{self, StackMemory};
use super::unwind_owner::{no_coroutine, set_unwind_owner};
use super::{cache, deferred_unmap};
use crate::abi::aco_share_stack_t;
use crate::error::CreateError;
use crate::{arch, state, sys, valgrind};

/// As [`create`]. Returns the result of `on_error` instead of an error.
#[inline(always)]
pub(crate) fn create_or(
    size: usize,
    is_guarded: bool,
    on_error: fn(CreateError) -> *mut aco_share_stack_t,
) -> *mut aco_share_stack_t {
    reuse(size, is_guarded).unwrap_or_else(|| create_slowly_or(size, is_guarded, on_error))
}

#[cold]
#[inline(never)]
fn create_slowly_or(
    size: usize,
    is_guarded: bool,
    on_error: fn(CreateError) -> *mut aco_share_stack_t,
) -> *mut aco_share_stack_t {
    create(size, is_guarded).unwrap_or_else(on_error)
}

/// As [`create`], from the cache of the thread, if that takes no call.
#[inline(always)]
fn reuse(size: usize, is_guarded: bool) -> Option<*mut aco_share_stack_t> {
    let page = sys::known_page_size()?;
    let sizes = Sizes::new(size, is_guarded, page, arch::MIN_GUARD.max(page))?;
    let (block, usable) = cache::acquire_alone(&sizes)?;
    // SAFETY: the block was taken from the list, and describes memory of that size.
    Some(unsafe { activate(block, usable) })
}

/// Creates a share stack of `size` bytes (see [`Sizes`] for the rounding).
pub(crate) fn create(size: usize, is_guarded: bool) -> Result<*mut aco_share_stack_t, CreateError> {
    let sizes = Sizes::new(size, is_guarded, sys::page_size(), guard_size());
    create_with_sizes(sizes.ok_or(CreateError::StackTooLarge { size })?)
}

/// Creates a guarded stack with `gap` unused bytes below the guard, and a second guard below those (see [`memory`]).
/// A gap of less than a page is none.
#[inline(never)]
pub(crate) fn create_with_gap(
    size: usize,
    gap: usize,
) -> Result<*mut aco_share_stack_t, CreateError> {
    let sizes = Sizes::with_gap(size, sys::page_size(), guard_size(), gap);
    create_with_sizes(sizes.ok_or(CreateError::StackTooLarge { size })?)
}

fn create_with_sizes(sizes: Sizes) -> Result<*mut aco_share_stack_t, CreateError> {
    let (block, usable) = match cache::acquire(&sizes).or_else(|| deferred_unmap::acquire(&sizes)) {
        Some(reused) => reused,
        None => create_block(&sizes)?,
    };
    // SAFETY: the block is NEW, or was taken from a list, and describes memory of that size.
    Ok(unsafe { activate_registered(block, usable, sizes.usable) })
}

/// Makes a stack of `size` bytes at `usable` LIVE, and registers it with Valgrind.
///
/// # Safety
/// As [`activate`].
pub(super) unsafe fn activate_registered(
    block: BlockPtr,
    usable: *mut c_void,
    size: usize,
) -> *mut aco_share_stack_t {
    // SAFETY: only this thread uses the block.
    unsafe {
        (*block.as_ptr()).valgrind_id = valgrind::register_stack(usable.addr(), size);
        activate(block, usable)
    }
}

/// Makes a stack at `usable` LIVE. One that was in the cache is not registered with Valgrind, under which nothing is
/// cached.
///
/// # Safety
/// `block` is NEW, or was taken from a list. It describes this memory, except for `ptr`.
#[inline(always)]
unsafe fn activate(block: BlockPtr, usable: *mut c_void) -> *mut aco_share_stack_t {
    let block = block.as_ptr();
    let stack: *mut aco_share_stack_t = block.cast();
    // SAFETY: only this thread uses the block and its memory, which holds the return slot. A block that is not LIVE
    // has no owner and no exclusive coroutine.
    unsafe {
        (*stack).ptr = usable;
        (*block).users = 0;
        (*block).is_painted = 0;
        (*block).is_owned = 0;
        (*block).binding = state::binding(stack, (*block).generation());
        (*stack).align_retptr.cast::<usize>().write(arch::root_return_address());
        set_unwind_owner(stack, no_coroutine());
    }
    stack
}

/// Allocates memory, and a control block that describes it. Returns `ptr` separately: the block is NEW.
#[cold]
#[inline(never)]
pub(super) fn create_block(sizes: &Sizes) -> Result<(BlockPtr, *mut c_void), CreateError> {
    let block = control_block::allocate()?;
    let Some(memory) = memory::allocate(sizes) else {
        let errno = sys::errno();
        // SAFETY: the block was allocated above, and no other thread has seen it.
        unsafe { control_block::free(block) };
        sys::set_errno(errno);
        return Err(CreateError::NoStackMemory { size: sizes.usable.max(sizes.mapped) });
    };
    // SAFETY: the block was allocated above.
    unsafe { init_block(block, sizes, &memory) };
    Ok((block, memory.usable))
}

/// Writes the description of memory of these sizes to `block`. `ptr` and the generation are unchanged.
///
/// # Safety
/// `block` is from [`control_block::allocate`], and no other thread has seen it.
pub(super) unsafe fn init_block(block: BlockPtr, sizes: &Sizes, memory: &StackMemory) {
    let usable = memory.usable;
    let stack: *mut aco_share_stack_t = block.as_ptr().cast();
    let top = Top::of(usable.addr(), sizes.usable);
    // SAFETY: no other thread has seen the block.
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
