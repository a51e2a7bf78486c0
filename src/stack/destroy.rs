//! Share stacks destroyed: their memory goes to the cache of the thread, or to the system.

use core::ptr;

use super::binding::is_callers;
use super::control_block::BlockPtr;
use super::exclusive::revoke_exclusive;
use super::{cache, control_block, deferred_unmap, layout, memory};
use crate::abi::aco_share_stack_t;
use crate::{diag, sanitizer, sys, valgrind};

/// Destroys a share stack. Its coroutines may be destroyed afterwards, but not resumed. Aborts if the stack is
/// destroyed, or is the caller's ([`is_callers`]).
///
/// # Safety
/// `stack` points to a share stack, live or destroyed.
pub(crate) unsafe fn destroy(function: &str, stack: *mut aco_share_stack_t) {
    // SAFETY: the control block of a destroyed stack can be read (CB1).
    unsafe {
        if !recycle(stack) {
            destroy_checked(function, stack)
        }
    }
}

/// As [`destroy`], if nothing is wrong, the stack goes to the cache of this thread, and that takes no call. Returns
/// false, and does nothing, otherwise.
///
/// # Safety
/// As [`destroy`].
#[inline(always)]
unsafe fn recycle(stack: *mut aco_share_stack_t) -> bool {
    // SAFETY: the control block of a destroyed stack can be read (CB1). A LIVE one describes its memory. The caller is
    // not on it (checked here), and no coroutine will be: the generation ends (CB2).
    unsafe {
        let Some(block) = control_block::block_of(stack) else { return false };
        let (usable, sizes) = ((*stack).ptr, block.as_ref().sizes());
        if usable.is_null()
            || sizes.usable > cache::MAX_BYTES as usize
            || sizes.are_external()
            || is_callers(stack)
            || control_block::is_owned(Some(block))
            || !(*block.as_ptr()).exclusive.is_null()
            || !sanitizer::is_known_absent()
            || !cache::insert_if_room(block, usable, sizes.usable as u32, ptr::null_mut())
        {
            return false;
        }
        control_block::end_generation(block);
        (*stack).ptr = ptr::null_mut();
        (*stack).owner = ptr::null_mut();
        (*stack).align_validsz = 0;
        true
    }
}

/// As [`destroy`], for a stack that may be anything.
///
/// # Safety
/// As [`destroy`].
#[cold]
#[inline(never)]
unsafe fn destroy_checked(function: &str, stack: *mut aco_share_stack_t) {
    // SAFETY: the control block of a destroyed stack can be read (CB1). A LIVE one describes its memory. The caller is
    // not on it (checked here), and no coroutine will be: the generation ends (CB2).
    unsafe {
        if (*stack).ptr.is_null() {
            let rule = "destroy a share stack once";
            diag::fatal(function, stack, format_args!("the share stack is destroyed already"), rule)
        }
        if is_callers(stack) {
            let rule = "destroy a share stack after leaving it";
            diag::fatal(function, stack, format_args!("called on this very stack"), rule)
        }
        let block = control_block::block_of(stack);
        if control_block::is_owned(block) {
            let what = "the share stack belongs to a coroutine";
            let rule = "aco_free frees a coroutine and its stack";
            diag::fatal(function, stack, format_args!("{what}"), rule)
        }
        let usable = (*stack).ptr;
        let sizes = layout::Sizes { usable: (*stack).sz, mapped: (*stack).real_sz };
        end_life(stack, block);
        let is_released = match block {
            Some(block) => {
                cache::recycle(block, usable, &sizes) || deferred_unmap::release(block, usable)
            }
            // A copy by value is the program's own struct.
            None => memory::release(usable, &sizes),
        };
        if !is_released {
            abort_unmap_failed(function, stack)
        }
    }
}

/// Ends the life of a stack. Its memory and its control block, if it has one, stay.
///
/// # Safety
/// `stack` points to a live share stack, whose control block is `block`. The caller is not on it.
#[inline(always)]
pub(super) unsafe fn end_life(stack: *mut aco_share_stack_t, block: Option<BlockPtr>) {
    // SAFETY: the stack is live, so `block` is LIVE.
    unsafe {
        if let Some(block) = block {
            revoke_exclusive(stack, Some(block));
            control_block::end_generation(block);
            valgrind::deregister_stack((*block.as_ptr()).valgrind_id);
        }
        (*stack).ptr = ptr::null_mut();
        (*stack).owner = ptr::null_mut();
        (*stack).align_validsz = 0;
    }
}

/// Aborts: the system refuses to unmap the memory of `stack`.
#[cold]
#[inline(never)]
fn abort_unmap_failed(function: &str, stack: *mut aco_share_stack_t) -> ! {
    let errno = sys::errno();
    diag::fatal(
        function,
        stack,
        format_args!("munmap fails with errno {errno}"),
        "real_ptr and real_sz belong to the library; a copy by value needs vm.max_map_count",
    )
}
