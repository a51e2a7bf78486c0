//! Whose stack it is: coroutines are bound to a life of a control block, and one may be its resident.
//!
//! Each coroutine is bound to the generation of the control block it was created on; destroying the
//! stack ends that generation. A coroutine that has a stack for itself may be its resident: then its
//! own control block says that it may be resumed inline (see [`state`]). For unwinders the stack itself
//! names the coroutine whose frames are on it.

use core::mem::offset_of;
use core::ptr::{self, NonNull};

use super::control_block::{self, BlockPtr};
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{sanitizer, slab, state};

/// Has no coroutine been bound to this life of the share stack? One that is will have it for itself,
/// as long as it is the only one.
///
/// # Safety
/// `block` is the control block of a live share stack.
#[inline(always)]
pub(crate) unsafe fn has_no_users(block: Option<BlockPtr>) -> bool {
    // SAFETY: the caller's promise.
    block.is_some_and(|block| unsafe { (*block.as_ptr()).users } == 0)
}

/// Are several coroutines bound to this share stack? A copy by value does not tell: then they may be.
///
/// # Safety
/// `stack` points to a live share stack.
pub(crate) unsafe fn is_shared(stack: *mut aco_share_stack_t) -> bool {
    // SAFETY: the caller's promise.
    unsafe { control_block::block_of(stack).is_none_or(|block| block.as_ref().users > 1) }
}

/// Binds a new coroutine to the present life of its share stack. Whoever had the stack alone has
/// it no longer.
///
/// # Safety
/// `co` points to a coroutine that the library allocated, on a live share stack, whose control block
/// is `block`.
#[inline(always)]
pub(crate) unsafe fn bind(co: *mut aco_t, block: Option<BlockPtr>) {
    // SAFETY: the caller's promise. Life 0 is no block's: a coroutine on a copy is never refused.
    unsafe {
        let stack = (*co).share_stack;
        let Some(found) = block else { return state::bind(co, state::binding(stack, 0)) };
        add_user(stack, found);
        state::bind(co, found.as_ref().binding);
    }
}

/// Binds a coroutine of the library's that begins anew to the present life of its share stack, unless it is
/// the resident. One that is none any more may not have been told: see [`revoke_exclusive`].
///
/// # Safety
/// `co` points to a coroutine without frames, on a live share stack that it is not gone from.
pub(crate) unsafe fn rebind(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(block) = control_block::block_of((*co).share_stack)
            && block.as_ref().exclusive != co
            && state::is_ours(co)
        {
            state::bind(co, block.as_ref().binding);
        }
    }
}

/// One coroutine more on the stack: from the second on nobody has it alone.
///
/// # Safety
/// `block` is the control block of `stack`, which is live.
#[inline(always)]
unsafe fn add_user(stack: *mut aco_share_stack_t, block: BlockPtr) {
    // SAFETY: the caller's promise.
    unsafe {
        let users = &raw mut (*block.as_ptr()).users;
        *users = (*users).saturating_add(1);
        if *users > 1 {
            revoke_exclusive(stack, Some(block));
        }
    }
}

/// Was the share stack of `co` destroyed, and the frames of `co` with it? Only a mark of the dead
/// counts: a coroutine or a stack that is a copy by value is taken for live, and so is a coroutine
/// that has no frames, which a program may have moved to the next stack in the same control block.
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed, whose control block is `block`.
#[inline(always)]
pub(crate) unsafe fn is_stack_destroyed(co: *mut aco_t, block: Option<BlockPtr>) -> bool {
    // SAFETY: control blocks stay readable after their stack is destroyed. The binding of a block
    // in its next life differs.
    unsafe {
        match block {
            Some(block) if state::is_bound_to(co, block.as_ref().binding) => {
                (*(*co).share_stack).ptr.is_null()
            }
            _ => is_stack_destroyed_slow(co),
        }
    }
}

/// [`is_stack_destroyed`] where the binding is not the present one. A coroutine without frames that was moved
/// to the next stack in the same control block is bound to that.
#[cold]
#[inline(never)]
unsafe fn is_stack_destroyed_slow(co: *mut aco_t) -> bool {
    // SAFETY: as in `is_stack_destroyed`.
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

/// Was `co` created on an earlier stack in the control block of its present one?
///
/// # Safety
/// `co` points to a coroutine with a live share stack.
pub(crate) unsafe fn is_from_other_generation(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let bound = state::generation(co);
        let block = control_block::block_of((*co).share_stack);
        bound != 0 && block.is_some_and(|block| bound != block.as_ref().generation())
    }
}

/// Makes the owner `co` of a live share stack its resident, if it has the stack for itself: the
/// next resume may then be inline. Where either is a copy by value, or somebody watches, nothing.
///
/// # Safety
/// `co` points to a coroutine that owns its share stack, whose control block is `block`.
#[inline(always)]
pub(crate) unsafe fn set_exclusive(co: *mut aco_t, block: Option<BlockPtr>) {
    // SAFETY: the caller's promise; a block's resident is NULL or a coroutine of the library's.
    unsafe {
        if let Some(found) = block
            && !sanitizer::is_present()
            && (*found.as_ptr()).users == 1
            && state::is_ours(co)
        {
            if (*found.as_ptr()).exclusive != co {
                revoke_exclusive((*co).share_stack, block);
                (*found.as_ptr()).exclusive = co;
            }
            state::set_exclusive(co);
        }
    }
}

/// Takes the residence away from whoever has it.
///
/// # Safety
/// `stack` points to a live share stack, whose control block is `block`.
#[inline(always)]
pub(crate) unsafe fn revoke_exclusive(stack: *mut aco_share_stack_t, block: Option<BlockPtr>) {
    // SAFETY: the caller's promise; an owner is a coroutine.
    unsafe {
        if let Some(block) = block.map(NonNull::as_ptr)
            && !(*block).exclusive.is_null()
        {
            let exclusive = (*block).exclusive;
            // One that is not the owner has ended, or is gone: a program moved it, or its memory. What
            // does not lie in a slab may then not be there.
            if exclusive == (*stack).owner || slab::contains(exclusive.cast()) {
                state::clear_exclusive(exclusive, stack, (*block).binding);
            }
            (*block).exclusive = ptr::null_mut();
        }
    }
}

/// Ends ownership and residence of `co`, which is being destroyed.
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed.
#[inline(always)]
pub(crate) unsafe fn detach(co: *mut aco_t) {
    // SAFETY: the caller's promise; a control block of another life is not written to.
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
        if let Some(block) = block.map(NonNull::as_ptr) {
            let exclusive = (*block).exclusive == co;
            if exclusive {
                (*block).exclusive = ptr::null_mut();
            }
            if exclusive || state::generation(co) == (*block).generation() {
                (*block).users = (*block).users.saturating_sub(1);
            }
        }
    }
}

/// Whose frames are on a stack that nobody was on: a main coroutine of itself that goes on nowhere,
/// where unwinding ends.
pub(super) fn no_coroutine() -> *mut aco_t {
    #[allow(dead_code, reason = "unwinders read it")]
    struct NoCoroutine([*const NoCoroutine; size_of::<aco_t>() / 8]);
    // SAFETY: nobody writes it.
    unsafe impl Sync for NoCoroutine {}
    static NO_COROUTINE: NoCoroutine = {
        #[allow(clippy::indexing_slicing, reason = "when it is compiled")]
        let words = {
            let mut words = [ptr::null(); size_of::<aco_t>() / 8];
            words[offset_of!(aco_t, main_co) / 8] = &raw const NO_COROUTINE;
            words
        };
        NoCoroutine(words)
    };
    (&raw const NO_COROUTINE).cast_mut().cast()
}

/// Writes down for unwinders whose frames are on the stack.
///
/// # Safety
/// `stack` points to a live share stack.
#[inline(always)]
pub(crate) unsafe fn set_unwind_owner(stack: *mut aco_share_stack_t, co: *mut aco_t) {
    // SAFETY: a word above `align_highptr` is the library's (`layout::HEADROOM`).
    unsafe { (*stack).align_highptr.cast::<*mut aco_t>().write(co) }
}
