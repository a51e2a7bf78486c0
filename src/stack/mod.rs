//! Share stacks: made, destroyed, and asked whose they are.
//!
//! A control block outlives its stack (see [`control`]): coroutines may be destroyed after the
//! stack they were on, and a coroutine that would still run on it is recognised. Each coroutine
//! is bound to the generation of the control block it was created on; destroying the stack ends
//! that generation. A coroutine that has a stack for itself may be its resident: then its own
//! control block says that it may be resumed inline (see [`state`]).

mod control;
mod layout;
mod memory;
mod pool;

use core::ffi::c_void;
use core::mem::offset_of;
use core::ptr::{self, NonNull};

use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, diag, slab, state, sys, valgrind};

use control::Block;
pub(crate) use control::{Control, block_of as control_of};

/// Makes a share stack with room for `size` bytes (see [`layout::Sizes`] for the rounding).
/// Aborts, in the name of `function`, when there is no memory or no such size.
pub(crate) fn create(function: &str, size: usize, guarded: bool) -> *mut aco_share_stack_t {
    let nothing = ptr::null::<aco_share_stack_t>();
    let Some(sizes) = layout::Sizes::new(size, guarded, sys::page_size(), guard_size()) else {
        diag::fatal(
            function,
            nothing,
            format_args!("a stack of {size} bytes does not fit the address space"),
            "the size is in bytes; 0 means 2 MiB",
        )
    };
    let (block, usable) = match pool::take(&sizes) {
        Some(kept) => kept,
        None => describe_new(function, &sizes),
    };
    let block = block.as_ptr();
    let stack: *mut aco_share_stack_t = block.cast();
    // SAFETY: the block is nobody else's, and describes memory of that size; the return slot lies
    // inside it. Without a life it has no owner and no resident.
    unsafe {
        (*stack).ptr = usable;
        (*block).coroutines = 0;
        (*block).is_filled = 0;
        (*block).binding = state::binding(stack, (*block).life());
        (*block).valgrind_id = valgrind::register_stack(usable.addr(), sizes.usable);
        (*stack).align_retptr.cast::<usize>().write(arch::root_return_address());
        name(stack, nobody());
    }
    stack
}

/// Whose frames are on a stack that nobody was on: a main coroutine of itself that goes on nowhere,
/// where unwinding ends.
fn nobody() -> *mut aco_t {
    #[allow(dead_code, reason = "unwinders read it")]
    struct Nobody([*const Nobody; size_of::<aco_t>() / 8]);
    // SAFETY: nobody writes it.
    unsafe impl Sync for Nobody {}
    static NOBODY: Nobody = {
        #[allow(clippy::indexing_slicing, reason = "when it is compiled")]
        let words = {
            let mut words = [ptr::null(); size_of::<aco_t>() / 8];
            words[offset_of!(aco_t, main_co) / 8] = &raw const NOBODY;
            words
        };
        Nobody(words)
    };
    (&raw const NOBODY).cast_mut().cast()
}

/// Writes down for unwinders whose frames are on the stack.
///
/// # Safety
/// `stack` points to a live share stack.
#[inline(always)]
pub(crate) unsafe fn name(stack: *mut aco_share_stack_t, co: *mut aco_t) {
    // SAFETY: a word above `align_highptr` is the library's (`layout::HEADROOM`).
    unsafe { (*stack).align_highptr.cast::<*mut aco_t>().write(co) }
}

/// Bytes of the guard below a stack: whole pages, and not less than compilers probe.
pub(crate) fn guard_size() -> usize {
    arch::LEAST_GUARD.max(sys::page_size())
}

/// Obtains memory, and a control block that describes it: all but `ptr`, which comes beside.
#[cold]
#[inline(never)]
fn describe_new(function: &str, sizes: &layout::Sizes) -> (NonNull<Block>, *mut c_void) {
    let nothing = ptr::null::<aco_share_stack_t>();
    let Some(block) = control::take() else {
        diag::out_of_memory(function, nothing, "a share stack", slab::CONTROL_SIZE)
    };
    let memory = memory::obtain(function, sizes);
    let usable = memory.usable;
    let stack: *mut aco_share_stack_t = block.as_ptr().cast();
    let top = layout::Top::of(usable.addr(), sizes.usable);
    // SAFETY: `take` gave a control block that nobody else writes; its generation stays.
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
    (block, usable)
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
        if contains(stack, arch::stack_pointer()) {
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
        // The struct of a copy by value is the program's.
        let Some(block) = block else { return release(function, stack, usable, &sizes) };
        if !pool::keep(block, usable, &sizes) {
            release(function, stack, usable, &sizes);
            control::give_back(block);
        }
    }
}

/// Gives the memory of `stack` back to the system. Aborts when that does not take it.
///
/// # Safety
/// The memory is that of a share stack, and nothing uses it from here on.
unsafe fn release(
    function: &str,
    stack: *mut aco_share_stack_t,
    usable: *mut c_void,
    sizes: &layout::Sizes,
) {
    // SAFETY: the caller's promise.
    if unsafe { !memory::release(usable, sizes) } {
        let errno = sys::errno();
        diag::fatal(
            function,
            stack,
            format_args!("munmap fails with errno {errno}"),
            "real_ptr and real_sz belong to the library; vm.max_map_count may be exhausted",
        )
    }
}

/// Has no coroutine been bound to this life of the share stack? One that is will have it for itself,
/// as long as it is the only one.
///
/// # Safety
/// `block` is the control block of a live share stack.
#[inline(always)]
pub(crate) unsafe fn is_vacant(block: Control) -> bool {
    // SAFETY: the caller's promise.
    block.is_some_and(|block| unsafe { (*block.as_ptr()).coroutines } == 0)
}

/// Binds a new coroutine to the present life of its share stack. Whoever had the stack alone has
/// it no longer.
///
/// # Safety
/// `co` points to a coroutine that the library allocated, on a live share stack, whose control block
/// is `block`.
#[inline(always)]
pub(crate) unsafe fn bind(co: *mut aco_t, block: Control) {
    // SAFETY: the caller's promise. Life 0 is no block's: a coroutine on a copy is never refused.
    unsafe {
        let stack = (*co).share_stack;
        let Some(found) = block else { return state::bind(co, state::binding(stack, 0)) };
        let found = found.as_ptr();
        (*found).coroutines = (*found).coroutines.saturating_add(1);
        if (*found).coroutines > 1 {
            evict_resident(stack, block);
        }
        state::bind(co, (*found).binding);
    }
}

/// Was the share stack of `co` destroyed, and the frames of `co` with it? Only a mark of the dead
/// counts: a coroutine or a stack that is a copy by value is taken for live, and so is a coroutine
/// that has no frames, which a program may have moved to the next stack in the same control block.
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed, whose control block is `block`.
#[inline(always)]
pub(crate) unsafe fn is_gone(co: *mut aco_t, block: Control) -> bool {
    // SAFETY: control blocks stay readable after their stack is destroyed. The binding of a block
    // in its next life differs.
    unsafe {
        match block {
            Some(block) if state::is_bound_to(co, block.as_ref().binding) => {
                (*(*co).share_stack).ptr.is_null()
            }
            _ => is_gone_by_inspection(co),
        }
    }
}

/// [`is_gone`] where the binding is not the present one. A coroutine without frames that was moved
/// to the next stack in the same control block is bound to that.
#[cold]
#[inline(never)]
unsafe fn is_gone_by_inspection(co: *mut aco_t) -> bool {
    // SAFETY: as in `is_gone`.
    unsafe {
        let stack = (*co).share_stack;
        if (*stack).ptr.is_null() {
            return true;
        }
        let bound = state::generation(co);
        let Some(block) = control::block_of(stack).map(NonNull::as_ptr) else { return false };
        if bound == 0 || bound == (*block).life() {
            return false;
        }
        if aco_t::stack_pointer(co) != (*stack).align_retptr as usize {
            return true;
        }
        if state::is_ours(co) {
            (*block).coroutines = (*block).coroutines.saturating_add(1);
            if (*block).coroutines > 1 {
                evict_resident(stack, NonNull::new(block));
            }
        }
        state::rebind(co, (*block).binding);
        false
    }
}

/// Makes the owner `co` of a live share stack its resident, if it has the stack for itself: the
/// next resume may then be inline. Where either is a copy by value, nothing.
///
/// # Safety
/// `co` points to a coroutine that owns its share stack, whose control block is `block`.
#[inline(always)]
pub(crate) unsafe fn settle(co: *mut aco_t, block: Control) {
    // SAFETY: the caller's promise; a block's resident is NULL or a coroutine of the library's.
    unsafe {
        if let Some(found) = block
            && (*found.as_ptr()).coroutines == 1
            && state::is_ours(co)
        {
            if (*found.as_ptr()).resident != co {
                evict_resident((*co).share_stack, block);
                (*found.as_ptr()).resident = co;
            }
            state::settle(co);
        }
    }
}

/// Takes the residence away from whoever has it.
///
/// # Safety
/// `stack` points to a live share stack, whose control block is `block`.
#[inline(always)]
pub(crate) unsafe fn evict_resident(stack: *mut aco_share_stack_t, block: Control) {
    // SAFETY: the caller's promise; an owner is a coroutine.
    unsafe {
        if let Some(block) = block.map(NonNull::as_ptr)
            && !(*block).resident.is_null()
        {
            let resident = (*block).resident;
            // One that is not the owner has ended, or is gone: a program moved it, or its memory.
            if resident == (*stack).owner || slab::holds(resident.cast()) {
                state::unsettle(resident, stack, (*block).binding);
            }
            (*block).resident = ptr::null_mut();
        }
    }
}

/// Ends ownership and residence of `co`, which is being destroyed.
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed.
#[inline(always)]
pub(crate) unsafe fn leave(co: *mut aco_t) {
    // SAFETY: the caller's promise; a control block of another life is not written to.
    unsafe {
        let stack = (*co).share_stack;
        let block = control::block_of(stack);
        let named = (*stack).align_highptr.cast::<*mut aco_t>();
        if block.is_some() && !(*stack).ptr.is_null() && *named == co {
            *named = nobody();
        }
        if (*stack).owner == co && !is_gone(co, block) {
            (*stack).owner = ptr::null_mut();
            (*stack).align_validsz = 0;
        }
        if let Some(block) = block.map(NonNull::as_ptr) {
            let resident = (*block).resident == co;
            if resident {
                (*block).resident = ptr::null_mut();
            }
            if resident || state::generation(co) == (*block).life() {
                (*block).coroutines = (*block).coroutines.saturating_sub(1);
            }
        }
    }
}

/// Does `address` lie on the stack?
///
/// # Safety
/// `stack` points to a share stack, live or destroyed.
pub(crate) unsafe fn contains(stack: *mut aco_share_stack_t, address: usize) -> bool {
    // SAFETY: control blocks stay readable.
    let (low, size) = unsafe { ((*stack).ptr as usize, (*stack).sz) };
    low != 0 && address.wrapping_sub(low) < size
}

/// The byte that [`fill`] writes.
const PATTERN: u8 = 0xa5;

/// Fills what no frame is on with a pattern, so that [`depth`] sees how deep the stack is used from
/// now on.
///
/// # Safety
/// `stack` points to a share stack; nothing runs on it.
pub(crate) unsafe fn fill(function: &str, stack: *mut aco_share_stack_t) {
    // SAFETY: the caller's promise: below the frames of the owner nothing is in use, but that 128 bytes
    // may be a red zone.
    unsafe {
        if (*stack).ptr.is_null() {
            let rule = "fill a share stack before it is destroyed";
            diag::fatal(function, stack, format_args!("the share stack is destroyed"), rule)
        }
        if contains(stack, arch::stack_pointer()) {
            let rule = "fill a share stack that nothing runs on";
            diag::fatal(function, stack, format_args!("called on this very stack"), rule)
        }
        let owner = (*stack).owner;
        let top = (*stack).align_retptr as usize;
        let used = if owner.is_null() { top } else { aco_t::stack_pointer(owner).min(top) };
        let low = (*stack).ptr.cast::<u8>();
        let size = used.saturating_sub(128).saturating_sub(low.addr());
        low.write_bytes(PATTERN, size);
        if let Some(block) = control::block_of(stack) {
            (*block.as_ptr()).is_filled = 1;
        }
    }
}

/// The deepest use of the stack since [`fill`], in bytes below its top; 0 if it was not filled.
///
/// # Safety
/// `stack` points to a live share stack.
pub(crate) unsafe fn depth(stack: *mut aco_share_stack_t) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let filled = control::block_of(stack).is_some_and(|block| block.as_ref().is_filled != 0);
        if !filled {
            return 0;
        }
        let top = (*stack).align_retptr as usize;
        let mut place = (*stack).ptr.cast::<u8>();
        while place.addr() < top && place.read_volatile() == PATTERN {
            place = place.add(1);
        }
        top - place.addr()
    }
}
