//! Share stacks: made, destroyed, and asked whose they are.
//!
//! A control block outlives its stack (see [`control`]): coroutines may be destroyed after the
//! stack they were on, and one that would still run on it is recognised (see [`binding`]).

mod binding;
mod control;
mod depth;
mod given;
mod layout;
mod memory;
mod pool;
mod retained;
mod trim;

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use crate::abi::aco_share_stack_t;
use crate::error::CreateError;
use crate::{arch, diag, slab, state, sys, valgrind};

use binding::nobody;
pub(crate) use binding::{
    bind, bind_anew, evict_resident, is_gone, is_of_another_life, is_shared, is_vacant, leave,
    name, settle,
};
use control::Block;
pub(crate) use control::block_of as control_of;
pub(crate) use depth::{depth, fill};
pub(crate) use given::create_in;
#[cfg(feature = "rt")]
pub(crate) use given::fits;
pub(crate) use pool::give_kept_back;
pub(crate) use trim::trim;

/// Makes a share stack with room for `size` bytes (see [`layout::Sizes`] for the rounding).
pub(crate) fn create(size: usize, guarded: bool) -> Result<*mut aco_share_stack_t, CreateError> {
    let sizes = layout::Sizes::new(size, guarded, sys::page_size(), guard_size());
    create_of(sizes.ok_or(CreateError::StackTooLarge { size })?)
}

/// As [`create`], guarded, with `gap` unused bytes below the guard, and a second guard below
/// those (see [`memory`]). Less than a page: no gap.
#[cfg(feature = "rt")]
pub(crate) fn create_apart(size: usize, gap: usize) -> Result<*mut aco_share_stack_t, CreateError> {
    let sizes = layout::Sizes::apart(size, sys::page_size(), guard_size(), gap);
    create_of(sizes.ok_or(CreateError::StackTooLarge { size })?)
}

#[inline(always)]
fn create_of(sizes: layout::Sizes) -> Result<*mut aco_share_stack_t, CreateError> {
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
unsafe fn begin(block: NonNull<Block>, usable: *mut c_void, size: usize) -> *mut aco_share_stack_t {
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

/// Bytes below `stack` that no frame may touch: its guards and gap. 0: it has none.
///
/// # Safety
/// `stack` points to a live share stack.
pub(crate) unsafe fn below(stack: *const aco_share_stack_t) -> usize {
    // SAFETY: the stack is live, and so is its block.
    unsafe { layout::Sizes { usable: (*stack).sz, mapped: (*stack).real_sz }.below() }
}

/// Bytes of a guard below a stack: whole pages, and not less than compilers probe.
fn guard_size() -> usize {
    arch::MIN_GUARD.max(sys::page_size())
}

/// Obtains memory, and a control block that describes it: all but `ptr`, which comes beside.
#[cold]
#[inline(never)]
fn describe_new(sizes: &layout::Sizes) -> Result<(NonNull<Block>, *mut c_void), CreateError> {
    let Some(block) = control::take() else {
        return Err(CreateError::NoStackMemory { size: slab::CONTROL_SIZE });
    };
    let Some(memory) = memory::obtain(sizes) else {
        let errno = sys::errno();
        // SAFETY: nobody has seen it.
        unsafe { control::give_back(block) };
        sys::set_errno(errno);
        return Err(CreateError::NoStackMemory { size: sizes.usable.max(sizes.mapped) });
    };
    // SAFETY: `take` gave a control block that nobody else writes.
    unsafe { describe(block, sizes, &memory) };
    Ok((block, memory.usable))
}

/// Makes `block` describe memory of these sizes: all but `ptr`. Its generation stays.
///
/// # Safety
/// The block is nobody else's.
unsafe fn describe(block: NonNull<Block>, sizes: &layout::Sizes, memory: &memory::Memory) {
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

/// Gives a share stack's memory back. Its coroutines may still be destroyed, not resumed.
///
/// # Safety
/// `stack` points to a share stack, live or destroyed.
pub(crate) unsafe fn destroy(function: &str, stack: *mut aco_share_stack_t) {
    // SAFETY: control blocks stay readable; a live one describes its memory, which nothing uses:
    // no coroutine runs on it (checked here), none will (the generation ends).
    unsafe {
        if (*stack).ptr.is_null() {
            let rule = "destroy a share stack once";
            diag::fatal(function, stack, format_args!("the share stack is destroyed already"), rule)
        }
        if aco_share_stack_t::contains(stack, arch::stack_pointer()) {
            let rule = "destroy a share stack after leaving it";
            diag::fatal(function, stack, format_args!("called on this very stack"), rule)
        }
        let usable = (*stack).ptr;
        let sizes = layout::Sizes { usable: (*stack).sz, mapped: (*stack).real_sz };
        let block = control::block_of(stack);
        if let Some(block) = block {
            evict_resident(stack, Some(block));
            control::end_life(block);
            valgrind::deregister_stack((*block.as_ptr()).valgrind_id);
        }
        (*stack).ptr = ptr::null_mut();
        (*stack).owner = ptr::null_mut();
        (*stack).align_validsz = 0;
        let is_released = match block {
            Some(block) => pool::keep(block, usable, &sizes) || retained::release(block, usable),
            // The struct of a copy by value is the program's.
            None => memory::release(usable, &sizes),
        };
        if !is_released {
            refuse_memory(function, stack)
        }
    }
}

/// The system does not know the memory of `stack`: says so, and aborts.
#[cold]
#[inline(never)]
fn refuse_memory(function: &str, stack: *mut aco_share_stack_t) -> ! {
    let errno = sys::errno();
    diag::fatal(
        function,
        stack,
        format_args!("munmap fails with errno {errno}"),
        "real_ptr and real_sz belong to the library; a copy by value needs vm.max_map_count",
    )
}
