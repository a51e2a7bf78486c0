//! Share stacks made.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::binding::{name, nobody};
use super::control::{self, Block};
use super::memory::guard_size;
use super::{layout, memory, pool, retained};
use crate::abi::aco_share_stack_t;
use crate::refusal::Refusal;
use crate::{arch, slab, state, sys, valgrind};

/// Makes a share stack with room for `size` bytes (see [`layout::Sizes`] for the rounding).
pub(crate) fn create(size: usize, guarded: bool) -> Result<*mut aco_share_stack_t, Refusal> {
    let sizes = layout::Sizes::new(size, guarded, sys::page_size(), guard_size());
    create_of(sizes.ok_or(Refusal::TooLarge { size })?)
}

/// As [`create`], guarded, with `gap` unused bytes below the guard, and a second guard below
/// those (see [`memory`]). Less than a page: no gap.
#[cfg(feature = "rt")]
pub(crate) fn create_apart(size: usize, gap: usize) -> Result<*mut aco_share_stack_t, Refusal> {
    let sizes = layout::Sizes::apart(size, sys::page_size(), guard_size(), gap);
    create_of(sizes.ok_or(Refusal::TooLarge { size })?)
}

#[inline(always)]
fn create_of(sizes: layout::Sizes) -> Result<*mut aco_share_stack_t, Refusal> {
    let (block, usable) = match pool::take(&sizes).or_else(|| retained::take(&sizes)) {
        Some(kept) => kept,
        None => describe_new(&sizes)?,
    };
    // SAFETY: the block is nobody else's, and describes memory of that size.
    Ok(unsafe { begin(block, usable, sizes.usable) })
}

/// Begins the life of a stack of `size` bytes at `usable`.
///
/// # Safety
/// `block` is nobody else's, and describes that memory: all but `ptr`.
#[inline(always)]
pub(super) unsafe fn begin(
    block: NonNull<Block>,
    usable: *mut c_void,
    size: usize,
) -> *mut aco_share_stack_t {
    let block = block.as_ptr();
    let stack: *mut aco_share_stack_t = block.cast();
    // SAFETY: the caller's promise; the return slot lies inside the memory. Without a life the stack
    // has no owner and no resident.
    unsafe {
        (*stack).ptr = usable;
        (*block).coroutines = 0;
        (*block).is_filled = 0;
        (*block).binding = state::binding(stack, (*block).life());
        (*block).valgrind_id = valgrind::register_stack(usable.addr(), size);
        (*stack).align_retptr.cast::<usize>().write(arch::root_return_address());
        name(stack, nobody());
    }
    stack
}

/// Obtains memory, and a control block that describes it: all but `ptr`, which comes beside.
#[cold]
#[inline(never)]
fn describe_new(sizes: &layout::Sizes) -> Result<(NonNull<Block>, *mut c_void), Refusal> {
    let Some(block) = control::take() else {
        return Err(Refusal::Stack { size: slab::CONTROL_SIZE });
    };
    let Some(memory) = memory::obtain(sizes) else {
        let errno = sys::errno();
        // SAFETY: nobody has seen it.
        unsafe { control::give_back(block) };
        sys::set_errno(errno);
        return Err(Refusal::Stack { size: sizes.usable.max(sizes.mapped) });
    };
    // SAFETY: `take` gave a control block that nobody else writes.
    unsafe { describe(block, sizes, &memory) };
    Ok((block, memory.usable))
}

/// Makes `block` describe memory of these sizes: all but `ptr`. Its generation stays.
///
/// # Safety
/// The block is nobody else's.
pub(super) unsafe fn describe(
    block: NonNull<Block>,
    sizes: &layout::Sizes,
    memory: &memory::Memory,
) {
    let usable = memory.usable;
    let stack: *mut aco_share_stack_t = block.as_ptr().cast();
    let top = layout::Top::of(usable.addr(), sizes.usable);
    // SAFETY: the block is the caller's alone.
    unsafe {
        (*stack).sz = sizes.usable;
        (*stack).align_highptr = usable.with_addr(top.high);
        (*stack).align_retptr = usable.with_addr(top.ret);
        (*stack).align_validsz = 0;
        (*stack).align_limit = layout::limit(sizes.usable);
        (*stack).owner = ptr::null_mut();
        (*stack).real_sz = sizes.mapped;
        control::fill(stack, memory.guarded, memory.mapping);
        (*block.as_ptr()).resident = ptr::null_mut();
    }
}
