//! The exclusive coroutine of a share stack: the owner, the only user, and watched by no sanitizer. The inline code of
//! the headers may resume it (BI1 and BI2 of `binding`; S2 of `state`).

use core::ptr::{self, NonNull};

use super::control_block::{self, BlockPtr};
use super::unwind_owner::{no_coroutine, set_unwind_owner};
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{sanitizer, slab, state};

/// Makes the owner `co` of a live share stack the exclusive coroutine, so that the next resume may be inline (BI1).
/// Does nothing if there are more users, if `co` or the stack is a copy by value, or with a sanitizer.
///
/// # Safety
/// `co` points to a coroutine that owns its share stack, whose control block is `block`.
#[inline(always)]
pub(crate) unsafe fn set_exclusive(co: *mut aco_t, block: Option<BlockPtr>) {
    // SAFETY: `co` owns its stack, which is therefore live, and `block` is the block of that stack.
    unsafe {
        if let Some(found) = block
            && (*found.as_ptr()).users == 1
            && !sanitizer::is_present()
            && state::is_ours(co)
        {
            if (*found.as_ptr()).exclusive != co {
                revoke_exclusive((*co).share_stack, block);
            }
            become_exclusive(co, found);
        }
    }
}

/// Makes `co` the exclusive coroutine of the stack whose control block is `block`.
///
/// # Safety
/// BI1 holds for `co`, and `exclusive` is NULL or `co`.
#[inline(always)]
unsafe fn become_exclusive(co: *mut aco_t, block: BlockPtr) {
    // SAFETY: `co` owns the stack, which is therefore live.
    unsafe {
        (*block.as_ptr()).exclusive = co;
        state::set_exclusive(co);
    }
}

/// As [`set_exclusive`], in a process without sanitizers.
///
/// # Safety
/// As [`set_exclusive`], and [`can_take_over`](super::can_take_over) is true.
#[inline(always)]
pub(crate) unsafe fn set_exclusive_if_alone(co: *mut aco_t, block: BlockPtr) {
    // SAFETY: `co` owns its stack. No other coroutine is exclusive.
    unsafe {
        if (*block.as_ptr()).users == 1 && state::is_ours(co) {
            become_exclusive(co, block);
        }
    }
}

/// Makes a coroutine without frames the owner of its share stack again, if it is the exclusive one, and the stack is
/// its own or free. Returns false, and does nothing, otherwise. The caller makes the coroutine EXCLUSIVE.
///
/// # Safety
/// `co` points to a coroutine without frames, on a live share stack.
#[inline(always)]
pub(crate) unsafe fn own_again(co: *mut aco_t) -> bool {
    // SAFETY: the stack of `co` is live, so its block, if it has one, is LIVE.
    unsafe {
        let stack = (*co).share_stack;
        let is_exclusive = control_block::block_of(stack)
            .is_some_and(|block| block.as_ref().exclusive == co && state::is_exclusive(co));
        if !is_exclusive || !(*stack).owner.is_null() && (*stack).owner != co {
            return false;
        }
        (*stack).owner = co;
        (*stack).align_validsz = size_of::<usize>();
        set_unwind_owner(stack, co);
        true
    }
}

/// Revokes the exclusive coroutine of a stack, if there is one.
///
/// # Safety
/// `stack` points to a live share stack, whose control block is `block`.
#[inline(always)]
pub(crate) unsafe fn revoke_exclusive(stack: *mut aco_share_stack_t, block: Option<BlockPtr>) {
    // SAFETY: the stack is live, so `block` is LIVE. An owner is a coroutine, and a block in a slab can be read.
    unsafe {
        if let Some(block) = block.map(NonNull::as_ptr)
            && !(*block).exclusive.is_null()
        {
            let exclusive = (*block).exclusive;
            // If it is not the owner it has ended, or the program moved it. Memory that is in no slab may be freed.
            if has_left(exclusive, stack) {
                (*stack).owner = ptr::null_mut();
            } else if exclusive == (*stack).owner || slab::contains(exclusive.cast()) {
                state::clear_exclusive(exclusive, stack, (*block).binding);
            }
            (*block).exclusive = ptr::null_mut();
        }
    }
}

/// Returns true if the exclusive coroutine `co` owns the stack, but has no frames there and is elsewhere: the program
/// has moved it after aco_reset(), which keeps the stack for it, and perhaps destroyed it then.
///
/// # Safety
/// `co` was a coroutine on `stack`, which is live.
#[cold]
#[inline(never)]
unsafe fn has_left(co: *mut aco_t, stack: *mut aco_share_stack_t) -> bool {
    // SAFETY: memory in a slab can be read, and so can a control block of a stack.
    unsafe {
        if (*stack).owner != co || !slab::contains(co.cast()) {
            return false;
        }
        let now = (*co).share_stack;
        state::is_destroyed(co)
            || now != stack
                && control_block::block_of(now).is_some()
                && ((*now).owner == co || aco_t::stack_pointer(co) == (*now).align_retptr as usize)
    }
}

/// As [`detach`], if `co` is the exclusive coroutine of its stack. Returns false, and does nothing, otherwise.
///
/// # Safety
/// As [`detach`].
#[inline(always)]
pub(crate) unsafe fn detach_exclusive(co: *mut aco_t) -> bool {
    // SAFETY: control blocks stay readable (CB1). A block that names an exclusive coroutine is LIVE (CB4).
    unsafe {
        let stack = (*co).share_stack;
        let Some(block) = control_block::block_of(stack).map(NonNull::as_ptr) else { return false };
        if (*block).exclusive != co {
            return false;
        }
        (*block).exclusive = ptr::null_mut();
        (*block).users = (*block).users.saturating_sub(1);
        let unwind_owner = (*stack).align_highptr.cast::<*mut aco_t>();
        if *unwind_owner == co {
            *unwind_owner = no_coroutine();
        }
        disown(co);
        true
    }
}

/// Takes the share stack of `co` from it, if `co` is the owner.
///
/// # Safety
/// `co` points to a coroutine without frames, on a live share stack.
#[inline(always)]
pub(crate) unsafe fn disown(co: *mut aco_t) {
    // SAFETY: the stack of `co` is live.
    unsafe {
        let stack = (*co).share_stack;
        if (*stack).owner == co {
            (*stack).owner = ptr::null_mut();
            (*stack).align_validsz = 0;
        }
    }
}
