//! Share stacks: made, destroyed, and asked whose they are.
//!
//! A control block outlives its stack (see [`control`]): coroutines may be destroyed after the
//! stack they were on, and a coroutine that would still run on it is recognised. Each coroutine
//! remembers the generation of the control block it was created on; destroying the stack ends
//! that generation.

mod control;
mod layout;
mod memory;

use core::ffi::c_char;
use core::ptr;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, diag, sys, valgrind};

/// Makes a share stack with room for `size` bytes (see [`layout::Sizes`] for the rounding).
/// Aborts, in the name of `function`, when there is no memory or no such size.
pub(crate) fn create(function: &str, size: usize, guarded: bool) -> *mut aco_share_stack_t {
    let nothing = ptr::null::<aco_share_stack_t>();
    let Some(sizes) = layout::Sizes::new(size, guarded, sys::page_size()) else {
        diag::fatal(
            function,
            nothing,
            format_args!("a stack of {size} bytes does not fit the address space"),
            "the size is in bytes; 0 means 2 MiB",
        )
    };
    let Some(stack) = control::take() else {
        diag::out_of_memory(function, nothing, "share stack control blocks", control::SLAB)
    };
    let stack = stack.as_ptr();
    let memory = memory::obtain(function, &sizes);
    let top = layout::Top::of(memory.usable as usize, sizes.usable);
    // SAFETY: `take` gave a control block that nobody else writes; its generation stays. The
    // return slot lies inside the memory, which was mapped or allocated with that size.
    unsafe {
        (*stack).ptr = memory.usable;
        (*stack).sz = sizes.usable;
        (*stack).align_highptr = memory.usable.with_addr(top.high);
        (*stack).align_retptr = memory.usable.with_addr(top.ret);
        (*stack).align_validsz = 0;
        (*stack).align_limit = layout::limit(sizes.usable);
        (*stack).owner = ptr::null_mut();
        (*stack).guard_page_enabled = c_char::from(guarded);
        control::set_mapping(stack, memory.mapping);
        (*stack).real_sz = sizes.mapped;
        (*stack).align_retptr.cast::<usize>().write(arch::root_return_address());
        *aco_share_stack_t::valgrind_id(stack) =
            valgrind::register_stack(memory.usable as usize, sizes.usable);
    }
    stack
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
        valgrind::deregister_stack(*aco_share_stack_t::valgrind_id(stack));
        memory::give_back(function, stack);
        (*stack).ptr = ptr::null_mut();
        (*stack).owner = ptr::null_mut();
        (*stack).align_validsz = 0;
        control::give_back(stack);
    }
}

/// Binds a new coroutine to the present life of its share stack.
///
/// # Safety
/// `co` points to a coroutine whose `share_stack` is live.
pub(crate) unsafe fn bind(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { *aco_t::generation(co) = *aco_share_stack_t::generation((*co).share_stack) }
}

/// Was the share stack of `co` destroyed? Only a mark of the dead counts: a coroutine or a stack
/// without a generation (a copy that lost its padding) is taken for live.
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed.
#[inline(always)]
pub(crate) unsafe fn is_gone(co: *mut aco_t) -> bool {
    // SAFETY: control blocks stay readable after their stack is destroyed.
    unsafe {
        let bound = *aco_t::generation(co);
        let present = *aco_share_stack_t::generation((*co).share_stack);
        bound != present && bound != 0 && present != 0
    }
}

/// Ends the ownership of `co`, if its stack is still there and it is the owner.
///
/// # Safety
/// As [`is_gone`].
pub(crate) unsafe fn disown(co: *mut aco_t) {
    // SAFETY: the caller's promise; a control block of another life is not written to.
    unsafe {
        let stack = (*co).share_stack;
        if (*stack).owner == co && !is_gone(co) {
            (*stack).owner = ptr::null_mut();
            (*stack).align_validsz = 0;
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
