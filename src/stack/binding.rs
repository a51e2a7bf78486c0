//! The binding of coroutines to share stacks.
//!
//! ```text
//!   a stack         names                               in
//!   generation      each coroutine created on it        the coroutine's state word; counted in `users`
//!   exclusive       the coroutine alone on it           the coroutine's state word, and `exclusive`
//!   owner           the coroutine whose frames it has   `owner`, which old programs write, too
//!   unwind owner    the same, for unwinders             the word at `align_highptr`
//! ```
//!
//! * BI1. An exclusive coroutine is the owner, the only user, and watched by no sanitizer. The header's inline code may
//!   resume it (see [`state`]).
//! * BI2. `bind`, a second user, destroying the stack, and another exclusive coroutine revoke it first.
//! * BI3. A stack counts as destroyed only if that is certain. Copies by value, of coroutine or stack, count as live.
//!   So does a coroutine without frames that a program moved to the next stack in the same block.

use core::ptr::{self, NonNull};

use super::control_block::{self, BlockPtr};
use super::exclusive::{detach_exclusive, revoke_exclusive};
use super::unwind_owner::no_coroutine;
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, state, tls};

/// Returns true if no coroutine is bound to this generation of the share stack: the next one will be alone on it.
///
/// # Safety
/// `block` is the control block of a live share stack, or None.
#[inline(always)]
pub(crate) unsafe fn has_no_users(block: Option<BlockPtr>) -> bool {
    // SAFETY: the stack is live, so its block is LIVE, and its count can be read.
    block.is_some_and(|block| unsafe { (*block.as_ptr()).users } == 0)
}

/// Returns true if several coroutines are bound to this share stack, or if it is a copy by value.
///
/// # Safety
/// `stack` points to a live share stack.
pub(crate) unsafe fn is_shared(stack: *mut aco_share_stack_t) -> bool {
    // SAFETY: the stack is live, so its block is LIVE, and its count can be read.
    unsafe { control_block::block_of(stack).is_none_or(|block| block.as_ref().users > 1) }
}

/// Binds a new coroutine to the current generation of its share stack, and revokes an exclusive coroutine.
///
/// # Safety
/// `co` points to a coroutine that the library allocated, on a live share stack, whose control block
/// is `block`.
#[inline(always)]
pub(crate) unsafe fn bind(co: *mut aco_t, block: Option<BlockPtr>) {
    // SAFETY: the stack of `co` is live, and `block` is its block. Generation 0 (CB2): resuming a coroutine on
    // a copy by value is never refused.
    unsafe {
        let stack = (*co).share_stack;
        let Some(found) = block else { return state::bind(co, state::binding(stack, 0)) };
        add_user(stack, found);
        state::bind(co, found.as_ref().binding);
    }
}

/// The control block of `stack`, and true if no coroutine is bound to this generation: a coroutine may be created on
/// it, and [`join`] binds that. None: it may not be, or perhaps not, or it revokes an exclusive coroutine.
///
/// # Safety
/// `stack` points to a share stack, live or destroyed.
#[inline(always)]
pub(crate) unsafe fn joinable(stack: *mut aco_share_stack_t) -> Option<(BlockPtr, bool)> {
    // SAFETY: control blocks stay readable (CB1).
    unsafe {
        let block = control_block::block_of(stack)?;
        let found = block.as_ref();
        let is_free = !(*stack).ptr.is_null()
            && found.exclusive.is_null()
            && !control_block::is_owned(Some(block));
        is_free.then_some((block, found.users == 0))
    }
}

/// As [`bind`], for a coroutine without frames whose state word is zero. Its chain of frame pointers is cut.
///
/// # Safety
/// `block` is the [`joinable`] one of the stack of `co`, which was just created.
#[inline(always)]
pub(crate) unsafe fn join(co: *mut aco_t, block: BlockPtr) {
    // SAFETY: the stack of `co` is live, so its block is LIVE.
    unsafe {
        let users = &raw mut (*block.as_ptr()).users;
        *users = (*users).saturating_add(1);
        state::start_bound(co, (*block.as_ptr()).binding);
    }
}

/// Binds a coroutine that is reset to the current generation of its share stack, unless it is the exclusive one. If it
/// was exclusive before, its state word may still say so: see [`revoke_exclusive`].
///
/// # Safety
/// `co` points to a coroutine without frames, on a live share stack, and [`is_stack_destroyed`] is false for it.
pub(crate) unsafe fn rebind(co: *mut aco_t) {
    // SAFETY: the stack of `co` is live, so its block, if it has one, is LIVE.
    unsafe {
        if let Some(block) = control_block::block_of((*co).share_stack)
            && block.as_ref().exclusive != co
            && state::is_ours(co)
        {
            state::bind(co, block.as_ref().binding);
        }
    }
}

/// Counts one more user of the stack. The second one revokes an exclusive coroutine (BI2).
///
/// # Safety
/// `block` is the control block of `stack`, which is live.
#[inline(always)]
unsafe fn add_user(stack: *mut aco_share_stack_t, block: BlockPtr) {
    // SAFETY: the stack is live, so its block is LIVE.
    unsafe {
        let users = &raw mut (*block.as_ptr()).users;
        *users = (*users).saturating_add(1);
        if *users > 1 {
            revoke_exclusive(stack, Some(block));
        }
    }
}

/// Returns true if the share stack of `co` was destroyed, and the frames of `co` with it (BI3).
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed, whose control block is `block`.
#[inline(always)]
pub(crate) unsafe fn is_stack_destroyed(co: *mut aco_t, block: Option<BlockPtr>) -> bool {
    // SAFETY: control blocks stay readable (CB1). The binding of the next generation differs (CB2).
    unsafe {
        match block {
            // `exclusive` names no coroutine of an earlier generation (BI2).
            Some(block)
                if state::is_bound_to(co, block.as_ref().binding)
                    || block.as_ref().exclusive == co =>
            {
                (*(*co).share_stack).ptr.is_null()
            }
            _ => is_stack_destroyed_slow(co),
        }
    }
}

/// As [`is_stack_destroyed`], if the binding is not the current one. Binds a coroutine without frames to the current
/// generation: the program moved it there.
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed.
#[cold]
#[inline(never)]
unsafe fn is_stack_destroyed_slow(co: *mut aco_t) -> bool {
    // SAFETY: control blocks stay readable (CB1); past the first check the stack is live.
    unsafe {
        let stack = (*co).share_stack;
        if (*stack).ptr.is_null() {
            return true;
        }
        if !is_from_other_generation(co) {
            return false;
        }
        if aco_t::stack_pointer(co) != (*stack).align_retptr as usize {
            return true;
        }
        if let Some(block) = control_block::block_of(stack) {
            if state::is_ours(co) {
                add_user(stack, block);
            }
            state::rebind(co, block.as_ref().binding);
        }
        false
    }
}

/// Returns true if `co` was created on an earlier generation of its stack's control block.
///
/// # Safety
/// `co` points to a coroutine with a live share stack.
pub(crate) unsafe fn is_from_other_generation(co: *mut aco_t) -> bool {
    // SAFETY: the stack of `co` is live, so its block, if it has one, is LIVE.
    unsafe {
        let bound = state::generation(co);
        let block = control_block::block_of((*co).share_stack);
        bound != 0 && block.is_some_and(|block| bound != block.as_ref().generation())
    }
}

/// Returns true if `co` may take its share stack over, and nothing is to be revoked or bound first: the stack is live,
/// `co` is bound to this generation of it and has not ended, and no other coroutine is exclusive.
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed, whose control block is `block`.
#[inline(always)]
pub(crate) unsafe fn can_take_over(co: *mut aco_t, block: BlockPtr) -> bool {
    // SAFETY: control blocks stay readable (CB1).
    unsafe {
        let block = block.as_ptr();
        let exclusive = (*block).exclusive;
        let is_bound = state::is_bound_and_not_ended(co, (*block).binding)
            || exclusive == co && (*co).is_end == 0;
        // With several users none is exclusive (BI2).
        is_bound
            && ((*block).users > 1 || exclusive.is_null() || exclusive == co)
            && !(*(*co).share_stack).ptr.is_null()
    }
}

/// Returns true if the caller runs on `stack`, or in a function that the stack's owner calls on another stack
/// (`resume::on_resumer`).
///
/// # Safety
/// `stack` points to a live share stack.
pub(super) unsafe fn is_callers(stack: *mut aco_share_stack_t) -> bool {
    // SAFETY: a live share stack can be read.
    unsafe {
        let owner = (*stack).owner;
        aco_share_stack_t::contains(stack, arch::stack_pointer())
            || tls::is_on_resumer() && !owner.is_null() && owner == tls::current()
    }
}

/// Ends all bindings of `co`, which is being destroyed.
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed.
#[inline(always)]
pub(crate) unsafe fn detach(co: *mut aco_t) {
    // SAFETY: as the caller promises.
    unsafe {
        if !detach_exclusive(co) {
            detach_any(co)
        }
    }
}

/// As [`detach`], for a coroutine that shares its stack, or has not run.
///
/// # Safety
/// As [`detach`].
#[cold]
#[inline(never)]
unsafe fn detach_any(co: *mut aco_t) {
    // SAFETY: control blocks stay readable (CB1); only a block of this generation, or a live stack, is written.
    unsafe {
        let stack = (*co).share_stack;
        let block = control_block::block_of(stack);
        let unwind_owner = (*stack).align_highptr.cast::<*mut aco_t>();
        if block.is_some() && !(*stack).ptr.is_null() && *unwind_owner == co {
            *unwind_owner = no_coroutine();
        }
        if (*stack).owner == co && !is_stack_destroyed(co, block) {
            (*stack).owner = ptr::null_mut();
            (*stack).align_validsz = 0;
        }
        if let Some(block) = block.map(NonNull::as_ptr)
            && state::generation(co) == (*block).generation()
        {
            (*block).users = (*block).users.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests;
