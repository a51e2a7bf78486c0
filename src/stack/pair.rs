//! Pairs: a stack that belongs to its coroutine (`aco_new`), and is cached together with it.
//!
//! ```text
//!   create, set_owned              recycle_pair                        acquire_pair
//!   ─────────────────> LIVE, owned ────────────> PAIR, in the cache ──────────────> LIVE, owned ...
//!                           │                         │ separate
//!                           │ destroy_owned           └──────────> CACHED: a stack alone
//!                           └──────────> the end of any stack (`control_block`)
//! ```
//!
//! * PA1. An owned stack has one coroutine, which was created with it. No other one is created on it
//!   (`coroutine::create`), and only the destruction of that coroutine destroys the stack.
//! * PA2. A pair was never copied: the coroutine is the only user, and the exclusive one. It has no save area. So
//!   `users`, `exclusive`, `binding` and `share_stack` are right for the next life.
//! * PA3. A coroutine in a pair is DESTROYED (`state`), and `ptr` of its stack is NULL. Each use of one of them is
//!   refused, as that of any destroyed one.
//! * PA4. All lives of a pair have one generation. It ends when the two are separated.
//! * PA5. The control block of a pair is in a slab of the thread that caches it: `aco_foreach` finds a thread's
//!   coroutines there.

use core::ptr;

use super::cache::CachedStack;
use super::control_block::{self, BlockPtr, NO_HOME};
use super::unwind_owner::set_unwind_owner;
use super::{cache, destroy};
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, slab, state};

/// Makes the stack the property of `co`, which was created on it by this thread (PA1).
///
/// # Safety
/// `stack` points to a live share stack of the library's memory, with `co` as its user.
pub(crate) unsafe fn set_owned(stack: *mut aco_share_stack_t, co: *mut aco_t) {
    // SAFETY: control blocks of live stacks can be written, and `co` is the stack's only user.
    unsafe {
        if let Some(block) = control_block::block_of(stack) {
            let is_poolable = (*stack).sz <= cache::MAX_BYTES as usize && slab::is_own(co.cast());
            (*block.as_ptr()).home = if is_poolable { slab::heap_id() } else { NO_HOME };
            (*block.as_ptr()).is_owned = 1;
        }
    }
}

/// Takes a pair from the cache of this thread, with a stack for a request of `size` bytes, which is not 0. Its stack is
/// LIVE, and the coroutine is the owner. The caller makes the coroutine EXCLUSIVE. Returns the coroutine and its first
/// stack pointer. None: the pair that was cached last is another one, or there is none.
#[inline(always)]
pub(crate) fn acquire_pair(size: usize) -> Option<(*mut aco_t, usize)> {
    let entry = cache::acquire_pair(size)?;
    // SAFETY: a pair is this thread's alone. The entry is read before the words at the top of the stack replace it.
    unsafe {
        let CachedStack { block, usable, co, .. } = entry.read();
        let stack: *mut aco_share_stack_t = block.as_ptr().cast();
        let top = (*stack).align_retptr;
        (*stack).ptr = usable;
        (*stack).owner = co;
        (*stack).align_validsz = size_of::<usize>();
        top.cast::<usize>().write(arch::root_return_address());
        set_unwind_owner(stack, co);
        Some((co, top.addr()))
    }
}

/// Marks `co` destroyed and puts it in the cache of this thread, with its stack, if `co` has ended, and if that takes
/// no call. Returns false, and does nothing, otherwise: the caller checks what `co` is.
///
/// # Safety
/// `co` points to a coroutine, or to one that was destroyed. Nothing uses it and its stack.
#[inline(always)]
pub(crate) unsafe fn recycle_ended(co: *mut aco_t) -> bool {
    // SAFETY: `co` can be read. An EXCLUSIVE one has a share stack, which can be read.
    unsafe {
        if !state::has_ended_exclusive(co) {
            return false;
        }
        let Some(block) = control_block::block_of((*co).share_stack) else { return false };
        let found = block.as_ref();
        // `exclusive` tells that there is one user, and no sanitizer (BI1, BI2 of `binding`).
        if found.is_owned == 0
            || found.is_painted != 0
            || found.exclusive != co
            || found.home != slab::heap_id()
            || !(*co).save_stack.ptr.is_null()
        {
            return false;
        }
        let stack: *mut aco_share_stack_t = block.as_ptr().cast();
        if !cache::insert_if_room(block, (*stack).ptr, (*stack).sz as u32, co) {
            return false;
        }
        leave_stack(co, stack);
        true
    }
}

/// As [`recycle_ended`], for a coroutine in any state that owns its stack, whose control block is `block`.
///
/// # Safety
/// `co` points to a coroutine that owns its stack, and nothing uses the two.
pub(crate) unsafe fn recycle_pair(co: *mut aco_t, block: BlockPtr) -> bool {
    // SAFETY: nothing uses the coroutine and its stack, which is LIVE.
    unsafe {
        let stack: *mut aco_share_stack_t = block.as_ptr().cast();
        let found = block.as_ref();
        let can_be_pair = found.exclusive == co
            && found.is_painted == 0
            && (*co).save_stack.ptr.is_null()
            && slab::is_own(co.cast())
            && cache::insert(block, (*stack).ptr, &found.sizes(), co);
        if can_be_pair {
            leave_stack(co, stack);
        }
        can_be_pair
    }
}

/// Marks the coroutine of a new pair destroyed, and takes it from its stack (PA3).
///
/// # Safety
/// The two are a pair in the cache of this thread.
#[inline(always)]
unsafe fn leave_stack(co: *mut aco_t, stack: *mut aco_share_stack_t) {
    // SAFETY: the pair is this thread's.
    unsafe {
        state::mark_destroyed(co);
        (*stack).ptr = ptr::null_mut();
        (*stack).owner = ptr::null_mut();
        (*stack).align_validsz = 0;
    }
}

/// Destroys the stack of a coroutine that was destroyed.
///
/// # Safety
/// `stack` points to a live, owned share stack, on which the caller does not run.
pub(crate) unsafe fn destroy_owned(function: &str, stack: *mut aco_share_stack_t) {
    // SAFETY: the stack is live, and with its coroutine its last user is gone (PA1).
    unsafe {
        if let Some(block) = control_block::block_of(stack) {
            (*block.as_ptr()).is_owned = 0;
        }
        destroy(function, stack);
    }
}
