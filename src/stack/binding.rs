//! The bindings between coroutines and stacks: which life of a stack a coroutine is bound to, and which one has it
//! alone.
//!
//! * BI1. A coroutine is bound to the generation of the control block that it was created on. Destroying the stack ends
//!   that generation (CB3 of `control_block`).
//! * BI2. `users` counts the coroutines that are bound to the present life. It is never too small.
//! * BI3. `exclusive` is NULL, or the one coroutine of the stack, whose state word has the form EXCLUSIVE: an inline
//!   resume of it is permitted (S2, S3 of `state`). A second user clears it.
//! * BI4. The word at `align_highptr` names the coroutine whose frames are on the stack, for unwinders.
//! * BI5. A copy by value of a coroutine or of a stack has no block, and is taken for live.

use core::mem::offset_of;
use core::ptr::{self, NonNull};

use super::control_block::{self, BlockPtr};
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{sanitizer, slab, state};

/// Returns true if no coroutine is bound to this life of the share stack.
///
/// # Safety
/// `block` is the control block of a live share stack.
#[inline(always)]
pub(crate) unsafe fn has_no_users(block: Option<BlockPtr>) -> bool {
    // SAFETY: control blocks are never unmapped (CB1).
    block.is_some_and(|block| unsafe { (*block.as_ptr()).users } == 0)
}

/// Returns true if several coroutines may be bound to this share stack. A copy by value does not tell (BI5).
///
/// # Safety
/// `stack` points to a live share stack.
pub(crate) unsafe fn is_shared(stack: *mut aco_share_stack_t) -> bool {
    // SAFETY: `stack` is live.
    unsafe { control_block::block_of(stack).is_none_or(|block| block.as_ref().users > 1) }
}

/// Binds a new coroutine to the present life of its share stack. An exclusive user is exclusive no longer.
///
/// # Safety
/// `co` points to a coroutine that the library allocated, on a live share stack, whose control block
/// is `block`.
#[inline(always)]
pub(crate) unsafe fn bind(co: *mut aco_t, block: Option<BlockPtr>) {
    // SAFETY: `co` is the library's, and its stack is live. No block has generation 0: a coroutine on a copy is never
    // refused.
    unsafe {
        let stack = (*co).share_stack;
        let Some(found) = block else { return state::bind(co, state::binding(stack, 0)) };
        add_user(stack, found);
        state::bind(co, found.as_ref().binding);
    }
}

/// Binds a coroutine that is reset to the present life of its share stack, unless it is the exclusive user. The state
/// word of a former exclusive user may be stale: see [`revoke_exclusive`].
///
/// # Safety
/// `co` points to a coroutine without frames, on a live share stack of the life that `co` is bound to.
pub(crate) unsafe fn rebind(co: *mut aco_t) {
    // SAFETY: `co` and its stack are live.
    unsafe {
        if let Some(block) = control_block::block_of((*co).share_stack)
            && block.as_ref().exclusive != co
            && state::is_ours(co)
        {
            state::bind(co, block.as_ref().binding);
        }
    }
}

/// Counts one more user of the stack. The second one ends an exclusive use (BI3).
///
/// # Safety
/// `block` is the control block of `stack`, which is live.
#[inline(always)]
unsafe fn add_user(stack: *mut aco_share_stack_t, block: BlockPtr) {
    // SAFETY: `block` is the control block of a live stack.
    unsafe {
        let users = &raw mut (*block.as_ptr()).users;
        *users = (*users).saturating_add(1);
        if *users > 1 {
            revoke_exclusive(stack, Some(block));
        }
    }
}

/// Returns true if the share stack of `co` was destroyed, and the frames of `co` with it. A copy by value is taken
/// for live (BI5), and so is a coroutine without frames: a program may have moved it to the next stack of the control
/// block.
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed, whose control block is `block`.
#[inline(always)]
pub(crate) unsafe fn is_stack_destroyed(co: *mut aco_t, block: Option<BlockPtr>) -> bool {
    // SAFETY: control blocks are never unmapped (CB1). The binding of a block in its next life differs (BI1).
    unsafe {
        match block {
            Some(block) if state::is_bound_to(co, block.as_ref().binding) => {
                (*(*co).share_stack).ptr.is_null()
            }
            _ => is_stack_destroyed_slow(co),
        }
    }
}

/// As [`is_stack_destroyed`], if the binding is not the present one. Binds a coroutine without frames that a program
/// has moved to the next stack of the control block.
#[cold]
#[inline(never)]
unsafe fn is_stack_destroyed_slow(co: *mut aco_t) -> bool {
    // SAFETY: control blocks are never unmapped (CB1). The binding of a block in its next life differs (BI1).
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

/// Returns true if `co` was created on an earlier stack of the control block of its present one.
///
/// # Safety
/// `co` points to a coroutine with a live share stack.
pub(crate) unsafe fn is_from_other_generation(co: *mut aco_t) -> bool {
    // SAFETY: `co` has a live share stack.
    unsafe {
        let bound = state::generation(co);
        let block = control_block::block_of((*co).share_stack);
        bound != 0 && block.is_some_and(|block| bound != block.as_ref().generation())
    }
}

/// Makes `co`, the owner of its live share stack, the exclusive user if it is the only one (BI3). Does nothing if
/// either is a copy by value, or a sanitizer is present.
///
/// # Safety
/// `co` points to a coroutine that owns its share stack, whose control block is `block`.
#[inline(always)]
pub(crate) unsafe fn set_exclusive(co: *mut aco_t, block: Option<BlockPtr>) {
    // SAFETY: `co` owns its stack. A block's exclusive user is NULL or a coroutine of the library's (BI3).
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

/// Ends an exclusive use of the stack.
///
/// # Safety
/// `stack` points to a live share stack, whose control block is `block`.
#[inline(always)]
pub(crate) unsafe fn revoke_exclusive(stack: *mut aco_share_stack_t, block: Option<BlockPtr>) {
    // SAFETY: `stack` is live, and an owner is a coroutine.
    unsafe {
        if let Some(block) = block.map(NonNull::as_ptr)
            && !(*block).exclusive.is_null()
        {
            let exclusive = (*block).exclusive;
            // An exclusive user that is not the owner has ended, or a program has moved it or its memory. Memory in
            // no slab may be freed then.
            if exclusive == (*stack).owner || slab::contains(exclusive.cast()) {
                state::clear_exclusive(exclusive, stack, (*block).binding);
            }
            (*block).exclusive = ptr::null_mut();
        }
    }
}

/// Ends the ownership and the exclusive use of `co`, which is being destroyed.
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed.
#[inline(always)]
pub(crate) unsafe fn detach(co: *mut aco_t) {
    // SAFETY: the control block is readable, live or destroyed (CB1). That of another life is not written.
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

/// The owner of a stack without frames, for unwinders: a static main coroutine without a resume address, at which
/// unwinding ends.
pub(super) fn no_coroutine() -> *mut aco_t {
    #[allow(dead_code, reason = "unwinders read it")]
    struct NoCoroutine([*const NoCoroutine; size_of::<aco_t>() / 8]);
    // SAFETY: the static is never written.
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

/// Records for unwinders which coroutine has its frames on the stack (BI4).
///
/// # Safety
/// `stack` points to a live share stack.
#[inline(always)]
pub(crate) unsafe fn set_unwind_owner(stack: *mut aco_share_stack_t, co: *mut aco_t) {
    // SAFETY: a word above `align_highptr` is the library's (`layout::HEADROOM`).
    unsafe { (*stack).align_highptr.cast::<*mut aco_t>().write(co) }
}
